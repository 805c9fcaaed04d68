// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <span>

namespace wirestamp::emulator {
namespace {

template <typename Number>
Result<Number> number(std::string_view text, Number smallest, Number largest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= smallest) ||
      !(value <= largest))
    return fail(fmt::format("\"{}\" is not a number from {} to {}", text, smallest, largest));
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<std::vector<NumberRange>> ranges(std::string_view text) {
  std::vector<NumberRange> result;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    NumberRange range;
    range.first = TRY(number<std::uint64_t>(part.substr(0, dash), 0, UINT64_MAX));
    range.last = range.first;
    if (dash != std::string_view::npos)
      range.last = TRY(number<std::uint64_t>(part.substr(dash + 1), range.first, UINT64_MAX));
    result.push_back(range);
  }
  return result;
}

Result<std::vector<Remark>> remarks(std::string_view text) {
  std::vector<Remark> result;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos)
      return fail(fmt::format("\"{}\" is not FROM:TO, like 46:0 or *:0", part));
    Remark remark;
    if (part.substr(0, colon) != "*")
      remark.from = TRY(number<std::uint8_t>(part.substr(0, colon), 0, 63));
    remark.to = TRY(number<std::uint8_t>(part.substr(colon + 1), 0, 63));
    result.push_back(remark);
  }
  return result;
}

