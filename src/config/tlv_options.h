// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "config/option.h"

// The rows of what probes ask for and a reflector answers in the TLVs of STAMP (docs/stamp.md), and
// of peers that speak less. They are part of the one table in option.cc.
namespace wirestamp::config {

inline constexpr std::array kTlvOptions{
    Option{.key = Key::Tlv,
           .name = "tlv",
           .type = Type::Text,
           .group = Group::Probes,
           .commands = "ping session",
           .value_name = "NAME[=VALUE]",
           .without = "those that the figures need",
           .repeatable = true,
           .help = "ask the reflector for this besides, and say what comes back: location, "
                   "timestamp-information, direct-measurement, access-report=3gpp:available, "
                   "destination-node=ADDRESS, return-path=same-link, micro-session=1, "
                   "reply-control=1400:3:10ms, bit-errors, or a type by its number"},
    Option{.key = Key::Padding,
           .name = "padding",
           .type = Type::Text,
           .group = Group::Probes,
           .commands = "ping session",
           .value_name = "CONTENT",
           .fallback = "random",
           .help =
               "what larger probes (--size) are filled with: random, zeros, or 1 to 64 octets in "
               "hexadecimal digits, repeated: ff00. What compresses on the way is as fast as "
               "small probes (RFC 8972 4.1)"},
    Option{.key = Key::Peer,
           .name = "peer",
           .type = Type::Choice,
           .group = Group::Probes,
           .commands = "ping session",
           .value_name = "KIND",
           .fallback = "auto",
           .choices = "auto|stamp|twamp-light",
           .help =
               "what the reflector speaks: auto takes what comes, stamp refuses replies without "
               "our SSID (RFC 8972 3), twamp-light asks for no extensions and reads none"},
    Option{.key = Key::PtpScale,
           .name = "ptp-scale",
           .type = Type::Choice,
           .group = Group::Stamps,
           .commands = "ping session",
           .value_name = "SCALE",
           .fallback = "tai",
           .choices = "tai|utc",
           .help = "how to read PTP timestamps of the reflector: some put UTC there, which is 37 s "
                   "off"},
    Option{.key = Key::HideLocation,
           .name = "hide-location",
           .type = Type::Flag,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .fallback = "false",
           .help = "tell nobody from which address and port the request came (RFC 8972 4.2.1)"},
    Option{.key = Key::ReturnTo,
           .name = "return-to",
           .type = Type::Prefix,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "PREFIX",
           .without = "replies go to the source of the request and nowhere else",
           .repeatable = true,
           .help = "send a reply to an address in this network where the request asks for that "
                   "(RFC 9503 4.1.2)"},
    Option{.key = Key::MicroSession,
           .name = "micro-session",
           .type = Type::Integer,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "ID",
           .without = "member links of an aggregate are not told apart",
           .minimum = 1,
           .maximum = 65'535,
           .help = "number of the member link that requests arrive by; those for another one get "
                   "no reply (RFC 9534)"},
    Option{.key = Key::ReplyControl,
           .name = "reply-control",
           .type = Type::Integer,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "N",
           .fallback = "0",
           .maximum = 100,
           .help = "let listed sources (--allow) ask for up to so many replies to one request, and "
                   "for larger ones, 150,000 octets at most; 0 is one reply of the request's size"},
    Option{.key = Key::ClockSource,
           .name = "clock-source",
           .type = Type::Choice,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .value_name = "KIND",
           .fallback = "ntp",
           .choices = "ntp|ptp|ssu|gnss",
           .help = "what disciplines this host's clock, for who asks (RFC 8972 4.3); a clock that "
                   "nothing disciplines is told as free running"},
    Option{.key = Key::Drafts,
           .name = "drafts",
           .type = Type::Flag,
           .group = Group::Reflecting,
           .commands = "reflect agent",
           .fallback = "false",
           .help = "answer the TLVs of drafts too: bit errors, headers, and ECN of replies"}};

}  // namespace wirestamp::config
