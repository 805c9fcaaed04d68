// SPDX-License-Identifier: Apache-2.0
#include "wire/icmp_echo.h"

#include <algorithm>

#include "base/check.h"

namespace wirestamp::wire {

namespace {

struct Types {
  std::uint8_t request, reply;
};

constexpr Types types_of(packet::Family family) {
  return family == packet::Family::V4 ? Types{.request = 8, .reply = 0}
                                      : Types{.request = 128, .reply = 129};
}

std::optional<Echo> decode(base::Bytes octets, std::uint8_t type) {
  if (octets.size() < kShortestEcho) return std::nullopt;
  if (base::load_be<std::uint8_t>(octets, 0) != type) return std::nullopt;
  if (base::load_be<std::uint8_t>(octets, 1) != 0) return std::nullopt;
  return Echo{.sequence = base::load_be<std::uint16_t>(octets, 6),
              .cookie = base::load_be<std::uint64_t>(octets, kEchoHeader)};
}

}  // namespace

void encode_echo_request(base::MutableBytes out, packet::Family family, const Echo& echo) {
  CHECK(out.size() >= kShortestEcho);
  std::ranges::fill(out, std::byte{});
  base::store_be(out, 0, types_of(family).request);
  base::store_be(out, 6, echo.sequence);
  base::store_be(out, kEchoHeader, echo.cookie);
}

std::optional<Echo> decode_echo_reply(base::Bytes octets, packet::Family family) {
  return decode(octets, types_of(family).reply);
}

std::optional<Echo> decode_echo_request(base::Bytes octets, packet::Family family) {
  return decode(octets, types_of(family).request);
}

}  // namespace wirestamp::wire
