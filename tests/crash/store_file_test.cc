// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

auto said(bool set_aside, const std::string& text) {
  return testing::AllOf(testing::Field(&Note::set_aside, set_aside),
                        testing::Field(&Note::text, HasSubstr(text)));
}

class StoreFile : public StoreTest {
 protected:
  void write(const std::string& content) const {
    std::ofstream(path_, std::ios::binary) << content;
  }
  // A store with `count` seconds in it, closed.
  void make(std::uint64_t count = 100) {
    auto [store, notes] = opened();
    const auto id = *store->session({.name = "office"});
    for (std::uint64_t i = 0; i < count; ++i)
      store->add_window(id, timed(kNoon + Duration::seconds(static_cast<std::int64_t>(i)), i));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  // It opens, says that the broken file has this number, and works.
  void expect_set_aside(unsigned number) {
    auto [store, notes] = opened();
    ASSERT_TRUE(store);
    const std::string aside = path_ + ".broken-" + std::to_string(number);
    ASSERT_FALSE(notes.empty());
    EXPECT_TRUE(notes[0].set_aside);
    EXPECT_THAT(notes[0].text, HasSubstr(aside));
    for (std::size_t i = 1; i < notes.size(); ++i) EXPECT_FALSE(notes[i].set_aside);
    EXPECT_TRUE(std::filesystem::exists(aside));
    store->add_window(*store->session({.name = "office"}), timed(kNoon, 1));
    EXPECT_EQ(text_of(store->flush()), "");
    EXPECT_EQ(all(*reader(), 1, Duration::seconds(1)).size(), 1U);
  }

  // The exit code of a child in which `body` ran.
  static int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
};

TEST_F(StoreFile, AFolderThatIsNotThereIsMade) {
  path_ = folder_ / "a" / "b" / "store.db";
  EXPECT_THAT(opened().notes, IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(StoreFile, AFolderThatCannotBeMadeIsNamed) {
  write("a file");
  path_ = path_ + "/store.db";
  EXPECT_THAT(refusal(), HasSubstr("store.db of the store cannot be made"));
  path_ = "";
  EXPECT_THAT(refusal(), HasSubstr("no file name"));
}

TEST_F(StoreFile, AFolderIsNoFile) {
  path_ = folder_.string();
  EXPECT_THAT(refusal(), HasSubstr("is a folder"));
}

TEST_F(StoreFile, AFolderThatMayNotBeWrittenToIsSaid) {
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  EXPECT_EQ(in_child([&] {
              // Root may write everywhere.
              if (::geteuid() == 0 && (::setegid(65534) != 0 || ::seteuid(65534) != 0)) return 1;
              const auto result = Store::open(path_, {});
              if (result) return 2;
              return result.error().text.contains("may write to") ? 0 : 3;
            }),
            0);
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
}

TEST_F(StoreFile, AnEmptyFileIsANewStore) {
  write("");
  EXPECT_THAT(opened().notes, IsEmpty());
}

TEST_F(StoreFile, GarbageIsSetAside) {
  write("this is no database, but a text of some length, longer than a header of one would be");
  expect_set_aside(1);
  write(std::string(100'000, 'x'));
  expect_set_aside(2);
}

TEST_F(StoreFile, ATruncatedFileIsSetAside) {
  make(2'000);
  const auto whole = std::filesystem::file_size(path_);
  unsigned number = 0;
  for (const auto size : {whole / 2, std::uintmax_t{8'192}, std::uintmax_t{700}}) {
    std::filesystem::resize_file(path_, size);
    expect_set_aside(++number);
    make(2'000);
  }
}

TEST_F(StoreFile, DamageWithinIsFoundInASmallFile) {
  make(2'000);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5 * 8'192);
  file << std::string(8'192, '\xff');
  file.close();
  expect_set_aside(1);
}

// Only its first page is looked at when it is opened.
TEST_F(StoreFile, DamageWithinALargeFileIsFoundWhenItIsRead) {
  {
    auto [store, notes] = opened();
    const auto id = *store->session({.name = "first"});
    for (std::uint64_t i = 1; i <= 120; ++i)
      store->add_event(id, {.id = i, .event = {.wall = kNoon, .text = std::string(100'000, 't')}});
    ASSERT_EQ(text_of(store->flush()), "");
  }
  const auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8'192);
  file << std::string(size - 8'192, '\xa5');
  file.close();
  expect_set_aside(1);
}

TEST_F(StoreFile, OnlyTheLastFewBrokenFilesAreKept) {
  for (unsigned number = 1; number <= 5; ++number) {
    write("garbage that is long enough to be looked at, and no database at all, not at all");
    expect_set_aside(number);
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".broken-1"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".broken-2"));
  for (const char* number : {"3", "4", "5"})
    EXPECT_TRUE(std::filesystem::exists(path_ + ".broken-" + number));
}

TEST_F(StoreFile, TheDatabaseOfAnotherProgramIsLeftAlone) {
  {
    SQLite::Database other(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE windows (a)");
  }
  EXPECT_THAT(refusal(), HasSubstr("another program"));
  const auto read = Reader::open(path_);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text, HasSubstr("not the store of an agent"));
}

TEST_F(StoreFile, OneOfANewerVersionIsRefused) {
  make();
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA user_version=99");
  EXPECT_THAT(refusal(), HasSubstr("newer version"));
  const auto read = Reader::open(path_);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text, HasSubstr("has form 99"));
}

TEST_F(StoreFile, OneOfVersion1IsMigratedAndKeepsItsWindows) {
  {
    SQLite::Database old(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(old, 1);
    old.exec("INSERT INTO sessions VALUES (7, 'office', 'h', 500000000, 0, '')");
    SQLite::Statement row(old, "INSERT INTO windows VALUES (7, 0, ?, 0, 1, 0, ?)");
    const std::string data = encode(second_of(5));
    row.bind(1, kNoon.ns());
    row.bind(2, data.data(), static_cast<int>(data.size()));
    row.exec();
  }
  const auto early = Reader::open(path_);
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().text, HasSubstr("start the agent"));
  auto [store, notes] = opened();
  EXPECT_THAT(notes, ElementsAre(said(false, "from form 1 to ")));
  EXPECT_EQ(*store->session({.name = "office"}), 7U);
  store->add_event(7, {.id = 1, .session = "office", .event = {}});  // has a table now
  EXPECT_EQ(text_of(store->flush()), "");
  const auto found = all(*reader(), 7, Duration::seconds(1));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(encode(found[0].window), encode(second_of(5)));
}

TEST_F(StoreFile, ASecondWriterIsRefusedUntilTheFirstIsDead) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto result = Store::open(path_, {});
    const char said = result ? 'y' : 'n';
    if (::write(ready[1], &said, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char said = 0;
  ASSERT_EQ(::read(ready[0], &said, 1), 1);
  EXPECT_EQ(said, 'y');
  EXPECT_THAT(refusal(), HasSubstr("another agent writes to"));
  EXPECT_TRUE(reader()->sessions());  // a reader is welcome
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_THAT(opened().notes, IsEmpty());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(StoreFile, TheSameProcessCannotOpenItTwiceEither) {
  auto first = opened();
  EXPECT_THAT(refusal(), HasSubstr("another agent writes to"));
}

TEST_F(StoreFile, ALockThatIsNoneIsNamed) {
  std::ofstream(path_ + ".lock") << std::string(1'000, 'x');
  EXPECT_THAT(refusal(), HasSubstr("delete it"));
}

TEST_F(StoreFile, AReaderSaysWhenThereIsNothing) {
  const auto absent = Reader::open(path_);
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().text, HasSubstr("no store at"));
  write("text of some length that is no database, which a reader must not rename nor delete!!!");
  const auto garbage = Reader::open(path_);
  ASSERT_FALSE(garbage);
  EXPECT_THAT(garbage.error().text, HasSubstr("broken"));
}

TEST_F(StoreFile, AReaderMayReadWhatItMayNotWrite) {
  make();
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  std::filesystem::permissions(path_, std::filesystem::perms(0444));
  EXPECT_EQ(in_child([&] {
              if (::geteuid() == 0 && (::setegid(65534) != 0 || ::seteuid(65534) != 0)) return 1;
              auto result = Reader::open(path_);
              if (!result) return 2;
              return all(**result, 1, Duration::seconds(1)).size() == 100 ? 0 : 3;
            }),
            0);
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
}

// Larger than what is looked at when it is opened, and than what is held in memory.
TEST_F(StoreFile, OneThatBreaksWhileInUseIsReplaced) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "first"});
  const auto second = *store->session({.name = "second"});
  for (std::uint64_t i = 1; i <= 120; ++i)
    store->add_event(id, {.id = i, .event = {.wall = kNoon, .text = std::string(100'000, 't')}});
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8'192);
  file << std::string(size - 8'192, '\xa5');
  file.close();

  store->add_window(second, timed(kNoon, 1));
  ASSERT_EQ(text_of(store->flush()), "");
  ASSERT_EQ(text_of(store->retain(kNoon + Duration::hours(24 * 3650))), "");
  EXPECT_THAT(store->take_notes(), ElementsAre(said(true, path_ + ".broken-1")));
  EXPECT_THAT(store->take_notes(), IsEmpty());
  store->add_window(second, timed(kNoon + Duration::seconds(1), 2));
  ASSERT_EQ(text_of(store->flush()), "");
  // The ids stay, numbers count on, and the reader that was there sees the new file.
  EXPECT_EQ(*store->session({.name = "second"}), second);
  EXPECT_EQ(store->last_event(), 120U);
  EXPECT_FALSE(all(*read, second, Duration::seconds(1)).empty());
  store.reset();
  EXPECT_EQ(opened().store->last_event(), 120U);
}

TEST_F(StoreFile, OneThatIsDeletedWhileInUseIsBegunAnew) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  std::filesystem::remove(path_);
  store->add_window(id, timed(kNoon, 1));
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_THAT(store->take_notes(), ElementsAre(said(true, "moved or deleted")));
  EXPECT_EQ(all(*reader(), id, Duration::seconds(1)).size(), 1U);
}

// --- no room ------------------------------------------------------------------------------------

TEST_F(StoreFile, AFullDiskIsSaidAndEverythingWaits) {
  std::uint32_t id = 0;
  {
    auto [store, notes] = opened({}, {.pages = 24});
    id = *store->session({.name = "office"});
    std::int64_t second = 0, stored = 0;
    std::string problem;
    while (problem.empty() && second < 10'000) {
      for (int i = 0; i < 100; ++i, ++second)
        store->add_window(
            id, timed(kNoon + Duration::seconds(second), static_cast<std::uint64_t>(second)));
      problem = text_of(store->flush());
      if (problem.empty()) stored = second;
    }
    EXPECT_THAT(problem, HasSubstr("make room"));
    EXPECT_GT(stored, 0);
    EXPECT_EQ(all(*reader(), id, Duration::seconds(1)).size(), static_cast<std::size_t>(stored));
    EXPECT_THAT(text_of(store->flush()), HasSubstr("make room"));
    EXPECT_EQ(store->dropped(), 0U);
  }
}

TEST_F(StoreFile, WhatWaitedIsWrittenWhenThereIsRoomAgain) {
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);  // writes fail instead
              auto result = Store::open(path_, {});
              if (!result) return 1;
              Store& store = *result->store;
              const auto id = *store.session({.name = "office"});
              rlimit limit{};
              ::getrlimit(RLIMIT_FSIZE, &limit);
              limit.rlim_cur = 400'000;
              ::setrlimit(RLIMIT_FSIZE, &limit);
              std::int64_t second = 0;
              int failures = 0;
              for (; failures < 3 && second < 100'000; ++second) {
                store.add_window(id, timed(kNoon + Duration::seconds(second),
                                           static_cast<std::uint64_t>(second)));
                if (second % 100 == 99 && !store.flush()) ++failures;
              }
              if (failures < 3) return 2;
              limit.rlim_cur = limit.rlim_max;
              ::setrlimit(RLIMIT_FSIZE, &limit);
              if (!store.flush() || store.dropped() != 0) return 3;
              auto read = Reader::open(path_);
              if (!read) return 4;
              for (const Duration length : kResolutions) {
                std::uint64_t probes = 0;
                for (const auto& window : all(**read, id, length))
                  probes += window.window.scheduled;
                if (probes != 2 * static_cast<std::uint64_t>(second)) return 5;
              }
              return 0;
            }),
            0);
}

TEST_F(StoreFile, WhatWaitsIsBoundedAndTheOldestSamplesGoFirst) {
  auto [store, notes] = opened({}, {.waiting_octets = 100'000});
  const auto id = *store->session({.name = "office"});
  const auto add_samples = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) {
      auto sample = measure::answered(i, 200'000, 200'000, i);
      sample.scheduled_wall = kNoon + Duration::seconds(static_cast<std::int64_t>(i));
      store->add_sample(id, sample);
    }
  };
  add_samples(0, 2'000);
  const std::uint64_t samples_gone = store->dropped();
  EXPECT_GT(samples_gone, 0U);
  for (std::uint64_t i = 0; i < 2'000; ++i)
    store->add_window(id, timed(kNoon + Duration::seconds(static_cast<std::int64_t>(i)), i));
  const std::uint64_t gone = store->dropped();
  EXPECT_GT(gone, 2'000U);  // all samples, and then windows
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_TRUE(reader()->samples(id, {kNoon, kNoon + Duration::hours(1)}, 10)->empty());
  const auto found = all(*reader(), id, Duration::seconds(1));
  EXPECT_EQ(found.size(), 4'000 - gone);
  EXPECT_EQ(found.back().begin, kNoon + Duration::seconds(1'999));  // the newest
  // There is room again.
  add_samples(0, 10);
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(store->dropped(), gone);
  EXPECT_EQ(reader()->samples(id, {kNoon, kNoon + Duration::hours(1)}, 100)->size(), 10U);
}

}  // namespace
}  // namespace wirestamp::store
