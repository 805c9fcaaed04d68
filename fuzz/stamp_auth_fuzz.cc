// SPDX-License-Identifier: Apache-2.0
//
// Any datagram read as an authenticated packet, request and reply, and answered: forged and, after
// its HMAC is written, true. An input is an octet of choices and then the packet.
#include <array>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/reflect_packet.h"

using namespace wirestamp;

namespace {

const crypto::Hmac& key() {
  static const crypto::Hmac made(crypto::Hash::Sha256, std::array<std::byte, 32>{});
  return made;
}

void check_reading(base::Bytes packet) {
  const bool whole = packet.size() >= wire::kAuthBaseSize;
  CHECK(wire::decode_auth_request(packet).has_value() == whole);
  CHECK(wire::decode_auth_reply(packet).has_value() == whole);
  CHECK((wire::classify_auth(packet) == wire::Kind::TooShort) == !whole);
  if (!whole) {
    CHECK(!wire::authentic(packet, key()));
    return;
  }
  std::array<std::byte, wire::kAuthBaseSize> again;
  wire::encode_auth_reply(again, *wire::decode_auth_reply(packet));
  wire::seal(again, key());
  CHECK(wire::authentic(again, key()));
  CHECK(wire::decode_auth_reply(again) == wire::decode_auth_reply(packet));
  wire::encode_auth_request(again, *wire::decode_auth_request(packet));
  CHECK(wire::decode_auth_request(again) == wire::decode_auth_request(packet));
  CHECK(wire::classify_auth(again) == wire::Kind::Request);
}

void check_answer(base::Bytes request, std::uint8_t choices) {
  wire::TlvPolicy policy;
  if ((choices & 1U) != 0)
    policy.control = wire::ControlPolicy{.largest = 300, .most_packets = 4, .most_octets = 900};
  policy.drafts = (choices & 2U) != 0;
  wire::TlvAnswers answers;
  answers.policy = &policy;
  answers.direct.emplace();
  answers.location.emplace();
  const wire::ReflectMode mode{.mode = wire::Mode::Authenticated,
                               .key = &key(),
                               .extensions = (choices & 4U) != 0,
                               .error_estimate_needed = (choices & 8U) != 0};
  const wire::CheckedRequest checked = wire::check_request(request, mode);
  if (checked.verdict != wire::RequestVerdict::Good) return;
  CHECK(wire::authentic(request, key()));
  const std::size_t room = wire::packet_room(request.size(), &policy);
  std::vector<std::byte> reply(room + 32, std::byte{0xee});
  const wire::ReflectedPacket packet = wire::reflect_packet(
      request, checked, mode, {.sequence = 5, .receive_timestamp = 9}, answers, reply);
  wire::stamp_reply(reply, mode, 10, 0x8587);
  CHECK(fuzz::all_are(base::Bytes(reply).subspan(room), std::byte{0xee}));
  const base::Bytes written = base::Bytes(reply).first(packet.size);
  CHECK(wire::authentic(written, key()));
  CHECK(wire::decode_auth_reply(written)->sender_sequence == checked.asked.sequence);
  // Only type 12 makes a reply that is not as long as its request.
  CHECK(packet.size == request.size() || policy.control);
  CHECK(packet.size <= std::max<std::size_t>(request.size(), 300));
  if (!packet.tlvs.hmac) return;
  const auto area = written.subspan(wire::kAuthBaseSize);
  const wire::TlvIntegrity integrity{.key = &key(), .mode = wire::Mode::Authenticated};
  CHECK(wire::check_integrity(area, 5, integrity).verdict == wire::IntegrityVerdict::Verified);
  wire::number_reply(reply, mode, packet.tlvs, 6);
  CHECK(wire::check_integrity(area, 6, integrity).verdict == wire::IntegrityVerdict::Verified);
}

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  const std::uint8_t choices = input.octet();
  check_reading(input.rest());
  check_answer(input.rest(), choices);
  if (input.rest().size() < wire::kAuthBaseSize) return;
  std::vector<std::byte> packet(input.rest().begin(), input.rest().end());
  wire::seal(packet, key());
  // Where the TLVs end with an HMAC TLV it is made a true one.
  const base::MutableBytes area = base::MutableBytes(packet).subspan(wire::kAuthBaseSize);
  wire::TlvReader reader(area);
  while (const auto tlv = reader.next())
    if (tlv->type == wire::kHmac && tlv->value.size() == wire::kHmacLength) {
      wire::seal_tlvs(area, tlv->offset, base::load_be<std::uint32_t>(packet, 0), key());
      break;
    }
  check_reading(packet);
  check_answer(packet, choices);
}
