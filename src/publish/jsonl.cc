// SPDX-License-Identifier: Apache-2.0
#include "publish/jsonl.h"

#include "publish/columns.h"
#include "publish/json_writer.h"

namespace wirestamp::publish {

void append_json_line(const measure::Sample& sample, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  for (const Column& column : columns()) {
    std::visit(
        [&](const auto& value) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
            json.member(column.name, value);
        },
        column.get(sample));
  }
  json.end_object();
  out += '\n';
}

}  // namespace wirestamp::publish
