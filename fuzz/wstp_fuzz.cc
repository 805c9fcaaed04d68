// SPDX-License-Identifier: Apache-2.0
//
// Any octets read as the value of a WSTP TLV.
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/wstp.h"

using namespace wirestamp;
using wire::Wstp;

FUZZ_TARGET(input) {
  if (!Wstp::ours(input)) {
    CHECK(input.size() < 5 || base::load_be<std::uint32_t>(input, 0) != Wstp::kMagic ||
          input[4] != std::byte{Wstp::kVersion});
    return;
  }
  if (!Wstp::valid_length(input.size())) return;
  const std::size_t places = (input.size() - Wstp::kHeader) / Wstp::kEntry;
  const Wstp wstp = Wstp::decode(input);
  CHECK(wstp.entry_count <= places && places <= Wstp::kMostEntries);
  for (std::size_t i = wstp.entry_count; i < Wstp::kMostEntries; ++i)
    CHECK(wstp.entries[i] == wire::WstpEntry());

  // Written again it is the same, in the one form that writers use.
  std::vector<std::byte> again(input.size(), std::byte{0xee});
  wstp.encode(again);
  CHECK(Wstp::ours(again) && Wstp::decode(again) == wstp);
  std::vector<std::byte> twice(input.size());
  Wstp::decode(again).encode(twice);
  CHECK(again == twice);

  // With less room the newest entries are told.
  std::vector<std::byte> least(Wstp::kHeader);
  wstp.encode(least);
  Wstp cut = Wstp::decode(least);
  CHECK(cut.entry_count == 0 && cut.epoch == wstp.epoch && cut.token == wstp.token);
}
