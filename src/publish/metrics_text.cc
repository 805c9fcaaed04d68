// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <string>

#include "publish/metrics_buckets.h"
#include "publish/metrics_writers.h"
#include "publish/utf8.h"

namespace wirestamp::publish {

namespace {

constexpr std::string_view kTotalSuffix = "_total";

// A value between quotes.
void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0)
      out += kReplacement;
    else if (c == '\\')
      out += "\\\\";
    else if (c == '"')
      out += "\\\"";
    else if (c == '\n')
      out += "\\n";
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

std::string TextMetricsWriter::number_text(double value) const {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Counts in full, however large; all else as short as it is exact.
  if (std::abs(value) < 1e15 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}

void TextMetricsWriter::line(std::string_view suffix, MetricLabels labels, std::string_view upper,
                             double value) {
  out_ += metric_->name;
  out_ += suffix;
  char separator = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    out_ += separator;
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, text);
    out_ += '"';
    separator = ',';
  };
  for (const MetricLabel& one : labels) label(one.name, one.value);
  if (!upper.empty()) label("le", upper);
  if (separator == ',') out_ += '}';
  out_ += ' ';
  out_ += number_text(value);
  out_ += '\n';
}

// Help and type stand even where there is no value yet, so that the metric can be looked up.
void TextMetricsWriter::begin(const Metric& metric) {
  metric_ = &metric;
  std::string_view family = metric.name;
  if (open_metrics_ && family.ends_with(kTotalSuffix)) family.remove_suffix(kTotalSuffix.size());
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", family, metric.help,
                 family, name(metric.type));
  if (open_metrics_ && !metric.unit.empty())
    fmt::format_to(std::back_inserter(out_), "# UNIT {} {}\n", family, metric.unit);
}

void TextMetricsWriter::number(MetricLabels labels, double value) { line({}, labels, {}, value); }

void TextMetricsWriter::histogram(MetricLabels labels, const measure::Values& values) {
  for (const ClassicBucket& bucket : classic_buckets(values.histogram, metric_->ladder)) {
    std::string upper = fmt::format("{}", bucket.upper);
    if (open_metrics_ && upper == "0") upper = "0.0";
    line("_bucket", labels, upper, static_cast<double>(bucket.count));
  }
  const auto count = static_cast<double>(values.count());
  line("_bucket", labels, "+Inf", count);
  // OpenMetrics has no sum of what may be negative, and no count without a sum.
  if (open_metrics_ && metric_->ladder == Ladder::Signed) return;
  line("_sum", labels, {}, values.sum / 1e9);
  line("_count", labels, {}, count);
}

void TextMetricsWriter::finish() {
  if (open_metrics_) out_ += "# EOF\n";
}

}  // namespace wirestamp::publish
