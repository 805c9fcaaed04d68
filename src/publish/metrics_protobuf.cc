// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <protozero/pbf_builder.hpp>
#include <protozero/varint.hpp>
#include <string>

#include "publish/metrics_buckets.h"
#include "publish/metrics_writers.h"
#include "publish/utf8.h"

namespace wirestamp::publish {

namespace {

// The fields of io/prometheus/client/metrics.proto that we write.
enum class Family : protozero::pbf_tag_type { Name = 1, Help = 2, Type = 3, Metric = 4, Unit = 5 };
enum class MetricField : protozero::pbf_tag_type {
  Label = 1,
  Gauge = 2,
  Counter = 3,
  Histogram = 7
};
enum class Label : protozero::pbf_tag_type { Name = 1, Value = 2 };
enum class Number : protozero::pbf_tag_type { Value = 1 };
enum class Histo : protozero::pbf_tag_type {
  Count = 1,
  Sum = 2,
  Bucket = 3,
  Schema = 5,
  ZeroThreshold = 6,
  ZeroCount = 7,
  NegativeSpan = 9,
  NegativeDelta = 10,
  PositiveSpan = 12,
  PositiveDelta = 13
};
enum class Bucket : protozero::pbf_tag_type { Count = 1, Upper = 2 };
enum class Span : protozero::pbf_tag_type { Offset = 1, Length = 2 };

using FamilyBuilder = protozero::pbf_builder<Family>;
using MetricBuilder = protozero::pbf_builder<MetricField>;
using HistogramBuilder = protozero::pbf_builder<Histo>;

// That of client libraries: of two histograms with the same one, the sum needs no new buckets. Our
// bucket of zero holds zero alone, which is below any.
constexpr double kZeroThreshold = 0x1p-128;

constexpr std::int32_t type_number(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return 0;
    case MetricType::Gauge:
      return 1;
    case MetricType::Histogram:
      return 4;
  }
  return 1;
}

std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void add_labels(MetricBuilder& metric, MetricLabels labels) {
  for (const MetricLabel& label : labels) {
    protozero::pbf_builder<Label> pair(metric, MetricField::Label);
    pair.add_string(Label::Name, label.name.data(), label.name.size());
    pair.add_string(Label::Value, clean(label.value));
  }
}

void add_side(HistogramBuilder& histogram, const NativeSide& side, Histo span, Histo delta) {
  for (const NativeSide::Span& one : side.spans) {
    protozero::pbf_builder<Span> message(histogram, span);
    message.add_sint32(Span::Offset, one.offset);
    message.add_uint32(Span::Length, one.length);
  }
  histogram.add_packed_sint64(delta, side.deltas.begin(), side.deltas.end());
}

}  // namespace

void ProtobufMetricsWriter::begin(const Metric& metric) {
  metric_ = &metric;
  any_ = false;
  family_.clear();
  FamilyBuilder family(family_);
  family.add_string(Family::Name, metric.name.data(), metric.name.size());
  family.add_string(Family::Help, metric.help.data(), metric.help.size());
  family.add_enum(Family::Type, type_number(metric.type));
  if (!metric.unit.empty()) family.add_string(Family::Unit, metric.unit.data(), metric.unit.size());
}

void ProtobufMetricsWriter::number(MetricLabels labels, double value) {
  any_ = true;
  FamilyBuilder family(family_);
  MetricBuilder metric(family, Family::Metric);
  add_labels(metric, labels);
  protozero::pbf_builder<Number> number(
      metric, metric_->type == MetricType::Counter ? MetricField::Counter : MetricField::Gauge);
  number.add_double(Number::Value, value);
}

void ProtobufMetricsWriter::histogram(MetricLabels labels, const measure::Values& values) {
  any_ = true;
  FamilyBuilder family(family_);
  MetricBuilder metric(family, Family::Metric);
  add_labels(metric, labels);
  HistogramBuilder histogram(metric, MetricField::Histogram);
  histogram.add_uint64(Histo::Count, values.count());
  histogram.add_double(Histo::Sum, values.sum / 1e9);
  for (const ClassicBucket& classic : classic_buckets(values.histogram, metric_->ladder)) {
    protozero::pbf_builder<Bucket> bucket(histogram, Histo::Bucket);
    bucket.add_uint64(Bucket::Count, classic.count);
    bucket.add_double(Bucket::Upper, classic.upper);
  }
  histogram.add_sint32(Histo::Schema, measure::Histogram::kSchema);
  histogram.add_double(Histo::ZeroThreshold, kZeroThreshold);
  histogram.add_uint64(Histo::ZeroCount, values.histogram.zero());
  add_side(histogram, native_side(values.histogram, -1), Histo::NegativeSpan, Histo::NegativeDelta);
  add_side(histogram, native_side(values.histogram, 1), Histo::PositiveSpan, Histo::PositiveDelta);
}

void ProtobufMetricsWriter::end() {
  if (!any_) return;
  protozero::write_varint(std::back_inserter(out_), std::uint64_t{family_.size()});
  out_ += family_;
}

}  // namespace wirestamp::publish
