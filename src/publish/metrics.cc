// SPDX-License-Identifier: Apache-2.0
#include "publish/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <optional>

#include "publish/metrics_table.h"
#include "publish/metrics_writers.h"

namespace wirestamp::publish {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view next(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(piece);
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// One of the media ranges of an Accept header (RFC 9110 12.5.1).
struct Range {
  std::string_view type;
  std::string_view version, proto, encoding;
  double q = 1;

  explicit Range(std::string_view text) {
    type = next(text, ';');
    while (!text.empty()) {
      std::string_view parameter = next(text, ';');
      const std::string_view name = next(parameter, '=');
      std::string_view value = trimmed(parameter);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      if (same(name, "version")) version = value;
      if (same(name, "proto")) proto = value;
      if (same(name, "encoding")) encoding = value;
      if (same(name, "q")) set_q(value);
    }
  }

  void set_q(std::string_view value) {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), q, std::chars_format::fixed);
    if (error != std::errc() || end != value.data() + value.size() || !(q >= 0 && q <= 1)) q = 0;
  }

  std::optional<MetricsFormat> format() const {
    if (same(type, "application/vnd.google.protobuf") &&
        same(proto, "io.prometheus.client.MetricFamily") && same(encoding, "delimited"))
      return MetricsFormat::Protobuf;
    if (same(type, "application/openmetrics-text") && (version.empty() || version == "1.0.0"))
      return MetricsFormat::OpenMetrics;
    if ((same(type, "text/plain") && (version.empty() || version == "0.0.4")) ||
        same(type, "text/*") || same(type, "*/*"))
      return MetricsFormat::Text;
    return std::nullopt;
  }
};

}  // namespace

MetricsFormat negotiate(std::string_view accept) {
  MetricsFormat best = MetricsFormat::Text;
  double best_q = 0;
  while (!accept.empty()) {
    const Range range(next(accept, ','));
    const auto format = range.format();
    if (!format || range.q <= best_q) continue;
    best = *format;
    best_q = range.q;
  }
  return best;
}

std::string_view content_type(MetricsFormat format) {
  switch (format) {
    case MetricsFormat::OpenMetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case MetricsFormat::Protobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited";
    case MetricsFormat::Text:
      break;
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

namespace {

void write(MetricsWriter& writer, const AgentMetrics& agent,
           std::span<const SessionMetrics> sessions) {
  for (const Metric& metric : metrics()) {
    writer.begin(metric);
    if (metric.of_agent != nullptr) {
      MetricPoints points(writer, {});
      metric.of_agent(agent, sessions.size(), points);
    }
    if (metric.of_session != nullptr)
      for (const SessionMetrics& session : sessions) {
        MetricPoints points(writer, session.name);
        metric.of_session(session, points);
      }
    writer.end();
  }
}

}  // namespace

std::string exposition(const AgentMetrics& agent, std::span<const SessionMetrics> sessions,
                       MetricsFormat format) {
  std::string out;
  if (format == MetricsFormat::Protobuf) {
    ProtobufMetricsWriter writer(out);
    write(writer, agent, sessions);
  } else {
    TextMetricsWriter writer(out, format == MetricsFormat::OpenMetrics);
    write(writer, agent, sessions);
    writer.finish();
  }
  return out;
}

std::string metrics_reference() {
  std::string out = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const Metric& metric : metrics()) {
    std::string labels = metric.of_session != nullptr ? "session" : "";
    if (!metric.labels.empty()) {
      if (!labels.empty()) labels += ", ";
      labels += metric.labels;
    }
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", metric.name,
                   name(metric.type), labels, metric.help);
  }
  return out;
}

}  // namespace wirestamp::publish
