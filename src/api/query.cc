// SPDX-License-Identifier: Apache-2.0
#include "api/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/values.h"

namespace wirestamp::api {

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

Answer<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low)
        return refuse({.status = 400,
                       .code = "bad_escape",
                       .message = "an escape in the address is not % and two hexadecimal digits; "
                                  "a percent sign itself is %25"});
      out += static_cast<char>(*high << 4U | *low);
      i += 2;
    }
  }
  if (!is_text(out))
    return refuse({.status = 400,
                   .code = "bad_text",
                   .message = "the address is not UTF-8, or has control characters in it"});
  return out;
}

std::unexpected<Problem> wrong(std::string_view name, std::string_view value, const Error& error,
                               std::vector<std::string> allowed = {}) {
  constexpr std::size_t kShown = 80;
  std::string shown(value.substr(0, kShown));
  // What is cut must not end in the middle of a character.
  while (!shown.empty() && !is_text(shown)) shown.pop_back();
  if (shown.size() < value.size()) shown += "...";
  return refuse({.status = 400,
                 .code = "wrong_parameter",
                 .message = fmt::format("{} \"{}\": {}", name, shown, error.text),
                 .parameter = std::string(name),
                 .allowed = std::move(allowed)});
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    found.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return found;
}

std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t j = 0; j <= other.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Answer<void> add_parameter(std::string_view item, Target& target) {
  if (item.empty()) return {};
  if (target.parameters.size() == kMostParameters)
    return refuse({.status = 400,
                   .code = "too_many_parameters",
                   .message = fmt::format("at most {} parameters at once", kMostParameters)});
  const std::size_t equals = std::min(item.find('='), item.size());
  std::string name = TRY(unescape(item.substr(0, equals), true));
  std::string value = TRY(unescape(item.substr(std::min(equals + 1, item.size())), true));
  target.parameters.emplace_back(std::move(name), std::move(value));
  return {};
}

}  // namespace

Answer<Target> parse_target(std::string_view raw) {
  if (raw.size() > kLongestTarget)
    return refuse({.status = 414,
                   .code = "address_too_long",
                   .message = fmt::format("the address has more than {} octets: ask for fewer "
                                          "sessions at once",
                                          kLongestTarget)});
  Target target;
  const std::size_t question = std::min(raw.find('?'), raw.size());
  std::string_view path = raw.substr(0, question);
  std::string_view query = raw.substr(std::min(question + 1, raw.size()));
  if (!path.starts_with('/'))
    return refuse({.status = 400,
                   .code = "bad_address",
                   .message = "the address begins with a slash: /api/v1/sessions"});
  path.remove_prefix(1);
  for (bool more = true; more;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    target.segments.push_back(TRY(unescape(path.substr(0, slash), false)));
    more = slash < path.size();
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    TRY_VOID(add_parameter(query.substr(0, end), target));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return target;
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> names) {
  // Nobody mistypes so much; a long name is not worth the work.
  if (name.size() > 40) return "";
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view one : names) {
    const std::size_t away = distance(name, one);
    if (away < least) least = away, best = one;
  }
  if (best.empty() && name.size() >= 3)
    for (const std::string_view one : names)
      if (one.starts_with(name)) return one;
  return best;
}

Answer<Query> Query::check(std::span<const Parameter> known, const Target& target, WallTime now) {
  Query query;
  query.known_ = known;
  query.now_ = now;
  for (const auto& [name, value] : target.parameters) {
    const Parameter* const parameter = query.known(name);
    if (parameter == nullptr) {
      std::vector<std::string_view> names;
      for (const Parameter& one : known) names.push_back(one.name);
      const std::string_view meant = nearest(name, names);
      const std::string advice = names.empty()   ? "this address takes no parameters"
                                 : meant.empty() ? "this address does not know it"
                                                 : fmt::format("was {} meant?", meant);
      return wrong(name, value, Error{advice}, {names.begin(), names.end()});
    }
    if (!parameter->repeated && query.text(name))
      return wrong(name, value, Error{"it is given twice; give it once"});
    query.give(*parameter, value);
  }
  return query;
}

