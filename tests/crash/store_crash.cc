// SPDX-License-Identifier: Apache-2.0
//
// store_crash [ROUNDS [SEED]]: what the store promises about a kill, tried.
//
// A child writes seconds of several sessions and tells over a pipe, after each flush() that
// returned, how far it came. The parent kills it with SIGKILL at a random moment: while it opens,
// adds, commits or deletes. Then the file is opened again, and the next child goes on where it
// ends. Each time:
//   - every second that was acknowledged is there, as it was, and none that follows is missing
//     before the last one: a commit is there whole, for all sessions, or not at all;
//   - what is there and was not acknowledged is at most the one commit that was under way;
//   - the coarser rows are what their seconds are, so none was counted twice.
// At the end the same is asked of all that was written. Exit code 1 tells what was wrong.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "platform/entropy.h"
#include "platform/system_clock.h"
#include "store/store.h"

using namespace wirestamp;

namespace {

constexpr std::uint32_t kSessions = 4;
constexpr std::int64_t kMostSeconds = 25;                                  // in a commit
constexpr WallTime kBegin = WallTime::from_ns(1'700'049'595'000'000'000);  // 11:59:55 UTC

[[noreturn]] void wrong(const std::string& what) {
  fmt::print(stderr, "store_crash: {}\n", what);
  std::exit(1);
}

template <typename T>
T must(Result<T>&& result) {
  if (!result) wrong(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

WallTime at(std::int64_t second) { return kBegin + Duration::seconds(second); }

measure::Window window_of(std::uint32_t session, std::int64_t second) {
  measure::Window window;
  window.scheduled = 2 + static_cast<std::uint64_t>(second) % 5 + session;
  window.sent = window.scheduled;
  window.delivered = window.scheduled - 1;
  window.lost.forward = 1;
  for (std::int64_t i = 0; i < 3; ++i)
    window.rtt.add(StampSource::Kernel, Duration::microseconds(200 + (second * 7 + i * 31) % 400));
  return window;
}

store::Retention forever() {
  return {.max_octets = std::uint64_t{1} << 40U,
          .windows = {Duration::hours(87'600), Duration::hours(87'600), Duration::hours(87'600),
                      Duration::hours(87'600)}};
}

// Writes from `second` on until it is killed.
[[noreturn]] void write_until_killed(const std::string& path, std::int64_t second, int pipe,
                                     std::uint64_t seed) {
  base::Random random(seed);
  auto opened = must(store::Store::open(path, forever()));
  store::Store& store = *opened.store;
  std::array<std::uint32_t, kSessions> ids{};
  for (std::uint32_t i = 0; i < kSessions; ++i)
    ids[i] = must(store.session({.name = fmt::format("session {}", i)}));
  std::uint64_t events = store.last_event();
  for (;;) {
    const auto count = 1 + static_cast<std::int64_t>(random.below(kMostSeconds));
    for (std::int64_t i = 0; i < count; ++i, ++second)
      for (std::uint32_t session = 0; session < kSessions; ++session) {
        store.add_window(ids[session], {.begin = at(second),
                                        .length = Duration::seconds(1),
                                        .window = window_of(session, second)});
        measure::Sample sample;
        sample.scheduled_wall = at(second);
        store.add_sample(ids[session], sample);
      }
    store.add_event(ids[0], {.id = ++events, .event = {.wall = at(second), .text = "told"}});
    must(store.flush());
    if (::write(pipe, &second, sizeof second) != sizeof second) ::_exit(2);
    must(store.retain(at(second)));
  }
}

// Returns the second behind the last one that was acknowledged, at least `second`.
std::int64_t run_and_kill(const std::string& path, std::int64_t second, base::Random& random) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) wrong("no pipe");
  const std::uint64_t seed = random.next();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(path, second, ends[1], seed);
  }
  ::close(ends[1]);
  std::int64_t acknowledged = second;
  for (std::uint64_t flushes = random.below(6); flushes > 0; --flushes)
    if (::read(ends[0], &acknowledged, sizeof acknowledged) != sizeof acknowledged)
      wrong("the writer ended by itself");
  // Where in the next opening or commit: a wait that nothing ends but its time.
  ::poll(nullptr, 0, static_cast<int>(random.below(8)));
  for (std::uint64_t turns = random.below(4'000); turns > 0; --turns) (void)::getppid();
  ::kill(child, SIGKILL);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) wrong("the writer is gone");
  if (!WIFSIGNALED(status)) wrong("the writer ended by itself");
  while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) continue;
  ::close(ends[0]);
  return acknowledged;
}

using Windows = std::vector<measure::TimedWindow>;

Windows rows(store::Reader& reader, std::uint32_t id, WallTime from, Duration length) {
  return must(reader.windows(
      {.session = id, .range = {from, WallTime::from_ns(INT64_MAX)}, .step = length}));
}

WallTime floor_to(WallTime time, Duration length) {
  return WallTime::from_ns(time.ns() / length.ns() * length.ns());
}

// Each coarser row is the sum of the rows of `fine` within it.
void check_sums(const Windows& coarse, const Windows& fine, std::string_view what) {
  std::size_t next = 0;
  for (const auto& row : coarse) {
    measure::Window sum;
    for (; next < fine.size() && fine[next].begin < row.end(); ++next)
      sum.merge_finer(fine[next].window, fine[next].begin);
    const auto* theirs = row.window.rtt.fullest();
    const auto* ours = sum.rtt.fullest();
    if (sum.scheduled != row.window.scheduled || sum.lost.forward != row.window.lost.forward ||
        ours == nullptr || theirs == nullptr || ours->values.count() != theirs->values.count() ||
        ours->values.sum != theirs->values.sum ||
        ours->values.percentile(990'000) != theirs->values.percentile(990'000) ||
        !row.window.worst || row.window.worst->loss_ratio != sum.worst->loss_ratio)
      wrong(fmt::format("{} at {}: {} probes in it, {} in what it is made of", what,
                        row.begin.ns() / 1'000'000'000, row.window.scheduled, sum.scheduled));
  }
  if (next != fine.size()) wrong(fmt::format("{}: rows are missing", what));
}

// Checks what is there from second `from` on; returns the second behind the last.
std::int64_t check(store::Reader& reader, std::int64_t from) {
  std::int64_t end = -1;
  for (const auto& session : must(reader.sessions())) {
    const std::uint32_t index = session.id - 1;
    const auto seconds =
        rows(reader, session.id, floor_to(at(from), Duration::minutes(1)), Duration::seconds(1));
    std::int64_t next = from;
    for (const auto& row : seconds) {
      const std::int64_t second = (row.begin - kBegin).ns() / 1'000'000'000;
      if (second < from) continue;
      if (second != next) wrong(fmt::format("second {} of session {} is missing", next, index));
      const auto wanted = window_of(index, second);
      if (row.window.scheduled != wanted.scheduled ||
          row.window.rtt.fullest()->values.sum != wanted.rtt.fullest()->values.sum)
        wrong(fmt::format("second {} of session {} is not as it was", second, index));
      ++next;
    }
    if (end >= 0 && next != end) wrong("a commit is there in part");
    end = next;
    const auto minute = floor_to(at(from), Duration::minutes(1));
    const auto tens = rows(reader, session.id, minute, Duration::seconds(10));
    const auto minutes = rows(reader, session.id, minute, Duration::minutes(1));
    check_sums(tens, seconds, "ten seconds");
    check_sums(minutes, tens, "a minute");
    const auto hour = floor_to(at(from), Duration::hours(1));
    check_sums(rows(reader, session.id, hour, Duration::hours(1)),
               rows(reader, session.id, hour, Duration::minutes(1)), "an hour");
  }
  return std::max(end, from);
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
    wrong("usage: store_crash [ROUNDS [SEED]]");
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t rounds = argc > 1 ? number(argv[1]) : 200;
  const std::uint64_t seed = argc > 2 ? number(argv[2]) : platform::random_bits();
  fmt::print("store_crash: {} rounds, seed {}\n", rounds, seed);
  std::fflush(stdout);
  base::Random random(seed);
  std::string folder = (std::filesystem::temp_directory_path() / "wirestamp-crash-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) wrong("no folder for the store");
  const std::string path = folder + "/store.db";
  platform::SystemClock clock;
  std::int64_t second = 0, unacknowledged = 0;
  Duration slowest, total;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::int64_t acknowledged = run_and_kill(path, second, random);
    const MonoTime before = clock.mono_now();
    auto opened = must(store::Store::open(path, forever()));
    const Duration took = clock.mono_now() - before;
    slowest = std::max(slowest, took);
    total += took;
    for (const store::Note& note : opened.notes)
      if (!note.text.contains("was brought from form")) wrong(note.text);
    auto reader = must(store::Reader::open(path));
    const std::int64_t end = check(*reader, second);
    if (end < acknowledged)
      wrong(fmt::format("{} seconds were acknowledged, {} are there", acknowledged, end));
    if (end > acknowledged + kMostSeconds) wrong("more is there than one commit could bring");
    unacknowledged += end > acknowledged ? 1 : 0;
    second = end;
  }
  auto reader = must(store::Reader::open(path));
  if (check(*reader, 0) != second) wrong("at the end something is missing");
  fmt::print(
      "store_crash: {} seconds of {} sessions are there; {} kills fell between a commit and "
      "its acknowledgement; opening took {:.1f} ms, {:.1f} ms at most\n",
      second, kSessions, unacknowledged,
      total.to_seconds() * 1e3 / static_cast<double>(std::max<std::uint64_t>(1, rounds)),
      slowest.to_seconds() * 1e3);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
