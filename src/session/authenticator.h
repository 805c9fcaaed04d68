// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "packet/datagram.h"
#include "session/auth_key.h"
#include "session/counters.h"
#include "wire/reflect_packet.h"

// In which mode a request is answered, and whether it is authentic. What tells is configuration,
// never the packet (RFC 8762 4.2): a peer that a key is valid for gets no open answer.
namespace wirestamp::session {

// Of a request that may be answered.
struct Authentic {
  wire::ReflectMode mode;  // its key lives as long as the keyring that is set
  wire::CheckedRequest checked;
  std::uint16_t ssid = 0;  // that names the session; 0 for the random padding of TWAMP Light
  bool verified() const { return mode.mode == wire::Mode::Authenticated; }
};

class Authenticator {
 public:
  // `note` hears of each peer once, in words, that what it sends is not believed. `tlvs_alone`:
  // keys are for the HMAC TLV of the open mode (RFC 8972 4.8), and for nothing else.
  explicit Authenticator(std::function<void(const std::string&)> note, bool tlvs_alone = false)
      : note_(std::move(note)), tlvs_alone_(tlvs_alone) {}

  // From now on. Null: none.
  void set_keys(KeyringPtr keys) { keys_ = std::move(keys); }

  // Absent: no answer, and a counter says why. The caller has refused what is under 14 octets.
  std::optional<Authentic> check(const packet::ReceivedDatagram& request,
                                 ReflectorCounters& counters);

 private:
  std::optional<Authentic> open(const packet::ReceivedDatagram& request,
                                ReflectorCounters& counters);
  void protect_tlvs(const packet::ReceivedDatagram& request, std::span<const AuthKeyPtr> valid,
                    Authentic& open, ReflectorCounters& counters);
  void tell(const packet::IpAddress& source, const std::string& what);

  std::function<void(const std::string&)> note_;
  bool tlvs_alone_;
  KeyringPtr keys_;
  std::set<packet::IpAddress> told_;
};

}  // namespace wirestamp::session
