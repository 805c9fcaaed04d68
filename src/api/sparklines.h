// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "measure/window.h"
#include "publish/document_reference.h"
#include "time/duration.h"

// Main figures of many sessions over one stretch of time, side by side: what an overview draws.
namespace wirestamp::api {

// The i-th value is that of the i-th step; absent where there is no data, or no such value.
struct Sparkline {
  std::string name;
  std::vector<std::optional<Duration>> rtt_p50, rtt_p99;
  std::vector<std::optional<double>> loss_ratio, forward_loss_ratio, backward_loss_ratio;

  Sparkline(std::string of, std::size_t steps);
  void set(std::size_t step, const measure::Window& window);
  bool any_direction() const;  // of any loss the direction is known
};

struct Sparklines {
  WallTime from;
  Duration step;
  std::size_t steps = 0;
  std::vector<Sparkline> sessions;
};

std::string to_json(const Sparklines& answer);
void add_sparkline_shapes(std::vector<publish::DocumentShape>& shapes);

}  // namespace wirestamp::api
