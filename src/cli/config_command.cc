// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "config/help.h"
#include "publish/document_reference.h"

namespace wirestamp::cli {

namespace {

int list(config::Command command, Words words) {
  const auto settings = read_settings(command, words);
  if (!settings) {
    complain(settings.error().text);
    return kUsage;
  }
  if (!*settings) {
    fmt::print("{}", command_help(command));
    return kMeasured;
  }
  for (const config::Option& row : config::options()) {
    if (!config::applies(row, command)) continue;
    const auto values = (*settings)->values(row.key);
    if (values.empty()) fmt::print("{:<16} {:<24} not set: {}\n", row.name, "-", row.without);
    for (const config::Value& value : values)
      fmt::print("{:<16} {:<24} from {}\n", row.name, value.text, value.origin);
  }
  return kMeasured;
}

}  // namespace

int run_config(Words words) {
  if (!words.empty() && words[0] == "reference" && words.size() == 1) {
    fmt::print("{}", config::option_reference());
    return kMeasured;
  }
  if (!words.empty() && words[0] == "output" && words.size() == 1) {
    fmt::print("{}", publish::output_reference());
    return kMeasured;
  }
  for (const config::Command command : config::kCommands)
    if (!words.empty() && words[0] == config::name(command)) return list(command, words.subspan(1));
  complain(
      "config wants `ping`, `reflect`, `reference` or `output`, such as `wirestamp config ping -i "
      "1s`");
  return kUsage;
}

}  // namespace wirestamp::cli
