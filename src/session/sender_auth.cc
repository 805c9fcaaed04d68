// SPDX-License-Identifier: Apache-2.0
//
// Which replies a sender believes, in either mode (RFC 8762 4.2, 4.4).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "session/sender.h"
#include "wire/stamp_auth.h"

namespace wirestamp::session {

namespace {

constexpr std::size_t kMostOlderKeys = 8;
// The places of the sender's number in replies.
constexpr std::size_t kSenderSequence = 24, kAuthSenderSequence = 48;

}  // namespace

void Sender::set_key(AuthKeyPtr key) {
  if (!options_.key || !key || options_.key == key) return;
  // Beyond that many changes within the life of a probe the replies to the first ones are lost.
  if (older_keys_.size() == kMostOlderKeys) older_keys_.erase(older_keys_.begin());
  older_keys_.push_back({std::exchange(options_.key, std::move(key)), ledger_.next_sequence()});
}

// A key that no probe in flight has is believed no more.
void Sender::forget_keys() {
  if (older_keys_.empty()) return;
  const Probe* oldest = ledger_.oldest();
  const std::uint64_t first = oldest != nullptr ? oldest->sequence : ledger_.next_sequence();
  std::erase_if(older_keys_, [&](const OlderKey& older) { return older.until <= first; });
}

// How to read the reply; absent: it is not to be believed. A reflector answers with the key of the
// request, and which request that was is all that is taken from the reply before.
std::optional<ReplyMode> Sender::trusted(base::Bytes reply) const {
  if (layout_.mode == wire::Mode::Open) {
    if (wire::likely_mode(reply) == wire::Mode::Authenticated) return std::nullopt;
    if (!options_.key || reply.size() <= wire::kBaseSize) return ReplyMode();
    // RFC 8972 4.8. Required: what we sent with an HMAC TLV does not come back without one, unless
    // somebody took it out.
    return ReplyMode{.mode = wire::Mode::Open,
                     .key = &key_of(base::load_be<std::uint32_t>(reply, kSenderSequence)),
                     .hmac_required = true};
  }
  if (reply.size() < wire::kAuthBaseSize) return std::nullopt;
  const crypto::Hmac& key = key_of(base::load_be<std::uint32_t>(reply, kAuthSenderSequence));
  //= RFC8762:hmac-first
  if (!wire::authentic(reply, key)) return std::nullopt;
  return ReplyMode{.mode = wire::Mode::Authenticated, .key = &key};
}

// Of the probe with that number.
const crypto::Hmac& Sender::key_of(std::uint32_t number) const {
  const std::uint64_t sequence = unwrap(number, ledger_.next_sequence());
  const auto older =
      std::ranges::find_if(older_keys_, [&](const OlderKey& one) { return sequence < one.until; });
  return older != older_keys_.end() ? older->key->hmac() : options_.key->hmac();
}

void Sender::distrust(const packet::ReceivedDatagram& datagram) {
  const bool ours_open = layout_.mode == wire::Mode::Open;
  const bool other_mode = ours_open || wire::likely_mode(datagram.payload) == wire::Mode::Open;
  ++(other_mode ? counters_.other_mode : counters_.auth_failed);
  const std::string peer = packet::to_string(options_.remote);
  std::string what;
  if (ours_open)
    what = fmt::format(
        "{} answers in the authenticated mode, and this session is in the open one: give it the "
        "key "
        "of the reflector (--key-file)",
        peer);
  else if (other_mode)
    what = fmt::format(
        "{} answers in the open mode, and this session is in the authenticated one: nothing of it "
        "is believed. Give the reflector the key '{}', or measure without a key",
        peer, options_.key->id());
  else
    what = fmt::format(
        "the HMAC of what {} answers is wrong for the key '{}' ({}): nothing of it is believed. It "
        "has another key of that name, or somebody else answers",
        peer, options_.key->id(), options_.key->fingerprint());
  if (distrusted_.insert(what).second) output_.on_note(what);
}

}  // namespace wirestamp::session
