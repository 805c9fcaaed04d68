// SPDX-License-Identifier: Apache-2.0
//
// Any octets read as a stored window. What is read is a whole window: written again it is read
// again as the same, and merging the octets is merging the window.
#include "base/check.h"
#include "fuzz.h"
#include "store/window_form.h"

using namespace wirestamp;

namespace {

base::Bytes octets(const std::string& text) { return std::as_bytes(std::span(text)); }

void check_values(const measure::Values& values) {
  if (values.count() == 0) return;
  CHECK(values.min <= values.max);
  for (const std::uint32_t ppm : {0U, 500'000U, 1'000'000U}) {
    const auto value = values.percentile(ppm);
    CHECK(value && value->ns() >= values.min && value->ns() <= values.max);
  }
}

}  // namespace

FUZZ_TARGET(input) {
  constexpr WallTime kBegin = WallTime::from_ns(1'700'000'000'000'000'000);
  const auto window = store::decode_window(input);
  measure::Window merged;
  CHECK(store::merge_finer_form(input, kBegin, merged) == window.has_value());
  if (!window) return;
  for (const auto* values :
       {&window->rtt, &window->forward_delay, &window->backward_delay, &window->ipdv})
    for (const auto& of_class : values->classes) check_values(of_class.values);
  check_values(window->schedule_error);
  check_values(window->residence);

  const std::string once = store::encode(*window);
  const auto again = store::decode_window(octets(once));
  CHECK(again);
  CHECK(store::encode(*again) == once);

  measure::Window wanted;
  wanted.merge_finer(*window, kBegin);
  CHECK(store::encode(merged) == store::encode(wanted));
}
