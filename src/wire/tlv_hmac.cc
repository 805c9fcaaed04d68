// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv_hmac.h"

#include <array>
#include <cstring>

#include "wire/tlv.h"

namespace wirestamp::wire {

namespace {

std::array<std::byte, 4> number(std::uint32_t sequence) {
  std::array<std::byte, 4> octets;
  base::store_be(octets, 0, sequence);
  return octets;
}

// Where the HMAC TLV stands, and what that means.
struct Found {
  std::optional<std::size_t> offset;
  bool misplaced = false;     // something but Extra Padding behind it, or two of them
  bool others = false;        // TLVs that need protection
  bool wrong_length = false;  // of the HMAC TLV itself
};

void see(Found& found, std::uint8_t type, std::size_t offset, std::size_t length) {
  if (type == kExtraPadding) return;
  //= RFC8972:hmac-tlv-place
  if (found.offset) {
    found.misplaced = true;
  } else if (type == kHmac) {
    found.offset = offset;
    found.wrong_length = length != kHmacLength;
  } else {
    found.others = true;
  }
}

Found find(base::Bytes area) {
  Found found;
  TlvReader reader(area);
  while (const auto tlv = reader.next()) see(found, tlv->type, tlv->offset, tlv->value.size());
  // The TLV that runs over the end has a header, so its type counts.
  if (reader.end() == TlvReader::End::Overrun)
    see(found, static_cast<std::uint8_t>(area[reader.position() + 1]), reader.position(), 0);
  return found;
}

}  // namespace

CheckedIntegrity check_integrity(base::Bytes area, std::uint32_t sequence,
                                 const TlvIntegrity& integrity) {
  if (integrity.key == nullptr || area.empty()) return {};
  const Found found = find(area);
  if (!found.offset) {
    const bool needed =
        //= RFC8972:hmac-tlv-needed
        found.others && (integrity.mode == Mode::Authenticated || integrity.required);
    return {.verdict = needed ? IntegrityVerdict::Failed : IntegrityVerdict::Unprotected,
            .offset = std::nullopt};
  }
  if (found.misplaced || found.wrong_length ||
      !integrity.key->verify(area.subspan(*found.offset + kTlvHeader, kHmacLength),
                             number(sequence), area.first(*found.offset)))
    return {.verdict = IntegrityVerdict::Failed, .offset = std::nullopt};
  return {.verdict = IntegrityVerdict::Verified, .offset = found.offset};
}

//= RFC8972:hmac-tlv-input
void seal_tlvs(base::MutableBytes area, std::size_t offset, std::uint32_t sequence,
               const crypto::Hmac& key) {
  const crypto::Tag tag = key.tag(number(sequence), area.first(offset));
  std::memcpy(area.data() + offset + kTlvHeader, tag.data(), tag.size());
}

}  // namespace wirestamp::wire
