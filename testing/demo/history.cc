// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "measure/clock_events.h"
#include "rows.h"
#include "session_history.h"

namespace wirestamp::demo {

namespace {

constexpr Duration kMinute = Duration::minutes(1);
constexpr std::int64_t kFlush = 10;  // minutes, where seconds are written
constexpr std::int64_t kCommit = std::int64_t{24} * 60;
constexpr std::int64_t kTold = 60;
constexpr std::uint32_t kOfTheAgent = 0;

// What the agent says of this host's clock: its own code, fed with what it would have read.
std::vector<measure::Event> clock_events(const Month& month) {
  std::vector<measure::Event> events;
  if (!month.clock_lost || !month.clock_set) return events;
  measure::ClockEvents clock;
  ClockState state{.synchronised = true,
                   .error = Duration::milliseconds(1),
                   .rate_ppb = 0,
                   .rate_error_ppb = 50,
                   .steps = 0,
                   .suspended = {}};
  Duration behind;
  const auto read = [&](WallTime time) {
    const Timestamp now{.wall = time - behind,
                        .mono = MonoTime::from_ns(time.ns() - month.from.ns()),
                        .error = Duration::microseconds(1),
                        .source = StampSource::User};
    for (measure::Event& event : clock.on_state(state, now)) events.push_back(std::move(event));
  };
  read(*month.clock_lost - Duration::seconds(10));
  state.synchronised = false;
  read(*month.clock_lost);
  read(*month.clock_lost + ClockLoss::kTold);
  behind = ClockLoss::behind(*month.clock_set - *month.clock_lost);
  read(*month.clock_set - Duration::seconds(1));
  behind = Duration();
  state.steps = 1;
  state.synchronised = true;
  state.error = Duration::milliseconds(4);
  read(*month.clock_set);
  read(*month.clock_set + ClockLoss::kTold);
  return events;
}

class MonthWriter {
 public:
  MonthWriter(const Month& month, const Detail& detail, std::uint64_t seed,
              std::unique_ptr<store::Store> store)
      : month_(month),
        store_(std::move(store)),
        books_{.store = *store_,
               .watch = watch_,
               .rows = rows_,
               .samples_from = month.until - detail.samples,
               .seconds_from = month.until - detail.seconds,
               .tens_from = month.until - detail.tens},
        clock_events_(clock_events(month)) {
    for (const Plan& plan : month.plans) {
      const auto row = store_->session(plan.info);
      sessions_.push_back(
          std::make_unique<SessionHistory>(plan, seed * 1'000 + *row, books_, *row));
    }
  }

  Result<void> write(const std::string& path, const std::function<void(double)>& progress) {
    const std::int64_t all = (month_.until - month_.from) / kMinute;
    std::int64_t minutes = 0;
    for (WallTime now = month_.from; now < month_.until; now += kMinute, ++minutes) {
      if (now == books_.seconds_from) TRY_VOID(write_past(path));
      run_minute(now);
      if (progress && minutes % kTold == 0)
        progress(static_cast<double>(minutes) / static_cast<double>(all));
      const bool fine = now >= books_.seconds_from;
      if (minutes % (fine ? kFlush : kCommit) == 0) TRY_VOID(store_->flush());
    }
    return store_->flush();
  }

 private:
  Result<void> write_past(const std::string& path) {
    for (const auto& session : sessions_) session->close_hour();
    TRY_VOID(store_->flush());
    return rows_.write(path);
  }

  void run_minute(WallTime now) {
    const bool away = std::ranges::any_of(month_.absences, [now](const Absence& absence) {
      return absence.from <= now && now < absence.to;
    });
    if (away != away_) {
      away_ = away;
      if (!away) ++epoch_;
    }
    tell_clock(now + kMinute);
    for (const auto& session : sessions_) {
      const bool over = session->plan().until && now >= *session->plan().until;
      if (session->running() && (away || over)) session->end(now);
      if (over && forgotten_.insert(session->plan().info.name).second) forget(*session, now);
      if (away || over) continue;
      if (!session->running()) session->begin(now, epoch_);
      session->minute(now);
    }
    if (!away) tick(now + kMinute);
  }

  void tell_clock(WallTime to) {
    while (next_clock_event_ < clock_events_.size() && clock_events_[next_clock_event_].wall < to)
      record(books_, kOfTheAgent, watch_.event({}, clock_events_[next_clock_event_++]));
  }
  void forget(const SessionHistory& session, WallTime now) {
    record(books_, session.row(), watch_.forget(session.plan().info.name, now));
  }
  // What closes by itself is of any session.
  void tick(WallTime now) {
    for (const measure::Incident& incident : watch_.tick(now).incidents) {
      std::uint32_t row = kOfTheAgent;
      for (const auto& session : sessions_)
        if (session->plan().info.name == incident.session) row = session->row();
      store_->put_incident(row, incident);
    }
  }

  const Month& month_;
  std::unique_ptr<store::Store> store_;
  alert::Watch watch_{{}};
  Rows rows_;
  Books books_;
  std::vector<measure::Event> clock_events_;
  std::size_t next_clock_event_ = 0;
  std::vector<std::unique_ptr<SessionHistory>> sessions_;
  std::set<std::string> forgotten_;
  bool away_ = true;
  std::uint32_t epoch_ = 0;
};

}  // namespace

Result<void> write_month(const Month& month, const Detail& detail, std::uint64_t seed,
                         const std::string& path, const std::function<void(double)>& progress) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored))
    return fail(fmt::format("{} is there already: a month is not mixed with what is in it", path));
  store::Store::Opened opened = TRY(store::Store::open(path, {}));
  MonthWriter writer(month, detail, seed, std::move(opened.store));
  return writer.write(path, progress);
}

}  // namespace wirestamp::demo
