// SPDX-License-Identifier: Apache-2.0
#pragma once

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

// A window and which percentiles of its delays are told. Both outlive it.
struct WindowView {
  const measure::TimedWindow& timed;
  std::span<const Percentile> percentiles;
};

// Each writes one object: behind `key`, or as an element of an array that is open.
void write_window(JsonWriter& json, std::string_view key, const WindowView& window);
void write_window(JsonWriter& json, const WindowView& window);
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

// `window`, `values`, `recorded_event` and `incident`, for reference pages and schemas; the other
// shapes that they name are in document_shapes().
std::vector<DocumentShape> window_document_shapes();

}  // namespace wirestamp::publish
