// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "wire/literal_agreement_test.h"

namespace wirestamp::wire::literal {
namespace {

// Base packets of any octets with TLVs that mostly fit, cut anywhere.
std::vector<std::byte> packet(base::Random& random) {
  std::vector<std::byte> octets;
  const auto any = [&](std::size_t count) {
    for (std::size_t n = 0; n < count; ++n)
      octets.push_back(random.chance(0.3) ? std::byte{} : static_cast<std::byte>(random.next()));
  };
  any(random.chance(0.5) ? kBaseSize : kAuthBaseSize);
  for (std::uint64_t tlvs = random.below(5); tlvs > 0; --tlvs) {
    const std::uint64_t length = random.below(40);
    const std::uint64_t told = random.chance(0.1) ? random.below(70'000) : length;
    any(2);
    octets.push_back(static_cast<std::byte>(told >> 8U));
    octets.push_back(static_cast<std::byte>(told));
    any(length);
  }
  if (random.chance(0.3)) octets.resize(random.below(octets.size() + 1));
  return octets;
}

// RFC 8762 4.2.1, 4.2.2, 4.3.1, 4.3.2; RFC 8972 3, 4.
TEST(LiteralDecoder, reads_any_octets_as_the_fast_one_does) {
  base::Random random(20'261'126);
  std::size_t tlvs = 0, overruns = 0, tails = 0;
  for (int n = 0; n < 50'000; ++n) {
    const auto octets = packet(random);
    const char* differs = difference(octets);
    ASSERT_EQ(differs, nullptr) << differs << " of packet " << n;
    if (octets.size() < kBaseSize) continue;
    const Walk found = walk(base::Bytes(octets).subspan(kBaseSize));
    tlvs += found.headers.size();
    overruns += found.overrun;
    tails += !found.overrun && found.left > 0;
  }
  EXPECT_GT(tlvs, 10'000U);
  EXPECT_GT(overruns, 1'000U);
  EXPECT_GT(tails, 100U);
}

}  // namespace
}  // namespace wirestamp::wire::literal
