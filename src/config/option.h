// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The one option table. A row feeds the command line, the WIRESTAMP_* variables, --help, the
// reference page and validation, so that an option cannot exist in one of them only.
namespace wirestamp::config {

enum class Command : std::uint8_t { Ping, Reflect, Agent, Top, Report, Evidence };
inline constexpr std::array kCommands{Command::Ping, Command::Reflect, Command::Agent,
                                      Command::Top,  Command::Report,  Command::Evidence};
std::string_view name(Command command);

// Names the rows of the table; the order is that of the table and of the help text.
enum class Key : std::uint8_t {
  Host,
  Sessions,
  ConfigFile,
  ResultEvery,
  Results,
  Events,
  Count,
  Interval,
  Duration,
  Schedule,
  Size,
  Dscp,
  Ecn,
  Ttl,
  LossAfter,
  FullRate,
  Listen,
  Allow,
  Rate,
  TotalRate,
  Answer,
  NetworkRate,
  ReplyDscp,
  Stats,
  StatsEvery,
  KeyFile,
  KeyId,
  ReplayWindow,
  TlvHmac,
  Family,
  Source,
  Device,
  NetworkNamespace,
  SourcePort,
  PortPolicy,
  PortRange,
  Silence,
  HealAfter,
  ReconnectOn,
  Flows,
  Stamps,
  Require,
  RequirePeer,
  TimeFormat,
  Protocol,
  Twamp,
  TwampMode,
  TwampKeyFile,
  TwampKeyId,
  Json,
  Jsonl,
  Csv,
  Plain,
  Color,
  Seed,
  Backend,
  KernelFeatures,
  // config/tlv_options.h
  Tlv,
  Padding,
  Peer,
  PtpScale,
  HideLocation,
  ReturnTo,
  MicroSession,
  ReplyControl,
  ClockSource,
  Drafts,
  // config/agent_options.h
  Once,
  Log,
  StoreFile,
  StoreSize,
  StoreFlush,
  KeepSamples,
  KeepSeconds,
  KeepTens,
  KeepMinutes,
  KeepHours,
  Api,
  ApiName,
  ApiTokenFile,
  ApiCertificate,
  ApiKey,
  ApiClients,
  MetricsListen,
  LossWarning,
  LossError,
  LatencyWarning,
  LatencyError,
  LatencyLeast,
  LatencyLimit,
  JitterWarning,
  JitterError,
  JitterLeast,
  JitterLimit,
  WarningAfter,
  ErrorAfter,
  ClearAfter,
  IncidentQuiet,
  Maintenance,
  Webhook,
  WebhookKeyFile,
  ReportSession,
  IncidentId,
  From,
  To,
  Compare,
  Format,
  PlotKind,
  Step,
  OutputFile,
};
inline constexpr std::size_t kOptionCount = static_cast<std::size_t>(Key::OutputFile) + 1;

enum class Type : std::uint8_t {
  Flag,             // present or not; in a variable true or false
  Integer,          // minimum to maximum
  Duration,         // minimum to maximum, in nanoseconds
  DurationOrNever,  // the same, or "never", which is a duration of zero
  Choice,           // one of `choices`
  Dscp,             // 0 to 63 or a name of the code point
  Interface,        // an interface name
  Namespace,        // a network namespace: name or path
  File,             // a path to be written; "-" is standard output
  InputFile,        // of a file that is read
  SecretFile,       // the same, and nobody but its owner may read it (platform/secret_file.h)
  FileOrNone,       // of a file that is kept, or "none"
  Address,          // an IP address
  Prefix,           // an IP prefix
  Listen,           // [ADDRESS]:PORT to bind
  Ports,            // FIRST-LAST, within minimum and maximum
  Host,             // HOST[:PORT] to measure
  Session,          // [NAME=]HOST[:PORT], and options of this session behind spaces
  ListenOrNone,     // [ADDRESS]:PORT to bind, or "none"
  PercentOrNever,   // a share: "2%"; "never" is infinite
  Octets,           // a size, minimum to maximum
  Maintenance,      // a time of announced work (config/agent_values.h)
  Url,              // http or https
  Text,             // any, of one line
  SessionName,      // of an agent's session
};

// Headings of --help and of the reference page.
enum class Group : std::uint8_t {
  Target,
  Agent,
  Store,
  Api,
  Thresholds,
  Probes,
  Reflecting,
  Authentication,
  Addresses,
  Flows,
  Stamps,
  Output,
  Expert
};
inline constexpr std::array kGroups{
    Group::Target,     Group::Agent,  Group::Probes, Group::Reflecting, Group::Authentication,
    Group::Addresses,  Group::Flows,  Group::Stamps, Group::Store,      Group::Api,
    Group::Thresholds, Group::Output, Group::Expert};
std::string_view title(Group group);

// A one-letter flag. With `implies` it takes no value and sets that one: -4 is --family ipv4.
struct Shorthand {
  char letter = 0;
  std::string_view implies;
};

struct Option {
  Key key = Key::Host;
  std::string_view name;  // "loss-after": the flag --loss-after, the variable WIRESTAMP_LOSS_AFTER
  Type type = Type::Flag;
  Group group = Group::Probes;
  // Names of commands. "session": each session of the agent has its own value; the agent's flag and
  // variable are for all of them.
  std::string_view commands;
  std::string_view value_name;       // in the help text: DURATION
  std::array<Shorthand, 2> letters;  // letter 0: none
  std::string_view fallback;         // default, as a user would write it; empty: none
  std::string_view bare;             // the value of the flag alone; empty: it wants one
  std::string_view without;          // what happens when there is neither value nor default
  std::uint64_t minimum = 0, maximum = 0;
  std::string_view choices;  // "auto|hardware|kernel|user"
  bool repeatable = false;   // several flags; a list with commas in a variable
  bool positional = false;   // an argument without a flag; by variable as the others
  std::string_view help;     // one or two sentences without the final full stop
};

std::span<const Option> options();
const Option& option(Key key);
bool applies(const Option& option, Command command);
bool per_session(const Option& option);
std::string commands_text(const Option& option);  // "'wirestamp ping' and 'wirestamp agent'"

std::string flag(const Option& option);      // "--loss-after"; "HOST[:PORT]" of a positional one
std::string variable(const Option& option);  // "WIRESTAMP_LOSS_AFTER"
// What may be given, in words: "a duration from 1us to 1h, such as 500ms".
std::string allowed(const Option& option);

}  // namespace wirestamp::config
