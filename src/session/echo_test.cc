// SPDX-License-Identifier: Apache-2.0
#include "session/echo.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "session/limits.h"
#include "wire/icmp_echo.h"

namespace wirestamp::session {
namespace {

using measure::EchoOutcome;

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000);
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 0, 0};

constexpr Duration ms(std::int64_t n) { return Duration::milliseconds(n); }

Timestamp at(MonoTime time, StampSource source = StampSource::User) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
          .mono = time,
          .error = Duration(),
          .source = source};
}

// A peer that is played by hand, in virtual time.
class EchoRun final : public EchoOutput {
 public:
  explicit EchoRun(packet::SendStatus status = packet::SendStatus::Accepted)
      : status_(status), echo(options(), kStart, *this) {}

  static EchoOptions options() {
    return {.remote = kPeer, .interval = ms(100), .expects_stamps = true, .seed = 7};
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    requests.emplace_back(datagram.payload.begin(), datagram.payload.end());
    const packet::Token token = datagram.token;
    if (status_ == packet::SendStatus::Accepted && stamps)
      echo.on_transmit_stamp(token, at(now_ + Duration::microseconds(3), StampSource::Kernel));
    echo.on_sent(token, {.status = status_, .handed_over = at(now_)});
  }
  void on_echo(const measure::EchoSample& sample) override { samples.push_back(sample); }
  void on_scheduler_stamps() override { ++scheduler_asked; }

  void run_to(MonoTime time) {
    for (auto wake = echo.next_wake(); wake && *wake <= time; wake = echo.next_wake()) {
      now_ = std::max(now_, *wake);
      echo.on_time(at(now_), clock);
    }
    now_ = time;
  }

  // The reply to request `n` arrives now.
  void answer(std::size_t n, std::uint64_t wrong_cookie_bits = 0, packet::Endpoint source = kPeer) {
    std::vector<std::byte> octets = requests.at(n);
    octets[0] = std::byte{0};
    base::store_be(octets, 8, base::load_be<std::uint64_t>(octets, 8) ^ wrong_cookie_bits);
    packet::ReceivedDatagram datagram;
    datagram.payload = octets;
    datagram.source = source;
    datagram.arrival = at(now_, StampSource::Kernel);
    echo.on_datagram(datagram, clock);
  }

  // An error about request `n` comes now.
  void fail(std::size_t n, packet::PathErrorKind kind) {
    packet::PathError error;
    error.kind = kind;
    error.destination = kPeer;
    error.quoted = requests.at(n);
    error.noticed = now_;
    echo.on_path_error(error);
  }

  std::vector<EchoOutcome> finish() {
    echo.stop(now_ + Duration::seconds(20));
    run_to(now_ + Duration::seconds(20));
    EXPECT_TRUE(echo.finished());
    std::vector<EchoOutcome> outcomes;
    for (const auto& sample : samples) outcomes.push_back(sample.outcome);
    return outcomes;
  }

  std::vector<std::vector<std::byte>> requests;
  std::vector<measure::EchoSample> samples;
  ClockState clock;
  bool stamps = true;
  int scheduler_asked = 0;

 private:
  packet::SendStatus status_;
  MonoTime now_ = kStart;

 public:
  Echo echo;
};

