// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure/echo.h"
#include "measure/event.h"
#include "measure/summary.h"
#include "packet/address.h"
#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::publish {

// One finished measurement, as the document and the text summary tell it.
struct Report {
  struct Setting {
    std::string_view name;
    std::string value, origin;
  };

  std::string_view version;   // of the program
  std::uint32_t session = 0;  // number of the measurement within its run
  std::string label;          // what tells it from the others of its run; "": it is the only one
  std::string network_namespace;  // "": that of the process
  std::string host;               // as the user named it
  packet::Endpoint remote, local;
  std::string interface_name;                                             // "" when not known
  StampSource transmit = StampSource::User, receive = StampSource::User;  // what this host gives
  bool own_ids = false;
  std::string stamping_reason;          // why that is less than asked; "" otherwise
  std::uint32_t size = 0;               // octets of UDP payload
  std::string key_id, key_fingerprint;  // of authenticated probes; "": the open mode
  bool tlv_hmac = false;                // they are in the open mode, and only their TLVs are proved
  std::uint8_t dscp = 0;
  Duration interval;
  unsigned lanes = 1;  // probes per interval, one over each flow

  std::vector<Setting> settings;
  std::vector<std::pair<std::string_view, std::uint64_t>> counters;
  std::vector<std::string> notes;
  WallTime began, ended;
  bool interrupted = false;
  std::optional<std::string> requirement_failed;

  measure::Summary summary;
  // Beside each other, when several were measured in parallel.
  struct Flow {
    std::string tuple;
    measure::Summary summary;
  };
  std::vector<Flow> flows;
  // What ICMP echo told, where nobody reflected.
  struct Echo {
    std::string reason;
    measure::EchoSummary summary;
  };
  std::optional<Echo> echo;
  // Of the probes, and what the reflector answers.
  struct Tlv {
    unsigned type = 0;
    std::string name;
    bool asked = false;  // with --tlv
    std::string_view answer;
    std::string text;  // "" while there is no reply
  };
  std::vector<Tlv> tlvs;
  std::vector<measure::Event> events;
  std::uint64_t events_dropped = 0;
};

}  // namespace wirestamp::publish
