// SPDX-License-Identifier: Apache-2.0
//
// store_bench [SESSIONS [MIB]]: figures of the agent's store, beside plain rows of the same windows
// (counters and percentiles as columns) in a second SQLite file with the same settings.
//
// The windows are those of sessions at the default interval (two probes a second), with round trips
// of some eight milliseconds, a tail, jitter and losses.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "platform/system_clock.h"
#include "store/store.h"
#include "store/window_form.h"

using namespace wirestamp;

namespace {

constexpr WallTime kEnd = WallTime::from_ns(1'700'049'600'000'000'000);
constexpr Duration kDay = Duration::hours(24);

platform::SystemClock& clock_of_bench() {
  static platform::SystemClock clock;
  return clock;
}

template <typename T>
T must(Result<T>&& result) {
  if (!result) {
    fmt::print(stderr, "store_bench: {}\n", result.error().text);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_of(const std::function<void()>& body) {
  const MonoTime before = clock_of_bench().mono_now();
  body();
  return (clock_of_bench().mono_now() - before).to_seconds();
}

// Of the processor: these machines are shared, and what waits for others is not the store.
double processor_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

struct Took {
  double wall_ms = 0, processor_ms = 0;
};

Took median_of(std::size_t rounds, const std::function<void()>& body) {
  std::vector<double> wall, processor;
  for (std::size_t round = 0; round < rounds; ++round) {
    const double before = processor_ms();
    wall.push_back(seconds_of(body) * 1e3);
    processor.push_back(processor_ms() - before);
  }
  std::ranges::sort(wall);
  std::ranges::sort(processor);
  return {.wall_ms = wall[rounds / 2], .processor_ms = processor[rounds / 2]};
}

// `probes` of them, as a window of any length has them.
measure::Window window_of(base::Random& random, std::uint64_t probes) {
  measure::Window w;
  const auto spread = [&](double base_us, double tail_us) {
    return Duration::nanoseconds(
        static_cast<std::int64_t>((base_us - tail_us * std::log(random.unit())) * 1e3));
  };
  for (std::uint64_t i = 0; i < probes; ++i) {
    ++w.scheduled;
    ++w.sent;
    ++w.sender_tx.by_source[static_cast<std::size_t>(StampSource::Kernel)];
    w.schedule_error.add(spread(20, 30));
    if (random.chance(0.002)) {
      ++w.lost.forward;
      continue;
    }
    ++w.delivered;
    ++w.arrived;
    ++w.forward_marks_known;
    ++w.backward_marks_known;
    for (auto* stamps : {&w.reflector_rx, &w.reflector_tx, &w.sender_rx})
      ++stamps->by_source[static_cast<std::size_t>(StampSource::Kernel)];
    const Duration forward = spread(4'000, 300), backward = spread(4'200, 250);
    w.rtt.add(StampSource::Kernel, forward + backward);
    w.forward_delay.add(StampSource::Kernel, forward + Duration::microseconds(300));
    w.backward_delay.add(StampSource::Kernel, backward - Duration::microseconds(300));
    w.ipdv.add(StampSource::Kernel, spread(1, 400));
    w.residence.add(spread(15, 10));
  }
  w.rtt_error_max = Duration::nanoseconds(2'300);
  w.one_way_error_max = Duration::microseconds(800);
  w.forward_traffic_class = w.backward_traffic_class = 0;
  w.forward_hop_limit = w.backward_hop_limit = 57;
  for (auto* stamps : {&w.sender_tx, &w.reflector_rx, &w.reflector_tx, &w.sender_rx})
    stamps->weakest = StampSource::Kernel;
  return w;
}

std::string padded(Duration length) {
  const std::int64_t s = length.ns() / 1'000'000'000;
  return s >= 3'600 ? fmt::format("{} h", s / 3'600)
         : s >= 60  ? fmt::format("{} min", s / 60)
                    : fmt::format("{} s", s);
}

// --- the same as plain rows ---------------------------------------------------------------------

// A row of any length, without histograms: what a table of figures keeps.
constexpr const char* kPlainTable =
    "CREATE TABLE plain (session INTEGER, length INTEGER, at INTEGER, scheduled INTEGER, sent "
    "INTEGER, delivered INTEGER, lost_forward INTEGER, lost_backward INTEGER, lost_unknown "
    "INTEGER, rtt_min INTEGER, rtt_mean INTEGER, rtt_p50 INTEGER, rtt_p99 INTEGER, rtt_max "
    "INTEGER, forward_p50 INTEGER, forward_p99 INTEGER, backward_p50 INTEGER, backward_p99 "
    "INTEGER, ipdv_mean INTEGER, PRIMARY KEY (session, length, at)) WITHOUT ROWID";

SQLite::Database plain_file(const std::string& path) {
  SQLite::Database file(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const char* sql :
       {"PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
        "PRAGMA secure_delete=OFF", "PRAGMA cache_size=-4096", kPlainTable})
    file.exec(sql);
  return file;
}

void put_plain(SQLite::Statement& put, std::uint32_t session, std::size_t level, WallTime at,
               const measure::Window& w) {
  int index = 0;
  const auto number = [&](std::int64_t value) { put.bind(++index, value); };
  const auto values = [&](const measure::ClassedValues& of, std::uint32_t ppm) {
    const auto* fullest = of.fullest();
    const auto value = fullest == nullptr ? std::nullopt : fullest->values.percentile(ppm);
    value ? number(value->ns()) : put.bind(++index);
  };
  put.reset();
  number(session);
  number(static_cast<std::int64_t>(level));
  number(at.ns());
  for (const std::uint64_t count :
       {w.scheduled, w.sent, w.delivered, w.lost.forward, w.lost.backward, w.lost.unknown})
    number(static_cast<std::int64_t>(count));
  for (const std::uint32_t ppm : {0U, 500'000U, 500'000U, 990'000U, 1'000'000U}) values(w.rtt, ppm);
  values(w.forward_delay, 500'000);
  values(w.forward_delay, 990'000);
  values(w.backward_delay, 500'000);
  values(w.backward_delay, 990'000);
  values(w.ipdv, 500'000);
  put.exec();
}

constexpr const char* kPutPlain =
    "INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

// --- writing ------------------------------------------------------------------------------------

void write_both(const std::string& folder, std::uint32_t sessions) {
  constexpr int kFlushes = 60, kSeconds = 10;
  base::Random random(1);
  std::vector<measure::Window> pool;
  for (int i = 0; i < 500; ++i) pool.push_back(window_of(random, 2));
  auto opened = must(store::Store::open(folder + "/written.db", {}));
  SQLite::Database plain = plain_file(folder + "/written-plain.db");
  SQLite::Statement put(plain, kPutPlain);
  for (std::uint32_t i = 0; i < sessions; ++i)
    must(opened.store->session({.name = fmt::format("session {}", i)}));
  double adding = 0, flushing = 0, retaining = 0, slowest = 0, plainly = 0;
  for (int flush = 0; flush < kFlushes; ++flush) {
    const auto each = [&](auto&& take) {
      for (int i = 0; i < kSeconds; ++i)
        for (std::uint32_t session = 1; session <= sessions; ++session)
          take(session, kEnd + Duration::seconds(flush * kSeconds + i),
               pool[(session * 31 + static_cast<std::uint32_t>(flush * kSeconds + i)) % 500]);
    };
    adding += seconds_of([&] {
      each([&](std::uint32_t session, WallTime at, const measure::Window& window) {
        opened.store->add_window(session,
                                 {.begin = at, .length = Duration::seconds(1), .window = window});
      });
    });
    const double took = seconds_of([&] { must(opened.store->flush()); });
    flushing += took;
    slowest = std::max(slowest, took);
    retaining += seconds_of([&] {
      must(opened.store->retain(kEnd + Duration::seconds(std::int64_t{flush} * kSeconds)));
    });
    plainly += seconds_of([&] {
      SQLite::Transaction transaction(plain);
      each([&](std::uint32_t session, WallTime at, const measure::Window& window) {
        put_plain(put, session, 0, at, window);
      });
      transaction.commit();
    });
  }
  const double windows = static_cast<double>(sessions) * kFlushes * kSeconds;
  fmt::print("writing, {} sessions, a flush each 10 s:\n", sessions);
  fmt::print(
      "  store  {:9.0f} windows of 1 s a second (and 10 s, 1 min, 1 h made of them); add "
      "{:.1f} us a window, flush {:.1f} ms, {:.1f} ms at most, retain {:.1f} ms\n",
      windows / (adding + flushing), adding / windows * 1e6, flushing / kFlushes * 1e3,
      slowest * 1e3, retaining / kFlushes * 1e3);
  fmt::print("  plain  {:9.0f} rows of 1 s a second, nothing coarser\n", windows / plainly);
}

// --- a year -------------------------------------------------------------------------------------

// What a year of use leaves, put into the file directly: all hours of it, and of the finer lengths
// so much that the file is too large by a third; each row a true window of its length, from a pool.
void fill(const std::string& path, std::uint32_t sessions, std::uint64_t max_octets) {
  base::Random random(2);
  SQLite::Database file(path, SQLite::OPEN_READWRITE);
  file.exec("PRAGMA synchronous=OFF");
  SQLite::Statement put(file, "INSERT INTO windows VALUES (?, ?, ?, 0, ?, 0, ?)");
  constexpr std::array<std::uint64_t, 4> kProbes{2, 20, 120, 7'200};
  constexpr std::array<std::int64_t, 4> kWanted{86'400, 60'480, 129'600, 8'784};
  double left = static_cast<double>(max_octets) * 4 / 3;
  fmt::print("octets of a window:");
  std::array<std::vector<std::string>, 4> pools;
  std::array<double, 4> octets{};
  for (std::size_t level = 0; level < 4; ++level) {
    for (int i = 0; i < (level == 3 ? 48 : 200); ++i) {
      measure::Window window = window_of(random, kProbes[level]);
      if (level > 0) window.worst = measure::Worst{.loss_ratio = 0.5, .loss_at = kEnd};
      if (level > 0) window.worst->rtt_p99 = Duration::microseconds(10'000);
      pools[level].push_back(store::encode(window));
      octets[level] += static_cast<double>(pools[level].back().size());
    }
    octets[level] /= static_cast<double>(pools[level].size());
    fmt::print(" {:.0f} ({})", octets[level], padded(store::kResolutions[level]));
  }
  fmt::print("\n");
  left -= octets[3] * static_cast<double>(kWanted[3]) * sessions;
  double wanted = 0;
  for (std::size_t level = 0; level < 3; ++level)
    wanted += octets[level] * static_cast<double>(kWanted[level]) * sessions;
  const double share = std::clamp(left / wanted, 0.01, 1.0);
  for (std::uint32_t session = 1; session <= sessions; ++session) {
    SQLite::Transaction transaction(file);
    for (std::size_t level = 0; level < 4; ++level) {
      const Duration length = store::kResolutions[level];
      const auto count =
          level == 3 ? kWanted[3]
                     : static_cast<std::int64_t>(share * static_cast<double>(kWanted[level]));
      for (std::int64_t i = count; i > 0; --i) {
        const std::string& data = pools[level][random.below(pools[level].size())];
        put.reset();
        put.bind(1, session);
        put.bind(2, static_cast<std::int64_t>(level));
        put.bind(3, (kEnd - length * i).ns());
        put.bind(4, length.ns() / 1'000'000'000);
        put.bindNoCopy(5, data.data(), static_cast<int>(data.size()));
        put.exec();
      }
    }
    transaction.commit();
  }
}

void live_on(store::Store& store, std::uint32_t sessions, std::uint64_t max_octets) {
  base::Random random(3);
  std::vector<std::string> names;
  const auto mib = [](std::uint64_t octets) { return static_cast<double>(octets) / (1 << 20); };
  fmt::print("a year of {} sessions, limit {:.0f} MiB: filled to {:.0f} MiB", sessions,
             mib(max_octets), mib(store.octets()));
  const std::vector<measure::Window> pool{window_of(random, 2), window_of(random, 2)};
  int until_small = 0;
  double slowest = 0;
  std::uint64_t largest_after = 0;
  constexpr int kMost = 20'000;
  int flush = 0;
  for (int after = 0; flush < kMost && after < 300; ++flush) {
    for (int i = 0; i < 10; ++i)
      for (std::uint32_t session = 1; session <= sessions; ++session)
        store.add_window(session, {.begin = kEnd + Duration::seconds(flush * 10 + i),
                                   .length = Duration::seconds(1),
                                   .window = pool[static_cast<std::size_t>(i) % 2]});
    must(store.flush());
    slowest = std::max(slowest, seconds_of([&] {
                         must(store.retain(kEnd + Duration::seconds(std::int64_t{flush} * 10)));
                       }));
    if (until_small == 0 && store.octets() <= max_octets) until_small = flush + 1;
    if (until_small == 0) continue;
    ++after;
    largest_after = std::max(largest_after, store.octets());
  }
  fmt::print(
      "; within it after {} flushes of 10 s, then at most {:.0f} MiB over 300 more; retain "
      "at most {:.0f} ms\n",
      until_small, mib(largest_after), slowest * 1e3);
}

// How far back each length goes.
void print_depth(const std::string& path) {
  SQLite::Database file(path, SQLite::OPEN_READONLY);
  fmt::print("kept of a session:");
  SQLite::Statement count(
      file, "SELECT count(*) FROM windows WHERE session = 1 AND resolution = ? AND begin_ns < ?");
  for (std::size_t level = 0; level < store::kResolutions.size(); ++level) {
    count.reset();
    count.bind(1, static_cast<std::int64_t>(level));
    count.bind(2, INT64_MAX);
    count.executeStep();
    fmt::print(" {:.1f} days by {}",
               static_cast<double>(count.getColumn(0).getInt64()) *
                   store::kResolutions[level].to_seconds() / 86'400,
               padded(store::kResolutions[level]));
  }
  fmt::print("\n");
}

// --- asking -------------------------------------------------------------------------------------

void ask(store::Reader& reader, WallTime end, const std::string& plain_path) {
  struct Question {
    const char* name;
    Duration range;
    std::optional<Duration> step;
  };
  SQLite::Database plain(plain_path, SQLite::OPEN_READONLY);
  fmt::print(
      "one session, median of 9, data in the system's cache (ms of the processor):\n  "
      "{:<22}{:>9}{:>12}   {}\n",
      "", "windows", "store", "plain rows (no merged p99)");
  for (const Question& question :
       std::initializer_list<Question>{{"hour by 1 s", Duration::hours(1), Duration::seconds(1)},
                                       {"hour by 1 min", Duration::hours(1), Duration::minutes(1)},
                                       {"day by 1 min", kDay, Duration::minutes(1)},
                                       {"day by 5 min", kDay, Duration::minutes(5)},
                                       {"month by 1 h", kDay * 30, Duration::hours(1)},
                                       {"month by 5 min", kDay * 30, Duration::minutes(5)},
                                       {"year by 1 h", kDay * 366, Duration::hours(1)},
                                       {"year, step chosen", kDay * 366, std::nullopt},
                                       {"year by 1 day", kDay * 366, kDay}}) {
    const store::Reader::WindowQuery query{
        .session = 1, .range = {end - question.range, end}, .step = question.step};
    std::size_t count = 0;
    const Took ours = median_of(9, [&] { count = must(reader.windows(query)).size(); });
    const Duration step = reader.step_of(query);
    std::size_t level = 3;
    while (level > 0 && step.ns() % store::kResolutions[level].ns() != 0) --level;
    const Took theirs = median_of(9, [&] {
      SQLite::Statement rows(plain,
                             "SELECT at / ?1 * ?1, sum(sent), sum(delivered), sum(lost_forward), "
                             "min(rtt_min), avg(rtt_mean), max(rtt_p99), max(rtt_max), "
                             "max(forward_p99), max(backward_p99), avg(ipdv_mean) FROM plain WHERE "
                             "session = 1 AND length = ?2 AND at >= ?3 AND at < ?4 GROUP BY 1");
      rows.bind(1, step.ns());
      rows.bind(2, static_cast<std::int64_t>(level));
      rows.bind(3, query.range.from.ns());
      rows.bind(4, query.range.to.ns());
      while (rows.executeStep()) continue;
    });
    fmt::print("  {:<22}{:>9}{:>9.1f} ms ({:5.1f}){:>12.1f} ms ({:5.1f})\n", question.name, count,
               ours.wall_ms, ours.processor_ms, theirs.wall_ms, theirs.processor_ms);
  }
}

// The windows that the store has of session 1, as plain rows.
void copy_plain(store::Reader& reader, WallTime end, const std::string& path) {
  SQLite::Database plain = plain_file(path);
  SQLite::Statement put(plain, kPutPlain);
  SQLite::Transaction transaction(plain);
  std::uint64_t count = 0;
  for (std::size_t level = 0; level < store::kResolutions.size(); ++level)
    for (WallTime from = end - kDay * 400; from < end; from += kDay * 10) {
      const auto windows = must(reader.windows(
          {.session = 1, .range = {from, from + kDay * 10}, .step = store::kResolutions[level]}));
      for (const auto& window : windows) put_plain(put, 1, level, window.begin, window.window);
      count += windows.size();
    }
  transaction.commit();
  const auto pages = plain.execAndGet("PRAGMA page_count").getInt64();
  fmt::print(
      "plain rows take {:.0f} octets each, of any length\n",
      static_cast<double>(pages * 8'192) / static_cast<double>(std::max<std::uint64_t>(1, count)));
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  const std::string_view whole(text);
  std::from_chars(whole.data(), whole.data() + whole.size(), value);
  return std::max<std::uint64_t>(1, value);
}

}  // namespace

int main(int argc, char** argv) {
  const auto sessions = static_cast<std::uint32_t>(argc > 1 ? number(argv[1]) : 50);
  const std::uint64_t max_octets = (argc > 2 ? number(argv[2]) : 1'024) << 20U;
  std::string folder = (std::filesystem::temp_directory_path() / "wirestamp-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  write_both(folder, sessions);
  const std::string path = folder + "/year.db";
  {
    auto opened = must(store::Store::open(path, {.max_octets = max_octets}));
    for (std::uint32_t i = 0; i < sessions; ++i)
      must(opened.store->session({.name = fmt::format("session {}", i)}));
    if (!opened.store->flush()) return 1;
  }
  fill(path, sessions, max_octets);
  auto opened = must(store::Store::open(path, {.max_octets = max_octets}));
  print_depth(path);
  live_on(*opened.store, sessions, max_octets);
  print_depth(path);
  auto reader = must(store::Reader::open(path));
  const WallTime end = must(reader->sessions()).front().last;
  copy_plain(*reader, end, folder + "/plain.db");
  ask(*reader, end, folder + "/plain.db");
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
