// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "publish/metrics_table.h"

// The forms of an answer; each appends to a string that the caller owns.
namespace wirestamp::publish {

// Prometheus text 0.0.4, and OpenMetrics 1.0.0, which differs in details: a counter's family is
// named without "_total", units are told, there is no sum of values that may be negative, and the
// end is marked (finish()).
class TextMetricsWriter final : public MetricsWriter {
 public:
  TextMetricsWriter(std::string& out, bool open_metrics) : out_(out), open_metrics_(open_metrics) {}

  void begin(const Metric& metric) override;
  void number(MetricLabels labels, double value) override;
  void histogram(MetricLabels labels, const measure::Values& values) override;
  void end() override {}
  void finish();

 private:
  void line(std::string_view suffix, MetricLabels labels, std::string_view upper, double value);
  std::string number_text(double value) const;

  std::string& out_;
  bool open_metrics_;
  const Metric* metric_ = nullptr;
};

// io.prometheus.client.MetricFamily, each behind its length.
class ProtobufMetricsWriter final : public MetricsWriter {
 public:
  explicit ProtobufMetricsWriter(std::string& out) : out_(out) {}

  void begin(const Metric& metric) override;
  void number(MetricLabels labels, double value) override;
  void histogram(MetricLabels labels, const measure::Values& values) override;
  void end() override;

 private:
  std::string& out_;
  std::string family_;
  const Metric* metric_ = nullptr;
  bool any_ = false;  // values: a family without one is not told
};

}  // namespace wirestamp::publish
