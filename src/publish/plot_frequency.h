// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "measure/window.h"
#include "publish/plot.h"
#include "publish/plot_steps.h"

namespace wirestamp::publish {

// How often each delay occurred, of the class of stamps with most values.
struct Frequencies {
  std::string name;
  Shown shown;
  measure::Values values;
};

Frequencies frequencies_of(std::string_view name, const std::vector<Step>& steps, Delays delays);

std::string frequency_plot(const std::vector<Frequencies>& series, const PlotOptions& options);

}  // namespace wirestamp::publish
