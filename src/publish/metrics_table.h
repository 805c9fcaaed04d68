// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "measure/window.h"
#include "publish/metrics.h"

// The metrics, each once: name, type, unit, help, and where its values come from.
namespace wirestamp::publish {

enum class MetricType : std::uint8_t { Counter, Gauge, Histogram };

constexpr std::string_view name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
  }
  return "gauge";
}

// The bounds of the classic buckets of a histogram, see metrics_buckets.h.
enum class Ladder : std::uint8_t {
  None,
  Fine,    // powers of two: delays
  Coarse,  // every third of them: what nobody takes a percentile of
  Signed,  // as Fine, and negative ones: one-way delays between clocks that differ
};

// A label with the empty value is the same as no label, and is left out.
struct MetricLabel {
  std::string_view name, value;
};
using MetricLabels = std::span<const MetricLabel>;

struct Metric;

// Takes the values of one metric after the other: the three forms are three of these.
class MetricsWriter {
 public:
  virtual ~MetricsWriter() = default;
  virtual void begin(const Metric& metric) = 0;
  virtual void number(MetricLabels labels, double value) = 0;
  virtual void histogram(MetricLabels labels, const measure::Values& values) = 0;
  virtual void end() = 0;  // of the metric
};

// Puts the session's label before those of the value.
class MetricPoints {
 public:
  MetricPoints(MetricsWriter& writer, std::string_view session)
      : writer_(writer), session_(session) {}

  void add(std::initializer_list<MetricLabel> labels, double value);
  void add(std::initializer_list<MetricLabel> labels, std::uint64_t value) {
    add(labels, static_cast<double>(value));
  }
  void add(std::initializer_list<MetricLabel> labels, bool value) {
    add(labels, value ? 1.0 : 0.0);
  }
  void add(std::initializer_list<MetricLabel> labels, Duration value) {
    add(labels, static_cast<double>(value.ns()) / 1e9);
  }
  void add(std::initializer_list<MetricLabel> labels, const measure::Values& values);
  void add(const measure::ClassedValues& values);  // each class of stamps by itself

 private:
  static constexpr std::size_t kMostLabels = 4;
  std::size_t join(std::initializer_list<MetricLabel> labels, std::span<MetricLabel> into) const;

  MetricsWriter& writer_;
  std::string_view session_;  // "": of the agent
};

struct Metric {
  std::string_view name;  // in full: "_total", unit and all
  MetricType type;
  std::string_view unit;    // "seconds", "bytes", "ratio"; "": a number of things
  std::string_view labels;  // besides `session`, for the page
  std::string_view help;
  // One of them.
  void (*of_agent)(const AgentMetrics& agent, std::size_t sessions, MetricPoints& points);
  void (*of_session)(const SessionMetrics& session, MetricPoints& points);
  Ladder ladder = Ladder::None;
};

std::span<const Metric> metrics();

}  // namespace wirestamp::publish
