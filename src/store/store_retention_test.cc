// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

class StoreRetention : public StoreTest {
 protected:
  std::int64_t rows(int resolution) {
    SQLite::Database file(path_, SQLite::OPEN_READONLY);
    return file
        .execAndGet("SELECT count(*) FROM windows WHERE resolution = " + std::to_string(resolution))
        .getInt64();
  }
  std::int64_t rows(const std::string& table) {
    SQLite::Database file(path_, SQLite::OPEN_READONLY);
    return file.execAndGet("SELECT count(*) FROM " + table).getInt64();
  }
  // Rows of an hour and their finer ones, made directly: a year goes by in a moment.
  void fill(std::uint32_t session, int resolution, std::int64_t count, Duration length) {
    SQLite::Database file(path_, SQLite::OPEN_READWRITE);
    SQLite::Transaction transaction(file);
    SQLite::Statement put(file, "INSERT INTO windows VALUES (?, ?, ?, 0, 1, 0, zeroblob(300))");
    for (std::int64_t i = 0; i < count; ++i) {
      put.reset();
      put.bind(1, session);
      put.bind(2, resolution);
      put.bind(3, (kNoon + length * i).ns());
      put.exec();
    }
    transaction.commit();
  }
  static void settle(Store& store, WallTime now) {
    for (int call = 0; call < 60; ++call) ASSERT_EQ(text_of(store.retain(now)), "");
  }
};

