// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/streams.h"
#include "config/help.h"
#include "publish/document_reference.h"

namespace wirestamp::cli {

namespace {

int list(config::Command command, Words words) {
  const auto settings = read_settings(command, words);
  if (!settings) {
    complain(fmt::format("{}\n  `wirestamp help {}` explains every option", settings.error().text,
                         config::name(command)));
    return kUsage;
  }
  if (!*settings) return print(command_help(command));
  std::string text;
  for (const config::Option& row : config::options()) {
    if (!config::applies(row, command)) continue;
    const auto values = (*settings)->values(row.key);
    if (values.empty())
      text += fmt::format("{:<16} {:<24} not set: {}\n", row.name, "-", row.without);
    for (const config::Value& value : values)
      text += fmt::format("{:<16} {:<24} from {}\n", row.name, value.text, value.origin);
  }
  return print(text);
}

}  // namespace

int run_config(Words words) {
  if (!words.empty() && words[0] == "reference" && words.size() == 1)
    return print(config::option_reference());

  if (!words.empty() && words[0] == "output" && words.size() == 1)
    return print(publish::output_reference());

  for (const config::Command command : config::kCommands)
    if (!words.empty() && words[0] == config::name(command)) return list(command, words.subspan(1));
  complain(
      "config wants `ping`, `reflect`, `reference` or `output`, such as `wirestamp config ping -i "
      "1s`");
  return kUsage;
}

}  // namespace wirestamp::cli