Result<Bucket> bucket(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return fail(fmt::format("\"{}\" is not K/N, like 3/8", text));
  Bucket result;
  result.divisor = TRY(number<std::uint32_t>(text.substr(slash + 1), 1, 65'536));
  result.remainder = TRY(number<std::uint32_t>(text.substr(0, slash), 0, result.divisor - 1));
  return result;
}

Result<bool> yes_or_no(std::string_view text) {
  if (text == "true" || text.empty()) return true;
  if (text == "false") return false;
  return fail(fmt::format("\"{}\" is neither true nor false", text));
}

template <typename Target, typename Value>
Result<void> assign(Target& target, Result<Value> value) {
  if (!value) return std::unexpected(std::move(value).error());
  target = *std::move(value);
  return {};
}

struct GlobalOption {
  std::string_view name, value, help;
  Result<void> (*set)(Settings&, std::string_view);
};

struct DirectionOption {
  std::string_view name, value, help;
  Result<void> (*set)(DirectionSettings&, std::string_view);
};

using Text = std::string_view;

constexpr std::array kGlobal = {
    GlobalOption{"left", "DEV", "device towards the sender",
                 [](Settings& s, Text v) { return assign(s.left, Result<std::string>(v)); }},
    GlobalOption{"right", "DEV", "device towards the reflector",
                 [](Settings& s, Text v) { return assign(s.right, Result<std::string>(v)); }},
    GlobalOption{"log", "FILE", "the truth, one JSON object per line (- : standard output)",
                 [](Settings& s, Text v) { return assign(s.log, Result<std::string>(v)); }},
    GlobalOption{"seed", "N", "of every random decision (1)",
                 [](Settings& s, Text v) {
                   return assign(s.seed, number<std::uint64_t>(v, 0, UINT64_MAX));
                 }},
    GlobalOption{
        "port", "N", "leave alone all UDP that is not from or to this port",
        [](Settings& s, Text v) { return assign(s.port, number<std::uint16_t>(v, 1, 65'535)); }},
    GlobalOption{
        "queue", "N", "packets under way per direction (10000)",
        [](Settings& s, Text v) { return assign(s.queue, number<std::size_t>(v, 1, 1'000'000)); }},
    GlobalOption{"hold-limit", "TIME", "a held packet that nobody passes leaves then (100ms)",
                 [](Settings& s, Text v) { return assign(s.hold_limit, parse_duration(v)); }},
    GlobalOption{"spin", "", "burn the last 150 us before a departure: exact times, one core",
                 [](Settings& s, Text v) { return assign(s.spin, yes_or_no(v)); }},
};

using Link = DirectionSettings;

constexpr std::array kDirection = {
    DirectionOption{"delay", "TIME", "fixed part of the delay",
                    [](Link& d, Text v) { return assign(d.delay, parse_duration(v)); }},
    DirectionOption{"variation", "TIME", "uniform random part, from 0 to this",
                    [](Link& d, Text v) { return assign(d.variation, parse_duration(v)); }},
    DirectionOption{
        "drop", "P", "probability of loss, 0 to 1",
        [](Link& d, Text v) { return assign(d.drop.probability, number<double>(v, 0, 1)); }},
    DirectionOption{"drop-every", "N", "every n-th packet is lost",
                    [](Link& d, Text v) {
                      return assign(d.drop.every, number<std::uint64_t>(v, 1, UINT64_MAX));
                    }},
    DirectionOption{"drop-list", "LIST", "packet numbers from 0 and ranges: 3,10-20",
                    [](Link& d, Text v) { return assign(d.drop.listed, ranges(v)); }},
    DirectionOption{
        "duplicate", "P", "probability of a second copy",
        [](Link& d, Text v) { return assign(d.duplicate.probability, number<double>(v, 0, 1)); }},
    DirectionOption{"duplicate-every", "N", "every n-th packet comes twice",
                    [](Link& d, Text v) {
                      return assign(d.duplicate.every, number<std::uint64_t>(v, 1, UINT64_MAX));
                    }},
    DirectionOption{"duplicate-list", "LIST", "these packets come twice",
                    [](Link& d, Text v) { return assign(d.duplicate.listed, ranges(v)); }},
    DirectionOption{
        "hold", "P", "probability that a packet is held back",
        [](Link& d, Text v) { return assign(d.hold.probability, number<double>(v, 0, 1)); }},
    DirectionOption{"hold-every", "N", "every n-th packet is held back",
                    [](Link& d, Text v) {
                      return assign(d.hold.every, number<std::uint64_t>(v, 1, UINT64_MAX));
                    }},
    DirectionOption{"hold-list", "LIST", "these packets are held back",
                    [](Link& d, Text v) { return assign(d.hold.listed, ranges(v)); }},
    DirectionOption{
        "hold-past", "K", "a held packet leaves behind the next K (1)",
        [](Link& d, Text v) { return assign(d.hold_past, number<std::uint32_t>(v, 1, 1000)); }},
    DirectionOption{"remark", "LIST", "new DSCP: FROM:TO, * for any, like 46:10,*:0",
                    [](Link& d, Text v) { return assign(d.remarks, remarks(v)); }},
    DirectionOption{"bucket", "K/N", "the flows whose hash of addresses and ports leaves K by N",
                    [](Link& d, Text v) { return assign(d.bucket, bucket(v)); }},
    DirectionOption{"bucket-drop", "P", "probability of loss of theirs, besides drop",
                    [](Link& d, Text v) { return assign(d.bucket_drop, number<double>(v, 0, 1)); }},
    DirectionOption{"bucket-delay", "TIME", "so much more delay for them",
                    [](Link& d, Text v) { return assign(d.bucket_delay, parse_duration(v)); }},
};

// `name` without a direction is global, else "forward-...", "backward-..." or "both-...".
Result<void> set(Settings& settings, std::string_view name, std::string_view value) {
  for (const GlobalOption& option : kGlobal)
    if (option.name == name) return option.set(settings, value);
  const std::size_t dash = name.find('-');
  const std::string_view prefix = name.substr(0, dash);
  const bool both = prefix == "both";
  if (dash != std::string_view::npos && (both || prefix == "forward" || prefix == "backward"))
    for (const DirectionOption& option : kDirection)
      if (option.name == name.substr(dash + 1)) {
        if (both || prefix == "forward") TRY_VOID(option.set(settings.forward, value));
        if (both || prefix == "backward") TRY_VOID(option.set(settings.backward, value));
        return {};
      }
  return fail("there is no such option; --help lists them");
}

Result<void> set_named(Settings& settings, std::string_view name, std::string_view value,
                       std::string_view shown) {
  auto done = set(settings, name, value);
  if (!done) return fail(fmt::format("{}: {}", shown, done.error().text));
  return {};
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A line without its comment; a # between quotes is none.
std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == '#' && !quoted) return line.substr(0, i);
  }
  return line;
}

// The option prefix of a table: "" for [link], "forward-" for [link.forward]; absent: not ours.
std::optional<std::string> prefix_of(std::string_view table) {
  if (table == "[link]") return "";
  for (const std::string_view direction : {"forward", "backward", "both"})
    if (table == fmt::format("[link.{}]", direction)) return fmt::format("{}-", direction);
  return std::nullopt;
}

Result<void> load_scenario(const std::string& path, Settings& settings) {
  std::ifstream file(path);
  if (!file) return fail(fmt::format("cannot read the scenario file {}: does it exist?", path));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto done = apply_scenario(text, settings);
  if (!done) return fail(fmt::format("{}: {}", path, done.error().text));
  return {};
}

Result<void> check_complete(const Settings& settings) {
  if (settings.help || !settings.offloads_off.empty()) return {};
  if (settings.left.empty() || settings.right.empty() || settings.left == settings.right)
    return fail("--left and --right must name two devices; --help lists all options");
  for (const DirectionSettings& one : {settings.forward, settings.backward})
    if (!one.bucket && (one.bucket_drop > 0 || one.bucket_delay > Duration()))
      return fail("bucket-drop and bucket-delay want a bucket in the same direction");
  return {};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double ns;
  };
  // "s" last: it ends the others too.
  for (const Unit unit : {Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}}) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto value = number<double>(text.substr(0, text.size() - unit.suffix.size()), 0, 3600e9);
    if (!value || *value * unit.ns > 3600e9) break;
    return Duration::nanoseconds(std::llround(*value * unit.ns));
  }
  if (text == "0") return Duration{};
  return fail(fmt::format("\"{}\" is not a time like 5ms, 1.5s or 250us (at most 3600s)", text));
}

Result<void> apply_scenario(std::string_view text, Settings& settings) {
  std::optional<std::string> prefix;  // what stands before the first table is not ours
  int line_number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++line_number;
    const std::string_view line = trim(without_comment(raw));
    if (line.starts_with('[')) prefix = prefix_of(line);
    if (line.starts_with("[link") && !prefix)
      return fail(fmt::format("line {}: there is no table {}", line_number, line));
    if (line.empty() || line.starts_with('[') || !prefix) continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos)
      return fail(fmt::format("line {}: \"{}\" is not key = value", line_number, line));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    TRY_VOID(set_named(settings, *prefix + std::string(name), value,
                       fmt::format("line {}: {}", line_number, name)));
  }
  return {};
}

