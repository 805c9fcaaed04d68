// SPDX-License-Identifier: Apache-2.0
//
// The TLVs of any request answered: as long as they came, with only what is ours to write changed.
// An input is the answers (4 to 6 octets) and then the TLVs.
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/reflect.h"

using namespace wirestamp;
using wire::Tlv;

namespace {

constexpr std::size_t kGuard = 64;  // octets behind the reply that nobody may touch
constexpr std::byte kUntouched{0xee};

wire::TlvAnswers answers_from(fuzz::Input& input) {
  wire::TlvAnswers answers;
  answers.received_traffic_class = input.octet();
  answers.highest_dscp = input.octet() & 63U;
  const std::uint8_t known = input.octet();
  answers.timestamp_information = {known, 2, known, 2};
  const std::uint8_t sequence = input.octet();
  if ((known & 1U) != 0)
    answers.follow_up = {.sequence = sequence, .timestamp = input.octet(), .method = 2};
  if ((known & 2U) != 0) {
    answers.wstp.emplace();
    answers.wstp->entry_count = input.octet() % 9U;
    answers.wstp->epoch = sequence;
  }
  return answers;
}

bool may_change(std::uint8_t type) {
  return type == wire::kTimestampInformation || type == wire::kClassOfService ||
         type == wire::kFollowUpTelemetry || type == wire::kWstp;
}

struct Seen {
  unsigned unrecognised = 0;
  bool malformed = false;
};

// One TLV of the request beside the same octets of the reply.
void check_tlv(const Tlv& asked, base::Bytes request, base::Bytes reply, Seen& seen) {
  const std::size_t end = asked.offset + wire::kTlvHeader + asked.value.size();
  CHECK(fuzz::equal(reply.subspan(asked.offset + 1, 3), request.subspan(asked.offset + 1, 3)));
  const auto flags = static_cast<std::uint8_t>(reply[asked.offset]);
  const base::Bytes answer = reply.subspan(asked.offset + wire::kTlvHeader, asked.value.size());
  if (flags == wire::kUnrecognised) {
    ++seen.unrecognised;
    CHECK(fuzz::equal(answer, asked.value));
  } else if (flags == wire::kMalformed) {
    seen.malformed = true;
    // RFC 8972 4: processing stops and the rest is copied; 4.7 zeroes fields of a malformed
    // Follow-Up.
    CHECK(fuzz::equal(reply.subspan(end), request.subspan(end)));
    CHECK(asked.type == wire::kFollowUpTelemetry || fuzz::equal(answer, asked.value));
  } else {
    CHECK(flags == 0);
    CHECK(may_change(asked.type) || fuzz::equal(answer, asked.value));
    CHECK(may_change(asked.type) || asked.type == wire::kExtraPadding);
  }
}

void check(base::Bytes request, base::Bytes reply, const wire::TlvOutcome& outcome) {
  if (request.empty() || (request[0] & std::byte{wire::kUnrecognised}) == std::byte{}) {
    CHECK(fuzz::equal(request, reply) && !outcome.malformed && outcome.unrecognised == 0);
    return;
  }
  Seen seen;
  wire::TlvReader reader(request);
  while (const auto asked = reader.next()) {
    check_tlv(*asked, request, reply, seen);
    if (seen.malformed) break;
  }
  const std::size_t position = reader.position();
  if (reader.end() == wire::TlvReader::End::Overrun) {
    CHECK(reply[position] == std::byte{wire::kMalformed});
    CHECK(fuzz::equal(reply.subspan(position + 1), request.subspan(position + 1)));
    seen.malformed = true;
  } else if (reader.end() == wire::TlvReader::End::ShortTail) {
    CHECK(fuzz::equal(reply.subspan(position), request.subspan(position)));
  }
  CHECK(seen.unrecognised == outcome.unrecognised && seen.malformed == outcome.malformed);
}

}  // namespace

//= RFC8972:bad-length-gets-m
FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  const wire::TlvAnswers answers = answers_from(input);
  const base::Bytes request = input.rest();
  std::vector<std::byte> buffer(request.size() + kGuard, kUntouched);
  const wire::TlvOutcome outcome = wire::reflect_tlvs(request, answers, buffer);
  const base::Bytes written(buffer);
  CHECK(fuzz::all_are(written.subspan(request.size()), kUntouched));
  check(request, written.first(request.size()), outcome);
  CHECK(outcome.dscp <= answers.highest_dscp);
}
