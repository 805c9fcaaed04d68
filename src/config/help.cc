// SPDX-License-Identifier: Apache-2.0
#include "config/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "config/words.h"

namespace wirestamp::config {

namespace {

constexpr std::size_t kColumn = 28;  // where the explanations begin
constexpr std::size_t kWidth = 80;

// Appends `text` wrapped into the right-hand column, the first line behind `left`.
void append_entry(std::string& out, const std::string& left, std::string_view text) {
  std::string line = left;
  if (line.size() + 2 > kColumn) {
    out += line + '\n';
    line.clear();
  }
  line.resize(std::max(line.size(), kColumn), ' ');
  bool first = true;
  for (const std::string_view word : words_of(text)) {
    if (!first && line.size() + 1 + word.size() > kWidth) {
      out += line + '\n';
      line.assign(kColumn, ' ');
      first = true;
    }
    if (!first) line += ' ';
    line += word;
    first = false;
  }
  out += line + '\n';
}

std::string letters(const Option& row) {
  std::string text;
  for (const Shorthand& shorthand : row.letters)
    if (shorthand.letter != 0) text += fmt::format("-{}, ", shorthand.letter);
  return text;
}

std::string left_column(const Option& row) {
  if (row.positional) return fmt::format("  {}", row.value_name);
  const std::string value =
      row.type == Type::Flag ? std::string() : fmt::format(" {}", row.value_name);
  return fmt::format("  {}{}{}", letters(row), flag(row), value);
}

// Bounds are left to the reference page and to the errors: here they would hide the meaning.
std::string explanation(const Option& row) {
  std::string text(row.help);
  if (row.type == Type::Choice) text += fmt::format(" ({})", row.choices);
  if (row.repeatable) text += "; may be repeated";
  if (row.type != Type::Flag && !row.fallback.empty())
    text += fmt::format(" [default: {}]", row.fallback);
  return text;
}

std::string markdown(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '[' || c == ']' || c == '*' || c == '_') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string default_of(const Option& row) {
  if (!row.fallback.empty()) return fmt::format("`{}`", row.fallback);
  return row.without.empty() ? "none, must be given" : markdown(row.without);
}

void append_reference_row(std::string& out, const Option& row) {
  std::string flags;
  for (const Shorthand& shorthand : row.letters)
    if (shorthand.letter != 0) flags += fmt::format("`-{}`, ", shorthand.letter);
  const std::string value =
      row.type == Type::Flag || row.positional ? std::string() : fmt::format(" {}", row.value_name);
  std::string commands;
  for (const Command command : kCommands)
    if (applies(row, command))
      commands += fmt::format("{}{}", commands.empty() ? "" : ", ", name(command));
  fmt::format_to(std::back_inserter(out), "| {}`{}{}` | `{}` | {} | {}{} | {} | {} |\n", flags,
                 flag(row), value, variable(row), commands, markdown(row.help),
                 row.repeatable ? "; repeatable, in the variable a list with commas" : "",
                 markdown(allowed(row)), default_of(row));
}

}  // namespace

std::string option_help(Command command) {
  std::string out;
  for (const Group group : kGroups) {
    bool any = false;
    for (const Option& row : options()) {
      if (row.group != group || !applies(row, command)) continue;
      if (!any) out += fmt::format("\n{}\n", title(group));
      any = true;
      append_entry(out, left_column(row), explanation(row));
    }
  }
  out += "\nGeneral\n";
  append_entry(out, "  -h, --help", "print this");
  return out;
}

std::string option_reference() {
  std::string out =
      "# Options\n\n"
      "Made from the option table by `wirestamp config reference`; a test fails when this page is "
      "older than the table.\n\n"
      "Each option is a flag and an environment variable of the same name. The flag is stronger "
      "than "
      "the variable, the variable stronger than the default. Durations need a unit: `500ms`, `2s`, "
      "`1m`, `100us`. A value that is not allowed, an unknown flag, an unknown `WIRESTAMP_` "
      "variable "
      "and a flag given twice are errors (exit code 2) that say what is allowed. "
      "`wirestamp config ping` (or `reflect`) prints each option's value and where it comes "
      "from.\n\n"
      "Not options, and ignored: `WIRESTAMP_DEV_*`, `WIRESTAMP_RIG_*`, `WIRESTAMP_TEST_*`, "
      "`WIRESTAMP_BIN`, `WIRESTAMP_DEMO`, `WIRESTAMP_EMULATOR`, `WIRESTAMP_NO_BROWSER`, "
      "`WIRESTAMP_NO_RIG` (tests), and "
      "`WIRESTAMP_SERVICE_*`, "
      "`WIRESTAMP_PORT`, `WIRESTAMP_PORT_23999_UDP` and the like (set by container engines beside "
      "a service of that "
      "name). "
      "`NO_COLOR` (any value) turns colours off, unless `--color always` is given.\n\n"
      "| exit code | meaning |\n|---|---|\n"
      "| 0 | measured: at least one reply came |\n"
      "| 1 | no reply at all |\n"
      "| 2 | wrong usage |\n"
      "| 3 | refused or impossible: port in use, requirement not met, file that cannot be written "
      "|\n";
  for (const Group group : kGroups) {
    fmt::format_to(std::back_inserter(out), "\n## {}\n\n", title(group));
    out +=
        "| flag | variable | commands | meaning | allowed | default |\n|---|---|---|---|---|---|\n";
    for (const Option& row : options())
      if (row.group == group) append_reference_row(out, row);
  }
  return out;
}

}  // namespace wirestamp::config
