// SPDX-License-Identifier: Apache-2.0
//
// Plots of a made-up path, for eyes and for judges that are not ours: pictures DIRECTORY writes one
// SVG file for each kind and each thing that may go wrong on a path.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "publish/plot.h"

namespace {

using namespace wirestamp;
using measure::TimedWindow;
using publish::PlotKind;
using publish::PlotMark;
using publish::PlotOptions;
using publish::PlotSeries;

constexpr std::int64_t kBegin = 1'700'006'400'000'000'000;  // 2023-11-15 00:00:00
constexpr std::int64_t kDay = 86'400;                       // seconds

WallTime at(std::int64_t seconds) { return WallTime::from_ns(kBegin + seconds * 1'000'000'000); }

struct Path {
  double least_ns = 20e6, spread_ns = 1.2e6;  // of the round trip
  double loss = 0.0005;
  std::int64_t offset_ns = 0;  // of the other clock
  double spikes = 0.002;       // share that takes ten to a thousand times as long as the spread
};

TimedWindow window_at(std::int64_t second, std::int64_t length, const Path& path,
                      base::Random& random) {
  TimedWindow made{.begin = at(second), .length = Duration::seconds(length)};
  double before = 0;
  for (std::int64_t i = 0; i < 2 * length && i < 240; ++i) {
    ++made.window.scheduled;
    ++made.window.sent;
    if (random.chance(path.loss)) {
      ++(random.chance(0.6) ? made.window.lost.forward : made.window.lost.backward);
      continue;
    }
    ++made.window.delivered;
    double delay = path.least_ns - path.spread_ns * std::log(random.unit());
    if (random.chance(path.spikes)) delay += path.spread_ns * 10 / random.unit();
    const auto ns = static_cast<std::int64_t>(delay);
    made.window.rtt.add(StampSource::Kernel, Duration::nanoseconds(ns));
    made.window.forward_delay.add(StampSource::Kernel,
                                  Duration::nanoseconds(ns / 2 + path.offset_ns));
    made.window.backward_delay.add(StampSource::Kernel,
                                   Duration::nanoseconds(ns / 2 - path.offset_ns));
    if (before > 0)
      made.window.ipdv.add(StampSource::Kernel,
                           Duration::nanoseconds(std::llround(std::abs(delay - before))));
    before = delay;
  }
  return made;
}

// A day in minutes: busy in the evening, an hour of some loss, an outage of 40 minutes, a gap of
// two hours in which nothing ran, and one window by itself in it.
std::vector<TimedWindow> day(base::Random& random, double factor, std::int64_t shift) {
  std::vector<TimedWindow> windows;
  for (std::int64_t minute = 0; minute < 1'440; ++minute) {
    Path path;
    path.least_ns *= factor;
    const double hour = static_cast<double>(minute) / 60;
    path.spread_ns *= 1 + 6 * std::exp(-(hour - 20) * (hour - 20) / 4);
    if (minute >= 300 && minute < 360) path.loss = 0.03;
    if (minute >= 360 && minute < 380) path.loss = 0.2;
    if (minute >= 700 && minute < 740) path.loss = 1;
    if (minute >= 900 && minute < 1'020 && minute != 960) continue;
    windows.push_back(window_at(minute * 60 + shift, 60, path, random));
  }
  return windows;
}

void write(const std::string& path, const std::string& picture) {
  std::ofstream file(path, std::ios::binary);
  file << picture;
}

void write_day(const std::string& directory) {
  base::Random random(7);
  const auto today = day(random, 1, 0), before = day(random, 0.7, -7 * kDay);
  const std::vector<PlotMark> marks{
      {at(42'000), "outage began"},
      {at(44'400),
       "outage ended after 40 min: peer or path down, lost 4800 probes <&> \"both\" ways"},
      {at(70'000), "198.51.100.7 DSCP EF arrives as CS0"}};
  const PlotOptions options{
      .title = "office, Wednesday 2023-11-15", .from = at(0), .to = at(86'400), .marks = marks};
  const std::vector<PlotSeries> one{{.name = {}, .windows = today}};
  const std::vector<PlotSeries> two{
      {.name = "this week", .windows = today},
      {.name = "last week", .windows = before, .shift = Duration::hours(168)}};
  const std::vector<std::pair<const char*, PlotKind>> kinds{{"round_trip", PlotKind::RoundTrip},
                                                            {"forward", PlotKind::ForwardDelay},
                                                            {"jitter", PlotKind::Jitter},
                                                            {"loss", PlotKind::Loss},
                                                            {"round_trips", PlotKind::RoundTrips}};
  for (const auto& [name, kind] : kinds) {
    write(fmt::format("{}/day_{}.svg", directory, name), publish::plot(kind, one, options));
    write(fmt::format("{}/week_{}.svg", directory, name), publish::plot(kind, two, options));
  }
  PlotOptions narrow = options;
  narrow.width = 420;
  narrow.scale = PlotOptions::Scale::Linear;
  write(directory + "/narrow.svg", publish::plot(PlotKind::RoundTrip, one, narrow));
}

void write_odd(const std::string& directory) {
  base::Random random(8);
  std::vector<TimedWindow> negative, lan, lost, single;
  for (std::int64_t second = 0; second < 600; second += 10)
    negative.push_back(window_at(
        second, 10, {.least_ns = 8e6, .spread_ns = 1e6, .offset_ns = -5'000'000}, random));
  for (std::int64_t second = 0; second < 60; ++second) {
    lan.push_back(window_at(second, 1, {.least_ns = 2'500, .spread_ns = 400, .loss = 0}, random));
    lost.push_back(window_at(second, 1, {.loss = 1}, random));
  }
  single.push_back(window_at(30 * kDay, 60, {}, random));
  const PlotOptions ten{.title = "clocks differ by 5 ms", .from = at(0), .to = at(600)};
  const PlotOptions minute{.title = "a minute", .from = at(0), .to = at(60)};
  const PlotOptions year{.title = "one minute of a year", .from = at(0), .to = at(366 * kDay)};
  const auto with = [](const std::vector<TimedWindow>& windows) {
    return std::vector<PlotSeries>{{.name = {}, .windows = windows}};
  };
  write(directory + "/negative_backward.svg",
        publish::plot(PlotKind::ForwardDelay, with(negative), ten));
  write(directory + "/negative_backwards.svg",
        publish::plot(PlotKind::ForwardDelays, with(negative), ten));
  write(directory + "/lan.svg", publish::plot(PlotKind::RoundTrip, with(lan), minute));
  write(directory + "/lan_round_trips.svg", publish::plot(PlotKind::RoundTrips, with(lan), minute));
  write(directory + "/all_lost.svg", publish::plot(PlotKind::RoundTrip, with(lost), minute));
  write(directory + "/all_lost_loss.svg", publish::plot(PlotKind::Loss, with(lost), minute));
  write(directory + "/single.svg", publish::plot(PlotKind::RoundTrip, with(single), year));
  write(directory + "/nothing.svg", publish::plot(PlotKind::RoundTrip, with({}), year));
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  write_day(words[1]);
  write_odd(words[1]);
  return 0;
}
