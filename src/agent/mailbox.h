// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/daemon.h"
#include "measure/window.h"

namespace wirestamp::agent {

// Carries what the daemon tells from its measuring thread to the one that keeps it, in order. The
// measuring thread never waits: what finds no room is counted instead. Windows have room for
// minutes of a keeper that stands still (of 4,096 sessions, for 12 s), single samples for moments;
// a quarter is left to what happened, which is not told again. Figures are taken at the keeper's
// own pace, so that a thousand probes a second do not wake it a thousand times; what happened wakes
// it.
class Mailbox final : public DaemonObserver {
 public:
  static constexpr std::size_t kMostItems = 65'536;
  static constexpr std::size_t kMostFigures = kMostItems / 4 * 3;  // with what else is there
  static constexpr std::size_t kMostSamples = 16'384;

  struct Started {
    ReflectStart start;
  };
  struct Begun {
    std::uint32_t session = 0;
    PingStart start;
  };
  struct Rekeyed {
    std::uint32_t session = 0;
    std::string key_id;
  };
  struct Waits {
    std::uint32_t session = 0;
    std::string why;
  };
  struct Ended {
    std::uint32_t session = 0;
  };
  struct Note {
    std::optional<std::uint32_t> session;
    std::string text;
  };
  struct Happened {
    std::optional<std::uint32_t> session;  // absent: concerns the agent
    measure::Event event;
  };
  // Large, and items are moved about.
  struct Result {
    std::uint32_t session = 0;
    std::unique_ptr<const ResultWindow> window;
  };
  struct Second {
    std::uint32_t session = 0;
    std::unique_ptr<const measure::TimedWindow> window;
  };
  struct Decided {
    std::uint32_t session = 0;
    std::unique_ptr<const measure::Sample> sample;
  };
  // A reply just now, provisional: for those who watch.
  struct Reply {
    std::uint32_t session = 0;
    std::unique_ptr<const measure::Sample> sample;
  };
  using Item = std::variant<Started, Begun, Rekeyed, Waits, Ended, Note, Happened, Result, Second,
                            Decided, Reply>;

  struct Dropped {
    std::uint64_t items = 0, samples = 0;
  };

  // The measuring thread.
  void on_start(const ReflectStart& start) override { put(Started{start}); }
  void on_session(std::uint32_t session, const PingStart& start) override {
    put(Begun{session, start});
  }
  void on_key(std::uint32_t session, const std::string& key_id) override {
    put(Rekeyed{session, key_id});
  }
  void on_waiting(std::uint32_t session, const std::string& why) override {
    put(Waits{session, why});
  }
  void on_session_ended(std::uint32_t session) override { put(Ended{session}); }
  void on_note(const std::string& note) override { put(Note{std::nullopt, note}); }
  void on_note(std::uint32_t session, const std::string& note) override {
    put(Note{session, note});
  }
  void on_event(std::uint32_t session, const measure::Event& event) override {
    put(Happened{session, event});
  }
  void on_event(const measure::Event& event) override { put(Happened{std::nullopt, event}); }
  void on_window(std::uint32_t session, const ResultWindow& window) override {
    put(Result{session, std::make_unique<const ResultWindow>(window)}, false);
  }
  void on_second(std::uint32_t session, const measure::TimedWindow& window) override {
    put(Second{session, std::make_unique<const measure::TimedWindow>(window)}, false);
  }
  void on_counters(const ReflectCounters& counters) override;
  void on_sample(std::uint32_t session, const measure::Sample& sample) override;
  void on_reply(std::uint32_t session, const measure::Sample& sample) override;

  // Any thread: whether single replies are wanted at all.
  void watch_replies(bool wanted) { replies_wanted_.store(wanted, std::memory_order_relaxed); }
  // No more will come.
  void end();

  // The keeping thread. Returns what has come when something happened, or after so long.
  std::vector<Item> take(Duration at_most);
  bool ended() const;
  // Any thread.
  Dropped dropped() const;
  ReflectCounters counters() const;  // told last

 private:
  void put(Item item, bool urgent = true);
  void put_sample(Item item);

  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::vector<Item> waiting_;
  std::size_t samples_ = 0;  // of those
  Dropped dropped_;
  ReflectCounters counters_;
  bool urgent_ = false, ended_ = false;
  std::atomic<bool> replies_wanted_{false};
};

}  // namespace wirestamp::agent
