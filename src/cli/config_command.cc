// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "cli/agent_configuration.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/streams.h"
#include "config/help.h"
#include "platform/process.h"
#include "publish/document_reference.h"

namespace wirestamp::cli {

namespace {

using config::Command;

// `of_sessions`: only the options that each session of an agent has for itself, or only the others.
void append_rows(const config::Settings& settings, Command command, std::optional<bool> of_sessions,
                 std::string& text) {
  for (const config::Option& row : config::options()) {
    if (!config::applies(row, command)) continue;
    if (of_sessions && config::per_session(row) != *of_sessions) continue;
    const auto values = settings.values(row.key);
    if (values.empty())
      text += fmt::format("{:<16} {:<24} not set: {}\n", row.name, "-", row.without);
    for (const config::Value& value : values)
      text += fmt::format("{:<16} {:<24} from {}\n", row.name, config::shown(row, value.text),
                          value.origin);
  }
}

// The agent's own options, then each session's.
Result<std::string> agent_rows(Words words) {
  const auto arguments = TRY(config::read_arguments(Command::Agent, words));
  if (arguments.help) return command_help(Command::Agent);
  const config::Source environment = TRY(config::read_environment(platform::environment()));
  const config::AgentConfig config = TRY(load_agent_config(arguments.source, environment));
  std::string text;
  append_rows(config.settings, Command::Agent, false, text);
  for (const config::SessionConfig& session : config.sessions) {
    text += fmt::format("\nsession {} ({})\n", session.name, session.place);
    append_rows(session.settings, Command::Agent, true, text);
  }
  return text;
}

Result<std::string> rows(Command command, Words words) {
  if (command == Command::Agent) return agent_rows(words);
  const auto settings = TRY(read_settings(command, words));
  if (!settings) return command_help(command);
  std::string text;
  append_rows(*settings, command, std::nullopt, text);
  return text;
}

int list(Command command, Words words) {
  const auto text = rows(command, words);
  if (text) return print(*text);
  complain(fmt::format("{}\n  `wirestamp help {}` explains every option", text.error().text,
                       config::name(command)));
  return kUsage;
}

// Whether an agent could run with this file, whatever flags and variables there are.
int check(Words words) {
  if (words.size() != 1 || words[0].starts_with('-')) {
    complain("config check wants one FILE, such as `wirestamp config check /etc/wirestamp.toml`");
    return kUsage;
  }
  const config::Source flags{{config::Key::ConfigFile, std::string(words[0]), "the command line"}};
  const auto checked = AgentConfiguration::load(flags, {});
  if (checked)
    return print(fmt::format("{}: well, {} session{}\n", words[0], checked->sessions().size(),
                             checked->sessions().size() == 1 ? "" : "s"));
  complain(checked.error().text);
  return kUsage;
}

}  // namespace

int run_config(Words words) {
  if (!words.empty() && words[0] == "check") return check(words.subspan(1));
  // `config print` is what `config agent` is, unless a command is named.
  if (!words.empty() && words[0] == "print") {
    words = words.subspan(1);
    const bool named = !words.empty() && std::ranges::any_of(config::kCommands, [&](Command one) {
      return words[0] == config::name(one);
    });
    if (!named) return list(Command::Agent, words);
  }
  if (!words.empty() && words[0] == "reference" && words.size() == 1)
    return print(config::option_reference());

  if (!words.empty() && words[0] == "output" && words.size() == 1)
    return print(publish::output_reference());

  for (const config::Command command : config::kCommands)
    if (!words.empty() && words[0] == config::name(command)) return list(command, words.subspan(1));
  complain(
      "config wants `print`, `check FILE`, a command, `reference` or `output`, such as `wirestamp "
      "config ping -i 1s`");
  return kUsage;
}

}  // namespace wirestamp::cli
