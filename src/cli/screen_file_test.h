// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace wirestamp::cli {

// "" when the text is the screen of this name in tests/screens/, which people have looked at. Else
// what was drawn goes to a file, and its name is told.
inline std::string other_than_screen(const std::string& name, const std::string& text) {
  std::ifstream file(std::string(WIRESTAMP_SCREENS) + "/" + name + ".screen");
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  if (text == expected) return {};
  const std::string drawn = (std::filesystem::temp_directory_path() / (name + ".screen")).string();
  std::ofstream(drawn) << text;
  return name + " is another screen now, see " + drawn + ":\n" + text;
}

}  // namespace wirestamp::cli
