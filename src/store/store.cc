// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "store/database.h"
#include "store/keeper.h"
#include "store/pack.h"
#include "store/record_form.h"
#include "store/waiting.h"
#include "store/window_form.h"
#include "store/writer.h"

namespace wirestamp::store {

namespace {

// What one call of retain() may delete: what the flushes since the last one brought, twice, and
// this many more, so that it catches up and yet takes no longer than a flush.
constexpr std::size_t kRowsAtLeast = 2'000, kRowsMost = 50'000;

// Ids are told before the record that has them is committed, and whoever was told must not hear of
// another thing by the same id after a kill. So the file knows an id ahead of all that were given,
// behind which the next life begins; it is moved on by so many at a time, durably, and taken back
// at an orderly end, which leaves no gap.
constexpr std::uint64_t kIdsAhead = 64;

struct Ids {
  const char *last_row, *reserved_row;  // of the file's numbers
  std::uint64_t last = 0, reserved = 0;
};

class SqliteStore : public Store {
 public:
  SqliteStore(std::string path, const Retention& retention, const Limits& limits, Writable opened)
      : path_(std::move(path)),
        retention_(retention),
        limits_(limits),
        lock_(std::move(opened.lock)),
        file_(std::move(opened.file)),
        notes_(std::move(opened.notes)),
        waiting_(limits.waiting_octets) {}

  ~SqliteStore() override { take_back_ids(); }

  // Before all else. A file that was found whole when it was opened may be broken where it is read
  // now: it is set aside as well.
  Result<void> load() {
    int code = 0;
    auto done = guarded(path_, "reading", [&] { read(); }, &code);
    if (done) note_log();
    if (done || !means_broken(code)) return done;
    close();
    TRY_VOID(set_aside(path_, done.error().text, notes_));
    file_ = TRY(open_locked(path_, limits_, notes_));
    return guarded(path_, "reading", [&] { read(); });
  }

  Result<std::uint32_t> session(const SessionInfo& info) override {
    const auto [place, first] = sessions_.try_emplace(info.name);
    Known& known = place->second;
    if (first) known.id = next_session_++;
    SessionInfo now = info;
    if (!first) keep_known(known.info, now);
    if (first || known.info != now) {
      known.info = now;
      known.waits = true;
      sessions_wait_ = true;
    }
    return known.id;
  }

  void add_window(std::uint32_t session, const measure::TimedWindow& window) override {
    last_epoch_ = std::max(last_epoch_, window.epoch);
    if (window.length != kResolutions[0]) {
      ++refused_;
      return;
    }
    waiting_.add(WaitingWindow{.session = session,
                               .epoch = window.epoch,
                               .begin = window.begin,
                               .part = window.part,
                               .data = encode(window.window)});
  }

  void add_sample(std::uint32_t session, const measure::Sample& sample) override {
    Packer out;
    put_sample(out, sample);
    waiting_.add(
        WaitingSample{.session = session, .at = sample.scheduled_wall, .data = out.take()});
  }

  void add_event(std::uint32_t session, const measure::RecordedEvent& event) override {
    give(event_ids_, event.id);
    give(incident_ids_, event.incident);  // told with it
    Packer out;
    out.text(event.session);
    waiting_.add(WaitingEvent{.session = session,
                              .id = event.id,
                              .incident = event.incident,
                              .at = event.event.wall,
                              .severity = event.severity,
                              .kind = event.event.kind,
                              .data = out.take() + encode(event.event)});
  }

  void put_incident(std::uint32_t session, const measure::Incident& incident) override {
    give(incident_ids_, incident.id);
    waiting_.put(session, incident);
  }

  void put_flow(const FlowRow& flow) override { waiting_.put(flow); }

