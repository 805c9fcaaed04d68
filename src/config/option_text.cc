// SPDX-License-Identifier: Apache-2.0
// What people read of an option: titles, flags, variables, and what is allowed.
#include <fmt/format.h>

#include "config/agent_values.h"
#include "config/option.h"
#include "time/duration_text.h"

namespace wirestamp::config {

namespace {

std::string list_of(std::string_view choices) {
  std::string text(choices);
  for (std::size_t bar = 0; (bar = text.find('|', bar)) != std::string::npos;)
    text.replace(bar, 1, ", ");
  return text;
}

}  // namespace

std::string_view name(Command command) {
  switch (command) {
    case Command::Ping:
      return "ping";
    case Command::Reflect:
      return "reflect";
    case Command::Agent:
      return "agent";
    case Command::Top:
      return "top";
    case Command::Report:
      return "report";
    case Command::Evidence:
      return "evidence";
  }
  return "";
}

std::string_view title(Group group) {
  switch (group) {
    case Group::Target:
      return "Target";
    case Group::Agent:
      return "The agent";
    case Group::Store:
      return "What is kept";
    case Group::Api:
      return "API and metrics";
    case Group::Thresholds:
      return "Thresholds, incidents and notifications";
    case Group::Probes:
      return "Probes";
    case Group::Reflecting:
      return "Reflecting";
    case Group::Authentication:
      return "Authentication";
    case Group::Addresses:
      return "Addresses and interfaces";
    case Group::Flows:
      return "Flows and ports";
    case Group::Stamps:
      return "Timestamps";
    case Group::Output:
      return "Output";
    case Group::Expert:
      return "For tests and experts";
  }
  return "";
}

bool applies(const Option& option, Command command) {
  return option.commands.contains(name(command)) ||
         (command == Command::Agent && per_session(option));
}

bool per_session(const Option& option) { return option.commands.contains("session"); }

std::string commands_text(const Option& option) {
  std::string text;
  for (const Command command : kCommands)
    if (applies(option, command))
      text += fmt::format("{}'wirestamp {}'", text.empty() ? "" : " and ", name(command));
  return text;
}

std::string flag(const Option& option) {
  return option.positional ? std::string(option.value_name) : fmt::format("--{}", option.name);
}

std::string variable(const Option& option) {
  std::string text = "WIRESTAMP_";
  for (const char c : option.name)
    text += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

std::string allowed(const Option& option) {
  switch (option.type) {
    case Type::Flag:
      return "true or false";
    case Type::Integer:
      return fmt::format("a whole number from {} to {}", option.minimum, option.maximum);
    case Type::Duration:
      return fmt::format("a duration from {} to {}, such as 500ms or 2s",
                         duration_text(option.minimum), duration_text(option.maximum));
    case Type::DurationOrNever:
      return fmt::format("a duration from {} to {}, or never", duration_text(option.minimum),
                         duration_text(option.maximum));
    case Type::Ports:
      return fmt::format("FIRST-LAST, both from {} to {}, such as 50000-50999", option.minimum,
                         option.maximum);
    case Type::Choice:
      return fmt::format("one of {}", list_of(option.choices));
    case Type::Dscp:
      return "a number from 0 to 63 or a name: CS0 to CS7, AF11 to AF43, EF, VA, LE";
    case Type::Interface:
      return "the name of a network interface, such as eth0";
    case Type::Namespace:
      return "a name below /run/netns, or a path with a slash in it";
    case Type::File:
      return "a path that can be written, or - for standard output";
    case Type::InputFile:
      return "the path of a file that can be read";
    case Type::SecretFile:
      return "the path of a file that its owner alone can read (chmod 600)";
    case Type::FileOrNone:
      return "a path, or none";
    case Type::Address:
      return "an IPv4 or IPv6 address without port or zone";
    case Type::Prefix:
      return "an address, or a network such as 192.0.2.0/24 or 2001:db8::/32 with its host bits "
             "zero";
    case Type::Listen:
      return ":PORT, IPV4:PORT or [IPV6]:PORT, the port from 0 (any free one) to 65535";
    case Type::Host:
      return "HOST, HOST:PORT, IPV4:PORT or [IPV6]:PORT, the port from 1 to 65535";
    case Type::Session:
      return "[NAME=]HOST[:PORT], then options of sessions as KEY=VALUE, with spaces between";
    case Type::ListenOrNone:
      return option.key == Key::Api
                 ? "IPV4:PORT, [IPV6]:PORT or :PORT, the port from 0 (any free one) to 65535, or "
                   "none; of top also an address that begins with http:// or https://"
                 : "IPV4:PORT, [IPV6]:PORT or :PORT, the port from 0 (any free one) to 65535, or "
                   "none";
    case Type::PercentOrNever:
      return fmt::format("a percentage up to {}% such as 2% or 0.5%, or never", option.maximum);
    case Type::Octets:
      return fmt::format("a size from {} to {}, such as 500MB or 2GiB", octets_text(option.minimum),
                         octets_text(option.maximum));
    case Type::Maintenance:
      return "DAYS FROM-TO such as 'sat+sun 02:00-04:00', 'mon-fri 22:00-01:00' or 'daily "
             "03:00-03:30', or FROM/UNTIL such as '2026-12-01T22:00Z/2026-12-02T02:00Z'";
    case Type::Url:
      return "an address that begins with http:// or https://";
    case Type::Text:
      return "a text of one line, at most 255 characters";
    case Type::SessionName:
      return "the name of a session: letters, digits, '-', '_' and '.'";
  }
  return "";
}

}  // namespace wirestamp::config
