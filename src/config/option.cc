// SPDX-License-Identifier: Apache-2.0
#include "config/option.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "config/agent_options.h"
#include "config/agent_values.h"
#include "config/tlv_options.h"
#include "time/duration_text.h"

namespace wirestamp::config {

namespace {

using units::kHour, units::kMicrosecond, units::kMillisecond, units::kSecond;

// The help texts are one sentence each, because they are read in a column of fifty characters.
constexpr std::array kProbingOptions{
    Option{.key = Key::Host,
           .name = "host",
           .type = Type::Host,
           .group = Group::Target,
           .commands = "ping session",
           .value_name = "HOST[:PORT]",
           .positional = true,
           .help = "name or address of the reflector; port 23999 unless given, IPv6 with a port as "
                   "[ADDRESS]:PORT"},
    Option{
        .key = Key::Sessions,
        .name = "sessions",
        .type = Type::Session,
        .group = Group::Target,
        .commands = "agent",
        .value_name = "[NAME=]HOST[:PORT]",
        .without = "those of the configuration file",
        .repeatable = true,
        .positional = true,
        .help =
            "a session that measures this host; its name is the host's unless given. In quotes it "
            "may have options of its own: 'office=198.51.100.7 interval=1s dscp=EF'"},
    Option{
        .key = Key::ConfigFile,
        .name = "config",
        .type = Type::File,
        .group = Group::Agent,
        .commands = "agent",
        .value_name = "FILE",
        .without = "flags, variables and defaults alone",
        .help =
            "configuration file (TOML): the same options, and sessions with options of their own"},
    Option{
        .key = Key::ResultEvery,
        .name = "result-every",
        .type = Type::Duration,
        .group = Group::Agent,
        .commands = "agent",
        .value_name = "DURATION",
        .fallback = "1m",
        .minimum = 10 * kSecond,
        .maximum = kHour,
        .help =
            "length of the windows that results are told of; they begin at multiples of it (UTC)"},
    Option{
        .key = Key::Results,
        .name = "results",
        .type = Type::File,
        .group = Group::Agent,
        .commands = "agent",
        .value_name = "FILE",
        .without = "told in short on standard output",
        .help =
            "append a JSON object for each session and window to this file; - is standard output"},
    Option{.key = Key::Events,
           .name = "events",
           .type = Type::File,
           .group = Group::Agent,
           .commands = "agent",
           .value_name = "FILE",
           .without = "told on standard error only",
           .help = "append a JSON object for each event to this file; - is standard output"},
    Option{.key = Key::Count,
           .name = "count",
           .type = Type::Integer,
           .commands = "ping",
           .value_name = "N",
           .letters = {{{'c', ""}}},
           .without = "until --duration or Ctrl-C",
           .minimum = 1,
           .maximum = 1'000'000'000'000,
           .help = "stop after so many probes; without it and --duration, at Ctrl-C"},
    Option{.key = Key::Interval,
           .name = "interval",
           .type = Type::Duration,
           .commands = "ping session",
           .value_name = "DURATION",
           .letters = {{{'i', ""}}},
           .fallback = "500ms",
           .minimum = kMicrosecond,
           .maximum = kHour,
           .help = "time from one probe to the next; the mean of it with --schedule poisson"},
    Option{.key = Key::Duration,
           .name = "duration",
           .type = Type::Duration,
           .commands = "ping",
           .value_name = "DURATION",
           .without = "until --count or Ctrl-C",
           .minimum = kMillisecond,
           .maximum = std::uint64_t{366} * 24 * kHour,
           .help = "stop after so long; where --count is given too, what comes first"},
    Option{
        .key = Key::Schedule,
        .name = "schedule",
        .type = Type::Choice,
        .commands = "ping session",
        .value_name = "KIND",
        .fallback = "periodic",
        .choices = "periodic|poisson",
        .help = "equal gaps between probes, or exponentially distributed ones (RFC 2330 11.1.1)"},
    Option{
        .key = Key::Size,
        .name = "size",
        .type = Type::Integer,
        .commands = "ping session",
        .value_name = "OCTETS",
        .without = "what the extensions in use need",
        .minimum = 44,
        .maximum = 65'507,
        .help =
            "UDP payload of a probe; an extension that has no room is left out and this is said"},
    Option{.key = Key::Dscp,
           .name = "dscp",
           .type = Type::Dscp,
           .commands = "ping session",
           .value_name = "CLASS",
           .fallback = "0",
           .minimum = 0,
           .maximum = 63,
           .help =
               "traffic class of the probes, and the one asked of the replies: 0 to 63, or a name "
               "such as EF, AF41, CS6"},
    Option{.key = Key::Ecn,
           .name = "ecn",
           .type = Type::Choice,
           .commands = "ping session",
           .value_name = "CODEPOINT",
           .fallback = "not-ect",
           .choices = "not-ect|ect0|ect1|ce",
           .help = "ECN field of the probes (RFC 3168 5); replies are sent not-ect"},
    Option{.key = Key::Ttl,
           .name = "ttl",
           .type = Type::Integer,
           .commands = "ping session",
           .value_name = "HOPS",
           .fallback = "255",
           .minimum = 1,
           .maximum = 255,
           .help = "time to live (IPv6: hop limit) of the probes"},
    Option{.key = Key::LossAfter,
           .name = "loss-after",
           .type = Type::Duration,
           .commands = "ping session",
           .value_name = "DURATION",
           .fallback = "2s",
           .minimum = kMillisecond,
           .maximum = 10 * kSecond,
           .help = "a reply later than this counts as lost, and as late"},
    Option{.key = Key::FullRate,
           .name = "full-rate",
           .type = Type::Flag,
           .commands = "ping session",
           .fallback = "false",
           .help =
               "keep the rate when probes are lost, even above 10 a second to addresses outside "
               "private networks: for paths with room for it (RFC 8085)"},
    Option{.key = Key::Listen,
           .name = "listen",
           .type = Type::Listen,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "[ADDR]:PORT",
           .fallback = ":23999",
           .repeatable = true,
           .help = "answer on this address and port; without address on every one, IPv4 and IPv6"},
    Option{.key = Key::Allow,
           .name = "allow",
           .type = Type::Prefix,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "PREFIX",
           .without = "none beyond loopback, private, link-local and connected networks",
           .repeatable = true,
           .help = "answer sources in this network too"},
    Option{.key = Key::Rate,
           .name = "rate",
           .type = Type::Integer,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "N",
           .fallback = "2000",
           .minimum = 0,
           .maximum = 10'000'000,
           .help =
               "answer at most so many requests a second from one address (IPv6: one /64 network); "
               "0 is no limit"},
    Option{.key = Key::TotalRate,
           .name = "total-rate",
           .type = Type::Integer,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "N",
           .without = "20000, or ten times --rate where that is more; none with --rate 0",
           .minimum = 0,
           .maximum = 100'000'000,
           .help = "answer at most so many requests a second in all; 0 is no limit"},
    Option{.key = Key::Answer,
           .name = "answer",
           .type = Type::Choice,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "WHOM",
           .fallback = "open",
           .choices = "open|listed|authenticated",
           .help = "answer loopback, private, link-local and connected networks and those of "
                   "--allow; those of --allow alone; or who proves a key, where --allow is given "
                   "from there alone"},
    Option{.key = Key::NetworkRate,
           .name = "network-rate",
           .type = Type::Integer,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "N",
           .without = "10000, or five times --rate where that is more; none with --rate 0",
           .minimum = 0,
           .maximum = 100'000'000,
           .help = "answer at most so many requests a second from one network, an IPv4 /24 or an "
                   "IPv6 /48; 0 is no limit"},
    Option{.key = Key::ReplyDscp,
           .name = "reply-dscp",
           .type = Type::Dscp,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "DSCP",
           .without = "0 to 47; for sources of --allow every one",
           .repeatable = true,
           .help = "mark replies with this DSCP when the request asks for it, and with 0 where it "
                   "asks for one that is not given here"},
    Option{.key = Key::Stats,
           .name = "stats",
           .type = Type::Flag,
           .group = Group::Output,
           .commands = "reflect",
           .fallback = "false",
           .help = "print every counter at the end, with what it counts; a running reflector "
                   "prints them at SIGUSR1, with and without this"},
    Option{.key = Key::StatsEvery,
           .name = "stats-every",
           .type = Type::Duration,
           .group = Group::Output,
           .commands = "reflect",
           .value_name = "DURATION",
           .without = "at the end and at SIGUSR1 only",
           .minimum = kSecond,
           .maximum = 24 * kHour,
           .help = "print every counter so often, and what was added"},
    Option{.key = Key::KeyFile,
           .name = "key-file",
           .type = Type::File,
           .group = Group::Authentication,
           .commands = "ping reflect agent",
           .value_name = "FILE",
           .without = "the key of the variable WIRESTAMP_KEY, else packets are in the open mode",
           .help = "file with the keys of authenticated STAMP (RFC 8762), for its owner alone to "
                   "read: a line 'ID hex:...' for each, see docs/authentication.md. Read again "
                   "when it changes"},
    Option{.key = Key::KeyId,
           .name = "key-id",
           .type = Type::Text,
           .group = Group::Authentication,
           .commands = "ping session",
           .value_name = "ID",
           .without = "the first that is valid for the host",
           .help = "the key that probes are sent with; none sends them in the open mode"},
    Option{.key = Key::ReplayWindow,
           .name = "replay-window",
           .type = Type::Flag,
           .group = Group::Authentication,
           .commands = "reflect agent",
           .fallback = "false",
           .help = "answer each authenticated request once: of a session the last 64 numbers are "
                   "remembered. What the network duplicates is then not counted as such"},
    Option{.key = Key::Family,
           .name = "family",
           .type = Type::Choice,
           .group = Group::Addresses,
           .commands = "ping session",
           .value_name = "FAMILY",
           .letters = {{{'4', "ipv4"}, {'6', "ipv6"}}},
           .fallback = "any",
           .choices = "any|ipv4|ipv6",
           .help = "which addresses of the host to use; -4 and -6 are short for ipv4 and ipv6"},
    Option{.key = Key::Source,
           .name = "source",
           .type = Type::Address,
           .group = Group::Addresses,
           .commands = "ping session",
           .value_name = "ADDRESS",
           .without = "chosen by the system's routes",
           .help = "send from this address of this host; the route stays the system's choice"},
    Option{
        .key = Key::Device,
        .name = "device",
        .type = Type::Interface,
        .group = Group::Addresses,
        .commands = "ping reflect session",
        .value_name = "INTERFACE",
        .without = "by routing",
        .repeatable = true,
        .help =
            "send and receive by this interface only; of several given ping measures each, at the "
            "same time"},
    Option{.key = Key::NetworkNamespace,
           .name = "netns",
           .type = Type::Namespace,
           .group = Group::Addresses,
           .commands = "ping reflect",
           .value_name = "NAMESPACE",
           .without = "that of the process",
           .repeatable = true,
           .help = "work in this network namespace, a name of `ip netns` or a path such as "
                   "/proc/PID/ns/net; several at the same time. Entering one needs CAP_SYS_ADMIN"},
    Option{.key = Key::SourcePort,
           .name = "source-port",
           .type = Type::Integer,
           .group = Group::Flows,
           .commands = "ping session",
           .value_name = "PORT",
           .without = "picked by the system; of a fixed flow the reflector's port, or 23999",
           .minimum = 1,
           .maximum = 65'535,
           .help = "the fixed flow's UDP port; with it alone the policy is fixed"},
    Option{
        .key = Key::PortPolicy,
        .name = "port-policy",
        .type = Type::Choice,
        .group = Group::Flows,
        .commands = "ping session",
        .value_name = "POLICY",
        .without = "dynamic; fixed with --source-port, range with --port-range",
        .choices = "fixed|dynamic|range|auto",
        .help =
            "which source ports are used: one; a new one on silence; the same out of a range; or "
            "the fixed one first, another on silence, and back"},
    Option{.key = Key::PortRange,
           .name = "port-range",
           .type = Type::Ports,
           .group = Group::Flows,
           .commands = "ping session",
           .value_name = "FIRST-LAST",
           .without = "any port",
           .minimum = 1,
           .maximum = 65'535,
           .help = "source ports of policy range, both ends included"},
    Option{
        .key = Key::Silence,
        .name = "silence",
        .type = Type::Duration,
        .group = Group::Flows,
        .commands = "ping session",
        .value_name = "DURATION",
        .fallback = "5s",
        .minimum = 100 * kMillisecond,
        .maximum = kHour,
        .help =
            "an outage is told, and a new port tried, when nothing came back for so long (and for "
            "three intervals)"},
    Option{
        .key = Key::HealAfter,
        .name = "heal-after",
        .type = Type::DurationOrNever,
        .group = Group::Flows,
        .commands = "ping session",
        .value_name = "DURATION",
        .fallback = "60s",
        .minimum = 100 * kMillisecond,
        .maximum = 24 * kHour,
        .help =
            "policy fixed: after so long without an answer or an error fall silent for 35, 65, 125 "
            "... 305 s, so that a stale entry of a firewall can die; or never"},
    Option{
        .key = Key::ReconnectOn,
        .name = "reconnect-on",
        .type = Type::Choice,
        .group = Group::Flows,
        .commands = "ping session",
        .value_name = "EVENT",
        .fallback = "path",
        .choices = "path|any-address",
        .help =
            "a new connection when the route or source address to this host changes, or also when "
            "any interface gets a new address"},
    Option{
        .key = Key::Flows,
        .name = "flows",
        .type = Type::Integer,
        .group = Group::Flows,
        .commands = "ping session",
        .value_name = "N",
        .fallback = "1",
        .minimum = 1,
        .maximum = 64,
        .help =
            "source ports in parallel, to cover equal-cost paths; interval and count are of each"},
    Option{.key = Key::Stamps,
           .name = "stamps",
           .type = Type::Choice,
           .group = Group::Stamps,
           .commands = "ping reflect session",
           .value_name = "SOURCE",
           .fallback = "auto",
           .choices = "auto|hardware|kernel|user",
           .help = "where packets are stamped; auto takes the best this host gives and says which"},
    Option{.key = Key::Require,
           .name = "require",
           .type = Type::Choice,
           .group = Group::Stamps,
           .commands = "ping reflect",
           .value_name = "SOURCE",
           .without = "whatever there is is taken, and said",
           .choices = "hardware|kernel",
           .help = "refuse to work with weaker stamps of this host"},
    Option{.key = Key::RequirePeer,
           .name = "require-peer",
           .type = Type::Choice,
           .group = Group::Stamps,
           .commands = "ping",
           .value_name = "SOURCE",
           .without = "whatever there is is taken, and said",
           .choices = "hardware|kernel",
           .help = "refuse to work with weaker stamps of the reflector"},
    Option{.key = Key::TimeFormat,
           .name = "time-format",
           .type = Type::Choice,
           .group = Group::Stamps,
           .commands = "ping session",
           .value_name = "FORMAT",
           .fallback = "ntp",
           .choices = "ntp|ptp",
           .help = "format of the stamps in the probes (RFC 8762 4.2.1)"},
    Option{
        .key = Key::Protocol,
        .name = "protocol",
        .type = Type::Choice,
        .group = Group::Probes,
        .commands = "ping",
        .value_name = "NAME",
        .fallback = "stamp",
        .choices = "stamp|twamp",
        .help = "with twamp the host is asked for a session first, on TCP; port 862 unless given"},
    Option{.key = Key::Twamp,
           .name = "twamp",
           .type = Type::Listen,
           .group = Group::Reflecting,
           .commands = "reflect",
           .value_name = "[[ADDR]:PORT]",
           .bare = ":862",
           .without = "no TWAMP server",
           .repeatable = true,
           .help = "be a TWAMP server too, on this TCP address and port; port 862 unless given"},
    Option{.key = Key::TwampMode,
           .name = "twamp-mode",
           .type = Type::Choice,
           .group = Group::Probes,
           .commands = "ping reflect",
           .value_name = "MODE",
           .without = "open; with a key any that needs it, and a server then offers all",
           .choices = "open|authenticated|encrypted|mixed",
           .repeatable = true,
           .help = "security mode of TWAMP (RFC 5357, RFC 5618)"},
    Option{.key = Key::TwampKeyFile,
           .name = "twamp-key-file",
           .type = Type::File,
           .group = Group::Probes,
           .commands = "ping reflect",
           .value_name = "FILE",
           .without = "no key: open mode alone",
           .help = "file with the passphrase of TWAMP, one line, for its owner only"},
    Option{.key = Key::TwampKeyId,
           .name = "twamp-key-id",
           .type = Type::Text,
           .group = Group::Probes,
           .commands = "ping reflect",
           .value_name = "NAME",
           .without = "an empty one",
           .help = "what the passphrase is known by at the other end (KeyID), at most 80 octets"},
    Option{
        .key = Key::Json,
        .name = "json",
        .type = Type::Flag,
        .group = Group::Output,
        .commands = "ping evidence",
        .fallback = "false",
        .help =
            "print the result as one JSON document on standard output, messages on standard error"},
    Option{.key = Key::Jsonl,
           .name = "jsonl",
           .type = Type::File,
           .group = Group::Output,
           .commands = "ping",
           .value_name = "FILE",
           .without = "not written",
           .help = "write one JSON object per probe and line; - is standard output"},
    Option{.key = Key::Csv,
           .name = "csv",
           .type = Type::File,
           .group = Group::Output,
           .commands = "ping",
           .value_name = "FILE",
           .without = "not written",
           .help = "write one line per probe with a header line; - is standard output"},
    Option{.key = Key::Seed,
           .name = "seed",
           .type = Type::Integer,
           .group = Group::Expert,
           .commands = "ping",
           .value_name = "N",
           .without = "from the system",
           .maximum = UINT64_MAX,
           .help = "makes the schedule and the session identifier repeatable"},
    Option{.key = Key::Backend,
           .name = "backend",
           .type = Type::Choice,
           .group = Group::Expert,
           .commands = "ping reflect agent",
           .value_name = "KIND",
           .fallback = "auto",
           .choices = "auto|portable",
           .help = "portable uses plain sockets and the program's own clock, as on systems without "
                   "kernel stamps"},
    Option{.key = Key::KernelFeatures,
           .name = "kernel-features",
           .type = Type::Choice,
           .group = Group::Expert,
           .commands = "ping reflect agent",
           .value_name = "SET",
           .fallback = "full",
           .choices = "full|debian12",
           .help = "use no more of the kernel than Debian 12's own (6.1) has"},
};

constexpr std::array<Option, kOptionCount> kOptions = [] {
  static_assert(kProbingOptions.size() + kTlvOptions.size() + kAgentOptions.size() == kOptionCount);
  std::array<Option, kOptionCount> all;
  auto end = std::ranges::copy(kProbingOptions, all.begin()).out;
  end = std::ranges::copy(kTlvOptions, end).out;
  std::ranges::copy(kAgentOptions, end);
  return all;
}();

consteval bool rows_in_order_of_keys() {
  for (std::size_t i = 0; i < kOptions.size(); ++i)
    if (static_cast<std::size_t>(kOptions[i].key) != i) return false;
  return true;
}
static_assert(rows_in_order_of_keys(), "option() finds a row by its place");

std::string list_of(std::string_view choices) {
  std::string text(choices);
  for (std::size_t bar = 0; (bar = text.find('|', bar)) != std::string::npos;)
    text.replace(bar, 1, ", ");
  return text;
}

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option& option(Key key) { return kOptions[static_cast<std::size_t>(key)]; }

std::string_view name(Command command) {
  switch (command) {
    case Command::Ping:
      return "ping";
    case Command::Reflect:
      return "reflect";
    case Command::Agent:
      return "agent";
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
      return "IPV4:PORT, [IPV6]:PORT or :PORT, the port from 0 (any free one) to 65535, or none";
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
