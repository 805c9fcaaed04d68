// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "decision.h"
#include "frame.h"
#include "time/duration.h"

// What truly happened to each packet, for tests to compare with.
namespace wirestamp::emulator {

enum class Action : std::uint8_t {
  Pass,
  Duplicate,  // the second copy of a packet
  Drop,       // by decision
  Overflow,   // too many under way
  Failed,     // the system refused to send it: OS error in the record
  Cut,        // still under way when the emulator ended
};

struct Record {
  Direction direction = Direction::Forward;
  std::uint64_t packet = 0;  // of this direction, from 0
  unsigned copy = 0;         // 1: the second copy
  Action action = Action::Pass;
  bool v6 = false;
  std::uint16_t source_port = 0, destination_port = 0;
  std::size_t payload = 0;                            // octets
  std::optional<std::uint32_t> sequence = {};         // STAMP: octets 0-3
  std::optional<std::uint16_t> ssid = {};             // STAMP: octets 14-15
  std::optional<std::uint32_t> sender_sequence = {};  // STAMP reply: octets 24-27
  std::uint8_t dscp_in = 0, dscp_out = 0, ecn = 0;
  WallTime entry = {};
  bool entry_by_kernel = true;        // false: the kernel gave no stamp, this is the read time
  std::optional<WallTime> exit = {};  // the kernel's stamp; absent: it did not leave
  Duration wanted = {};               // the delay decided on, held time not included
  int os_error = 0;
};

Record describe(const UdpFrame& udp, base::Bytes frame);
std::string to_json(const Record& record);

// What was relayed without being touched or logged, and what must be zero for the log to be the
// truth.
struct Totals {
  std::uint64_t other_forward = 0, other_backward = 0;  // frames that are not our UDP
  std::uint64_t missed = 0;             // frames the kernel could not give us: queue full
  std::uint64_t partial_checksums = 0;  // frames with an unfinished checksum: offloads are on
  std::uint64_t without_entry_stamp = 0, without_exit_stamp = 0;
};

std::string to_json(const Totals& totals);

class TruthLog {
 public:
  static Result<TruthLog> open(const std::string& path);  // "-": standard output
  void write(const Record& record) { write_line(to_json(record)); }
  // The last line; writes out what is buffered.
  Result<void> finish(const Totals& totals);

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };

  explicit TruthLog(std::FILE* file) : file_(file) {}
  void write_line(std::string_view line);

  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace wirestamp::emulator
