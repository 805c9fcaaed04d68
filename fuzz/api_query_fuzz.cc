// SPDX-License-Identifier: Apache-2.0
//
// Any text as the target of a request: what is refused says why in text that can be told, what is
// taken is a route's and within its bounds.
#include <string>
#include <string_view>

#include "api/query.h"
#include "api/routes.h"
#include "api/values.h"
#include "base/check.h"
#include "fuzz.h"

using namespace wirestamp;

namespace {

constexpr WallTime kNow = WallTime::from_ns(1'769'860'800'000'000'000);

void check_problem(const api::Problem& problem) {
  CHECK(problem.status >= 400 && problem.status < 500);
  CHECK(!problem.code.empty() && !problem.message.empty());
  CHECK(api::is_text(problem.message));
  CHECK(problem.message.size() < 1'000 + 2 * api::kLongestTarget);
}

void check_values(const api::Query& query) {
  const auto range = query.range();
  CHECK(range && range->from < range->to && range->from >= WallTime());
  if (const auto step = query.length("step"); *step) CHECK(**step > Duration());
  const auto percentiles = query.percentiles("percentiles");
  CHECK(percentiles && !percentiles->empty());
  for (const auto& one : *percentiles) CHECK(one.ppm <= 1'000'000 && one.name.starts_with('p'));
}

void check_route(const api::Route& route, const api::Target& target) {
  auto query = api::Query::check(route.parameters, target, kNow);
  if (!query) return check_problem(query.error());
  if (const auto values = query->check_values(); !values) return check_problem(values.error());
  if (route.id == "session_windows" || route.id == "windows") check_values(*query);
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  // Half of the inputs are of the query alone, so that parameters are found soon.
  const std::string raw =
      text.starts_with('/') ? std::string(text) : "/api/v1/windows?" + std::string(text);
  const auto target = api::parse_target(raw);
  if (!target) return check_problem(target.error());
  std::vector<std::string> names;
  const auto route = api::find_route("GET", target->segments, names);
  if (!route) return check_problem(route.error());
  for (const std::string& name : names) CHECK(!name.empty() && api::is_text(name));
  check_route(**route, *target);
}
