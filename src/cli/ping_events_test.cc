// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_events.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace wirestamp::cli {
namespace {

TEST(PingEvents, each_measurement_has_a_batch_of_its_own) {
  PingEvents events(2, {.samples = true});
  events.observer(1).on_note("of the second");
  measure::Sample sample;
  sample.probe = 7;
  events.observer(0).on_sample(sample);
  auto batches = events.take();
  ASSERT_EQ(batches.size(), 2U);
  ASSERT_EQ(batches[0].samples.size(), 1U);
  EXPECT_EQ(batches[0].samples[0].probe, 7U);
  EXPECT_TRUE(batches[0].notes.empty() && batches[1].samples.empty());
  EXPECT_EQ(batches[1].notes, std::vector<std::string>{"of the second"});
  events.end(0);
  batches = events.take();
  EXPECT_TRUE(batches[0].ended && !batches[1].ended);
}

TEST(PingEvents, samples_wait_only_when_somebody_writes_them) {
  PingEvents events(1, {});
  events.observer(0).on_sample({});
  events.end(0);
  EXPECT_TRUE(events.take()[0].samples.empty());
  EXPECT_EQ(events.samples_dropped(0), 0U);
}

TEST(PingEvents, what_finds_the_queue_full_is_counted_for_its_measurement) {
  PingEvents events(2, {.samples = true});
  for (std::size_t i = 0; i < PingEvents::kMaxSamples; ++i) events.observer(0).on_sample({});
  events.observer(1).on_sample({});
  EXPECT_EQ(events.samples_dropped(0), 0U);
  EXPECT_EQ(events.samples_dropped(1), 1U);
  EXPECT_EQ(events.take()[0].samples.size(), PingEvents::kMaxSamples);
  events.observer(1).on_sample({});
  EXPECT_EQ(events.samples_dropped(1), 1U);
}

TEST(PingEvents, points_wait_only_when_somebody_draws_them_and_not_without_bound) {
  measure::Sample burst;
  burst.burst = true;
  PingEvents quiet(1, {.samples = true}), drawn(1, {.points = true});
  for (PingEvents* events : {&quiet, &drawn}) {
    events->observer(0).on_sample({});
    events->observer(0).on_sample(burst);
  }
  EXPECT_TRUE(quiet.take_now()[0].points.empty());
  EXPECT_EQ(drawn.take_now()[0].points.size(), 1U) << "a burst is in no figure";
  EXPECT_TRUE(drawn.take_now()[0].points.empty());
  for (std::size_t i = 0; i < PingEvents::kMaxPoints + 3; ++i) drawn.observer(0).on_sample({});
  EXPECT_EQ(drawn.points_dropped(), 3U);
  EXPECT_EQ(drawn.take_now()[0].points.size(), PingEvents::kMaxPoints);
}

// Under ThreadSanitizer, too.
TEST(PingEvents, many_threads_tell_and_nothing_is_lost) {
  constexpr std::size_t kThreads = 4, kEach = 2'000;
  PingEvents events(kThreads, {.samples = true, .progress = true, .points = true});
  std::array<std::thread, kThreads> threads;
  for (std::size_t i = 0; i < kThreads; ++i)
    threads[i] = std::thread([&events, i] {
      for (std::size_t n = 0; n < kEach; ++n) events.observer(i).on_sample({});
      events.end(i);
    });
  std::array<std::size_t, kThreads> seen{};
  std::size_t points = 0;
  for (std::size_t ended = 0; ended < kThreads;) {
    const auto batches = events.take();
    for (std::size_t i = 0; i < kThreads; ++i) {
      seen[i] += batches[i].samples.size();
      points += batches[i].points.size();
      if (batches[i].ended) ++ended;
    }
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t count : seen) EXPECT_EQ(count, kEach);
  EXPECT_EQ(points, kThreads * kEach);
}

}  // namespace
}  // namespace wirestamp::cli