  Result<void> flush() override {
    if (waiting_.empty() && !sessions_wait_ && !flows_open_) return {};
    std::uint64_t refused = 0;
    TRY_VOID(in_file("writing", [&] {
      SQLite::Transaction transaction(*file_, SQLite::TransactionBehavior::IMMEDIATE);
      if (flows_open_) writer_->end_flows();
      for (const auto& [name, known] : sessions_)
        if (known.waits) writer_->put_session(known.id, known.info);
      refused = writer_->write(waiting_);
      for (const Ids* ids : {&event_ids_, &incident_ids_}) put_reserved(*ids);
      transaction.commit();
    }));
    for (auto& [name, known] : sessions_) known.waits = false;
    sessions_wait_ = flows_open_ = false;
    refused_ += refused;
    rows_since_retain_ += waiting_.windows().size() + waiting_.events().size();
    waiting_.clear();
    return {};
  }

  Result<void> retain(WallTime now) override {
    const std::size_t rows =
        std::min(kRowsMost, 2 * std::exchange(rows_since_retain_, 0) + kRowsAtLeast);
    return in_file("making room in", [&] { keeper_->retain(now, rows); });
  }

  std::vector<Note> take_notes() override { return std::exchange(notes_, {}); }
  std::uint64_t dropped() const override { return waiting_.dropped() + refused_; }
  std::uint64_t octets() const override { return size_on_disk(path_); }
  std::uint64_t last_event() const override { return event_ids_.last; }
  std::uint64_t last_incident() const override { return incident_ids_.last; }
  std::uint32_t last_epoch() const override { return last_epoch_; }

 private:
  struct Known {
    std::uint32_t id = 0;
    SessionInfo info;
    bool waits = false;  // for the next flush
  };

  // Who asks for the id of a session that does not run, or has no peer yet, knows less of it.
  static void keep_known(const SessionInfo& known, SessionInfo& now) {
    if (now.host.empty()) {
      now.host = known.host;
      now.interval = known.interval;
      now.dscp = known.dscp;
    }
    if (now.peer.empty()) now.peer = known.peer;
  }

  // Those of an agent that was killed. A disk that refuses is no reason not to start: the first
  // flush tries again, before it writes windows of now.
  void end_flows() {
    const auto done = guarded(path_, "writing", [&] {
      SQLite::Transaction transaction(*file_, SQLite::TransactionBehavior::IMMEDIATE);
      writer_->end_flows();
      transaction.commit();
    });
    flows_open_ = !done;
  }

  // Where the disk refuses, the next flush tries again and says so.
  void give(Ids& ids, std::uint64_t id) {
    if (id <= ids.last) return;
    ids.last = id;
    if (id <= ids.reserved) return;
    ids.reserved = id + kIdsAhead;
    (void)in_file("writing", [&] {
      file_->exec("PRAGMA synchronous=FULL");  // a loss of power is a kill, too
      put_reserved(ids);
    });
    if (!file_) return;
    (void)guarded(path_, "writing", [&] { file_->exec("PRAGMA synchronous=NORMAL"); });
  }

  void put_reserved(const Ids& ids) {
    if (ids.reserved > 0) writer_->put_number(ids.reserved_row, ids.reserved);
  }

  // Not while something waits: it was told, and is in no commit.
  void take_back_ids() {
    const bool reserved = event_ids_.reserved > 0 || incident_ids_.reserved > 0;
    if (!reserved || !writer_ || !waiting_.empty() || has_moved(*file_)) return;
    (void)guarded(path_, "writing", [&] {
      SQLite::Transaction transaction(*file_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const Ids* ids : {&event_ids_, &incident_ids_}) {
        writer_->put_number(ids->last_row, ids->last);
        writer_->drop_number(ids->reserved_row);
      }
      transaction.commit();
    });
  }