Result<Settings> parse_arguments(const std::vector<std::string>& arguments) {
  Settings settings;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    if (flag == "--help" || flag == "-h") {
      settings.help = true;
      continue;
    }
    if (flag == "--spin") {
      settings.spin = true;
      continue;
    }
    if (!flag.starts_with("--") || i + 1 == arguments.size())
      return fail(fmt::format("\"{}\" is not an option with a value; --help lists them", flag));
    const std::string& value = arguments[++i];
    if (flag == "--offloads-off")
      settings.offloads_off.push_back(value);
    else if (flag == "--scenario")
      TRY_VOID(load_scenario(value, settings));
    else
      TRY_VOID(set_named(settings, flag.substr(2), value, flag));
  }
  TRY_VOID(check_complete(settings));
  return settings;
}

std::string help() {
  std::string text =
      "link_emulator --left DEV --right DEV [OPTION VALUE]...\n\n"
      "Relays Ethernet frames between two devices, impairs the UDP among them and logs what truly\n"
      "happened to each. Says \"ready\" on standard output, ends on SIGTERM or SIGINT.\n\n";
  const auto line = [&text](std::string_view name, std::string_view value, std::string_view what) {
    text += fmt::format("  {:<32} {}\n", fmt::format("--{} {}", name, value), what);
  };
  for (const GlobalOption& option : kGlobal) line(option.name, option.value, option.help);
  line("scenario", "FILE", "the same from the [link...] tables of a TOML file");
  line("offloads-off", "DEV", "only switch off the offloads of DEV (repeatable), then end");
  text += "\nPer direction, with forward- (left to right), backward- or both- before the name:\n\n";
  for (const DirectionOption& option : kDirection)
    line(fmt::format("both-{}", option.name), option.value, option.help);
  return text;
}

}  // namespace wirestamp::emulator
