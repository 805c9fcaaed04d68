// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "measure/window.h"
#include "time/duration.h"

// What Prometheus scrapes. One table of metrics (metrics_table.h) is written in three forms; the
// page docs/metrics.md is made of the same table.
namespace wirestamp::publish {

// Of one session. Views and pointers need to live for the call only.
struct SessionMetrics {
  std::string_view name;  // unique: it is the label that tells sessions apart
  std::string_view host;
  std::string_view state;  // "waiting", "up", "silent" or "stopped"
  bool up = false;         // answered within its silence time
  Duration interval;
  std::uint64_t incident = 0;                         // open one; 0: none
  const measure::Window* total = nullptr;             // of everything since the agent began
  const measure::TimedWindow* last_minute = nullptr;  // newest that is decided; null: none yet
};

struct AgentMetrics {
  std::string_view version;
  WallTime began;
  bool measuring = false;
  bool store_well = false;
  bool configuration_well = true;  // the last reload was not refused
  std::uint64_t store_octets = 0, store_dropped = 0, samples_dropped = 0;
  std::span<const std::pair<std::string, std::uint64_t>> reflector;  // counters by name
};

enum class MetricsFormat : std::uint8_t {
  Text,         // Prometheus text 0.0.4, classic buckets
  OpenMetrics,  // OpenMetrics text 1.0.0, classic buckets
  Protobuf,     // length-delimited MetricFamily, native histograms and classic buckets
};

// What answers an Accept header best: the highest q; of equals the first named; text where nothing
// that is asked for can be had, since every scraper reads it. Takes any octets.
MetricsFormat negotiate(std::string_view accept);

// For the header Content-Type.
std::string_view content_type(MetricsFormat format);

// The whole answer. Octets in names that are no UTF-8 become U+FFFD.
std::string exposition(const AgentMetrics& agent, std::span<const SessionMetrics> sessions,
                       MetricsFormat format);

// The table as Markdown, for docs/metrics.md.
std::string metrics_reference();

}  // namespace wirestamp::publish