  void read() {
    sessions_.clear();
    next_session_ = 1;
    begin();
    last_epoch_ = static_cast<std::uint32_t>(writer_->number("last_epoch"));
    for (Ids* ids : {&event_ids_, &incident_ids_}) {
      ids->reserved = writer_->number(ids->reserved_row);
      ids->last = std::max(writer_->number(ids->last_row), ids->reserved);
    }
    SQLite::Statement sessions(*file_,
                               "SELECT id, name, host, interval_ns, dscp, peer FROM sessions");
    while (sessions.executeStep()) {
      SessionInfo info{.name = sessions.getColumn(1).getString(),
                       .host = sessions.getColumn(2).getString(),
                       .interval = Duration::nanoseconds(sessions.getColumn(3).getInt64()),
                       .dscp = static_cast<std::uint8_t>(sessions.getColumn(4).getInt()),
                       .peer = sessions.getColumn(5).getString()};
      const std::uint32_t id = sessions.getColumn(0).getUInt();
      sessions_[info.name] = {.id = id, .info = info};
      next_session_ = std::max(next_session_, id + 1);
    }
    end_flows();
  }

  void begin() {
    writer_ = std::make_unique<Writer>(*file_);
    keeper_ = std::make_unique<Keeper>(*file_, retention_);
  }

  // A file that turns out to be broken is set aside as it would have been at the start, and `body`
  // runs once more, on a new one in which the sessions have their ids.
  Result<void> in_file(std::string_view doing, const std::function<void()>& body) {
    if (file_ && has_moved(*file_)) {
      notes_.push_back(
          {.set_aside = true,
           .text = fmt::format("{} was moved or deleted while it was in use: a new one is begun",
                               path_)});
      close();
      log_.remove(path_);
    }
    if (!file_) TRY_VOID(reopen());
    int code = 0;
    auto done = guarded(path_, doing, body, &code);
    if (done) note_log();
    if (done || !means_broken(code)) return done;
    close();
    TRY_VOID(set_aside(path_, done.error().text, notes_));
    TRY_VOID(reopen());
    return guarded(path_, doing, body);
  }

  void note_log() {
    const LogFiles log = LogFiles::of(path_);
    if (!has_moved(*file_)) log_ = log;
  }

  void close() {
    keeper_.reset();
    writer_.reset();
    file_.reset();
  }

  Result<void> reopen() {
    file_ = TRY(open_locked(path_, limits_, notes_));
    const auto begun = guarded(path_, "beginning", [&] {
      begin();
      SQLite::Transaction transaction(*file_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const auto& [name, known] : sessions_) writer_->put_session(known.id, known.info);
      writer_->put_number("last_epoch", last_epoch_);
      for (const Ids* ids : {&event_ids_, &incident_ids_}) {
        writer_->put_number(ids->last_row, ids->last);
        put_reserved(*ids);
      }
      transaction.commit();
    });
    if (!begun) close();  // half of it is none: the next call does it all again
    return begun;
  }

  std::string path_;
  Retention retention_;
  Limits limits_;
  std::unique_ptr<SQLite::Database> lock_, file_;
  LogFiles log_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Keeper> keeper_;
  std::map<std::string, Known> sessions_;
  std::uint32_t next_session_ = 1;
  bool sessions_wait_ = false, flows_open_ = false;  // there is something of them to write
  std::vector<Note> notes_;
  Waiting waiting_;
  Ids event_ids_{.last_row = "last_event", .reserved_row = "reserved_event"};
  Ids incident_ids_{.last_row = "last_incident", .reserved_row = "reserved_incident"};
  std::uint64_t refused_ = 0;
  std::uint32_t last_epoch_ = 0;
  std::size_t rows_since_retain_ = 0;
};

}  // namespace

Result<Store::Opened> open_store(const std::string& path, const Retention& retention,
                                 const Limits& given) {
  Limits limits = given;
  limits.max_octets = retention.max_octets;
  Store::Opened result;
  auto store =
      std::make_unique<SqliteStore>(path, retention, limits, TRY(open_writable(path, limits)));
  TRY_VOID(store->load());
  result.notes = store->take_notes();
  result.store = std::move(store);
  return result;
}

Result<Store::Opened> Store::open(const std::string& path, const Retention& retention) {
  return open_store(path, retention, Limits{});
}

}  // namespace wirestamp::store
