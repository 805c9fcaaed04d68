// SPDX-License-Identifier: Apache-2.0
#include "api/sparklines.h"

#include <algorithm>
#include <array>

#include "api/answer_shape.h"
#include "publish/document.h"

namespace wirestamp::publish {

namespace {

struct DurationsType {
  static constexpr std::string_view kName = "integer?", kSuffix = "[]";
};
struct RatiosType {
  static constexpr std::string_view kName = "number?", kSuffix = "[]";
};

using api::Sparkline;

template <auto Member>
void write_line(JsonWriter& json, std::string_view key, const Sparkline& of) {
  json.begin_array(key);
  for (const auto& value : of.*Member) json.element(value);
  json.end_array();
}
template <auto Member>
void write_direction(JsonWriter& json, std::string_view key, const Sparkline& of) {
  if (of.any_direction()) write_line<Member>(json, key, of);
}

}  // namespace

template <>
struct Shape<Sparkline> {
  using T = Sparkline;
  static constexpr std::string_view kName = "sparkline", kMeaning = "A session, a value a step.";
  static constexpr std::string_view kDirection = "when the direction of any loss is known";
  static constexpr std::array kRows{
      row<&T::name>("name", kAlways, "of the session"),
      told<T, &write_line<&T::rtt_p50>, DurationsType>(
          "rtt_p50_ns", kAlways, "median of the round trip; null where there is none"),
      told<T, &write_line<&T::rtt_p99>, DurationsType>("rtt_p99_ns", kAlways,
                                                       "its 99th percentile, the same"),
      told<T, &write_line<&T::loss_ratio>, RatiosType>("loss_ratio", kAlways,
                                                       "as in a window; null without data"),
      told<T, &write_direction<&T::forward_loss_ratio>, RatiosType>("forward_loss_ratio",
                                                                    kDirection, "the same"),
      told<T, &write_direction<&T::backward_loss_ratio>, RatiosType>("backward_loss_ratio",
                                                                     kDirection, "the same"),
  };
};

template <>
struct Shape<api::Sparklines> {
  using T = api::Sparklines;
  static constexpr std::string_view kName = "sparklines",
                                    kMeaning = "Main figures of many sessions, side by side.";
  static constexpr std::array kRows{
      row<[](const T& of) { return rfc3339(of.from); }>(
          "from", kAlways, "begin of the first step, RFC 3339, UTC; a multiple of step_ns"),
      row<&T::step>("step_ns", kAlways, "length of a step"),
      row<&T::steps>("steps", kAlways, "how many, the length of each array"),
      row<&T::sessions>("sessions", kAlways,
                        "those that are measured, then those of the past with data in the range"),
  };
};

}  // namespace wirestamp::publish

namespace wirestamp::api {

Sparkline::Sparkline(std::string of, std::size_t steps)
    : name(std::move(of)),
      rtt_p50(steps),
      rtt_p99(steps),
      loss_ratio(steps),
      forward_loss_ratio(steps),
      backward_loss_ratio(steps) {}

void Sparkline::set(std::size_t step, const measure::Window& window) {
  if (const auto* rtt = window.rtt.fullest()) {
    rtt_p50[step] = rtt->values.percentile(500'000);
    rtt_p99[step] = rtt->values.percentile(990'000);
  }
  loss_ratio[step] = window.loss_ratio();
  forward_loss_ratio[step] = window.forward_loss_ratio();
  backward_loss_ratio[step] = window.backward_loss_ratio();
}

bool Sparkline::any_direction() const {
  const auto lossy = [](const std::optional<double>& ratio) { return ratio.value_or(0) > 0; };
  return std::ranges::any_of(forward_loss_ratio, lossy) ||
         std::ranges::any_of(backward_loss_ratio, lossy);
}

std::string to_json(const Sparklines& answer) { return publish::answer_text(answer); }

void add_sparkline_shapes(std::vector<publish::DocumentShape>& shapes) {
  publish::add_shapes<Sparkline, Sparklines>(shapes);
}

}  // namespace wirestamp::api
