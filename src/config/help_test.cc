// SPDX-License-Identifier: Apache-2.0
#include "config/help.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace wirestamp::config {
namespace {

TEST(Help, each_option_of_the_table_is_in_the_help_of_its_commands_only) {
  for (const Option& row : options())
    for (const Command command : kCommands) {
      const bool found =
          option_help(command).find(flag(row) + (row.positional ? "" : " ")) != std::string::npos ||
          option_help(command).find(flag(row) + "\n") != std::string::npos;
      EXPECT_EQ(found, applies(row, command)) << row.name;
    }
}

TEST(Help, no_line_is_wider_than_a_terminal) {
  for (const Command command : kCommands) {
    std::istringstream lines(option_help(command));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(Help, the_table_is_consistent) {
  for (const Option& row : options()) {
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_FALSE(row.help.ends_with('.')) << row.name;
    EXPECT_TRUE(std::ranges::any_of(kCommands, [&](Command one) { return applies(row, one); }))
        << row.name;
    EXPECT_FALSE(allowed(row).empty()) << row.name;
    EXPECT_EQ(row.type == Type::Choice, !row.choices.empty()) << row.name;
  }
}

TEST(Help, the_reference_page_is_fresh) {
  std::ifstream file(std::string(WIRESTAMP_DOCS) + "/reference/options.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == option_reference())  // two long pages side by side help nobody
      << "write it anew: wirestamp config reference > docs/reference/options.md";
}

}  // namespace
}  // namespace wirestamp::config
