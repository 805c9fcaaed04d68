// SPDX-License-Identifier: Apache-2.0
//
// Any datagram read as a request, and told from replies.
#include <array>

#include "base/check.h"
#include "fuzz.h"
#include "wire/stamp.h"

using namespace wirestamp;

namespace {

void check_decoding(base::Bytes datagram) {
  const auto request = wire::decode_request(datagram);
  CHECK(request.has_value() == (datagram.size() >= wire::kShortestRequest));
  if (!request) return;
  std::array<std::byte, wire::kBaseSize> again;
  again.fill(std::byte{0xee});
  wire::encode_request(again, *request);
  const std::size_t header = datagram.size() >= 16 ? 16 : wire::kShortestRequest;
  CHECK(fuzz::equal(base::Bytes(again).first(header), datagram.first(header)));
  CHECK(fuzz::all_are(base::Bytes(again).subspan(header), std::byte{}));
  CHECK(wire::decode_request(again) == request);
  CHECK(wire::classify(again) == wire::Kind::Request);
}

void check_kind(base::Bytes datagram) {
  const std::size_t end = std::min(datagram.size(), wire::kBaseSize);
  const bool zero = end <= 16 || fuzz::all_are(datagram.subspan(16, end - 16), std::byte{});
  switch (wire::classify(datagram)) {
    case wire::Kind::TooShort:
      CHECK(datagram.size() < wire::kShortestRequest);
      break;
    case wire::Kind::Request:
      CHECK(datagram.size() >= wire::kShortestRequest && zero);
      break;
    case wire::Kind::Reply: {
      const auto reply = wire::decode_reply(datagram);
      CHECK(reply && !zero && reply->receive_timestamp != 0 && reply->timestamp != 0);
      break;
    }
    case wire::Kind::Ambiguous:
      CHECK(datagram.size() >= wire::kShortestRequest && !zero);
      break;
  }
}

}  // namespace

FUZZ_TARGET(input) {
  check_decoding(input);
  check_kind(input);
}
