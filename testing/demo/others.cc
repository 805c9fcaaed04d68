// SPDX-License-Identifier: Apache-2.0
#include "others.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/random.h"
#include "weather.h"

namespace wirestamp::demo {

namespace {

constexpr std::array kCities{"ber", "fra", "ham", "lon", "muc", "nyc", "par", "sin"};
// From Berlin, in microseconds one way.
constexpr std::array<double, kCities.size()> kAway{800,   4'400,  2'900, 9'800,
                                                   5'600, 45'000, 8'100, 88'000};

// What is wrong with a site, if anything.
enum class Trouble { None, LossNow, SlowNow, DownNow, LossBefore };

Trouble trouble_of(std::size_t number) {
  if (number % 37 == 11) return Trouble::LossNow;
  if (number % 53 == 17) return Trouble::SlowNow;
  if (number % 97 == 23) return Trouble::DownNow;
  if (number % 29 == 5) return Trouble::LossBefore;
  return Trouble::None;
}

void let_happen(Plan& plan, Trouble trouble, WallTime until) {
  const WallTime since = until - Duration::minutes(25);
  switch (trouble) {
    case Trouble::None:
      return;
    case Trouble::LossNow:
      plan.weather = [since](WallTime time, Conditions& now) {
        if (time >= since) now.backward.loss += 0.11;
      };
      break;
    case Trouble::SlowNow:
      plan.weather = [since](WallTime time, Conditions& now) {
        if (time >= since) now.forward.base_us += 2 * now.backward.base_us + 25'000;
      };
      break;
    case Trouble::DownNow: {
      Story story{
          .from = until - Duration::minutes(12), .length = Duration::minutes(12), .field = {}};
      story.field.down = {{Duration::seconds(20), Duration::hours(1)}};
      plan.stories.push_back(std::move(story));
      break;
    }
    case Trouble::LossBefore:
      plan.weather = [from = until - Duration::minutes(130)](WallTime time, Conditions& now) {
        if (time >= from && time < from + Duration::minutes(20)) now.forward.loss += 0.2;
      };
      break;
  }
}

Plan site(std::size_t number, base::Random& random) {
  const std::size_t city = number % kCities.size();
  const std::string name = fmt::format("{}-{:03}", kCities[city], number / kCities.size() + 1);
  Plan plan;
  plan.info = {.name = name,
               .host = name + ".example.net",
               .interval = Duration::seconds(2),
               .dscp = static_cast<std::uint8_t>(number % 5 == 0 ? 46 : 0),
               .peer = fmt::format("198.51.100.{}:{}", 1 + number % 250, 24'000 + number / 250)};
  plan.local = "192.0.2.10";
  const double base_us = kAway[city] * (1 + 0.4 * random.unit());
  const double spread_us = 15 * std::exp(3 * random.unit());
  for (Way* way : {&plan.usual.forward, &plan.usual.backward})
    *way = {.base_us = base_us * (0.95 + 0.1 * random.unit()),
            .spread_us = spread_us,
            .tail = 0.002,
            .tail_us = 30 * spread_us,
            .loss = 1e-5 * std::exp(4 * random.unit())};
  plan.usual.here_error = Duration::microseconds(15);
  plan.usual.there_error = Duration::microseconds(600);
  plan.usual.hop_limit = static_cast<std::uint8_t>(255 - 3 - random.below(9));
  return plan;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

void add_sites(Month& month, std::size_t count, std::uint64_t seed) {
  base::Random random(seed + 500);
  for (std::size_t number = 0; number < count; ++number) {
    Plan plan = site(number, random);
    const Trouble trouble = trouble_of(number);
    let_happen(plan, trouble, month.until);
    if (trouble != Trouble::None)
      plan.eventful = [from = month.until - Duration::minutes(150)](WallTime time) {
        return time >= from;
      };
    month.plans.push_back(std::move(plan));
  }
}

void add_strange_names(Month& month) {
  const std::array<std::pair<std::string, std::string>, 9> strange{{
      {"<img src=x onerror=alert(1)>", "<script>alert('host')</script>.example.net"},
      {"\"quoted\" & 'single' </td>", "a&amp;b.example.net"},
      {"\xf0\x9f\x9b\xb0\xef\xb8\x8f satellite \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7",
       "z\xc3\xbcrich.example.net"},
      {"\xd9\x85\xd9\x83\xd8\xaa\xd8\xa8 \xd8\xa7\xd9\x84\xd9\x82\xd8\xa7\xd9\x87\xd8\xb1\xd8\xa9 "
       "(cairo)",
       "cairo.example.net"},
      {"right \xe2\x80\xaetfel\xe2\x80\xac",
       "\xd7\xaa\xd7\x9c \xd7\x90\xd7\x91\xd7\x99\xd7\x91.example.net"},
      {repeated("two-hundred-", 16) + "letters.", repeated("very-long.", 20) + "example.net"},
      {"path/../to?query=1#part%20;", "%2e%2e.example.net"},
      {"constructor", "__proto__"},
      {" ", ""},
  }};
  base::Random random(99);
  std::size_t number = 0;
  for (const auto& [name, host] : strange) {
    Plan plan = site(number * 7 + 3, random);
    plan.info.name = name;
    plan.info.host = host;
    plan.info.peer = fmt::format("203.0.113.{}:23999", 210 + number);
    let_happen(plan, number % 3 == 0 ? Trouble::LossNow : Trouble::None, month.until);
    measure::Event event;
    event.kind = measure::EventKind::NetworkChanged;
    event.wall = month.until - Duration::minutes(static_cast<std::int64_t>(40 + number));
    event.reason = name;
    event.text = "no route to the peer any more; it left by " + name;
    plan.notes.push_back(std::move(event));
    month.plans.push_back(std::move(plan));
    ++number;
  }
}

}  // namespace wirestamp::demo
