// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/file_identity.h"
#include "store/store.h"

// The file: opened, made, migrated, judged, set aside. Nothing here knows what the rows mean.
namespace wirestamp::store {

// What bounds a store beside its Retention.
struct Limits {
  std::size_t waiting_octets = std::size_t{64} << 20U;  // of what was added and not yet flushed
  std::optional<std::uint32_t> pages;                   // of the file: a disk that is full
  std::uint64_t max_octets = std::uint64_t{1} << 30U;   // Retention's
};

inline constexpr std::uint64_t kPageOctets = 8'192;  // the row of an hour fits in a page
// After so many pages the log is copied into the file and begun anew: 4 MB, less in a small file.
constexpr std::uint64_t log_pages(std::uint64_t max_octets) {
  return std::clamp<std::uint64_t>(max_octets / 64 / kPageOctets, 8, 512);
}

// As Store::open, with limits that a test can reach.
Result<Store::Opened> open_store(const std::string& path, const Retention& retention,
                                 const Limits& limits);

inline constexpr std::int32_t kApplicationId = 0x57535450;  // "WSTP"

// One step leads from the version that is its place in the table to the next: a new file takes all
// of them. A step is never changed once a program with it was given away.
const std::vector<const char*>& migrations();
// Brings it up to `version`, each step in a transaction of its own.
void migrate(SQLite::Database& database, std::size_t version);

// Runs `body`, which may throw what the library throws: then the error names the file, what was
// `doing`, and what to do about it. `code` gets SQLite's code, 0 when all is well.
Result<void> guarded(const std::string& path, std::string_view doing,
                     const std::function<void()>& body, int* code = nullptr);
// The file is no database, or damaged.
bool means_broken(int code);

struct Writable {
  std::unique_ptr<SQLite::Database> lock;  // as long as it is open nobody else writes
  std::unique_ptr<SQLite::Database> file;
  std::vector<Note> notes;
};
Result<Writable> open_writable(const std::string& path, const Limits& limits);
// The same under the lock that is held.
Result<std::unique_ptr<SQLite::Database>> open_locked(const std::string& path, const Limits& limits,
                                                      std::vector<Note>& notes);
// Renames a broken file that is not open, with its log, and tells so in `notes`.
Result<void> set_aside(const std::string& path, std::string_view why, std::vector<Note>& notes);
Result<std::unique_ptr<SQLite::Database>> open_readable(const std::string& path);
// It was renamed or deleted since it was opened.
bool has_moved(SQLite::Database& file);

// The log of a file that is open, and the shared memory of that log: which files they are, whatever
// is at their paths later.
class LogFiles {
 public:
  // Of the file at `path`, as they are now.
  static LogFiles of(const std::string& path);
  // Once the file was moved and is closed: SQLite would take its log for that of the next file at
  // `path`. What another program has put there since stays.
  void remove(const std::string& path) const;

 private:
  std::array<std::optional<platform::FileIdentity>, 2> found_;
};

std::int64_t pragma(SQLite::Database& file, const std::string& name);
// Of the file and its log, in octets.
std::uint64_t size_on_disk(const std::string& path);

}  // namespace wirestamp::store
