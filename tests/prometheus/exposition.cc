// SPDX-License-Identifier: Apache-2.0
//
// Metrics of a made-up agent, for judges that are not ours: exposition FORM SAMPLES, where FORM is
// text, openmetrics or protobuf, writes them to standard output; `expected` writes what this
// program holds the 99th percentiles for, a line each: METRIC SESSION STAMPS PPM NANOSECONDS COUNT;
// and `reference` the table of metrics. The more samples, the later in the agent's life; the same
// number always gives the same octets.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "publish/metrics.h"

namespace {

using wirestamp::Duration;
using wirestamp::StampSource;
using wirestamp::WallTime;
using wirestamp::measure::ClassedValues;
using wirestamp::measure::TimedWindow;
using wirestamp::measure::Window;
namespace publish = wirestamp::publish;

constexpr std::int64_t kBegan = 1'700'000'000'000'000'000;

struct Made {
  std::string name, host;
  Window window;
};

// Delays from `least_ns` on with a long tail; between clocks that differ by `offset_ns`.
void fill(Window& window, wirestamp::base::Random& random, std::uint64_t samples, double least_ns,
          std::int64_t offset_ns) {
  for (std::uint64_t i = 0; i < samples; ++i) {
    const auto delay = static_cast<std::int64_t>(least_ns * std::pow(random.unit(), -0.4));
    const StampSource stamps = i % 10 == 0 ? StampSource::User : StampSource::Kernel;
    window.rtt.add(stamps, Duration::nanoseconds(delay));
    window.forward_delay.add(stamps, Duration::nanoseconds(delay / 2 + offset_ns));
    window.backward_delay.add(stamps, Duration::nanoseconds(delay / 2 - offset_ns));
    if (i > 0) window.ipdv.add(stamps, Duration::nanoseconds(delay % 100'000));
    window.residence.add(Duration::microseconds(20));
    window.schedule_error.add(Duration::nanoseconds(delay % 70'000));
    ++window.sender_tx.by_source[static_cast<std::size_t>(stamps)];
  }
  window.scheduled = samples + 12;
  window.sent = samples + 10;
  window.delivered = samples;
  window.lost = {.forward = 7, .backward = 2, .unknown = 1};
  window.unsent_by_cause[1] = 2;
  window.arrived = samples;
  window.reordered = samples / 100;
}

std::vector<Made> make(std::uint64_t samples) {
  wirestamp::base::Random random(20'240'229);
  std::vector<Made> sessions;
  const std::array<double, 4> least{1'234, 180'000, 23'456'789, 1'500'000'000};
  for (std::size_t i = 0; i < least.size(); ++i) {
    Made made{.name = fmt::format("s{}", i), .host = "198.51.100.7", .window = {}};
    fill(made.window, random, samples, least[i], static_cast<std::int64_t>(i) * 40'000'000);
    sessions.push_back(std::move(made));
  }
  sessions.push_back({.name = "quotes \" and \\ and\nlines", .host = "ünïcode\xff", .window = {}});
  sessions.push_back({.name = "zeros", .host = "::1", .window = {}});
  sessions.back().window.rtt.add(StampSource::Kernel, Duration());
  return sessions;
}

std::string expose(const std::vector<Made>& made, publish::MetricsFormat format) {
  const std::vector<std::pair<std::string, std::uint64_t>> reflector{{"requests", 12},
                                                                     {"replies", 11}};
  const publish::AgentMetrics agent{.version = "0.1.0",
                                    .began = WallTime::from_ns(kBegan),
                                    .measuring = true,
                                    .store_well = true,
                                    .store_octets = 123'456'789'012,
                                    .reflector = reflector};
  std::vector<TimedWindow> minutes(made.size());
  std::vector<publish::SessionMetrics> sessions;
  for (std::size_t i = 0; i < made.size(); ++i) {
    minutes[i] = {.begin = WallTime::from_ns(kBegan),
                  .length = Duration::minutes(1),
                  .window = made[i].window};
    sessions.push_back({.name = made[i].name,
                        .host = made[i].host,
                        .state = "up",
                        .up = true,
                        .interval = Duration::milliseconds(500),
                        .total = &made[i].window,
                        .last_minute = &minutes[i]});
  }
  return publish::exposition(agent, sessions, format);
}

void expect(std::string& out, std::string_view metric, std::string_view session,
            const ClassedValues& values) {
  for (const auto& [stamps, of_class] : values.classes)
    for (const std::uint32_t ppm : {10'000U, 500'000U, 990'000U})
      out += fmt::format("{} {} {} {} {} {} {}\n", metric, session, name(stamps), ppm,
                         of_class.percentile(ppm)->ns(), *of_class.histogram.percentile(ppm),
                         of_class.count());
}

std::string expected(const std::vector<Made>& made) {
  std::string out;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& [name, host, window] = made[i];
    expect(out, "wirestamp_round_trip_time_seconds", name, window.rtt);
    expect(out, "wirestamp_forward_delay_seconds", name, window.forward_delay);
    expect(out, "wirestamp_backward_delay_seconds", name, window.backward_delay);
  }
  return out;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string_view> arguments(words + 1, words + count);
  std::uint64_t samples = 1'000;
  if (arguments.size() == 2) {
    const std::string_view text = arguments[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), samples);
    if (error != std::errc() || end != text.data() + text.size()) return 2;
  }
  const std::string_view form = arguments.empty() ? "" : arguments[0];
  std::string out;
  if (form == "reference")
    out = publish::metrics_reference();
  else if (form == "expected")
    out = expected(make(samples));
  else if (form == "text" || form == "openmetrics" || form == "protobuf")
    out = expose(make(samples), form == "text"          ? publish::MetricsFormat::Text
                                : form == "openmetrics" ? publish::MetricsFormat::OpenMetrics
                                                        : publish::MetricsFormat::Protobuf);
  else
    return 2;
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}
