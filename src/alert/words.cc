// SPDX-License-Identifier: Apache-2.0
#include "alert/words.h"

#include <fmt/format.h>

#include <cmath>

namespace wirestamp::alert {

using measure::Crossing;

namespace {

// Three digits, without zeros at the end.
std::string number(double value) { return fmt::format("{:.3g}", value); }

std::string text(double share) { return number(share * 100) + " %"; }

std::string text(Duration delay) {
  const double us = static_cast<double>(delay.ns()) * 1e-3;
  if (std::abs(us) < 999.5) return number(us) + " us";
  if (std::abs(us) < 999.5e3) return number(us * 1e-3) + " ms";
  return number(us * 1e-6) + " s";
}

// Of a stretch of windows: whole seconds.
std::string lasting(Duration time) {
  const std::int64_t seconds = time.ns() / Duration::seconds(1).ns();
  if (seconds < 120) return fmt::format("{} s", seconds);
  const std::int64_t minutes = (seconds + 30) / 60;
  if (minutes < 120) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string value_of(const Crossing& crossing) {
  std::string value(name(crossing.figure));
  if (crossing.loss) value += " " + text(*crossing.loss);
  if (crossing.delay) value += " " + text(*crossing.delay);
  return value;
}

std::string threshold_of(const Crossing& crossing, bool error) {
  std::string threshold = error ? "error" : "warning";
  if (crossing.loss_threshold) threshold += " from " + text(*crossing.loss_threshold) + " on";
  if (crossing.delay_threshold) {
    threshold += " above " + text(*crossing.delay_threshold);
    threshold += crossing.median ? ", usually " + text(*crossing.median)
                                 : ", as long as less than 24 h are known";
  }
  return threshold;
}

}  // namespace

std::string crossed_text(const Crossing& crossing) {
  return fmt::format("{} ({})", value_of(crossing), threshold_of(crossing, crossing.error));
}

std::string incident_text(const measure::IncidentFigure& figure) {
  const Crossing& crossing = figure.crossing;
  return fmt::format("{}{}{} ({})", value_of(crossing), figure.direction ? " " : "",
                     figure.direction.value_or(""), threshold_of(crossing, crossing.error));
}

std::string silence_text(Duration silent) { return "; silent for " + lasting(silent); }

std::string cleared_text(const Crossing& crossing) {
  const std::string after =
      crossing.until ? ", after " + lasting(*crossing.until - crossing.since) : std::string();
  if (!crossing.loss && !crossing.delay)
    return fmt::format("{} is not judged any more{}", name(crossing.figure), after);
  return fmt::format("{} again{}", value_of(crossing), after);
}

}  // namespace wirestamp::alert
