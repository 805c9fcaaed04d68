// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "publish/document_reference.h"
#include "publish/schema.h"

// For the files that describe answers (Shape).
namespace wirestamp::publish {

template <typename T>
std::string answer_text(const T& of) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_rows(json, of);
  json.end_object();
  return out += '\n';
}

template <typename... T>
void add_shapes(std::vector<DocumentShape>& shapes) {
  const auto add = [&]<typename One>(std::type_identity<One>) {
    DocumentShape shape{Shape<One>::kName, Shape<One>::kMeaning, {}};
    describe_rows<One>("", kAlways, shape.members);
    shapes.push_back(std::move(shape));
  };
  (add(std::type_identity<T>()), ...);
}

// An object, or an array of them, that other code tells: `Write(json, key, of)`. Type: its name for
// the schema, and "[]" behind the path of an array.
template <typename T, auto Write, typename Type>
constexpr Row<T> told(std::string_view path, std::string_view presence, std::string_view meaning) {
  return {path, presence, meaning,
          [](JsonWriter& json, std::string_view key, const T& of) { Write(json, key, of); },
          [](const DocumentField& here, std::vector<DocumentField>& fields) {
            fields.push_back(here);
            fields.back().path += Type::kSuffix;
            fields.back().type = Type::kName;
          }};
}

}  // namespace wirestamp::publish
