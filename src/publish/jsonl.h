// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "measure/sample.h"

namespace wirestamp::publish {

// Appends one JSON object and a line end (docs/reference/output.md, "One probe").
void append_json_line(const measure::Sample& sample, std::string& out);

}  // namespace wirestamp::publish
