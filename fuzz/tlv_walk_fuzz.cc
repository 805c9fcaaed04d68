// SPDX-License-Identifier: Apache-2.0
//
// Any octets walked as TLVs: each within the area, one behind the other, none left out.
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/tlv.h"
#include "wire/tlv_values.h"

using namespace wirestamp;

namespace {

template <typename Value>
void check_value(base::Bytes octets, std::size_t shortest) {
  if (octets.size() < shortest) return;
  std::vector<std::byte> again(shortest);
  const Value value = Value::decode(octets);
  value.encode(again);
  CHECK(Value::decode(again) == value);
}

void check_values(base::Bytes octets) {
  check_value<wire::TimestampInformation>(octets, wire::TimestampInformation::kShortest);
  check_value<wire::ClassOfService>(octets, wire::ClassOfService::kLength);
  check_value<wire::FollowUpTelemetry>(octets, wire::FollowUpTelemetry::kLength);
}

}  // namespace

FUZZ_TARGET(input) {
  wire::TlvReader reader(input);
  std::size_t position = 0;
  while (const auto tlv = reader.next()) {
    CHECK(reader.end() == wire::TlvReader::End::NotYet);
    CHECK(tlv->offset == position);
    CHECK(tlv->value.data() == input.data() + position + wire::kTlvHeader);
    position += wire::kTlvHeader + tlv->value.size();
    CHECK(position <= input.size() && position == reader.position());

    std::vector<std::byte> header(wire::kTlvHeader);
    wire::write_tlv_header(header, 0, tlv->flags, tlv->type,
                           static_cast<std::uint16_t>(tlv->value.size()));
    CHECK(fuzz::equal(header, input.subspan(tlv->offset, wire::kTlvHeader)));
    check_values(tlv->value);
  }
  const std::size_t left = input.size() - position;
  switch (reader.end()) {
    case wire::TlvReader::End::NotYet:
      CHECK(false);
      break;
    case wire::TlvReader::End::Complete:
      CHECK(left == 0);
      break;
    case wire::TlvReader::End::ShortTail:
      CHECK(left > 0 && left < wire::kTlvHeader);
      break;
    case wire::TlvReader::End::Overrun:
      CHECK(left >= wire::kTlvHeader);
      CHECK(base::load_be<std::uint16_t>(input, position + 2) > left - wire::kTlvHeader);
      break;
  }
  CHECK(!reader.next() && reader.position() == position);  // the end stays the end
}
