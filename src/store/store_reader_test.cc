// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "store/steps.h"
#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime kFirst = WallTime::from_ns(INT64_MIN), kLast = WallTime::from_ns(INT64_MAX);

class StoreReader : public StoreTest {
 protected:
  // Ten minutes of one session, and an hour of which only the last minute is told by the second.
  void SetUp() override {
    StoreTest::SetUp();
    store_ = opened().store;
    id_ = *store_->session({.name = "office"});
    for (std::int64_t i = 0; i < 600; ++i)
      store_->add_window(id_, timed(kNoon + Duration::seconds(i), static_cast<std::uint64_t>(i)));
    ASSERT_EQ(text_of(store_->flush()), "");
    reader_ = reader();
  }
  std::string error_of(const Reader::WindowQuery& query) {
    const auto result = reader_->windows(query);
    EXPECT_FALSE(result);
    return result ? "" : result.error().text;
  }
  std::size_t count(TimeRange range, std::optional<Duration> step) {
    const auto result = reader_->windows({.session = id_, .range = range, .step = step});
    EXPECT_TRUE(result) << (result ? "" : result.error().text);
    return result ? result->size() : 0;
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  std::uint32_t id_ = 0;
};

TEST_F(StoreReader, MergesToAnyStepAndNothingIsLost) {
  const auto whole = all(*reader_, id_, Duration::seconds(1));
  measure::Window sum;
  for (const auto& window : whole) sum.merge(window.window);
  for (const std::int64_t seconds :
       {1, 2, 7, 10, 13, 20, 45, 60, 61, 90, 120, 300, 3'600, 86'400}) {
    const auto found = all(*reader_, id_, Duration::seconds(seconds));
    measure::Window total;
    WallTime last = kFirst;
    for (const auto& window : found) {
      EXPECT_EQ(window.begin.ns() % (seconds * 1'000'000'000), 0) << seconds;
      EXPECT_GT(window.begin, last) << seconds;
      EXPECT_EQ(window.length, Duration::seconds(seconds));
      last = window.begin;
      total.merge(window.window);
    }
    EXPECT_EQ(total.scheduled, sum.scheduled) << seconds;
    EXPECT_EQ(total.lost.forward, sum.lost.forward) << seconds;
    for (const std::uint32_t ppm : {1U, 100'000U, 500'000U, 990'000U, 1'000'000U})
      EXPECT_EQ(total.rtt.fullest()->values.percentile(ppm),
                sum.rtt.fullest()->values.percentile(ppm))
          << seconds;
  }
}

TEST_F(StoreReader, AMergedWindowKnowsItsWorstSecondAndWhetherItIsWhole) {
  const auto found = all(*reader_, id_, Duration::seconds(120));
  ASSERT_EQ(found.size(), 5U);
  for (const auto& window : found) {
    EXPECT_FALSE(window.part);
    ASSERT_TRUE(window.window.worst);
    EXPECT_EQ(window.window.worst->loss_ratio, 0.5);
    EXPECT_GE(window.window.worst->loss_at, window.begin);
    EXPECT_LT(window.window.worst->loss_at, window.end());
  }
  const auto hour = all(*reader_, id_, Duration::hours(1));
  ASSERT_EQ(hour.size(), 1U);
  EXPECT_TRUE(hour[0].part);
}

TEST_F(StoreReader, OnlyWhatIsInTheRange) {
  const auto at = [](std::int64_t seconds) { return kNoon + Duration::seconds(seconds); };
  EXPECT_EQ(count({at(0), at(600)}, Duration::seconds(1)), 600U);
  EXPECT_EQ(count({at(10), at(20)}, Duration::seconds(1)), 10U);
  EXPECT_EQ(count({at(-100), at(1)}, Duration::seconds(1)), 1U);
  EXPECT_EQ(count({at(600), at(700)}, Duration::seconds(1)), 0U);
  EXPECT_EQ(count({at(10), at(25)}, Duration::seconds(10)), 2U);
  // The seconds before the first whole ten are told too, as the part that they are.
  const auto ragged =
      *reader_->windows({.session = id_, .range = {at(5), at(25)}, .step = Duration::seconds(10)});
  ASSERT_EQ(ragged.size(), 3U);
  EXPECT_EQ(ragged[2].window.scheduled, 10U) << "what is behind the range does not count";
  EXPECT_TRUE(ragged[2].part);
  EXPECT_EQ(ragged[0].begin, at(0));
  EXPECT_TRUE(ragged[0].part);
  EXPECT_EQ(ragged[0].window.scheduled, 10U);
  EXPECT_EQ(ragged[1].window.scheduled, 20U);
  EXPECT_EQ(count({at(5), at(5)}, Duration::seconds(1)), 0U);
  EXPECT_EQ(reader_->windows({.session = 99, .range = {kFirst, kLast}})->size(), 0U);
}

// By brute force: every second of the range once, whatever the step.
TEST_F(StoreReader, ARangeIsExactToTheSecondWhateverTheStep) {
  base::Random random(7);
  const auto seconds = all(*reader_, id_, Duration::seconds(1));
  for (int again = 0; again < 60; ++again) {
    const auto from = static_cast<std::int64_t>(random.below(640)) - 20;
    const auto to = from + 1 + static_cast<std::int64_t>(random.below(700));
    const TimeRange range{kNoon + Duration::seconds(from), kNoon + Duration::seconds(to)};
    std::uint64_t scheduled = 0, lost = 0;
    for (const auto& one : seconds) {
      if (one.begin < range.from || one.begin >= range.to) continue;
      scheduled += one.window.scheduled;
      lost += one.window.lost_total();
    }
    for (const std::int64_t step : {1, 7, 10, 30, 60, 90, 300, 3'600, 86'400}) {
      measure::Window sum;
      const auto found =
          *reader_->windows({.session = id_, .range = range, .step = Duration::seconds(step)});
      for (const auto& window : found) sum.merge(window.window);
      EXPECT_EQ(sum.scheduled, scheduled) << from << " " << to << " " << step;
      EXPECT_EQ(sum.lost_total(), lost) << from << " " << to << " " << step;
    }
  }
}

TEST_F(StoreReader, BrieflyTheRoundTripsAreToldAlone) {
  for (const std::int64_t step : {1, 60, 90, 3'600}) {
    Reader::WindowQuery query{
        .session = id_, .range = {kFirst, kLast}, .step = Duration::seconds(step)};
    const auto whole = *reader_->windows(query);
    query.brief = true;
    const auto brief = *reader_->windows(query);
    ASSERT_EQ(brief.size(), whole.size());
    for (std::size_t n = 0; n < brief.size(); ++n) {
      const measure::Window &one = brief[n].window, &all = whole[n].window;
      EXPECT_EQ(one.sent, all.sent);
      EXPECT_EQ(one.loss_ratio(), all.loss_ratio());
      EXPECT_EQ(one.forward_loss_ratio(), all.forward_loss_ratio());
      EXPECT_EQ(brief[n].part, whole[n].part);
      for (const std::uint32_t ppm : {0U, 500'000U, 990'000U, 1'000'000U})
        EXPECT_EQ(one.rtt.fullest()->values.percentile(ppm),
                  all.rtt.fullest()->values.percentile(ppm));
      EXPECT_EQ(one.worst.has_value(), all.worst.has_value());
      EXPECT_EQ(one.ipdv.fullest(), nullptr);
      EXPECT_EQ(one.residence.count(), 0U);
    }
  }
}

TEST_F(StoreReader, APartIsWhatHasLessThanItsSessionHas) {
  const auto slow = *store_->session(
      {.name = "slow", .host = "slow.example.net", .interval = Duration::seconds(7)});
  for (std::int64_t i = 0; i < 3'600; i += 7)
    if (i < 300 || i >= 360)
      store_->add_window(slow, timed(kNoon + Duration::seconds(i), static_cast<std::uint64_t>(i)));
  ASSERT_EQ(text_of(store_->flush()), "");
  const auto minutes = all(*reader_, slow, Duration::minutes(1));
  ASSERT_EQ(minutes.size(), 59U) << "one is missing";
  for (const auto& minute : minutes) EXPECT_FALSE(minute.part) << (minute.begin - kNoon).ns();
  for (const auto& one : all(*reader_, slow, Duration::seconds(1))) EXPECT_FALSE(one.part);
  const auto hour = all(*reader_, slow, Duration::hours(1));
  ASSERT_EQ(hour.size(), 1U);
  EXPECT_TRUE(hour[0].part) << "a minute of it is missing";
  const auto half = *reader_->windows({.session = slow,
                                       .range = {kNoon, kNoon + Duration::seconds(90)},
                                       .step = Duration::minutes(1)});
  ASSERT_EQ(half.size(), 2U);
  EXPECT_FALSE(half[0].part);
  EXPECT_TRUE(half[1].part);
}

TEST_F(StoreReader, SessionsAreToldAnewOnceTheFileChanged) {
  ASSERT_EQ(reader_->sessions()->size(), 1U);
  EXPECT_EQ(reader_->sessions()->front().first, kNoon);
  EXPECT_EQ(reader_->sessions()->front().last, kNoon + Duration::seconds(600));
  const auto other = *store_->session({.name = "other", .host = "192.0.2.1"});
  store_->add_window(other, timed(kNoon - Duration::seconds(5), 1));
  store_->add_window(id_, timed(kNoon + Duration::seconds(600), 1));
  EXPECT_EQ(reader_->sessions()->size(), 1U) << "nothing is committed";
  ASSERT_EQ(text_of(store_->flush()), "");
  const auto rows = *reader_->sessions();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].last, kNoon + Duration::seconds(601));
  EXPECT_EQ(rows[1].info.name, "other");
  EXPECT_EQ(rows[1].first, kNoon - Duration::seconds(5));
  EXPECT_EQ(rows[1].last, kNoon - Duration::seconds(4));
}

TEST_F(StoreReader, BadRangesAndStepsAreRefusedInWords) {
  const TimeRange range{kNoon, kNoon + Duration::hours(1)};
  EXPECT_THAT(error_of({.session = id_, .range = {range.to, range.from}}),
              HasSubstr("before it begins"));
  for (const Duration step :
       {Duration(), Duration::seconds(-1), Duration::milliseconds(1'500), Duration::nanoseconds(1),
        Duration::hours(24 * 10'001), Duration::nanoseconds(INT64_MIN)})
    EXPECT_THAT(error_of({.session = id_, .range = range, .step = step}),
                HasSubstr("whole seconds"));
  EXPECT_THAT(reader_->samples(id_, {range.to, range.from}, 1).error().text,
              HasSubstr("before it begins"));
  EXPECT_THAT(reader_->flows(id_, {range.to, range.from}).error().text,
              HasSubstr("before it begins"));
}

TEST_F(StoreReader, ACenturyIsAnsweredByWhatIsThere) {
  EXPECT_EQ(count({kFirst, kLast}, Duration::seconds(1)), 600U);
  EXPECT_EQ(count({kFirst, kLast}, Duration::hours(24)), 1U);
  // Without a step: as fine as what is there allows.
  EXPECT_EQ(count({kFirst, kLast}, std::nullopt), 600U);
  for (const std::size_t most : {0UZ, 1UZ, 10UZ, 100UZ, 599UZ, 601UZ}) {
    const Reader::WindowQuery query{.session = id_, .range = {kFirst, kLast}, .most = most};
    const auto found = *reader_->windows(query);
    EXPECT_LE(found.size(), std::max<std::size_t>(most, 3)) << most;
    EXPECT_EQ(found.front().length, reader_->step_of(query));
  }
}

TEST_F(StoreReader, WhereFineWindowsAreGoneCoarserOnesTell) {
  SQLite::Database file(path_, SQLite::OPEN_READWRITE);
  // The first five minutes are kept by the minute only.
  file.exec("DELETE FROM windows WHERE resolution < 2 AND begin_ns < " +
            std::to_string((kNoon + Duration::minutes(5)).ns()));
  const Reader::WindowQuery query{.session = id_, .range = {kFirst, kLast}};
  EXPECT_EQ(reader_->step_of(query), Duration::minutes(1));
  EXPECT_EQ(reader_->windows(query)->size(), 10U);
  const Reader::WindowQuery late{.session = id_, .range = {kNoon + Duration::minutes(5), kLast}};
  EXPECT_EQ(reader_->step_of(late), Duration::seconds(1));
  // Coarse rows that are gone are made of the finer ones that are left.
  file.exec("DELETE FROM windows WHERE resolution = 3");
  const auto hour = all(*reader_, id_, Duration::hours(1));
  ASSERT_EQ(hour.size(), 1U);
  EXPECT_EQ(hour[0].window.scheduled, 1'200U);
}

TEST_F(StoreReader, ARowThatCannotBeReadHidesNoOther) {
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("UPDATE windows SET data = x'0102' WHERE resolution = 0 AND begin_ns = " +
            std::to_string(kNoon.ns()));
  EXPECT_EQ(count({kFirst, kLast}, Duration::seconds(1)), 599U);
}

TEST_F(StoreReader, ReadsWhileOthersWrite) {
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      auto own = Reader::open(path_);
      std::size_t least = 600;
      do {
        const auto found = (*own)->windows(
            {.session = id_, .range = {kFirst, kLast}, .step = Duration::seconds(1)});
        // Whole commits only, and never fewer than before.
        if (!found || found->size() < least || found->size() % 20 != 0) ++wrong;
        if (found) least = found->size();
      } while (!done);
    });
  for (std::int64_t flush = 0; flush < 40; ++flush) {
    for (std::int64_t i = 0; i < 20; ++i)
      store_->add_window(id_, timed(kNoon + Duration::seconds(600 + flush * 20 + i), 1));
    ASSERT_EQ(text_of(store_->flush()), "");
    ASSERT_EQ(text_of(store_->retain(kNoon)), "");
  }
  done = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Steps, AreTheShortestThatFit) {
  const auto step = [](std::int64_t seconds, std::size_t most, Duration finest) {
    return fitting_step(Duration::seconds(seconds), finest, most).ns() / 1'000'000'000;
  };
  constexpr Duration kSecond = Duration::seconds(1);
  EXPECT_EQ(step(0, 2'000, kSecond), 1);
  EXPECT_EQ(step(1'999, 2'000, kSecond), 1);
  EXPECT_EQ(step(2'000, 2'000, kSecond), 2);
  EXPECT_EQ(step(86'400, 2'000, kSecond), 60);
  EXPECT_EQ(step(86'400, 2'000, Duration::minutes(1)), 60);
  EXPECT_EQ(step(100, 2'000, Duration::hours(1)), 3'600);
  EXPECT_EQ(step(366 * 86'400, 2'000, kSecond), 21'600);
  EXPECT_EQ(step(100LL * 366 * 86'400, 100, kSecond), 370 * 86'400);
  for (std::int64_t seconds = 1; seconds < 5'000'000; seconds = seconds * 3 / 2 + 1)
    for (const std::size_t most : {3UZ, 10UZ, 2'000UZ}) {
      const std::int64_t found = step(seconds, most, kSecond);
      EXPECT_LE((seconds + found - 1) / found + 1, static_cast<std::int64_t>(most));
    }
  EXPECT_EQ(span(kFirst, kLast).ns(), INT64_MAX);
  EXPECT_EQ(span(kLast, kFirst), Duration());
  EXPECT_EQ(step_begin(WallTime::from_ns(-1), kSecond).ns(), -1'000'000'000);
  EXPECT_EQ(step_begin(kFirst, kSecond), kFirst);
}

}  // namespace
}  // namespace wirestamp::store
