// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
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
  std::string folder =
      (std::filesystem::temp_directory_path() / "wirestamp-screen-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return name + " is another screen now:\n" + text;
  const std::string drawn = folder + "/" + name + ".screen";
  std::ofstream(drawn) << text;
  return name + " is another screen now, see " + drawn + ":\n" + text;
}

}  // namespace wirestamp::cli
