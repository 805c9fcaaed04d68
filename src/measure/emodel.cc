// SPDX-License-Identifier: Apache-2.0
#include "measure/emodel.h"

#include <algorithm>
#include <cmath>

namespace wirestamp::measure {

namespace {

// G.107 Idd: no impairment up to 100 ms.
//= G107:delay-impairment
double delay_impairment(double delay_ms) {
  if (delay_ms <= 100) return 0;
  const double x = std::log2(delay_ms / 100);
  const auto root = [](double value) { return std::pow(1 + std::pow(value, 6), 1.0 / 6); };
  return 25 * (root(x) - 3 * root(x / 3) + 2);
}

// G.107 annex B. The polynomial dips below 1 for R under 6.5.
//= G107:mos
double mos_of(double r) {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return std::max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

}  // namespace

SpeechQuality speech_quality(const SpeechPath& path) {
  SpeechQuality quality;
  quality.delay_impairment = delay_impairment(path.delay_ms);
  const double loss = path.loss_percent;
  //= G107:loss-impairment
  quality.equipment_impairment =
      path.equipment_impairment +
      (95 - path.equipment_impairment) * loss /
          (loss / std::max(1.0, path.burst_ratio) + path.loss_robustness);
  //= G107:r
  quality.r = 93.2 - quality.delay_impairment - quality.equipment_impairment + path.advantage;
  quality.mos = mos_of(quality.r);
  return quality;
}

double cole_rosenbluth_r(double delay_ms, double loss) {
  const double over = std::max(0.0, delay_ms - 177.3);
  return 94.2 - 0.024 * delay_ms - 0.11 * over - 11 - 40 * std::log(1 + 10 * loss);
}

}  // namespace wirestamp::measure
