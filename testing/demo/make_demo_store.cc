// SPDX-License-Identifier: Apache-2.0
//
// make_demo_store OUT.db: a store as an agent would have it after a month in which much happened.
// docs/demo.md tells what.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "history.h"
#include "plan.h"
#include "weather.h"

namespace {

using namespace wirestamp;

constexpr std::string_view kUsage =
    "usage: make_demo_store OUT.db [--days N | --hours N] [--until SECONDS] [--seed N]\n"
    "                       [--sessions N] [--strange-names] [--only SESSION]\n"
    "\n"
    "Writes a store with a month of known incidents (docs/demo.md); the same arguments write the\n"
    "same one.\n"
    "\n"
    "  --days N          how long it is: 31; --hours the same. From a day on it begins at "
    "midnight.\n"
    "                    With --sessions 6 hours\n"
    "  --until SECONDS   when it ends, since 1970; without it now\n"
    "  --seed N          what is drawn by chance: 1\n"
    "  --sessions N      so many sessions, of which nine are those of the demonstration; little "
    "is\n"
    "                    kept of them in detail\n"
    "  --strange-names   beside them nine whose names have markup, emoji and the like in them\n"
    "  --only SESSION    this one of them alone\n";
constexpr std::size_t kNamed = 9;  // sessions that there are in any case

struct Arguments {
  std::string path;
  demo::MonthOptions month;
  bool length_given = false;
  std::string only;  // "": all
};

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

WallTime now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return WallTime::from_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

// Takes one option with its value; false: it is none, or wrong.
bool take(Arguments& arguments, std::string_view name, std::string_view value) {
  const auto up_to = [value](std::uint64_t most) { return number(value, most); };
  if (name == "--until") {
    const auto seconds = up_to(9'000'000'000);
    if (seconds)
      arguments.month.until = WallTime() + Duration::seconds(static_cast<std::int64_t>(*seconds));
    return seconds.has_value();
  }
  if (name == "--days" || name == "--hours") {
    const auto length = up_to(name == "--days" ? 400 : 10'000);
    if (length && *length > 0)
      arguments.month.length =
          (name == "--days" ? demo::kDay : Duration::hours(1)) * static_cast<std::int64_t>(*length);
    arguments.length_given = true;
    return length && *length > 0;
  }
  if (name == "--seed") {
    const auto seed = up_to(~std::uint64_t{0} >> 16U);
    if (seed) arguments.month.seed = *seed;
    return seed.has_value();
  }
  if (name == "--only") {
    arguments.only = value;
    return !value.empty();
  }
  if (name != "--sessions") return false;
  const auto sessions = up_to(10'000);
  if (sessions && *sessions >= kNamed) arguments.month.sites = *sessions - kNamed;
  return sessions && *sessions >= kNamed;
}

std::optional<Arguments> read(std::span<char*> words) {
  Arguments arguments;
  arguments.month.until = now();
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--strange-names") {
      arguments.month.strange_names = true;
    } else if (word.starts_with("--")) {
      if (i + 1 == words.size() || !take(arguments, word, words[i + 1])) return std::nullopt;
      ++i;
    } else if (arguments.path.empty()) {
      arguments.path = word;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.path.empty()) return std::nullopt;
  if (arguments.month.sites > 0 && !arguments.length_given)
    arguments.month.length = Duration::hours(6);
  return arguments;
}

}  // namespace

int main(int count, char** words) {
  const auto arguments = read({words, static_cast<std::size_t>(count)});
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  demo::Month month = demo::plan_month(arguments->month);
  if (!arguments->only.empty())
    std::erase_if(month.plans,
                  [&](const demo::Plan& plan) { return plan.info.name != arguments->only; });
  if (month.plans.empty()) {
    fmt::print(stderr, "make_demo_store: there is no session {}\n", arguments->only);
    return 2;
  }
  const demo::Detail detail = arguments->month.sites > 0 ? demo::kLittleDetail : demo::Detail{};
  const bool watched = ::isatty(STDERR_FILENO) == 1;
  const auto written = demo::write_month(
      month, detail, arguments->month.seed, arguments->path, [watched](double done) {
        if (watched) fmt::print(stderr, "\r{:3.0f} % of the month ", done * 100);
      });
  if (watched) fmt::print(stderr, "\r{:20}\r", "");
  if (written) return 0;
  fmt::print(stderr, "make_demo_store: {}\n", written.error().text);
  return 1;
}