// "a,b" of a choice of several is both; names of sessions may have commas in them.
void Query::give(const Parameter& parameter, std::string_view value) {
  const bool listed = parameter.repeated && parameter.kind == ParameterKind::Choice;
  for (bool more = true; more;) {
    const std::size_t comma = listed ? std::min(value.find(','), value.size()) : value.size();
    given_.emplace_back(parameter.name, value.substr(0, comma));
    more = comma < value.size();
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

const Parameter* Query::known(std::string_view name) const {
  const auto found = std::ranges::find(known_, name, &Parameter::name);
  return found == known_.end() ? nullptr : &*found;
}

std::optional<std::string> Query::text(std::string_view name) const {
  for (const auto& [given, value] : given_)
    if (given == name) return value;
  return std::nullopt;
}

std::vector<std::string> Query::texts(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [given, value] : given_)
    if (given == name) values.push_back(value);
  return values;
}

Answer<std::optional<WallTime>> Query::time(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto time = parse_time(*value, now_);
  if (!time) return wrong(name, *value, time.error());
  return *time;
}

Answer<std::optional<Duration>> Query::length(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto length = parse_length(*value);
  if (!length) return wrong(name, *value, length.error());
  return *length;
}

Answer<std::optional<std::uint64_t>> Query::count(std::string_view name) const {
  const Parameter* const parameter = known(name);
  const auto value = text(name);
  if (parameter == nullptr || (!value && parameter->fallback.empty())) return std::nullopt;
  const std::string number = value.value_or(std::string(parameter->fallback));
  const auto count = parse_count(number, parameter->least, parameter->most);
  if (!count) return wrong(name, number, count.error());
  return *count;
}

Answer<std::vector<publish::Percentile>> Query::percentiles(std::string_view name) const {
  const auto value = text(name);
  const auto usual = publish::usual_percentiles();
  if (!value) return std::vector(usual.begin(), usual.end());
  const auto percentiles = parse_percentiles(*value);
  if (!percentiles) return wrong(name, *value, percentiles.error());
  return *percentiles;
}

Answer<std::optional<std::string>> Query::choice(std::string_view name) const {
  TRY_VOID(check_choices(name));
  return text(name);
}

Answer<void> Query::check_choices(std::string_view name) const {
  const Parameter* const parameter = known(name);
  if (parameter == nullptr) return {};
  const std::vector<std::string> choices = words(parameter->choices);
  for (const std::string& value : texts(name)) {
    if (std::ranges::find(choices, value) != choices.end()) continue;
    const std::string_view meant =
        nearest(value, std::vector<std::string_view>(choices.begin(), choices.end()));
    std::string advice = fmt::format("it is one of {}", parameter->choices);
    if (!meant.empty()) advice = fmt::format("was {} meant? {}", meant, advice);
    return wrong(name, value, Error{advice}, choices);
  }
  return {};
}

Answer<Range> Query::range() const {
  const auto from = TRY(time("from"));
  Range range{.from = from.value_or(WallTime()), .to = TRY(time("to")).value_or(now_)};
  const Parameter* const parameter = known("from");
  // What is not given is told of the end of the range, not of now.
  if (!from && parameter != nullptr && !parameter->fallback.empty())
    range.from = parse_time(parameter->fallback, range.to).value_or(WallTime());
  if (range.from >= range.to)
    return wrong("from", text("from").value_or(""), Error{"from must be before to"});
  return range;
}

Answer<void> Query::check_values() const {
  for (const Parameter& parameter : known_) {
    switch (parameter.kind) {
      case ParameterKind::Time:
        TRY(time(parameter.name));
        break;
      case ParameterKind::Length:
        TRY(length(parameter.name));
        break;
      case ParameterKind::Percentiles:
        TRY(percentiles(parameter.name));
        break;
      case ParameterKind::Count:
        TRY(count(parameter.name));
        break;
      case ParameterKind::Choice:
        TRY_VOID(check_choices(parameter.name));
        break;
      case ParameterKind::Name:
        break;
    }
  }
  if (known("from") != nullptr) TRY(range());
  return {};
}

}  // namespace wirestamp::api
