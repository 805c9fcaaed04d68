// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/incident.h"
#include "measure/window.h"
#include "publish/document_reference.h"
#include "publish/json_writer.h"

// Windows, events and incidents as the agent keeps them, as JSON objects. Names and meanings are
// those of docs/reference/output.md wherever the figure is the same.
namespace wirestamp::publish {

struct Percentile {
  std::string name;       // "p99.9"
  std::uint32_t ppm = 0;  // 999'000
};
// 50, 95 and 99.
std::span<const Percentile> usual_percentiles();

// Which histograms are told: all that there is of these delays, for who merges windows himself.
struct WindowHistograms {
  bool rtt = false, forward = false, backward = false, ipdv = false;
};

// Which members of a window are told, by the names of the object's own members: `lost` is all of
// it. `begin` is among them always.
class WindowFields {
 public:
  static constexpr std::size_t kMostRows = 128;

  // All that there are, in their order, with a space between two.
  static constexpr std::string_view kNames =
      "begin end length_ns epoch part scheduled sent received delivered late duplicates lost "
      "lost_by_cause unsent refused_by_peer withheld late_schedule departure_unconfirmed "
      "loss_ratio network_loss_ratio unreachable_ratio forward_loss_ratio backward_loss_ratio "
      "burst arrived reordered rtt_ns rtt_class rtt_other_class rtt_error_ns negative_rtt "
      "forward_ns forward_class forward_other_class backward_ns backward_class "
      "backward_other_class one_way_error_ns ipdv_ns schedule_error_ns reflector_residence_ns "
      "stamps clock_step_samples bad_reflector_stamps marks worst_loss_ratio worst_loss_at "
      "worst_rtt_p99_ns worst_rtt_p99_at rtt_histogram forward_histogram backward_histogram "
      "ipdv_histogram";

  // Names that are none of kNames tell nothing.
  explicit WindowFields(std::span<const std::string> names);

  // Whether that row of the window's description is told.
  bool tells(std::size_t row) const { return rows_.test(row); }

 private:
  std::bitset<kMostRows> rows_;
};

// A window and which percentiles and histograms of its delays are told. Window, percentiles and
// fields outlive it.
struct WindowView {
  const measure::TimedWindow& timed;
  std::span<const Percentile> percentiles;
  WindowHistograms histograms = {};
  const WindowFields* fields = nullptr;  // null: all of them
};

// Each writes one object: behind `key`, or as an element of an array that is open.
void write_window(JsonWriter& json, std::string_view key, const WindowView& window);
void write_window(JsonWriter& json, const WindowView& window);
void write_values(JsonWriter& json, std::string_view key, const measure::Values& values,
                  std::span<const Percentile> percentiles);
void write_recorded_event(JsonWriter& json, const measure::RecordedEvent& event);
void write_incident(JsonWriter& json, std::string_view key, const measure::Incident& incident);
void write_incident(JsonWriter& json, const measure::Incident& incident);

// One object in one line without a line end, for streams of lines.
std::string window_json(const WindowView& window);
std::string recorded_event_json(const measure::RecordedEvent& event);
std::string incident_json(const measure::Incident& incident);

// Header and lines (with line ends) of the main figures, RFC 4180; an absent figure is empty.
void append_window_csv_header(std::span<const Percentile> percentiles, std::string& out);
void append_window_csv_line(const WindowView& window, std::string& out);

// `window`, `values`, `histogram`, `recorded_event` and `incident`, for reference pages and
// schemas; the other shapes that they name are in document_shapes().
std::vector<DocumentShape> window_document_shapes();

}  // namespace wirestamp::publish
