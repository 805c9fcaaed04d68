// SPDX-License-Identifier: Apache-2.0
//
// Any octets read as the value of a WSTP TLV: as that of a reply, and as that of a request that may
// ask.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/reflect.h"
#include "wire/tlv.h"
#include "wire/wstp.h"

using namespace wirestamp;
using wire::Wstp;

namespace {

void check_reading(base::Bytes input, const Wstp& wstp) {
  const std::size_t places = (input.size() - Wstp::kHeader) / Wstp::kEntry;
  CHECK(wstp.entry_count <= places && places <= Wstp::kMostEntries);
  CHECK(!wstp.account || wstp.entry_count + Wstp::kAccountPlaces <= places);
  CHECK(!wstp.account || !wstp.unknown_token);
  for (std::size_t i = wstp.entry_count; i < Wstp::kMostEntries; ++i)
    CHECK(wstp.entries[i] == wire::WstpEntry());
}

// Written again it is the same, in the one form that writers use.
void check_writing(base::Bytes input, const Wstp& wstp) {
  std::vector<std::byte> again(input.size(), std::byte{0xee});
  wstp.encode(again);
  CHECK(Wstp::ours(again) && Wstp::decode(again) == wstp);
  std::vector<std::byte> twice(input.size());
  Wstp::decode(again).encode(twice);
  CHECK(again == twice);

  // With less room there is no account, and the newest entries are told.
  std::vector<std::byte> least(Wstp::kHeader);
  wstp.encode(least);
  const Wstp cut = Wstp::decode(least);
  CHECK(cut.entry_count == 0 && cut.epoch == wstp.epoch && cut.token == wstp.token);
  CHECK(!cut.account && cut.unknown_token == wstp.unknown_token);
}

// The octets as a request. The reflector knows every token that begins with an even octet; what it
// tells is what the octets say.
void check_asking(base::Bytes input, Wstp told) {
  std::vector<std::byte> request(wire::kTlvHeader + input.size());
  wire::write_tlv_header(request, 0, wire::kUnrecognised, wire::kWstp,
                         static_cast<std::uint16_t>(input.size()));
  std::ranges::copy(input, request.begin() + wire::kTlvHeader);
  const wire::WstpAccount account = told.account.value_or(wire::WstpAccount{.requests_seen = 1});
  told.account.reset();
  told.unknown_token = false;

  const auto asked = Wstp::question(input);
  const bool known = asked && (asked->front() & std::byte{1}) == std::byte{};
  std::vector<std::byte> reply(request.size());
  const wire::TlvOutcome outcome = wire::reflect_tlvs(
      request,
      {.wstp = told,
       .account_of = [&](const wire::WstpToken& token) -> std::optional<wire::WstpAccount> {
         CHECK(token == asked);
         return known ? std::optional(account) : std::nullopt;
       }},
      reply);
  CHECK(outcome.asked == asked.has_value() && outcome.told == known);
  const Wstp answer = Wstp::decode(base::Bytes(reply).subspan(wire::kTlvHeader));
  CHECK(answer.unknown_token == (asked && !known));
  CHECK(answer.account == (known ? std::optional(account) : std::nullopt));

  // But for its flag the answer about an unknown token is that to no question.
  if (known) return;
  std::vector<std::byte> unasked(request.size());
  wire::reflect_tlvs(request, {.wstp = told}, unasked);
  if (asked) unasked[wire::kTlvHeader + 5] |= std::byte{Wstp::kUnknownToken};
  CHECK(reply == unasked);
}

}  // namespace

FUZZ_TARGET(input) {
  if (!Wstp::ours(input)) {
    CHECK(input.size() < 5 || base::load_be<std::uint32_t>(input, 0) != Wstp::kMagic ||
          input[4] != std::byte{Wstp::kVersion});
    return;
  }
  if (!Wstp::valid_length(input.size())) return;
  const Wstp wstp = Wstp::decode(input);
  check_reading(input, wstp);
  check_writing(input, wstp);
  check_asking(input, wstp);
}
