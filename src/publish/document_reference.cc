// SPDX-License-Identifier: Apache-2.0
#include "publish/document_reference.h"

#include <fmt/format.h>

#include <iterator>

#include "publish/columns.h"
#include "publish/document.h"

namespace wirestamp::publish {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void append_fields(std::string& out, const std::vector<DocumentField>& fields) {
  out += "| field | type | there | meaning |\n|---|---|---|---|\n";
  for (const DocumentField& field : fields)
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", field.path, field.type,
                   field.presence, escaped(field.meaning));
}

}  // namespace

std::string output_reference() {
  std::string out = fmt::format(
      "# Output\n\n"
      "Made from the program's tables by `wirestamp config output`; a test fails when this page is "
      "older than they are, and another holds each field against a document.\n\n"
      "Names end in their unit: `_ns` is nanoseconds. A figure that is undefined is absent, never "
      "0 or null. What each figure means in detail, and when it lies: `docs/measurement.md`.\n\n"
      "## The document (`--json`)\n\n"
      "One JSON object, schema {}. `*` stands for a name, `[]` for the elements of an array. "
      "Of several measurements (`--device` or `--netns` given several times) it is an object with "
      "one member, the array `measurements`, that has such an object for each.\n\n",
      kSchema);
  append_fields(out, document_fields());
  for (const DocumentShape& shape : document_shapes()) {
    fmt::format_to(std::back_inserter(out), "\n### `{}`\n\n{}\n\n", shape.name, shape.meaning);
    append_fields(out, shape.members);
  }
  out +=
      "\n## One probe (`--jsonl`, `--csv`)\n\n"
      "A line for each probe, written when all is known about it: an answered one after the loss "
      "threshold, another after ten seconds or at the end of the run. JSON lines leave absent "
      "fields out; CSV has a header line, leaves them empty, and quotes nothing because no field "
      "has a comma.\n\n"
      "| field | type | meaning |\n|---|---|---|\n";
  for (const Column& column : columns())
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} |\n", column.name, column.type,
                   escaped(column.meaning));
  out +=
      "\n## One window of a session (`agent --results`)\n\n"
      "A JSON object in a line for each session and window, written when every probe of the window "
      "is decided, about 12 s and two intervals after its end. Windows begin at multiples of "
      "their length.\n\n";
  append_fields(out, result_fields());
  out +=
      "\n## One event of a session (`agent --events`)\n\n"
      "A JSON object in a line, as it happens.\n\n";
  append_fields(out, event_fields());
  return out;
}

}  // namespace wirestamp::publish
