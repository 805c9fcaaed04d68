// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace wirestamp::publish {

// One line of the reference page about the JSON document. In a path `*` stands for any name, `[]`
// for the elements of an array.
struct DocumentField {
  std::string_view path;
  std::string_view type;      // "integer", "number", "string", "boolean" or the name of a shape
  std::string_view presence;  // "always", or when it is there
  std::string_view meaning;
};

// Objects that occur in several places, described once: their members' paths are relative.
struct DocumentShape {
  std::string_view name;
  std::string_view meaning;
  std::span<const DocumentField> members;
};

std::span<const DocumentField> document_fields();
std::span<const DocumentShape> document_shapes();

// docs/reference/output.md.
std::string output_reference();

}  // namespace wirestamp::publish
