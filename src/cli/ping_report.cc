// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_report.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/option_values.h"

namespace wirestamp::cli {

namespace {

using measure::UnsentCause;

std::vector<std::pair<std::string_view, std::uint64_t>> counters_of(
    const session::SenderCounters& counters, std::uint64_t lines_not_written) {
  std::vector<std::pair<std::string_view, std::uint64_t>> told;
  session::for_each(counters, [&](std::string_view name, std::uint64_t value) {
    told.emplace_back(name, value);
  });
  told.emplace_back("lines_not_written", lines_not_written);
  return told;
}

// A TWAMP server answers on TCP and grants a session; whether its UDP port does is another matter.
std::string twamp_advice(const agent::PingResult& result) {
  const std::string remote = packet::to_string(result.start.remote);
  if (result.summary.peer_closed > 0)
    return fmt::format(
        "the TWAMP server granted the session, and nothing listens on the UDP port that it named, "
        "{}: see what its reflector says there",
        remote);
  const std::string_view host =
      result.echo && result.echo->summary.received > 0 ? "its host answers ICMP echo, and " : "";
  return fmt::format(
      "the TWAMP server granted the session; {}nothing came back from the UDP port that it named, "
      "{}. Does a firewall let TCP through and drop UDP to it, or from it to {}?",
      host, remote, packet::to_string(result.start.local));
}

// Whom `wirestamp reflect` is silent to.
std::string whom_it_answers(const packet::Endpoint& local) {
  const std::string address = packet::to_string(local.address);
  return fmt::format(
      "A reflector answers sources outside private networks only with --allow {}; with --answer "
      "listed it wants that from everybody, with --answer authenticated a key (--key-file here)",
      address);
}

}  // namespace

publish::Report start_report(const agent::PingOptions& options, const agent::PingStart& start) {
  publish::Report report;
  report.version = kVersion;
  report.session = options.session;
  report.network_namespace = options.network_namespace;
  report.host = start.host;
  report.remote = start.remote;
  report.local = start.local;
  report.interface_name = start.interface_name;
  report.transmit = start.stamping.transmit;
  report.receive = start.stamping.receive;
  report.own_ids = start.stamping.own_ids;
  report.stamping_reason = start.stamping.reason;
  report.size = start.size;
  report.key_id = start.key_id;
  report.key_fingerprint = start.key_fingerprint;
  report.tlv_hmac = start.tlv_hmac;
  report.dscp = options.dscp;
  report.interval = options.interval;
  report.lanes = options.flows;
  return report;
}

publish::Report full_report(const config::Settings& settings, const agent::PingOptions& options,
                            const agent::PingResult& result, std::uint64_t lines_not_written) {
  publish::Report report = start_report(options, result.start);
  report.settings = told_settings(settings, config::Command::Ping);
  report.counters = counters_of(result.counters, lines_not_written);
  report.notes = result.start.notes;
  report.notes.insert(report.notes.end(), result.notes.begin(), result.notes.end());
  report.began = result.began;
  report.ended = result.ended;
  report.interrupted = result.interrupted;
  report.requirement_failed = result.requirement_failed;
  report.summary = result.summary;
  for (const agent::FlowResult& flow : result.flows)
    report.flows.push_back({.tuple = flow.tuple, .summary = flow.summary});
  if (result.echo) report.echo = {.reason = result.echo->reason, .summary = result.echo->summary};
  for (const session::TlvState& tlv : result.tlvs) {
    report.tlvs.push_back({.type = tlv.type,
                           .name = tlv.name,
                           .asked = tlv.asked,
                           .answer = session::name(tlv.answer),
                           .text = tlv.text});
  }
  report.events = result.events;
  report.events_dropped = result.events_dropped;
  return report;
}

std::string advice(const agent::PingResult& result, bool no_reply_asked) {
  const measure::Summary& s = result.summary;
  const auto unsent = [&](UnsentCause cause) {
    return s.unsent_by_cause[static_cast<std::size_t>(cause)] > 0;
  };
  const std::string remote = packet::to_string(result.start.remote);
  if (unsent(UnsentCause::NeighbourUnresolved))
    return fmt::format(
        "no host answers ARP or NDP for {}: it is down, or the address or mask is wrong",
        packet::to_string(result.start.remote.address));
  if (unsent(UnsentCause::NoRoute)) return fmt::format("this host has no route to {}", remote);
  if (s.unsent_total > 0 && s.sent == 0)
    return "no probe left this host: see the causes above (interface, address, local firewall)";
  if (no_reply_asked)
    return "no reply to this host was asked for (--tlv), and none came: whether the probes arrived "
           "is for the "
           "other end to tell";
  if (result.counters.other_address > 0)
    return fmt::format(
        "what was sent to {} is answered from another address, which does not count: measure that "
        "one (a note names it), or let the reflector answer from the address it was asked at",
        remote);
  if (result.start.local.address.is_any())
    return fmt::format("{} has no address to send from: give it one, or choose another --device",
                       result.start.interface_name);
  if (s.peer_closed > 0 && !result.start.twamp)
    return fmt::format("the host is up, but nothing listens on {}: run `wirestamp reflect` there",
                       remote);
  if (s.too_big > 0) return "the probes are larger than the path takes: try a smaller --size";
  if (result.counters.other_mode > 0 || result.counters.auth_failed > 0)
    return fmt::format("{} answers, but nothing of it can be believed: a note says why", remote);
  if (s.refused_by_peer > 0)
    return "the reflector refuses by its policy: see its --answer, --allow and --rate";
  if (result.start.twamp) return twamp_advice(result);
  if (const agent::PingStart& start = result.start; !start.key_id.empty() && !start.tlv_hmac)
    return fmt::format(
        "nothing came back. A reflector is silent to whom it does not know: has {} the key '{}' "
        "with fingerprint {}, valid for {}? `wirestamp reflect` tells what it has, and counts what "
        "it refuses. Is it running there? Does a firewall drop UDP to it?",
        remote, start.key_id, start.key_fingerprint, packet::to_string(start.local.address));
  if (result.echo && result.echo->summary.received > 0)
    return fmt::format(
        "the host answers ICMP echo, but no STAMP: is `wirestamp reflect` (or another STAMP "
        "reflector) running on {}? Does a firewall drop UDP to it? {}",
        remote, whom_it_answers(result.start.local));
  return fmt::format(
      "nothing came back. Is `wirestamp reflect` (or another STAMP reflector) running "
      "on {}? Does a firewall drop UDP to it? {}",
      remote, whom_it_answers(result.start.local));
}

}  // namespace wirestamp::cli
