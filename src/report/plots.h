// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "publish/period.h"
#include "publish/plot.h"

namespace wirestamp::report {

struct NamedPlot {
  std::string_view name;  // "latency": the word of --plot and of the API
  publish::PlotKind kind;
  std::string_view title;
};
std::span<const NamedPlot> named_plots();

struct PlotLook {
  unsigned width = 960, height = 340;
  publish::PlotTheme theme = publish::PlotTheme::Viewer;
};

// One SVG document; the period it is compared with lies dashed over it, incidents are marked.
std::string plot_of(const publish::PeriodReport& report, publish::PlotKind kind,
                    const PlotLook& look = {});

}  // namespace wirestamp::report
