// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

class StoreWindows : public StoreTest {
 protected:
  // `count` seconds from `begin` on, and what they are together.
  measure::Window add(Store& store, std::uint32_t session, WallTime begin, std::uint64_t count,
                      std::uint32_t epoch = 0) {
    measure::Window whole;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto window =
          timed(begin + Duration::seconds(static_cast<std::int64_t>(i)), next_++, epoch);
      store.add_window(session, window);
      whole.merge_finer(window.window, window.begin);
    }
    return whole;
  }
  std::uint64_t next_ = 0;
};

TEST_F(StoreWindows, ComeBackAsTheyWere) {
  auto [store, notes] = opened();
  EXPECT_THAT(notes, testing::IsEmpty());
  const auto id = *store->session({.name = "office", .host = "198.51.100.7"});
  add(*store, id, kNoon, 3);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = all(*reader(), id, Duration::seconds(1));
  ASSERT_EQ(found.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found[i].begin, kNoon + Duration::seconds(static_cast<std::int64_t>(i)));
    EXPECT_FALSE(found[i].part);
    EXPECT_EQ(encode(found[i].window), encode(second_of(i)));
  }
}

TEST_F(StoreWindows, EachCoarserOneIsItsSeconds) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  measure::Window whole;
  // Flushes that fall anywhere in a minute.
  for (int flush = 0; flush < 103; ++flush) {
    const auto added = add(*store, id, kNoon + Duration::seconds(flush * 71), 71);
    whole.merge_finer(added, kNoon);
    ASSERT_EQ(text_of(store->flush()), "");
  }
  auto read = reader();
  for (const Duration length : kResolutions) {
    measure::Window sum;
    for (const auto& window : all(*read, id, length)) sum.merge_finer(window.window, window.begin);
    EXPECT_EQ(sum.scheduled, whole.scheduled) << length.ns();
    EXPECT_EQ(sum.lost.forward, whole.lost.forward) << length.ns();
    EXPECT_EQ(sum.rtt.fullest()->values.count(), whole.rtt.fullest()->values.count());
    for (const std::uint32_t ppm : {10'000U, 500'000U, 990'000U})
      EXPECT_EQ(sum.rtt.fullest()->values.percentile(ppm),
                whole.rtt.fullest()->values.percentile(ppm));
    ASSERT_TRUE(sum.worst);
    EXPECT_EQ(sum.worst->loss_ratio, whole.worst->loss_ratio);
    EXPECT_EQ(sum.worst->loss_at, whole.worst->loss_at);
    EXPECT_EQ(sum.worst->rtt_p99, whole.worst->rtt_p99);
    EXPECT_EQ(sum.worst->rtt_p99_at, whole.worst->rtt_p99_at);
  }
}

TEST_F(StoreWindows, ACoarserOneGoesOnAfterARestart) {
  measure::Window whole;
  std::uint32_t id = 0;
  for (int start = 0; start < 4; ++start) {
    auto [store, notes] = opened();
    id = *store->session({.name = "office"});
    EXPECT_EQ(id, 1U);
    whole.merge(add(*store, id, kNoon + Duration::seconds(start * 13), 13));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  const auto minutes = all(*reader(), id, Duration::minutes(1));
  ASSERT_EQ(minutes.size(), 1U);
  EXPECT_TRUE(minutes[0].part);  // 52 seconds
  EXPECT_EQ(minutes[0].window.scheduled, whole.scheduled);
}

TEST_F(StoreWindows, AWholeMinuteIsNoPartAndAMinuteWithAGapIs) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  add(*store, id, kNoon, 60);
  add(*store, id, kNoon + Duration::seconds(60), 59);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto minutes = all(*reader(), id, Duration::minutes(1));
  ASSERT_EQ(minutes.size(), 2U);
  EXPECT_FALSE(minutes[0].part);
  EXPECT_TRUE(minutes[1].part);
}

TEST_F(StoreWindows, ASecondIsNeverCountedTwice) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  for (int again = 0; again < 3; ++again) {
    store->add_window(id, timed(kNoon, 1));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  store->add_window(id, timed(kNoon, 1));
  store->add_window(id, timed(kNoon, 1));  // within one flush
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(store->dropped(), 4U);
  for (const Duration length : kResolutions) {
    const auto found = all(*reader(), id, length);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].window.scheduled, 2U);
  }
}

// A restart within a second leaves two.
TEST_F(StoreWindows, TwoPartsOfOneSecondAreMerged) {
  std::uint32_t id = 0;
  for (const std::uint64_t number : {1U, 2U}) {
    auto [store, notes] = opened();
    id = *store->session({.name = "office"});
    auto window = timed(kNoon, number);
    window.part = true;
    store->add_window(id, window);
    ASSERT_EQ(text_of(store->flush()), "");
    EXPECT_EQ(store->dropped(), 0U);
  }
  for (const Duration length : kResolutions) {
    const auto found = all(*reader(), id, length);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].part);
    EXPECT_EQ(found[0].window.scheduled, 4U);
  }
}

TEST_F(StoreWindows, LateOnesReachTheirCoarserRows) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  add(*store, id, kNoon + Duration::seconds(10), 120);
  ASSERT_EQ(text_of(store->flush()), "");
  add(*store, id, kNoon, 10);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto minutes = all(*reader(), id, Duration::minutes(1));
  ASSERT_EQ(minutes.size(), 3U);
  EXPECT_EQ(minutes[0].window.scheduled, 120U);
  EXPECT_FALSE(minutes[0].part);
}

TEST_F(StoreWindows, AClockThatWasSetBackGetsRowsOfItsOwn) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  add(*store, id, kNoon, 60, 4);
  add(*store, id, kNoon + Duration::seconds(30), 30, 5);  // the same half minute once more
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(store->dropped(), 0U);
  EXPECT_EQ(store->last_epoch(), 5U);
  // Told as one window for each place in time.
  const auto minutes = all(*reader(), id, Duration::minutes(1));
  ASSERT_EQ(minutes.size(), 1U);
  EXPECT_EQ(minutes[0].window.scheduled, 180U);
  EXPECT_EQ(minutes[0].epoch, 5U);
  store.reset();
  EXPECT_EQ(opened().store->last_epoch(), 5U);
}

TEST_F(StoreWindows, OtherLengthsThanASecondAreRefusedAndCounted) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  auto window = timed(kNoon, 1);
  window.length = Duration::seconds(10);
  store->add_window(id, window);
  EXPECT_EQ(store->dropped(), 1U);
  EXPECT_EQ(text_of(store->flush()), "");
}

TEST_F(StoreWindows, TimesBefore1970HaveTheirRowsToo) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->add_window(id, timed(WallTime::from_ns(-1'000'000'000), 1));
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = reader()->windows({.session = id,
                                        .range = {WallTime::from_ns(INT64_MIN), kNoon},
                                        .step = Duration::minutes(1)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().begin.ns(), -60'000'000'000);
}

}  // namespace
}  // namespace wirestamp::store
