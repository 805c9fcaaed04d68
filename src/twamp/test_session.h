// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "packet/address.h"
#include "time/duration.h"
#include "wire/twamp_test_packet.h"

namespace wirestamp::twamp {

using SessionNumber = std::uint64_t;  // of this process, never used again

// What Server agreed on with a client, and a TestReflector is to answer.
struct TestSession {
  SessionNumber number = 0;
  wire::TwampLayout layout;
  std::optional<wire::TwampTestKeys> keys;  // in authenticated and encrypted mode
  packet::Endpoint sender;                  // the only one that is answered
  packet::Endpoint receiver;  // the address it is to send to; the port that it asked for, 0: any
  std::uint8_t dscp = 0;      // of the replies
  Duration timeout;           // how long replies are sent after the stop
};

}  // namespace wirestamp::twamp
