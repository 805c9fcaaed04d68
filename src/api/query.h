// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "publish/window_document.h"
#include "time/duration.h"

// The target of a request, taken apart: "/api/v1/sessions/office/windows?from=-1h".
namespace wirestamp::api {

// What is taken of a target, so that nobody makes us work.
inline constexpr std::size_t kLongestTarget = 8'192, kMostParameters = 128;

struct Target {
  std::vector<std::string> segments;  // of the path, unescaped
  std::vector<std::pair<std::string, std::string>> parameters;
};

// Escapes must be %XX and all of it UTF-8 without control characters; a plus sign in the query is a
// space.
Answer<Target> parse_target(std::string_view raw);

enum class ParameterKind : std::uint8_t {
  Time,
  Length,
  Percentiles,
  Count,
  Name,    // any text
  Choice,  // one of `choices`
};

// A row of a route's table: what the parser takes, the OpenAPI document tells and the page says.
struct Parameter {
  std::string_view name;
  ParameterKind kind = ParameterKind::Name;
  std::string_view meaning;
  std::string_view fallback = "";  // what it is when it is not given; "" for none
  std::string_view choices = "";   // "json csv"
  std::uint64_t least = 0, most = 0;
  // May be given several times, and where it is a choice with commas between several, too.
  bool repeated = false;
};

struct Range {
  WallTime from, to;
};

// The parameters of one request, checked against the table of its route.
class Query {
 public:
  Query() = default;
  // Refuses names that the route does not know (and names the nearest), and one given twice. The
  // table outlives it.
  static Answer<Query> check(std::span<const Parameter> known, const Target& target, WallTime now);

  std::optional<std::string> text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  Answer<std::optional<WallTime>> time(std::string_view name) const;
  Answer<std::optional<Duration>> length(std::string_view name) const;
  Answer<std::optional<std::uint64_t>> count(std::string_view name) const;
  Answer<std::vector<publish::Percentile>> percentiles(std::string_view name) const;
  Answer<std::optional<std::string>> choice(std::string_view name) const;
  Answer<void> check_choices(std::string_view name) const;  // of one given several times
  // `from` and `to`; `from` must be before `to`.
  Answer<Range> range() const;
  // Every value by the rules of its kind, and the range: what the functions above would refuse.
  Answer<void> check_values() const;

 private:
  const Parameter* known(std::string_view name) const;
  void give(const Parameter& parameter, std::string_view value);

  std::span<const Parameter> known_;
  std::vector<std::pair<std::string, std::string>> given_;
  WallTime now_;
};

// Of the names the one that was probably meant: a near one, else the first that begins so; "" when
// there is none.
std::string_view nearest(std::string_view name, std::span<const std::string_view> names);

}  // namespace wirestamp::api
