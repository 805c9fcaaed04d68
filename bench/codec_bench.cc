// SPDX-License-Identifier: Apache-2.0
//
// What the octets cost: ./dev bench codec. Instants and errors change with each round, so that
// nothing is computed once, and every result is used.
#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/check.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "session/reply.h"
#include "wire/reflect.h"
#include "wire/reflect_packet.h"
#include "wire/request_layout.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"
#include "wire/twamp_test_packet.h"

using namespace wirestamp;

namespace {

constexpr WallTime kStart = WallTime::from_ns(1'700'000'000'123'456'789);
constexpr int kTai = 37;

wire::RequestLayout layout_of(benchmark::State& state) {
  const auto layout = wire::plan_request(static_cast<std::uint32_t>(state.range(0)));
  CHECK(layout.has_value());
  return *layout;
}

// Round after round: the clock goes on, and its error with it.
class Rounds {
 public:
  wire::ProbeFields probe() {
    ++round_;
    now_ += Duration::nanoseconds(1'000'003);
    return {.sequence = round_,
            .timestamp = wire::encode_time(now_, wire::TimeFormat::Ntp, kTai),
            .error_estimate = wire::encode_error_estimate(
                true, wire::TimeFormat::Ntp, Duration::nanoseconds(1'000 + round_ % 1'000)),
            .ssid = 0x1234,
            .dscp = 46};
  }
  WallTime now() const { return now_; }

