// SPDX-License-Identifier: Apache-2.0
//
// Any TLVs read as those of a reply. An input is an octet of choices and then the TLVs.
#include <array>

#include "base/check.h"
#include "fuzz.h"
#include "wire/reply_tlvs.h"
#include "wire/tlv.h"
#include "wire/tlv_return_path.h"

using namespace wirestamp;

namespace {

bool says_nothing(const wire::ReplyTlvs& told) {
  return !told.location && !told.timestamp_information && !told.class_of_service && !told.direct &&
         !told.access_report && !told.follow_up && !told.destination_node && !told.return_path &&
         !told.micro_session && !told.wstp && !told.bit_errors && !told.error_burst &&
         !told.reflected_control && told.unrecognised == 0 && told.unfulfilled == 0;
}

}  // namespace

//= RFC8972:sender-checks-lengths
FUZZ_TARGET(octets) {
  static const crypto::Hmac key(crypto::Hash::Sha256, std::array<std::byte, 32>{});
  fuzz::Input input(octets);
  const std::uint8_t choices = input.octet();
  const wire::TlvIntegrity integrity{
      .key = (choices & 1U) != 0 ? &key : nullptr,
      .mode = (choices & 2U) != 0 ? wire::Mode::Authenticated : wire::Mode::Open,
      .required = (choices & 4U) != 0};
  const base::Bytes area = input.rest();
  const wire::ReplyTlvs told = wire::read_reply_tlvs(area, 5, integrity);
  CHECK(!told.integrity_failed || (says_nothing(told) && !told.verified));
  CHECK(!told.verified || integrity.key != nullptr);
  bool integrity_flag = false;
  unsigned unrecognised = 0;
  wire::TlvReader reader(area);
  while (const auto tlv = reader.next()) {
    integrity_flag |= (tlv->flags & wire::kIntegrity) != 0;
    unrecognised += (tlv->flags & wire::kUnrecognised) != 0 ? 1U : 0U;
    // What is read of a path is written as it was.
    const auto path = wire::decode_return_path(tlv->value);
    if (!path || path->length() == 0) continue;
    CHECK(path->length() == tlv->value.size());
    std::vector<std::byte> again(path->length());
    path->encode(again);
    CHECK(wire::decode_return_path(again) == path);
  }
  CHECK(!integrity_flag || told.integrity_failed);
  CHECK(told.unrecognised <= unrecognised);
}
