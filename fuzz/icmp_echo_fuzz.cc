// SPDX-License-Identifier: Apache-2.0
//
// Any octets read as an ICMP echo of either family: a reply, or the request that an error quotes.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/icmp_echo.h"

using namespace wirestamp;

namespace {

void check(base::Bytes octets, packet::Family family) {
  const auto reply = wire::decode_echo_reply(octets, family);
  const auto request = wire::decode_echo_request(octets, family);
  CHECK(!reply || !request);
  CHECK((!reply && !request) || octets.size() >= wire::kShortestEcho);
  if (!request) return;
  // Written again it is the same, but for what the system writes and for the rest of the data.
  std::vector<std::byte> again(octets.size(), std::byte{0xee});
  wire::encode_echo_request(again, family, *request);
  CHECK(wire::decode_echo_request(again, family) == request);
  CHECK(fuzz::equal(base::Bytes(again).first(2), octets.first(2)));
  CHECK(fuzz::all_are(base::Bytes(again).subspan(2, 4), std::byte{}));
  CHECK(fuzz::equal(base::Bytes(again).subspan(6, 10), octets.subspan(6, 10)));
  CHECK(fuzz::all_are(base::Bytes(again).subspan(wire::kShortestEcho), std::byte{}));
}

}  // namespace

FUZZ_TARGET(input) {
  check(input, packet::Family::V4);
  check(input, packet::Family::V6);
}
