// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <charconv>
#include <exception>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

namespace wirestamp::store {

namespace {

namespace fs = std::filesystem;

// Set aside: a bad disk must not fill itself with broken files.
constexpr std::size_t kMostBroken = 3;
// Files up to this size are read whole when they are opened; in larger ones a broken page is found
// when it is needed.
constexpr std::uint64_t kReadWhole = std::uint64_t{8} << 20U;
constexpr int kBusyMs = 5'000;  // a reader that recovers the log, or a copy being taken

constexpr std::array kLogSuffixes{"-wal", "-shm"};
constexpr std::array kSuffixes{"", kLogSuffixes[0], kLogSuffixes[1]};

std::string advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full: make room; until then what is new waits in memory";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "it must be a file in a folder that this user may write to";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program holds it: end that program";
    case SQLITE_IOERR:
      return "the disk refuses: look at its room, its quota and the system's log";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "the file is broken";
    default:
      return "look at the disk and at the permissions of the file";
  }
}

// The numbers of the files that were set aside.
std::set<unsigned> set_aside_before(const std::string& path) {
  std::set<unsigned> numbers;
  const fs::path whole(path);
  const std::string prefix = whole.filename().string() + ".broken-";
  std::error_code failed;
  const fs::path folder = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    unsigned number = 0;
    if (!name.starts_with(prefix)) continue;
    const char* last = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + prefix.size(), last, number);
    if (error == std::errc() && stop == last) numbers.insert(number);
  }
  return numbers;
}

std::string broken_name(const std::string& path, unsigned number) {
  return fmt::format("{}.broken-{}", path, number);
}

// What to refuse in words, as opposed to what is broken.
Result<void> judge(SQLite::Database& file, const std::string& path, bool& fresh) {
  const std::int64_t application = pragma(file, "application_id");
  const std::int64_t version = pragma(file, "user_version");
  fresh = file.execAndGet("SELECT count(*) FROM sqlite_schema").getInt64() == 0;
  if (fresh) return {};
  if (application != kApplicationId)
    return fail(fmt::format("{} is the database of another program: name another file", path));
  const auto known = static_cast<std::int64_t>(migrations().size());
  if (version > known)
    return fail(
        fmt::format("{} was made by a newer version (its form is {}, this program knows up "
                    "to {}): use that version, or another file",
                    path, version, known));
  return {};
}

// Throws as the library does. A file that could be opened and is broken says why in `broken`.
Result<std::unique_ptr<SQLite::Database>> open_file(const std::string& path, const Limits& limits,
                                                    std::vector<Note>& notes, std::string& broken) {
  auto file = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                                 kBusyMs);
  file->exec(fmt::format("PRAGMA page_size={}", kPageOctets));  // of a new one
  file->exec("PRAGMA auto_vacuum=INCREMENTAL");
  bool fresh = false;
  TRY_VOID(judge(*file, path, fresh));
  const std::string mode = file->execAndGet("PRAGMA journal_mode=WAL").getString();
  if (mode != "wal")
    return fail(
        fmt::format("{} is on a file system without shared memory, as a network share: "
                    "name a file on a local disk",
                    path));
  // What a commit wrote is with the kernel: a kill loses none of it. The log is synchronised when
  // it is copied into the file (each 4 MB): a loss of power may cost the commits since then, never
  // the file. FULL would cost a disk's flush every ten seconds and save those.
  file->exec("PRAGMA synchronous=NORMAL");
  file->exec("PRAGMA secure_delete=OFF");
  const std::uint64_t log = log_pages(limits.max_octets);
  file->exec(fmt::format("PRAGMA wal_autocheckpoint={}", log));
  file->exec(fmt::format("PRAGMA journal_size_limit={}", log * kPageOctets));
  file->exec("PRAGMA cache_size=-4096");  // KiB
  if (limits.pages) file->exec(fmt::format("PRAGMA max_page_count={}", *limits.pages));
  std::error_code unknown;
  if (!fresh && fs::file_size(path, unknown) <= kReadWhole && !unknown) {
    const std::string found = file->execAndGet("PRAGMA quick_check(1)").getString();
    if (found != "ok") {
      broken = found;
      return nullptr;
    }
  }
  const auto version = static_cast<std::size_t>(pragma(*file, "user_version"));
  migrate(*file, migrations().size());
  if (!fresh && version < migrations().size())
    notes.push_back({.text = fmt::format("{} was brought from form {} to {}", path, version,
                                         migrations().size())});
  return file;
}

Result<void> prepare_folder(const std::string& path) {
  if (path.empty()) return fail("the store has no file name");
  std::error_code failed;
  if (fs::is_directory(path, failed))
    return fail(fmt::format("{} is a folder: the store is a file, name one in it", path));
  const fs::path folder = fs::path(path).parent_path();
  if (folder.empty()) return {};
  fs::create_directories(folder, failed);
  if (failed && !fs::is_directory(folder))
    return fail(fmt::format("the folder {} of the store cannot be made: {}; make it, or name a "
                            "file elsewhere",
                            folder.string(), failed.message()),
                failed.value());
  return {};
}

// A lock of its own beside the file, so that readers of the file are not kept out by it. The system
// takes it back when the process dies, however it dies. It is never written to.
Result<std::unique_ptr<SQLite::Database>> take_lock(const std::string& path) {
  std::unique_ptr<SQLite::Database> lock;
  int code = 0;
  const auto taken = guarded(
      path, "locking",
      [&] {
        lock = std::make_unique<SQLite::Database>(path + ".lock",
                                                  SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 0);
        lock->exec("PRAGMA locking_mode=EXCLUSIVE");
        lock->exec("BEGIN EXCLUSIVE");
      },
      &code);
  if (taken) return lock;
  if ((code & 0xff) == SQLITE_BUSY)
    return fail(fmt::format("another agent writes to {}: end it, or name another file here", path));
  if (means_broken(code))
    return fail(
        fmt::format("{0}.lock is not ours: delete it, or name another file than {0}", path));
  return std::unexpected(taken.error());
}

}  // namespace

