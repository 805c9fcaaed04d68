// SPDX-License-Identifier: Apache-2.0
#include "session/authenticator.h"

#include <fmt/format.h>

#include "session/limits.h"
#include "session/reflector_policy.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"
#include "wire/tlv_hmac.h"

namespace wirestamp::session {

namespace {

// RFC 8972 3: the SSID is in octets 14 and 15 of a STAMP request. A TWAMP Light sender has random
// padding there, which would be a new session each time; STAMP has zeros behind it (RFC 8762 4.2).
std::uint16_t open_ssid(base::Bytes request, const wire::RequestBase& asked) {
  const bool stamp = request.size() >= wire::kBaseSize && wire::zero_behind_header(request);
  return stamp ? asked.ssid : std::uint16_t{0};
}

}  // namespace

std::optional<Authentic> Authenticator::check(const packet::ReceivedDatagram& request,
                                              ReflectorCounters& counters) {
  if (!keys_) return open(request, counters);
  const packet::IpAddress& source = request.source.address;
  if (tlvs_alone_) {
    auto answered = open(request, counters);
    if (answered) protect_tlvs(request, keys_->valid(source, answered->ssid), *answered, counters);
    return answered;
  }
  const auto base = wire::decode_auth_request(request.payload);
  const auto valid = keys_->valid(source, base ? base->ssid : std::uint16_t{0});
  //= RFC8762:mode-is-configured
  if (valid.empty()) return open(request, counters);
  // RFC 8762 4.4.1: nothing of it is believed before. What is below 112 octets has no HMAC.
  for (const AuthKeyPtr& key : valid) {
    const wire::ReflectMode mode{.mode = wire::Mode::Authenticated, .key = &key->hmac()};
    //= RFC8762:hmac-first
    const wire::CheckedRequest checked = wire::check_request(request.payload, mode);
    if (checked.verdict != wire::RequestVerdict::Good) continue;
    ++counters.auth_verified;
    return Authentic{.mode = mode, .checked = checked, .ssid = checked.asked.ssid};
  }
  if (wire::likely_mode(request.payload) == wire::Mode::Open) {
    ++counters.auth_missing;
    tell(source,
         "its requests are in the open mode, and a key is configured for it: "
         "give it the key too");
  } else {
    ++counters.auth_failed;
    tell(source, "the HMAC of its requests is wrong: it has another key than this host has for it");
  }
  return std::nullopt;
}

std::optional<Authentic> Authenticator::open(const packet::ReceivedDatagram& request,
                                             ReflectorCounters& counters) {
  if (wire::likely_mode(request.payload) == wire::Mode::Authenticated) {
    ++counters.auth_no_key;
    tell(request.source.address,
         fmt::format(
             "its requests seem to be in the authenticated mode, and {}: they are answered "
             "in the open mode, which it will not accept",
             tlvs_alone_ ? "--tlv-hmac is for the open one" : "no key is configured for it"));
  }
  Authentic open;
  open.checked = wire::check_request(request.payload, open.mode);
  if (open.checked.verdict != wire::RequestVerdict::Good) return std::nullopt;
  open.ssid = open_ssid(request.payload, open.checked.asked);
  return open;
}

// RFC 8972 4.8. Which of several keys it is, the HMAC tells; where it is wrong for each, the TLVs
// are refused under any of them.
//= RFC8972:hmac-tlv-open-needed RFC8972:hmac-tlv-open-base
void Authenticator::protect_tlvs(const packet::ReceivedDatagram& request,
                                 std::span<const AuthKeyPtr> valid, Authentic& open,
                                 ReflectorCounters& counters) {
  if (valid.empty()) return;
  open.mode.key = &valid.front()->hmac();
  open.mode.hmac_required = true;
  if (request.payload.size() <= wire::kBaseSize) return;
  const base::Bytes area = request.payload.subspan(wire::kBaseSize);
  for (const AuthKeyPtr& key : valid) {
    const wire::TlvIntegrity integrity{.key = &key->hmac(), .required = true};
    if (wire::check_integrity(area, open.checked.asked.sequence, integrity).verdict !=
        wire::IntegrityVerdict::Verified)
      continue;
    open.mode.key = &key->hmac();
    ++counters.auth_verified;
    return;
  }
}

void Authenticator::tell(const packet::IpAddress& source, const std::string& what) {
  if (told_.size() >= kMaxRefusalNotes || !told_.insert(rate_key(source)).second) return;
  note_(fmt::format("{}: {}", packet::to_string(source), what));
}

}  // namespace wirestamp::session
