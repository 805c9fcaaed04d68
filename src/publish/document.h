// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "publish/json_writer.h"
#include "publish/report.h"

namespace wirestamp::publish {

// Counts up when a field changes its meaning or goes; new fields do not count.
inline constexpr unsigned kSchema = 1;

// The JSON document of docs/reference/output.md, with a line end.
std::string json_document(const Report& report);
// Several measurements of one run in one document: the one of each as an element of `measurements`.
std::string json_documents(std::span<const Report> reports);

// The objects `event` and `stamps` of that page, behind a key, for documents of other files.
void write_event(JsonWriter& json, std::string_view key, const measure::Event& event);
void write_stamps(JsonWriter& json, std::string_view key, const measure::StampCounts& stamps);

// "2026-01-31T12:00:00.000000001Z".
std::string rfc3339(WallTime time);

}  // namespace wirestamp::publish
