// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "publish/schema.h"
#include "publish/window_document.h"

// For the documents of report and evidence: rows for what window_document.h tells, whose shape is
// another file's, and the lines of their reference.
namespace wirestamp::publish {

// 50, 90, 95, 99 and 99.9.
std::span<const Percentile> report_percentiles();

// `type`: the name of the shape, with "[]" where there are many.
template <typename T, auto Write, const std::string_view& Presence = kAlways>
constexpr Row<T> foreign_row(std::string_view path, std::string_view type,
                             std::string_view meaning) {
  // Describing needs the type, and a Row has no place for it: it is the same for each path.
  return {path, type, meaning, Write,
          [](const DocumentField& here, std::vector<DocumentField>& fields) {
            fields.push_back({.path = here.path,
                              .type = here.presence,
                              .presence = Presence,
                              .meaning = here.meaning});
          }};
}

inline void write_one(JsonWriter& json, const measure::TimedWindow& window) {
  write_window(json, {window, report_percentiles()});
}
inline void write_one(JsonWriter& json, const measure::Incident& incident) {
  write_incident(json, incident);
}
inline void write_one(JsonWriter& json, const measure::RecordedEvent& event) {
  write_recorded_event(json, event);
}

// Each of a vector that is a member of T.
template <auto Member>
constexpr auto kWriteAll = [](JsonWriter& json, std::string_view key, const auto& of) {
  json.begin_array(key);
  for (const auto& one : std::invoke(Member, of)) write_one(json, one);
  json.end_array();
};

template <typename T>
std::string document_of(const T& of) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  write_rows(json, of);
  json.end_object();
  out += '\n';
  return out;
}

template <typename T>
void append_reference(std::string& out) {
  std::vector<DocumentField> fields;
  describe_rows<T>("", kAlways, fields);
  out += "| field | type | there | meaning |\n|---|---|---|---|\n";
  for (const DocumentField& field : fields)
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", field.path, field.type,
                   field.presence, field.meaning);
}

template <typename... T>
void append_shapes(std::string& out) {
  const auto append = [&]<typename One>() {
    fmt::format_to(std::back_inserter(out), "\n`{}`: {}\n\n", Shape<One>::kName,
                   Shape<One>::kMeaning);
    append_reference<One>(out);
  };
  (append.template operator()<T>(), ...);
}

}  // namespace wirestamp::publish
