// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "measure/sample.h"

// RFC 4180 with a header line and LF line ends. No field of ours needs quotes.
namespace wirestamp::publish {

void append_csv_header(std::string& out);
void append_csv_line(const measure::Sample& sample, std::string& out);

}  // namespace wirestamp::publish
