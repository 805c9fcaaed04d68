// SPDX-License-Identifier: Apache-2.0
//
// What the octets cost: ./dev bench codec. Instants and errors change with each round, so that
// nothing is computed once, and every result is used.
#include <benchmark/benchmark.h>

#include <array>

#include "base/check.h"
#include "session/reply.h"
#include "wire/reflect.h"
#include "wire/request_layout.h"
#include "wire/stamp.h"

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

}  // namespace

BENCHMARK_MAIN();
