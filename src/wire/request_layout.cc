// SPDX-License-Identifier: Apache-2.0
#include "wire/request_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "packet/datagram.h"
#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/tlv_hmac.h"
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
//= RFC8085:small-by-default
constexpr std::size_t kUsualSize = kCosSize + kFollowUpSize + wstp_size(Wstp::kMostEntries);
constexpr std::size_t kHmacSize = kTlvHeader + kHmacLength;

// A rest of 1 to 3 octets cannot be filled: a TLV has at least four.
constexpr bool fillable(std::size_t rest) { return rest == 0 || rest >= kTlvHeader; }

std::size_t asked_size(const RequestPlan& plan) {
  std::size_t size = 0;
  for (const AskedTlv& tlv : plan.asked) size += kTlvHeader + tlv.value.size();
  return size;
}

class Planner {
 public:
  Planner(const RequestPlan& plan, std::size_t size) : plan_(plan) {
    layout_.size = size;
    layout_.mode = plan.mode;
    position_ = base_size(plan.mode);
  }

  // What is asked for has been found to fit, and the HMAC TLV behind it.
  RequestLayout plan() {
    //= RFC8762:mbz-zero
    layout_.octets.assign(layout_.size, std::byte{});
    if (plan_.hmac) reserved_ = kHmacSize;
    for (const AskedTlv& tlv : plan_.asked) add_asked(tlv);
    if (plan_.usual) add_usual();
    reserved_ = 0;
    // RFC 8972 4.8: behind all but Extra Padding.
    //= RFC8972:hmac-tlv-place
    if (hmac_needed()) layout_.hmac = add(kHmac, kHmacLength);
    //= RFC8972:padding-for-size
    if (rest() > 0) add_padding();
    if (plan_.usual) say_what_is_missing();
    return std::move(layout_);
  }

 private:
  std::size_t rest() const { return layout_.size - position_ - reserved_; }
  bool fits(std::size_t octets) const { return octets <= rest() && fillable(rest() - octets); }
  bool hmac_needed() const {
    //= RFC8972:hmac-tlv-needed
    return plan_.hmac || (plan_.mode == Mode::Authenticated && position_ > base_size(plan_.mode));
  }

  std::size_t add(std::uint8_t type, std::size_t length) {
    const std::size_t offset = position_;
    //= RFC8972:sender-sets-u
    write_tlv_header(layout_.octets, offset, kUnrecognised, type,
                     static_cast<std::uint16_t>(length));
    position_ += kTlvHeader + length;
    return offset;
  }

  void add_asked(const AskedTlv& tlv) {
    const std::size_t offset = add(tlv.type, tlv.value.size());
    std::ranges::copy(tlv.value,
                      layout_.octets.begin() + static_cast<std::ptrdiff_t>(offset + kTlvHeader));
    if (tlv.type == kDirectMeasurement) layout_.direct = offset;
  }

  void add_usual() {
    // The first TLV of an authenticated probe brings the HMAC TLV with it.
    if (plan_.mode == Mode::Authenticated) reserved_ = kHmacSize;
    if (layout_.size < position_ + reserved_) return;
    if (fits(kCosSize)) layout_.class_of_service = add(kClassOfService, ClassOfService::kLength);
    if (layout_.class_of_service && fits(kFollowUpSize))
      //= RFC8972:follow-up-zeros
      layout_.follow_up = add(kFollowUpTelemetry, FollowUpTelemetry::kLength);
    if (layout_.follow_up) add_wstp();
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

  //= RFC8972:padding-length
  void add_padding() {
    const std::size_t length = rest() - kTlvHeader;
    layout_.padding = add(kExtraPadding, length);
    base::Random random(layout_.size);
    const auto& pattern = plan_.padding_pattern;
    for (std::size_t i = 0; i < length; ++i)
      layout_.octets[*layout_.padding + kTlvHeader + i] =
          //= RFC8972:padding-random
          pattern.empty() ? static_cast<std::byte>(random.next()) : pattern[i % pattern.size()];
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

  const RequestPlan& plan_;
  RequestLayout layout_;
  std::size_t position_ = 0;
  std::size_t reserved_ = 0;  // octets at the end for the HMAC TLV
};

std::string impossible(std::size_t wanted, std::size_t base, std::size_t least) {
  if (least == base)
    return fmt::format("a STAMP probe cannot have {} octets of UDP payload: {}, or {} to {}",
                       wanted, base, base + kTlvHeader, kMaxSize);
  return fmt::format(
      "a STAMP probe with the TLVs asked for cannot have {} octets of UDP payload: {}, or {} to {}",
      wanted, least, least + kTlvHeader, kMaxSize);
}

}  // namespace

Result<RequestLayout> plan_request(std::optional<std::uint32_t> size) {
  RequestPlan plan;
  plan.size = size;
  return plan_request(plan);
}

Result<RequestLayout> plan_request(const RequestPlan& plan) {
  const std::size_t base = base_size(plan.mode);
  const bool authenticated = plan.mode == Mode::Authenticated;
  const bool protects_asked = plan.hmac || (authenticated && !plan.asked.empty());
  const std::size_t least = base + asked_size(plan) + (protects_asked ? kHmacSize : 0);
  const bool protects_usual = !protects_asked && authenticated && plan.usual;
  const std::size_t natural =
      least + (plan.usual ? kUsualSize : 0) + (protects_usual ? kHmacSize : 0);
  const std::size_t wanted = plan.size.value_or(natural);
  if (wanted < least || wanted > kMaxSize || !fillable(wanted - least))
    return fail(impossible(wanted, base, least));
  return Planner(plan, wanted).plan();
}

RequestLayout bare_layout() {
  RequestPlan plan;
  plan.usual = false;
  return Planner(plan, kBaseSize).plan();
}

namespace {

void seal_probe(const RequestLayout& layout, const ProbeFields& fields, base::MutableBytes out,
                const crypto::Hmac& key) {
  const std::size_t base = base_size(layout.mode);
  if (layout.hmac) seal_tlvs(out.subspan(base), *layout.hmac - base, fields.sequence, key);
  if (layout.mode == Mode::Authenticated) seal(out, key);
}

}  // namespace

void encode_probe(const RequestLayout& layout, const ProbeFields& fields, base::MutableBytes out,
                  const crypto::Hmac* key) {
  std::memcpy(out.data(), layout.octets.data(), layout.size);
  //= RFC8762:sender-layout-open
  base::store_be(out, 0, fields.sequence);
  //= RFC8762:sender-layout-auth
  const base::MutableBytes stamp = layout.mode == Mode::Open ? out : out.subspan(12);
  base::store_be(stamp, 4, fields.timestamp);
  base::store_be(stamp, 12, fields.error_estimate);
  base::store_be(stamp, 14, fields.ssid);
  if (layout.class_of_service)
    //= RFC8972:cos-zeros
    out[*layout.class_of_service + kTlvHeader] = static_cast<std::byte>(fields.dscp << 2U);
  //= RFC8972:direct-sender
  if (layout.direct) base::store_be(out, *layout.direct + kTlvHeader, fields.sent);
  if (fields.asked && layout.can_ask())
    Wstp::encode_question(
        out.subspan(*layout.wstp + kTlvHeader, Wstp::length_for(layout.wstp_entries)),
        *fields.asked);
  if (layout.hmac || layout.mode == Mode::Authenticated) seal_probe(layout, fields, out, *key);
}

}  // namespace wirestamp::wire
