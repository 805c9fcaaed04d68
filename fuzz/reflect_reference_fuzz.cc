// SPDX-License-Identifier: Apache-2.0
//
// The reflector against the literal one on any TLVs (wire/reference_test.h). An input is 4 octets
// of what the reflector knows and then the TLVs.
#include <array>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/reference_test.h"
#include "wire/reflect.h"

using namespace wirestamp;

namespace {

const std::vector<std::byte> kKey(32, std::byte{0x5a});
const std::vector<std::byte> kHeader(40, std::byte{0x60});
const std::array<base::Bytes, 3> kHeaders{base::Bytes(kHeader).first(20), kHeader,
                                          base::Bytes(kHeader).first(8)};

void fill(wire::TlvAnswers& answers, wire::TlvPolicy& policy, fuzz::Input& input) {
  const std::uint8_t known = input.octet(), allowed = input.octet();
  answers.received_traffic_class = input.octet();
  answers.reply_sequence = 5;
  answers.request_sequence = 7;
  if ((known & 1U) != 0)
    answers.follow_up = wire::FollowUpTelemetry{.sequence = 4, .timestamp = 9, .method = 1};
  if ((known & 2U) != 0)
    answers.location = wire::LocationAnswer{.destination = {.port = 862},
                                            .source = {.port = 7000},
                                            .source_mac = wire::MacAddress(),
                                            .tell_ports = (allowed & 1U) != 0};
  if ((known & 4U) != 0) answers.direct = wire::DirectCounters{.received = 8, .sent = 7};
  answers.access_reports = (known & 8U) != 0;
  if ((known & 16U) != 0) answers.micro_session = 0x22;
  if ((known & 32U) == 0) return;
  answers.policy = &policy;
  const auto ours = packet::IpAddress::v4(0xc0000214);
  if ((allowed & 2U) != 0)
    policy.own = [ours](const packet::Prefix& prefix) { return prefix.contains(ours); };
  if ((allowed & 4U) != 0) policy.return_path.emplace();
  if ((allowed & 8U) != 0 && policy.return_path)
    policy.return_path->may_answer = [](const packet::IpAddress& to) { return !to.is_any(); };
  policy.drafts = (known & 64U) != 0;
  if ((known & 128U) != 0) answers.fixed_headers = answers.extension_headers = kHeaders;
  policy.cos_ecn = (allowed & 16U) != 0;
  policy.permitted_dscp = (allowed & 32U) != 0 ? ~std::uint64_t{0} : 0;
}

}  // namespace

FUZZ_TARGET(octets) {
  static const crypto::Hmac key(crypto::Hash::Sha256, kKey);
  fuzz::Input input(octets);
  wire::TlvPolicy policy;
  wire::TlvAnswers answers;
  fill(answers, policy, input);
  const std::uint8_t secured = input.octet();
  const bool keyed = (secured & 1U) != 0;
  answers.integrity = {
      .key = keyed ? &key : nullptr,
      .mode = keyed && (secured & 2U) != 0 ? wire::Mode::Authenticated : wire::Mode::Open,
      .required = (secured & 4U) != 0};
  std::vector<std::byte> request(input.rest().begin(), input.rest().end());
  if ((secured & 8U) != 0) {  // a true HMAC TLV where the input has one
    wire::TlvReader reader(request);
    while (const auto tlv = reader.next())
      if (tlv->type == wire::kHmac && tlv->value.size() == wire::kHmacLength) {
        wire::seal_tlvs(request, tlv->offset, answers.request_sequence, key);
        break;
      }
  }
  std::vector<std::byte> reply(wire::reply_room(request.size(), answers.policy));
  const wire::TlvOutcome outcome = wire::reflect_tlvs(request, answers, reply);
  const auto expected = wire::reference::reflect(
      request, {.answers = &answers, .key = keyed ? std::optional(kKey) : std::nullopt});
  CHECK(outcome.size == request.size());
  CHECK(
      fuzz::equal(base::Bytes(reply).first(outcome.size), wire::reference::bytes(expected.reply)));
  CHECK(outcome.malformed == expected.malformed);
  CHECK(outcome.integrity_failed == expected.integrity_failed);
  CHECK(outcome.unrecognised == expected.unrecognised);
  CHECK((outcome.silence != wire::Silence::None) == expected.no_reply);
}