 private:
  std::uint32_t round_ = 0;
  WallTime now_ = kStart;
};

// A sender's probe, from clock reading to octets.
void encode_probe(benchmark::State& state) {
  const wire::RequestLayout layout = layout_of(state);
  std::vector<std::byte> octets(layout.size);
  Rounds rounds;
  for (auto _ : state) {
    wire::encode_probe(layout, rounds.probe(), octets);
    benchmark::DoNotOptimize(octets.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode_probe)->Arg(44)->Arg(252);

// The same, and then the reflector's side: told from a reply, and read.
void encode_and_decode_probe(benchmark::State& state) {
  const wire::RequestLayout layout = layout_of(state);
  std::vector<std::byte> octets(layout.size);
  Rounds rounds;
  for (auto _ : state) {
    wire::encode_probe(layout, rounds.probe(), octets);
    benchmark::DoNotOptimize(octets.data());
    benchmark::ClobberMemory();
    benchmark::DoNotOptimize(wire::classify(octets));
    const auto request = wire::decode_request(octets);
    benchmark::DoNotOptimize(
        wire::decode_time(request->timestamp, wire::TimeFormat::Ntp, rounds.now(), kTai));
    benchmark::DoNotOptimize(wire::decode_error_estimate(request->error_estimate));
  }
}
BENCHMARK(encode_and_decode_probe)->Arg(44)->Arg(252);

wire::TlvAnswers answers() {
  wire::TlvAnswers answers;
  answers.received_traffic_class = 46U << 2U;
  answers.follow_up = wire::FollowUpTelemetry{.sequence = 4, .timestamp = 5, .method = 2};
  wire::Wstp& wstp = answers.wstp.emplace();
  wstp.received_by = StampSource::Kernel;
  wstp.transmitted_by = StampSource::User;
  wstp.receive_error = wstp.transmit_error = wstp.entries_error = 0x8587;
  wstp.epoch = 1;
  wstp.entry_count = wire::Wstp::kMostEntries;
  for (std::uint32_t i = 0; i < wire::Wstp::kMostEntries; ++i)
    wstp.entries[i] = {.sender_sequence = 8 - i,
                       .reflector_sequence = 8 - i,
                       .transmit_timestamp = wire::encode_time(kStart, wire::TimeFormat::Ntp, kTai),
                       .source = StampSource::Kernel};
  return answers;
}

void reflect_tlvs(benchmark::State& state) {
  const wire::RequestLayout layout = layout_of(state);
  const auto area = base::Bytes(layout.octets).subspan(wire::kBaseSize);
  std::vector<std::byte> reply(area.size());
  const wire::TlvAnswers told = answers();
  for (auto _ : state) {
    benchmark::DoNotOptimize(wire::reflect_tlvs(area, told, reply));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(reflect_tlvs)->Arg(44)->Arg(252);

std::vector<std::byte> reply_of(const wire::RequestLayout& layout) {
  std::vector<std::byte> reply(layout.size);
  const std::uint64_t time = wire::encode_time(kStart, wire::TimeFormat::Ntp, kTai);
  wire::encode_reply(reply, {.sequence = 9,
                             .timestamp = time + 1'000,
                             .error_estimate = 0x8587,
                             .ssid = 0x1234,
                             .receive_timestamp = time,
                             .sender_sequence = 9,
                             .sender_timestamp = time,
                             .sender_error_estimate = 0x8f84,
                             .sender_ttl = 61});
  wire::reflect_tlvs(base::Bytes(layout.octets).subspan(wire::kBaseSize), answers(),
                     base::MutableBytes(reply).subspan(wire::kBaseSize));
  return reply;
}

// A reply, all of it as the sender uses it: four stamps, their errors, eight earlier replies.
void decode_reply(benchmark::State& state) {
  std::vector<std::byte> reply = reply_of(layout_of(state));
  session::SenderCounters counters;
  std::uint32_t round = 0;
  for (auto _ : state) {
    base::store_be(reply, 24, ++round);
    benchmark::ClobberMemory();
    auto parsed = session::parse_reply(reply, kStart, kTai, counters);
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(decode_reply)->Arg(44)->Arg(252);

void encode_reply(benchmark::State& state) {
  std::array<std::byte, wire::kBaseSize> octets{};
  wire::ReplyBase reply{.sequence = 1, .timestamp = 2, .error_estimate = 3, .ssid = 4};
  for (auto _ : state) {
    ++reply.sequence;
    wire::encode_reply(octets, reply);
    benchmark::DoNotOptimize(octets);
  }
}
BENCHMARK(encode_reply);

// --- authenticated
// ---------------------------------------------------------------------------------- The same work
// with the HMAC made in three ways. `ours` is crypto::Hmac. `renewed` is OpenSSL's own way of
// keeping a key (EVP_MAC_init without one). `naive` is HMAC(), which sets up the key each time.

constexpr std::array<unsigned char, 32> kKey{1, 2, 3};

struct Ours {
  crypto::Hmac hmac{crypto::Hash::Sha256, std::as_bytes(std::span(kKey))};
  crypto::Tag tag(base::Bytes octets) { return hmac.tag(octets); }
};

struct Renewed {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
  Renewed() {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    CHECK(EVP_MAC_init(context, kKey.data(), kKey.size(), parameters) == 1);
  }
  Renewed(const Renewed&) = delete;
  Renewed& operator=(const Renewed&) = delete;
  ~Renewed() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
  }
  crypto::Tag tag(base::Bytes octets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    std::size_t size = 0;
    CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
    CHECK(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(octets.data()),
                         octets.size()) == 1);
    CHECK(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
    crypto::Tag tag;
    std::memcpy(tag.data(), digest.data(), tag.size());
    return tag;
  }
};

struct Naive {
  crypto::Tag tag(base::Bytes octets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    CHECK(HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()),
               reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), digest.data(),
               &size) != nullptr);
    crypto::Tag tag;
    std::memcpy(tag.data(), digest.data(), tag.size());
    return tag;
  }
};

// A sender's probe, and then the reflector's side: verified, told from a reply, and read.
template <typename Way>
void authenticated_probe(benchmark::State& state) {
  Way way;
  std::array<std::byte, wire::kAuthBaseSize> octets{};
  const base::Bytes covered = base::Bytes(octets).first(wire::kHmacOffset);
  const base::MutableBytes hmac = base::MutableBytes(octets).subspan(wire::kHmacOffset);
  Rounds rounds;
  for (auto _ : state) {
    const wire::ProbeFields probe = rounds.probe();
    wire::encode_auth_request(octets, {.sequence = probe.sequence,
                                       .timestamp = probe.timestamp,
                                       .error_estimate = probe.error_estimate,
                                       .ssid = probe.ssid});
    const crypto::Tag written = way.tag(covered);
    std::memcpy(hmac.data(), written.data(), written.size());
    benchmark::DoNotOptimize(octets.data());
    benchmark::ClobberMemory();
    CHECK(crypto::equal(way.tag(covered), hmac));
    benchmark::DoNotOptimize(wire::classify_auth(octets));
    const auto request = wire::decode_auth_request(octets);
    benchmark::DoNotOptimize(
        wire::decode_time(request->timestamp, wire::TimeFormat::Ntp, rounds.now(), kTai));
    benchmark::DoNotOptimize(wire::decode_error_estimate(request->error_estimate));
  }
}
BENCHMARK(authenticated_probe<Ours>)->Name("authenticated_probe/ours");
BENCHMARK(authenticated_probe<Renewed>)->Name("authenticated_probe/renewed");
BENCHMARK(authenticated_probe<Naive>)->Name("authenticated_probe/naive");

// A whole reflector's turn: the request verified, its TLVs answered, the reply sealed.
void reflect_authenticated(benchmark::State& state) {
  const crypto::Hmac key(crypto::Hash::Sha256, std::as_bytes(std::span(kKey)));
  const auto layout = wire::plan_request(
      {.size = static_cast<std::uint32_t>(state.range(0)), .mode = wire::Mode::Authenticated});
  CHECK(layout.has_value());
  std::vector<std::byte> request(layout->size);
  wire::encode_probe(*layout, {.sequence = 7, .timestamp = 1, .error_estimate = 0x8f84}, request,
                     &key);
  std::vector<std::byte> reply(wire::packet_room(request.size(), nullptr));
  wire::TlvAnswers told = answers();
  const wire::ReflectMode mode{.mode = wire::Mode::Authenticated, .key = &key};
  std::uint32_t round = 0;
  for (auto _ : state) {
    const auto checked = wire::check_request(request, mode);
    CHECK(checked.verdict == wire::RequestVerdict::Good);
    benchmark::DoNotOptimize(wire::reflect_packet(
        request, checked, mode, {.sequence = ++round, .receive_timestamp = round}, told, reply));
    wire::stamp_reply(reply, mode, round + 1, 0x8587);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(reflect_authenticated)->Arg(112)->Arg(340);

// TWAMP-Test: a sender's packet written and read in each mode (1 open, 2 authenticated, 4
// encrypted).
void twamp_test_packet(benchmark::State& state) {
  const wire::TwampTestKeys keys;
  auto made =
      wire::TwampTestCodec::make({.modes = static_cast<std::uint32_t>(state.range(0))}, &keys);
  CHECK(made.has_value());
  std::vector<std::byte> octets(made->layout().sender_size(64));
  std::uint32_t round = 0;
  for (auto _ : state) {
    made->encode_request(octets, {.sequence = ++round, .timestamp = round, .error_estimate = 1});
    benchmark::ClobberMemory();
    benchmark::DoNotOptimize(made->decode_request(octets));
  }
}
BENCHMARK(twamp_test_packet)->Arg(1)->Arg(2)->Arg(4);

}  // namespace

BENCHMARK_MAIN();