Result<void> guarded(const std::string& path, std::string_view doing,
                     const std::function<void()>& body, int* code) {
  if (code != nullptr) *code = SQLITE_OK;
  try {
    body();
    return {};
  } catch (const SQLite::Exception& error) {
    if (code != nullptr) *code = error.getErrorCode();
    return fail(
        fmt::format("{} {}: {} ({})", doing, path, error.what(), advice(error.getErrorCode())));
  } catch (const std::exception& error) {
    if (code != nullptr) *code = SQLITE_NOMEM;
    return fail(fmt::format("{} {}: {}", doing, path, error.what()));
  }
}

bool means_broken(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

Result<void> set_aside(const std::string& path, std::string_view why, std::vector<Note>& notes) {
  std::set<unsigned> before = set_aside_before(path);
  const unsigned number = before.empty() ? 1 : *before.rbegin() + 1;
  const std::string name = broken_name(path, number);
  for (const char* suffix : kSuffixes) {
    std::error_code failed;
    fs::rename(path + suffix, name + suffix, failed);
    if (failed && failed != std::errc::no_such_file_or_directory)
      return fail(fmt::format("{}{} is broken ({}) and cannot be renamed to {}: {}; move it away",
                              path, suffix, why, name, failed.message()),
                  failed.value());
  }
  notes.push_back({.set_aside = true,
                   .text = fmt::format("{} was broken ({}): it is now {}, and a new one is begun",
                                       path, why, name)});
  for (; before.size() >= kMostBroken; before.erase(before.begin())) {
    const std::string oldest = broken_name(path, *before.begin());
    std::error_code failed;
    for (const char* suffix : kSuffixes) fs::remove(oldest + suffix, failed);
    notes.push_back(
        {.text = fmt::format("{} is deleted: {} broken files are kept", oldest, kMostBroken)});
  }
  return {};
}

Result<std::unique_ptr<SQLite::Database>> open_locked(const std::string& path, const Limits& limits,
                                                      std::vector<Note>& notes) {
  for (bool again = false;; again = true) {
    Result<std::unique_ptr<SQLite::Database>> file = nullptr;
    std::string broken;
    int code = 0;
    if (auto done = guarded(
            path, "opening", [&] { file = open_file(path, limits, notes, broken); }, &code);
        !done) {
      if (!means_broken(code) || again) return std::unexpected(done.error());
      broken = done.error().text;
      file = nullptr;
    }
    if (!file || *file) return file;
    TRY_VOID(set_aside(path, broken, notes));
  }
}

Result<Writable> open_writable(const std::string& path, const Limits& limits) {
  TRY_VOID(prepare_folder(path));
  Writable opened;
  opened.lock = TRY(take_lock(path));
  opened.file = TRY(open_locked(path, limits, opened.notes));
  return opened;
}

Result<std::unique_ptr<SQLite::Database>> open_readable(const std::string& path) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed))
    return fail(fmt::format("there is no store at {}: is the agent to keep one there?", path));
  // Without a log nobody writes. Then a reader who may not write in the folder, and so cannot make
  // the shared memory of a log, may read the file as it is.
  const std::string uri = "file:" + path;
  std::unique_ptr<SQLite::Database> file;
  std::int64_t application = 0, version = 0;
  const auto look = [&](const std::string& name, int flags) {
    return guarded(path, "reading", [&] {
      file = std::make_unique<SQLite::Database>(name, SQLite::OPEN_READONLY | flags, kBusyMs);
      application = pragma(*file, "application_id");
      version = pragma(*file, "user_version");
      file->exec("PRAGMA cache_size=-2048");  // KiB
    });
  };
  auto opened = look(path, 0);
  if (!opened && !fs::exists(path + "-wal", failed))
    if (look(uri + "?immutable=1", SQLite::OPEN_URI)) opened = {};
  if (!opened) return std::unexpected(opened.error());
  if (application != kApplicationId)
    return fail(fmt::format("{} is not the store of an agent", path));
  if (version != static_cast<std::int64_t>(migrations().size()))
    return fail(fmt::format("{} has form {}, this program reads {}: {}", path, version,
                            migrations().size(),
                            version < static_cast<std::int64_t>(migrations().size())
                                ? "start the agent of this version on it first"
                                : "use the newer version that made it"));
  return file;
}

bool has_moved(SQLite::Database& file) {
  int moved = 0;
  return sqlite3_file_control(file.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved != 0;
}

LogFiles LogFiles::of(const std::string& path) {
  LogFiles log;
  for (std::size_t i = 0; i < kLogSuffixes.size(); ++i)
    log.found_[i] = platform::file_identity(path + kLogSuffixes[i]);
  return log;
}

void LogFiles::remove(const std::string& path) const {
  for (std::size_t i = 0; i < kLogSuffixes.size(); ++i) {
    const std::string name = path + kLogSuffixes[i];
    if (!found_[i] || platform::file_identity(name) != found_[i]) continue;
    std::error_code absent;
    fs::remove(name, absent);
  }
}

std::int64_t pragma(SQLite::Database& file, const std::string& name) {
  return file.execAndGet("PRAGMA " + name).getInt64();
}

std::uint64_t size_on_disk(const std::string& path) {
  std::uint64_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code absent;
    const std::uintmax_t size = fs::file_size(path + suffix, absent);
    if (!absent) total += size;
  }
  return total;
}

}  // namespace wirestamp::store
