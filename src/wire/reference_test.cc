// SPDX-License-Identifier: Apache-2.0
#include "wire/reference_test.h"

#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "wire/vectors_test.h"

// The reflector against the literal one (wire/reference_test.h), on octets that are nearly right:
// the areas of the vectors put together, with octets changed, and now and then an HMAC that is
// good.
namespace wirestamp::wire {
namespace {

constexpr unsigned kRounds = 30'000;
const Octets kKey(32, std::byte{0x5a});

// Of 20, 40, 8 and 16 octets, as TLVs of drafts may ask for them.
const std::array kHeaderOctets{Octets(20, std::byte{0x45}), Octets(40, std::byte{0x60}),
                               Octets(8, std::byte{0x2b}), Octets(16, std::byte{0x3c})};
const std::array<base::Bytes, 4> kHeaders{kHeaderOctets[0], kHeaderOctets[1], kHeaderOctets[2],
                                          kHeaderOctets[3]};
// What asks for them, and for bit errors, some of it not well.
constexpr std::array kDrafts{"80f7001400000000000000000000000000000000000000000000",
                             "80f6000800000000000000000000",
                             "80f600102b2b2b2b2b2b2b2b0000000000000000",
                             "80f1000400000000",
                             "80f2000400000000",
                             "80f00002a55a",
                             "80010008ff00ff00fe00ff01",
                             "80010004a55aa55a",
                             "80f0000380a001",
                             "80f1000300000080f00000"};

struct Case {
  TlvPolicy policy;
  TlvAnswers answers;
  std::optional<crypto::Hmac> key;
};

packet::IpAddress address(std::string_view text) { return *packet::IpAddress::parse(text); }

void fill_answers(base::Random& random, Case& test) {
  TlvAnswers& answers = test.answers;
  answers.received_traffic_class = static_cast<std::uint8_t>(random.next());
  answers.highest_dscp = random.chance(0.5) ? 63 : 47;
  answers.timestamp_information = {1, 2, 5, 1};
  if (random.chance(0.7)) answers.follow_up = FollowUpTelemetry{7, random.next(), 2};
  if (random.chance(0.7)) {
    const bool v6 = random.chance(0.5);
    answers.location = LocationAnswer{
        .destination = {.address = address(v6 ? "2001:db8::20" : "192.0.2.20"), .port = 862},
        .source = {.address = address("198.51.100.10"), .port = 50'000},
        .source_mac = std::nullopt,
        .tell_ports = random.chance(0.8),
        .tell_destination = random.chance(0.8),
        .tell_source = random.chance(0.8)};
    if (random.chance(0.5)) answers.location->source_mac = MacAddress{std::byte{2}, std::byte{9}};
  }
  if (random.chance(0.7)) answers.direct = DirectCounters{.received = 8, .sent = 0xffff'fff7};
  answers.access_reports = random.chance(0.7);
  if (random.chance(0.7)) answers.micro_session = 0x22;
}

void fill(base::Random& random, Case& test) {
  fill_answers(random, test);
  TlvAnswers& answers = test.answers;
  answers.request_sequence = static_cast<std::uint32_t>(random.next());
  answers.reply_sequence = static_cast<std::uint32_t>(random.next());
  if (random.chance(0.6)) test.key.emplace(crypto::Hash::Sha256, kKey);
  answers.integrity = {.key = test.key ? &*test.key : nullptr,
                       .mode = test.key && random.chance(0.5) ? Mode::Authenticated : Mode::Open,
                       .required = random.chance(0.3)};
  if (!random.chance(0.8)) return;
  if (random.chance(0.8))
    test.policy.own = [](const packet::Prefix& prefix) {
      return prefix.contains(address("192.0.2.20"));
    };
  if (random.chance(0.8)) {
    test.policy.return_path.emplace();
    if (random.chance(0.5))
      test.policy.return_path->may_answer = [](const packet::IpAddress& to) {
        return to == address("203.0.113.5");
      };
  }
  test.policy.permitted_dscp = random.next();
  test.policy.cos_ecn = random.chance(0.3);
  test.policy.drafts = random.chance(0.6);
  if (random.chance(0.7)) {
    answers.fixed_headers = kHeaders;
    answers.extension_headers = kHeaders;
  }
  answers.policy = &test.policy;
}

const std::vector<Octets>& areas() {
  static const std::vector<Octets> all = [] {
    std::vector<Octets> found;
    for (const Vector& vector : stamp_vectors()) {
      const std::size_t base = vector.name.starts_with("auth-") ? kAuthBaseSize : kBaseSize;
      if (vector.octets.size() <= base || !vector.name.ends_with("-request")) continue;
      const auto area = base::Bytes(vector.octets).subspan(base);
      found.emplace_back(area.begin(), area.end());
    }
    for (const char* hex : kDrafts) found.push_back(from_hex(hex));
    return found;
  }();
  return all;
}

Octets area_of(base::Random& random, const Case& test) {
  Octets area;
  if (random.chance(0.05)) {
    area.resize(random.below(80));
    for (std::byte& octet : area) octet = static_cast<std::byte>(random.next());
    return area;
  }
  for (std::uint64_t pieces = 1 + random.below(4); pieces-- > 0;) {
    const Octets& piece = areas()[random.below(areas().size())];
    area.insert(area.end(), piece.begin(), piece.end());
  }
  for (std::uint64_t changes = random.below(4); changes-- > 0 && !area.empty();)
    area[random.below(area.size())] =
        static_cast<std::byte>(random.chance(0.5) ? random.next() : random.below(20));
  if (random.chance(0.2)) area.resize(random.below(area.size() + 1));
  if (test.key && random.chance(0.6)) {
    const std::size_t at = area.size();
    area.resize(at + kTlvHeader + kHmacLength);
    write_tlv_header(area, at, kUnrecognised, kHmac, kHmacLength);
    seal_tlvs(area, at, test.answers.request_sequence, *test.key);
    if (random.chance(0.3)) area.insert(area.end(), areas()[0].begin(), areas()[0].end());
  }
  return area;
}

//= RFC8972:any-order
TEST(Reflector, does_what_the_literal_one_does) {
  const std::uint64_t seed = 20'260'101;
  base::Random random(seed);
  unsigned malformed = 0, integrity = 0, silent = 0, verified = 0, plain = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    Case test;
    fill(random, test);
    const Octets request = area_of(random, test);
    Octets reply(reply_room(request.size(), test.answers.policy) + 8, std::byte{0xee});
    const TlvOutcome outcome = reflect_tlvs(request, test.answers, reply);
    ASSERT_EQ(outcome.size, request.size());
    for (std::size_t i = request.size(); i < reply.size(); ++i)
      ASSERT_EQ(reply[i], std::byte{0xee});
    reply.resize(outcome.size);

    const auto key = test.key ? std::optional(kKey) : std::nullopt;
    const reference::Outcome expected =
        reference::reflect(request, {.answers = &test.answers, .key = key});
    ASSERT_EQ(to_hex(reply), to_hex(reference::bytes(expected.reply)))
        << "seed " << seed << ", round " << round << ", request " << to_hex(request);
    ASSERT_EQ(outcome.malformed, expected.malformed) << to_hex(request);
    ASSERT_EQ(outcome.integrity_failed, expected.integrity_failed) << to_hex(request);
    ASSERT_EQ(outcome.unrecognised, expected.unrecognised) << to_hex(request);
    ASSERT_EQ(outcome.silence != Silence::None, expected.no_reply) << to_hex(request);
    malformed += outcome.malformed ? 1U : 0U;
    integrity += outcome.integrity_failed ? 1U : 0U;
    silent += outcome.silence != Silence::None ? 1U : 0U;
    verified += outcome.hmac ? 1U : 0U;
    plain += !outcome.malformed && !outcome.integrity_failed ? 1U : 0U;
  }
  // Each kind of outcome was met often.
  for (const unsigned count : {malformed, integrity, silent, verified, plain})
    EXPECT_GT(count, kRounds / 100U);
}

}  // namespace
}  // namespace wirestamp::wire
