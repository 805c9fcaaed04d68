// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "wire/literal_test.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"
#include "wire/tlv.h"

// Whether wire/ reads any octets as the literal decoder does; nullptr, or what differs.
namespace wirestamp::wire::literal {

inline bool agree(const std::optional<Values>& expected, const std::optional<RequestBase>& got) {
  if (expected.has_value() != got.has_value()) return false;
  return !got ||
         (expected->at("sequence") == got->sequence &&
          expected->at("timestamp") == got->timestamp &&
          expected->at("error") == got->error_estimate && expected->at("ssid") == got->ssid);
}

inline bool agree(const std::optional<Values>& expected, const std::optional<ReplyBase>& got) {
  if (expected.has_value() != got.has_value()) return false;
  return !got ||
         (expected->at("sequence") == got->sequence &&
          expected->at("timestamp") == got->timestamp &&
          expected->at("error") == got->error_estimate && expected->at("ssid") == got->ssid &&
          expected->at("received") == got->receive_timestamp &&
          expected->at("sender_sequence") == got->sender_sequence &&
          expected->at("sender_timestamp") == got->sender_timestamp &&
          expected->at("sender_error") == got->sender_error_estimate &&
          expected->at("sender_ttl") == got->sender_ttl);
}

inline bool agree(const Walk& expected, base::Bytes area) {
  TlvReader reader(area);
  for (const Header& header : expected.headers) {
    const auto tlv = reader.next();
    if (!tlv || tlv->offset != header.at || tlv->type != header.type) return false;
    if (tlv->value.size() != header.length || tlv->value.data() != area.data() + header.at + 4)
      return false;
    if (((tlv->flags & kUnrecognised) != 0) != header.unrecognised ||
        ((tlv->flags & kMalformed) != 0) != header.malformed ||
        ((tlv->flags & kIntegrity) != 0) != header.integrity ||
        ((tlv->flags & kConformance) != 0) != header.conformance)
      return false;
  }
  if (reader.next()) return false;
  const auto end = expected.overrun     ? TlvReader::End::Overrun
                   : expected.left == 0 ? TlvReader::End::Complete
                                        : TlvReader::End::ShortTail;
  return reader.end() == end && area.size() - reader.position() == expected.left;
}

inline const char* difference(base::Bytes octets) {
  if (!agree(decode(request(), octets), decode_request(octets))) return "request";
  if (!agree(decode(reply(), octets), decode_reply(octets))) return "reply";
  if (!agree(decode(auth_request(), octets), decode_auth_request(octets))) return "auth request";
  if (!agree(decode(auth_reply(), octets), decode_auth_reply(octets))) return "auth reply";
  for (const std::size_t base : {std::size_t{0}, kBaseSize, kAuthBaseSize})
    if (octets.size() >= base && !agree(walk(octets.subspan(base)), octets.subspan(base)))
      return "TLVs";
  return nullptr;
}

}  // namespace wirestamp::wire::literal
