// SPDX-License-Identifier: Apache-2.0
#include "truth_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace wirestamp::emulator {
namespace {

std::string_view name(Action action) {
  switch (action) {
    case Action::Pass:
      return "pass";
    case Action::Duplicate:
      return "duplicate";
    case Action::Drop:
      return "drop";
    case Action::Overflow:
      return "overflow";
    case Action::Failed:
      return "failed";
    case Action::Cut:
      break;
  }
  return "cut";
}

std::string system_text(int os_error) { return std::generic_category().message(os_error); }

}  // namespace

Record describe(const UdpFrame& udp, base::Bytes frame) {
  Record record;
  record.v6 = udp.v6;
  record.source_port = udp.source_port;
  record.destination_port = udp.destination_port;
  record.payload = udp.payload_size;
  if (udp.payload_size >= 4)
    record.sequence = base::load_be<std::uint32_t>(frame, udp.payload_offset);
  // RFC 8972 3: the Session-Sender Identifier, in a request and in its reply.
  if (udp.payload_size >= 16)
    record.ssid = base::load_be<std::uint16_t>(frame, udp.payload_offset + 14);
  // RFC 8762 4.3.1: the Session-Sender Sequence Number of an unauthenticated reply.
  if (udp.payload_size >= 28)
    record.sender_sequence = base::load_be<std::uint32_t>(frame, udp.payload_offset + 24);
  record.dscp_in = record.dscp_out = udp.dscp();
  record.ecn = udp.traffic_class & 3U;
  return record;
}

std::string to_json(const Record& record) {
  std::string json = fmt::format(
      R"({{"direction":"{}","packet":{},"copy":{},"action":"{}","family":{},"source_port":{},)"
      R"("destination_port":{},"payload":{},"dscp_in":{},"dscp_out":{},"ecn":{},"entry_ns":{},)"
      R"("entry_by_kernel":{},"wanted_ns":{})",
      record.direction == Direction::Forward ? "forward" : "backward", record.packet, record.copy,
      name(record.action), record.v6 ? 6 : 4, record.source_port, record.destination_port,
      record.payload, record.dscp_in, record.dscp_out, record.ecn, record.entry.ns(),
      record.entry_by_kernel, record.wanted.ns());
  if (record.exit) json += fmt::format(R"(,"exit_ns":{})", record.exit->ns());
  if (record.sequence) json += fmt::format(R"(,"sequence":{})", *record.sequence);
  if (record.ssid) json += fmt::format(R"(,"ssid":{})", *record.ssid);
  if (record.sender_sequence)
    json += fmt::format(R"(,"sender_sequence":{})", *record.sender_sequence);
  if (record.os_error != 0) json += fmt::format(R"(,"os_error":{})", record.os_error);
  return json + "}";
}

std::string to_json(const Totals& totals) {
  return fmt::format(
      R"({{"end":true,"other_forward":{},"other_backward":{},"missed":{},"partial_checksums":{},)"
      R"("without_entry_stamp":{},"without_exit_stamp":{}}})",
      totals.other_forward, totals.other_backward, totals.missed, totals.partial_checksums,
      totals.without_entry_stamp, totals.without_exit_stamp);
}

void TruthLog::Close::operator()(std::FILE* file) const {
  if (file != nullptr && file != stdout) std::fclose(file);
}

Result<TruthLog> TruthLog::open(const std::string& path) {
  if (path == "-") return TruthLog(stdout);
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr)
    return fail(fmt::format("cannot write the log {}: {}", path, system_text(errno)), errno);
  return TruthLog(file);
}

void TruthLog::write_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fputc('\n', file_.get());
}

Result<void> TruthLog::finish(const Totals& totals) {
  write_line(to_json(totals));
  if (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0)
    return fail(fmt::format("the log is incomplete: {}", system_text(errno)), errno);
  return {};
}

}  // namespace wirestamp::emulator
