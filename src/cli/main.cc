// SPDX-License-Identifier: Apache-2.0
#include "cli/main.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/streams.h"
#include "config/help.h"
#include "config/nearest.h"
#include "platform/process.h"

namespace wirestamp::cli {

namespace {

constexpr std::string_view kHelp =
    R"(wirestamp measures the network between two points with stamped UDP probes.

usage: wirestamp ping HOST[:PORT] [FLAGS]     measure now; Ctrl-C ends with the summary
       wirestamp reflect [FLAGS]              be the far end
       wirestamp agent [SESSION...] [FLAGS]   measure several hosts and reflect, for years
       wirestamp top [FLAGS]                  the sessions of an agent, live
       wirestamp report [SESSION] [FLAGS]     figures and plots of what an agent has kept
       wirestamp evidence INCIDENT [FLAGS]    a page for the owner of the path
       wirestamp config COMMAND [FLAGS]       each option's value and where it comes from
       wirestamp config reference             the reference page of all options
       wirestamp config check FILE            whether an agent could run with this file
       wirestamp config output                the reference page of what is printed
       wirestamp help [COMMAND]
       wirestamp --version

A first measurement, on one machine:
  wirestamp reflect &
  wirestamp ping 127.0.0.1 -c 10

Each flag is an environment variable too: --loss-after is WIRESTAMP_LOSS_AFTER.
)";

std::optional<config::Command> command_of(std::string_view word) {
  for (const config::Command command : config::kCommands)
    if (config::name(command) == word) return command;
  return std::nullopt;
}

int usage(const std::string& text) {
  complain(text);
  return kUsage;
}

int unknown_command(std::string_view word) {
  const std::vector<std::string> known{"ping",   "reflect",  "agent",  "top",
                                       "report", "evidence", "config", "help"};
  return usage(fmt::format("unknown command '{}'{}; `wirestamp help` lists them", word,
                           config::did_you_mean(word, known)));
}

int help(Words words) {
  if (words.empty()) return print(kHelp);
  if (words.size() > 1) return usage("help takes one command");
  if (const auto command = command_of(words[0])) return print(command_help(*command));
  if (words[0] == "config") return print(kHelp);
  return unknown_command(words[0]);
}

int run_agent_command(Words words) {
  const auto arguments = config::read_arguments(config::Command::Agent, words);
  if (arguments && arguments->help) return print(command_help(config::Command::Agent));
  const auto environment = config::read_environment(platform::environment());
  if (arguments && environment) return run_agent(arguments->source, *environment);
  return usage(arguments ? environment.error().text : arguments.error().text);
}

int run_command(config::Command command, Words words) {
  if (command == config::Command::Agent) return run_agent_command(words);
  auto settings = read_settings(command, words);
  if (!settings)
    return usage(fmt::format("{}\n  `wirestamp help {}` explains every option",
                             settings.error().text, config::name(command)));
  if (!*settings) return print(command_help(command));
  switch (command) {
    case config::Command::Ping:
      return run_ping(**settings);
    case config::Command::Reflect:
      return run_reflect(**settings);
    case config::Command::Top:
      return run_top(**settings);
    case config::Command::Report:
      return run_report(**settings);
    case config::Command::Evidence:
      return run_evidence(**settings);
    case config::Command::Agent:
      break;  // above
  }
  return kUsage;
}

int dispatch(Words words) {
  if (words.empty()) {
    tell(stderr, kHelp);
    return kUsage;
  }
  const std::string_view word = words[0];
  const Words rest = words.subspan(1);
  if (word == "help") return help(rest);
  const bool for_help = word == "-h" || word == "--help";
  if (for_help || word == "--version" || word == "version") {
    if (!rest.empty()) return usage(fmt::format("{} takes nothing behind it", word));
    return print(for_help ? std::string(kHelp) : fmt::format("wirestamp {}\n", kVersion));
  }
  if (word == "config") return run_config(rest);
  if (const auto command = command_of(word)) return run_command(*command, rest);
  return unknown_command(word);
}

}  // namespace

std::string command_help(config::Command command) {
  std::string_view usage, what;
  switch (command) {
    case config::Command::Ping:
      usage = "ping HOST[:PORT] [FLAGS]";
      what =
          "Measures the path to a reflector: round trip net of the reflector, loss with its\n"
          "direction and cause, jitter, reordering. Ctrl-C ends with the summary.\n";
      break;
    case config::Command::Reflect:
      usage = "reflect [FLAGS]";
      what =
          "Answers probes until Ctrl-C. Answers loopback, private, link-local and connected\n"
          "networks; others need --allow.\n";
      break;
    case config::Command::Agent:
      usage = "agent [[NAME=]HOST[:PORT]]... [FLAGS]";
      what =
          "Measures any number of hosts and answers the probes of others, until stopped. Results\n"
          "and events are kept in a store, served by an HTTP API and told a line each. Flags "
          "about\n"
          "probes are for all sessions.\n";
      break;
    case config::Command::Top:
      usage = "top [FLAGS]";
      what =
          "Shows the sessions of an agent as they are, through its API, with the way into each of\n"
          "them. Where there is no terminal it prints one table.\n";
      break;
    case config::Command::Report:
      usage = "report [SESSION] [FLAGS]";
      what =
          "Tells what an agent has kept of a session, or of all: figures of a period, compared\n"
          "with another one, as text, JSON, CSV or a plot. Reads the store of a running agent "
          "too.\n";
      break;
    case config::Command::Evidence:
      usage = "evidence INCIDENT [FLAGS]";
      what =
          "Writes all that is known of an incident as one page that needs nothing else: for the\n"
          "owner of a firewall or a provider.\n";
      break;
  }
  return fmt::format("usage: wirestamp {}\n\n{}\n{}", usage, what, config::option_help(command));
}

Result<std::optional<config::Settings>> read_settings(config::Command command, Words words) {
  config::Arguments arguments = TRY(config::read_arguments(command, words));
  if (arguments.help) return std::optional<config::Settings>();
  const config::Source environment = TRY(config::read_environment(platform::environment()));
  const std::vector<config::Source> sources{arguments.source, environment};
  return std::optional(TRY(config::resolve(command, sources)));
}

int main(int argc, char** argv) {
  platform::fill_standard_descriptors();
  platform::ignore_broken_pipes();
  const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
  try {
    return dispatch(words);
  } catch (const std::exception& exception) {
    complain(exception.what());
    return kRefused;
  }
}

}  // namespace wirestamp::cli
