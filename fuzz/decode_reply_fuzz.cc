// SPDX-License-Identifier: Apache-2.0
//
// Any datagram read as a reply: the base packet, its stamps in both formats, and what the sender
// makes of all of it.
#include <array>

#include "base/check.h"
#include "fuzz.h"
#include "session/reply.h"
#include "wire/stamp.h"

using namespace wirestamp;

namespace {

constexpr WallTime kNow = WallTime::from_ns(1'700'000'000'000'000'000);
constexpr int kTai = 37;

void check_base(base::Bytes datagram) {
  const auto reply = wire::decode_reply(datagram);
  CHECK(reply.has_value() == (datagram.size() >= wire::kShortestReply));
  if (!reply) return;
  std::array<std::byte, wire::kBaseSize> again;
  again.fill(std::byte{0xee});
  wire::encode_reply(again, *reply);
  // All but what must be zero comes back: octets 38 and 39, and those behind the TTL.
  CHECK(fuzz::equal(base::Bytes(again).first(38), datagram.first(38)));
  CHECK(again[40] == datagram[40]);
  CHECK(again[38] == std::byte{} && again[39] == std::byte{});
  CHECK(fuzz::all_are(base::Bytes(again).subspan(41), std::byte{}));
  CHECK(wire::decode_reply(again) == reply);
}

void check_time(std::uint64_t raw, wire::TimeFormat format) {
  const auto time = wire::decode_time(raw, format, kNow, kTai);
  if (!time) {
    CHECK(raw == 0 ||
          (format == wire::TimeFormat::Ptp && static_cast<std::uint32_t>(raw) >= 1'000'000'000U));
    return;
  }
  constexpr Duration kHalfEra = Duration::seconds((std::int64_t{1} << 31U) + 1);
  CHECK(abs(*time - kNow) <= kHalfEra);
  const std::uint64_t again = wire::encode_time(*time, format, kTai);
  // NTP has 4.3 units in a nanosecond: half of one is lost at most, and a bit of rounding.
  const auto off = static_cast<std::int64_t>(again - raw);
  CHECK(format == wire::TimeFormat::Ptp ? off == 0 : off >= -3 && off <= 3);
}

void check_error_estimate(std::uint16_t raw) {
  const wire::ErrorEstimate estimate = wire::decode_error_estimate(raw);
  CHECK(estimate.error.has_value() == ((raw & 255U) != 0));
  if (!estimate.error) return;
  CHECK(*estimate.error >= Duration() && *estimate.error <= wire::kLargestError);
  const std::uint16_t again =
      wire::encode_error_estimate(estimate.synchronised, estimate.format, *estimate.error);
  CHECK((again & 0xc000U) == (raw & 0xc000U));
  const wire::ErrorEstimate twice = wire::decode_error_estimate(again);
  CHECK(twice.error && *twice.error >= *estimate.error);
}

void check_parsing(base::Bytes datagram) {
  session::SenderCounters counters;
  const auto reply = session::parse_reply(datagram, kNow, kTai, counters);
  CHECK(reply.has_value() == (datagram.size() >= session::kShortestTolerated));
  if (!reply) {
    CHECK(counters.malformed == 1);
    return;
  }
  // Of those that end before the TTL only what is there is believed.
  if (datagram.size() < wire::kShortestReply) CHECK(!reply->request_hop_limit);
  CHECK(reply->error_estimate_echoed == (datagram.size() >= 38));
  CHECK(reply->true_transmit_count <= reply->true_transmits.size());
  CHECK((counters.bad_timestamp != 0) == (!reply->received || !reply->transmitted));
  // An error tells the distance from UTC only of a clock that follows it.
  const auto estimate = wire::decode_error_estimate(base::load_be<std::uint16_t>(datagram, 12));
  CHECK((counters.error_estimate_missing != 0) == !estimate.error);
  CHECK(reply->clock_error == (estimate.synchronised ? estimate.error : std::nullopt));
  // Without an SSID of ours in it, what follows the header is padding (RFC 8762 4.6).
  if (reply->ssid == 0)
    CHECK(!reply->state && !reply->request_traffic_class && reply->true_transmit_count == 0);
}

}  // namespace

FUZZ_TARGET(input) {
  check_base(input);
  check_parsing(input);
  if (input.size() < wire::kShortestReply) return;
  for (const std::size_t offset : {4U, 16U, 28U}) {
    check_time(base::load_be<std::uint64_t>(input, offset), wire::TimeFormat::Ntp);
    check_time(base::load_be<std::uint64_t>(input, offset), wire::TimeFormat::Ptp);
  }
  check_error_estimate(base::load_be<std::uint16_t>(input, 12));
}
