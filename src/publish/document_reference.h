// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "publish/schema.h"

namespace wirestamp::publish {

// Objects that occur in several places, described once: their members' paths are relative.
struct DocumentShape {
  std::string_view name;
  std::string_view meaning;
  std::vector<DocumentField> members;
};

std::vector<DocumentField> document_fields();
// Of a line of the agent's --results and --events.
std::vector<DocumentField> result_fields();
std::vector<DocumentField> event_fields();
std::vector<DocumentShape> document_shapes();

// docs/reference/output.md.
std::string output_reference();

}  // namespace wirestamp::publish
