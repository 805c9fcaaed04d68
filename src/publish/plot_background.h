// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "publish/plot.h"
#include "publish/plot_canvas.h"
#include "publish/plot_steps.h"

namespace wirestamp::publish {

struct SeriesSteps {
  std::string name;
  std::vector<Step> steps;
};

// "name: what".
std::string named(const SeriesSteps& series, std::string_view what);

// What lies behind the values of a plot over time: stretches without data, and loss.
class Background {
 public:
  enum class Loss { Shown, Hidden };
  Background(const std::vector<SeriesSteps>& series, const PlotOptions& options, Loss loss);

  bool anything_sent() const { return anything_sent_; }
  // Adds to legend and notes what occurs.
  void describe(Around& around) const;
  void draw(Canvas& canvas) const;

 private:
  struct Stretch {
    double x0 = 0, x1 = 0;
    std::size_t grade = 0, series = 0;
    double worst = 0;
  };

  void find_gaps(const std::vector<SeriesSteps>& series, const PlotOptions& options);
  void find_losses(const std::vector<Step>& steps, std::size_t series, const PlotOptions& options);

  std::vector<std::pair<double, double>> gaps_;
  std::vector<Stretch> losses_;
  std::vector<std::string> names_;
  bool anything_sent_ = false;
};

}  // namespace wirestamp::publish
