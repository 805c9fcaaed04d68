// SPDX-License-Identifier: Apache-2.0
#include "wire/request_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "packet/datagram.h"
#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kMaxSize = packet::kMaxPayload;
constexpr std::size_t kCosSize = kTlvHeader + ClassOfService::kLength;
constexpr std::size_t kFollowUpSize = kTlvHeader + FollowUpTelemetry::kLength;
constexpr std::size_t wstp_size(std::size_t entries) {
  return kTlvHeader + Wstp::length_for(entries);
}
constexpr std::size_t kNaturalSize =
    kBaseSize + kCosSize + kFollowUpSize + wstp_size(Wstp::kMostEntries);

// A rest of 1 to 3 octets cannot be filled: a TLV has at least four.
constexpr bool fillable(std::size_t rest) { return rest == 0 || rest >= kTlvHeader; }

class Planner {
 public:
  explicit Planner(std::size_t size) { layout_.size = size; }

  RequestLayout plan() {
    layout_.octets.assign(layout_.size, std::byte{});
    if (fits(kCosSize)) layout_.class_of_service = add(kClassOfService, ClassOfService::kLength);
    if (layout_.class_of_service && fits(kFollowUpSize))
      layout_.follow_up = add(kFollowUpTelemetry, FollowUpTelemetry::kLength);
    if (layout_.follow_up) add_wstp();
    if (rest() > 0) add_padding();
    say_what_is_missing();
    return std::move(layout_);
  }

 private:
  std::size_t rest() const { return layout_.size - position_; }
  bool fits(std::size_t octets) const { return octets <= rest() && fillable(rest() - octets); }

  std::size_t add(std::uint8_t type, std::size_t length) {
    const std::size_t offset = position_;
    write_tlv_header(layout_.octets, offset, kUnrecognised, type,
                     static_cast<std::uint16_t>(length));
    position_ += kTlvHeader + length;
    return offset;
  }

  void add_wstp() {
    for (std::size_t entries = Wstp::kMostEntries + 1; entries-- > 0;) {
      if (!fits(wstp_size(entries))) continue;
      layout_.wstp = add(kWstp, Wstp::length_for(entries));
      layout_.wstp_entries = entries;
      Wstp::encode_request(base::MutableBytes(layout_.octets)
                               .subspan(*layout_.wstp + kTlvHeader, Wstp::length_for(entries)));
      return;
    }
  }

  void add_padding() {
    const std::size_t length = rest() - kTlvHeader;
    layout_.padding = add(kExtraPadding, length);
    base::Random random(layout_.size);
    for (std::size_t i = 0; i < length; ++i)
      layout_.octets[*layout_.padding + kTlvHeader + i] = static_cast<std::byte>(random.next());
  }

  void say_what_is_missing() {
    const auto left_out = [&](const char* what, const char* consequence) {
      layout_.notes.push_back(
          fmt::format("no room for {} in {} octets: {}", what, layout_.size, consequence));
    };
    if (!layout_.class_of_service)
      left_out("the Class of Service TLV", "the DSCP seen by the reflector stays unknown");
    if (!layout_.follow_up)
      left_out("the Follow-Up Telemetry TLV", "the reflector's true transmit stamp stays unknown");
    if (!layout_.wstp)
      left_out("the WSTP TLV",
               "stamp classes, restarts and the direction of some losses stay unknown");
    else if (layout_.wstp_entries < Wstp::kMostEntries)
      left_out(
          "all eight entries of the WSTP TLV",
          fmt::format("the last {} replies are told instead of 8", layout_.wstp_entries).c_str());
  }

  RequestLayout layout_;
  std::size_t position_ = kBaseSize;
};

}  // namespace

Result<RequestLayout> plan_request(std::optional<std::uint32_t> size) {
  const std::size_t wanted = size.value_or(kNaturalSize);
  if (wanted < kBaseSize || wanted > kMaxSize || !fillable(wanted - kBaseSize))
    return fail(fmt::format("a STAMP probe cannot have {} octets of UDP payload: 44, or 48 to {}",
                            wanted, kMaxSize));
  return Planner(wanted).plan();
}

RequestLayout bare_layout() {
  RequestLayout layout = Planner(kBaseSize).plan();
  layout.notes.clear();
  return layout;
}

void encode_probe(const RequestLayout& layout, const ProbeFields& fields, base::MutableBytes out) {
  std::memcpy(out.data(), layout.octets.data(), layout.size);
  base::store_be(out, 0, fields.sequence);
  base::store_be(out, 4, fields.timestamp);
  base::store_be(out, 12, fields.error_estimate);
  base::store_be(out, 14, fields.ssid);
  if (layout.class_of_service)
    out[*layout.class_of_service + kTlvHeader] = static_cast<std::byte>(fields.dscp << 2U);
  if (fields.asked && layout.can_ask())
    Wstp::encode_question(
        out.subspan(*layout.wstp + kTlvHeader, Wstp::length_for(layout.wstp_entries)),
        *fields.asked);
}

}  // namespace wirestamp::wire