TEST(Echo, requests_leave_at_the_interval_with_numbers_in_a_row_and_cookies_of_their_own) {
  EchoRun run;
  run.run_to(kStart + ms(1'000));
  ASSERT_EQ(run.requests.size(), 11U);
  std::map<std::uint64_t, int> cookies;
  for (std::size_t i = 0; i < run.requests.size(); ++i) {
    const auto echo = wire::decode_echo_request(run.requests[i], packet::Family::V4);
    ASSERT_TRUE(echo);
    EXPECT_EQ(echo->sequence, i);
    ++cookies[echo->cookie];
  }
  EXPECT_EQ(cookies.size(), run.requests.size());
}

TEST(Echo, a_reply_makes_an_answered_echo_with_both_kernel_stamps) {
  EchoRun run;
  run.run_to(kStart + ms(5));
  run.answer(0);
  const auto outcomes = run.finish();
  EXPECT_EQ(outcomes, std::vector{EchoOutcome::Answered});
  const measure::EchoSample& sample = run.samples.front();
  EXPECT_EQ(sample.tx->source, StampSource::Kernel);
  EXPECT_EQ(sample.rx->source, StampSource::Kernel);
  EXPECT_EQ(*sample.rx->mono - *sample.tx->mono, ms(5) - Duration::microseconds(3));
}

TEST(Echo, copies_of_a_reply_are_duplicates_and_the_first_one_counts) {
  EchoRun run;
  run.run_to(kStart + ms(5));
  run.answer(0);
  run.run_to(kStart + ms(7));
  run.answer(0);
  run.answer(0);
  run.finish();
  EXPECT_EQ(run.samples.front().duplicates, 2U);
  EXPECT_EQ(run.echo.progress().received, 1U);
  EXPECT_EQ(*run.samples.front().rx->mono, kStart + ms(5));
}

TEST(Echo, a_reply_after_the_loss_threshold_is_late_and_after_ten_seconds_nobodys) {
  EchoRun run;
  run.run_to(kStart + ms(50));
  run.echo.stop(kStart + Duration::seconds(100));
  run.run_to(kStart + ms(2'500));
  run.answer(0);
  run.run_to(kStart + Duration::seconds(100));
  ASSERT_EQ(run.samples.size(), 1U);
  EXPECT_EQ(run.samples.front().outcome, EchoOutcome::Late);

  EchoRun other;
  other.run_to(kStart + ms(50));
  other.echo.stop(kStart + Duration::seconds(100));
  other.run_to(kStart + ms(10'500));
  other.answer(0);
  ASSERT_EQ(other.samples.size(), 1U);
  EXPECT_EQ(other.samples.front().outcome, EchoOutcome::Lost);
}

TEST(Echo, replies_with_another_cookie_sender_or_number_are_ignored) {
  EchoRun run;
  run.run_to(kStart + ms(5));
  run.answer(0, /*wrong_cookie_bits=*/1);
  run.answer(0, 0, {packet::IpAddress::v4(0x0a00'0003), 0, 0});
  run.requests.push_back(run.requests[0]);
  run.requests.back()[7] = std::byte{9};  // not sent yet
  run.answer(1);
  EXPECT_EQ(run.finish(), std::vector{EchoOutcome::Lost});
}

TEST(Echo, numbers_go_on_where_the_16_bits_of_the_wire_wrap) {
  EchoRun run;
  constexpr std::size_t kMany = 65'536 + 20;
  for (std::size_t i = 0; i < kMany; ++i) {
    run.run_to(kStart + ms(100) * static_cast<std::int64_t>(i) + ms(1));
    ASSERT_EQ(run.requests.size(), i + 1);
    run.answer(i);
    run.answer(i >= 65'536 ? i - 65'536 : i);  // the same 16 bits long ago: not known any more
  }
  run.finish();
  ASSERT_EQ(run.samples.size(), kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(run.samples[i].number, i);
    ASSERT_EQ(run.samples[i].outcome, EchoOutcome::Answered);
    ASSERT_EQ(run.samples[i].duplicates, i >= 65'536 ? 0U : 1U) << i;
  }
}

TEST(Echo, the_ledger_is_bounded_and_the_oldest_echo_is_decided_early) {
  EchoOptions options = EchoRun::options();
  options.interval = ms(1);
  EchoRun run;
  Echo echo(options, kStart, run);
  std::size_t most = 0, sent = 0;
  for (MonoTime now = kStart; now < kStart + Duration::seconds(3); now += ms(1)) {
    echo.on_time(at(now), {});
    ++sent;
    most = std::max(most, sent - run.samples.size());
  }
  EXPECT_EQ(most, kMaxEchoesInLedger);
}

TEST(Echo, what_the_system_refuses_is_unsent) {
  EchoRun run(packet::SendStatus::NoRoute);
  run.run_to(kStart + ms(5));
  EXPECT_EQ(run.finish(), std::vector{EchoOutcome::Unsent});
  EXPECT_EQ(run.echo.progress().sent, 0U);
}

TEST(Echo, an_unresolved_neighbour_makes_all_that_waited_for_it_unsent) {
  EchoRun run;
  run.run_to(kStart + ms(50));
  run.stamps = false;
  run.run_to(kStart + ms(250));
  run.fail(1, packet::PathErrorKind::NeighbourUnresolved);
  EXPECT_EQ(run.finish(),
            (std::vector{EchoOutcome::Lost, EchoOutcome::Unsent, EchoOutcome::Unsent}));
}

TEST(Echo, a_router_that_says_unreachable_makes_a_lost_echo) {
  EchoRun run;
  run.run_to(kStart + ms(5));
  run.fail(0, packet::PathErrorKind::HostUnreachable);
  EXPECT_EQ(run.finish(), std::vector{EchoOutcome::Lost});
}

TEST(Echo, at_the_end_young_echoes_in_flight_are_withheld_and_old_ones_lost) {
  EchoRun run;
  run.run_to(kStart + ms(2'050));
  run.echo.stop(kStart + ms(2'550));
  run.run_to(kStart + ms(2'550));
  EXPECT_TRUE(run.echo.finished());
  EXPECT_FALSE(run.echo.next_wake());
  ASSERT_EQ(run.samples.size(), 21U);
  for (const auto& sample : run.samples)  // number 5 left 2.05 s before
    EXPECT_EQ(sample.outcome, sample.number <= 5 ? EchoOutcome::Lost : EchoOutcome::Withheld)
        << sample.number;
}

TEST(Echo, a_late_wake_up_sends_one_request_and_not_all_that_fell_due) {
  EchoRun run;
  run.run_to(kStart);
  run.echo.on_time(at(kStart + ms(950)), {});
  EXPECT_EQ(run.requests.size(), 2U);
  EXPECT_EQ(run.echo.next_wake(), kStart + ms(1'000));
}

TEST(Echo, echoes_across_a_suspend_are_withheld) {
  EchoRun run;
  run.run_to(kStart + ms(5));
  run.clock.suspended = Duration::seconds(60);
  run.answer(0);
  EXPECT_EQ(run.finish(), std::vector{EchoOutcome::Withheld});
}

TEST(Echo, a_driver_without_transmit_stamps_is_asked_for_scheduler_stamps_once) {
  EchoRun run;
  run.stamps = false;
  for (std::size_t i = 0; i < 40; ++i) {
    run.run_to(kStart + ms(100) * static_cast<std::int64_t>(i) + ms(1));
    run.answer(i);
  }
  run.finish();
  EXPECT_EQ(run.scheduler_asked, 1);
  EXPECT_EQ(run.samples.front().tx->source, StampSource::User);
}

}  // namespace
}  // namespace wirestamp::session
