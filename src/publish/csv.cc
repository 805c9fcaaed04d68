// SPDX-License-Identifier: Apache-2.0
#include "publish/csv.h"

#include <fmt/format.h>

#include "publish/columns.h"

namespace wirestamp::publish {

namespace {

struct Append {
  std::string& out;

  void operator()(std::monostate) const {}
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { out += fmt::format_int(value).c_str(); }
  void operator()(std::uint64_t value) const { out += fmt::format_int(value).c_str(); }
  void operator()(std::string_view value) const { out += value; }
};

}  // namespace

void append_csv_header(std::string& out) {
  bool first = true;
  for (const Column& column : columns()) {
    if (!first) out += ',';
    first = false;
    out += column.name;
  }
  out += '\n';
}

void append_csv_line(const measure::Sample& sample, std::string& out) {
  bool first = true;
  for (const Column& column : columns()) {
    if (!first) out += ',';
    first = false;
    std::visit(Append{out}, column.get(sample));
  }
  out += '\n';
}

}  // namespace wirestamp::publish