TEST_F(StoreRetention, EachLengthGoesAtItsOwnAge) {
  const Retention retention{.samples = Duration::minutes(10),
                            .windows = {Duration::minutes(20), Duration::minutes(40),
                                        Duration::hours(2), Duration::hours(100)},
                            .events = Duration::hours(1)};
  auto [store, notes] = opened(retention);
  const auto id = *store->session({.name = "office"});
  for (std::int64_t i = 0; i < 3'600; ++i) {
    const WallTime at = kNoon + Duration::seconds(i);
    store->add_window(id, timed(at, static_cast<std::uint64_t>(i % 16)));
    if (i % 10 == 0) {
      auto sample = measure::probe(static_cast<std::uint64_t>(i), measure::Outcome::LostUnknown);
      sample.scheduled_wall = at;
      store->add_sample(id, sample);
      store->add_event(id, {.id = static_cast<std::uint64_t>(i) + 1, .event = {.wall = at}});
      ASSERT_EQ(text_of(store->flush()), "");
    }
  }
  ASSERT_EQ(text_of(store->flush()), "");
  settle(*store, kNoon + Duration::hours(1));
  // A stride, a sixty-fourth, may stay longer.
  EXPECT_GE(rows(0), 20 * 60);
  EXPECT_LE(rows(0), 20 * 60 + 20);
  EXPECT_GE(rows(1), 40 * 6);
  EXPECT_LE(rows(1), 40 * 6 + 4);
  EXPECT_EQ(rows(2), 60);
  EXPECT_EQ(rows("samples"), 60);
  settle(*store, kNoon + Duration::hours(50));
  EXPECT_EQ(rows(0), 0);
  EXPECT_EQ(rows(2), 0);
  EXPECT_EQ(rows(3), 1);
  EXPECT_EQ(rows("samples"), 0);
  EXPECT_EQ(rows("events"), 0);
  EXPECT_EQ(store->last_event(), 3'591U);
}

TEST_F(StoreRetention, ASampleOfTheFarFutureKeepsNoOther) {
  auto [store, notes] = opened({.samples = Duration::minutes(10)});
  const auto id = *store->session({.name = "office"});
  for (const std::int64_t second : {1'000'000'000, 0, 10, 20}) {
    auto sample = measure::probe(1, measure::Outcome::LostUnknown);
    sample.scheduled_wall = kNoon + Duration::seconds(second);
    store->add_sample(id, sample);
    ASSERT_EQ(text_of(store->flush()), "");
  }
  settle(*store, kNoon + Duration::hours(1));
  EXPECT_EQ(rows("samples"), 1);
}

TEST_F(StoreRetention, AFullFileLosesItsOldSamplesThoughOneIsOfTheFarFuture) {
  constexpr std::uint64_t kMost = 3'000'000;
  auto [store, notes] = opened({.max_octets = kMost});
  const auto id = *store->session({.name = "office"});
  const auto add = [&](std::int64_t second) {
    auto sample = measure::probe(1, measure::Outcome::LostUnknown);
    sample.scheduled_wall = kNoon + Duration::seconds(second);
    store->add_sample(id, sample);
  };
  add(1'000'000'000);
  ASSERT_EQ(text_of(store->flush()), "");
  {
    // What takes the room, as samples of an hour.
    SQLite::Database file(path_, SQLite::OPEN_READWRITE);
    SQLite::Statement put(file,
                          "INSERT INTO samples (session, first_ns, last_ns, data) VALUES (?, "
                          "?, ?, zeroblob(10000))");
    SQLite::Transaction transaction(file);
    for (int i = 0; i < 360; ++i) {
      const std::int64_t at = (kNoon + Duration::seconds(10 * i)).ns();
      put.reset();
      put.bind(1, id);
      put.bind(2, at);
      put.bind(3, at);
      put.exec();
    }
    transaction.commit();
  }
  settle(*store, kNoon + Duration::hours(1));
  EXPECT_LE(store->octets(), kMost);
  EXPECT_LT(rows("samples"), 361);
}

TEST_F(StoreRetention, OneCallDeletesALittle) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  ASSERT_EQ(text_of(store->flush()), "");
  fill(id, 0, 20'000, Duration::seconds(1));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(text_of(store->retain(kNoon)), "");  // nothing is old yet
  EXPECT_EQ(rows(0), 20'000);
  // An hour further at each call, until the first rows are too old.
  std::int64_t before = 20'000;
  const WallTime later = kNoon + Duration::hours(240);
  int calls = 0;
  for (; calls < 1'000 && before > 0; ++calls) {
    ASSERT_EQ(text_of(store->retain(later)), "");
    const std::int64_t now = rows(0);
    EXPECT_LE(before - now, 2'001);
    before = now;
  }
  EXPECT_EQ(before, 0);
}

// A host without a battery, or a mistyped date.
TEST_F(StoreRetention, AClockFarAheadForAMomentDeletesNothing) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  ASSERT_EQ(text_of(store->flush()), "");
  fill(id, 0, 3'600, Duration::seconds(1));
  fill(id, 3, 3'600, Duration::hours(1));
  ASSERT_EQ(text_of(store->retain(kNoon + Duration::hours(1))), "");
  for (int call = 0; call < 6; ++call)  // a minute
    ASSERT_EQ(text_of(store->retain(kNoon + Duration::hours(24 * 366 * 50))), "");
  ASSERT_EQ(text_of(store->retain(kNoon + Duration::hours(1))), "");
  EXPECT_EQ(rows(0), 3'600);
  EXPECT_EQ(rows(3), 3'600);
}

TEST_F(StoreRetention, AFileThatIsTooLargeShrinksAndAllLengthsShareTheLoss) {
  constexpr std::uint64_t kMost = 8'000'000;
  auto [store, notes] = opened({.max_octets = kMost});
  const auto id = *store->session({.name = "office"}), other = *store->session({.name = "other"});
  ASSERT_EQ(text_of(store->flush()), "");
  // 1 s: a day of 24 h; 10 s: 2 of 7 days; 1 min: 10 of 90 days.
  for (const auto session : {id, other}) {
    fill(session, 0, 8'640, Duration::seconds(1));
    fill(session, 1, 8'640, Duration::seconds(10));
    fill(session, 2, 8'640, Duration::minutes(1));
    fill(session, 3, 144, Duration::hours(1));
  }
  const WallTime now = kNoon + Duration::hours(24);
  EXPECT_GT(store->octets(), kMost);
  settle(*store, now);
  EXPECT_LE(store->octets(), kMost);
  // The day of seconds was kept in full, and has lost the most.
  EXPECT_LT(rows(0), 2 * 8'640);
  EXPECT_EQ(rows(2), 2 * 8'640);
  EXPECT_EQ(rows(3), 2 * 144);
  // It works on, and stays within.
  for (std::uint64_t i = 0; i < 30; ++i) {
    for (std::uint64_t j = 0; j < 100; ++j)
      store->add_window(id,
                        timed(now + Duration::seconds(static_cast<std::int64_t>(i * 100 + j)), j));
    ASSERT_EQ(text_of(store->flush()), "");
    ASSERT_EQ(text_of(store->retain(now + Duration::seconds(static_cast<std::int64_t>(i * 100)))),
              "");
    EXPECT_LE(store->octets(), kMost);
  }
}

TEST_F(StoreRetention, EventsAloneCannotFillTheDisk) {
  constexpr std::uint64_t kMost = 3'000'000;
  auto [store, notes] = opened({.max_octets = kMost});
  for (std::uint64_t i = 1; i <= 4'000; ++i) {
    store->add_event(0, {.id = i,
                         .event = {.wall = kNoon + Duration::seconds(static_cast<std::int64_t>(i)),
                                   .text = std::string(1'000, 'x')}});
    if (i % 100 != 0) continue;
    ASSERT_EQ(text_of(store->flush()), "");
    ASSERT_EQ(text_of(store->retain(kNoon + Duration::hours(2))), "");
    EXPECT_LE(store->octets(), kMost) << i;
  }
  const auto events = *reader()->events({});
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().id, 4'000U);  // the newest stay
}

}  // namespace
}  // namespace wirestamp::store
