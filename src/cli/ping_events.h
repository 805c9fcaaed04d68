// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/ping.h"

namespace wirestamp::cli {

// Carries what the measurements of a run tell from their measuring threads to the one that writes
// it. A measuring thread never waits for a slow file, pipe or terminal: samples wait in a bounded
// queue, and those that find it full are counted instead of written.
class PingEvents {
 public:
  // Of all measurements together.
  static constexpr std::size_t kMaxSamples = 65'536;
  static constexpr std::size_t kMaxPoints = 65'536;
  static constexpr std::size_t kMaxNotes = 64;  // of one measurement

  // Of a probe, what a live view draws.
  struct Point {
    std::uint64_t probe = 0;
    std::uint32_t flow = 0;
    WallTime due;
    measure::Outcome outcome = measure::Outcome::LostUnknown;
    std::optional<Duration> rtt;
  };

  struct Progress {
    measure::Summary summary;
    std::optional<measure::Sample> last;
    std::optional<measure::EchoSummary> echo;
  };
  // What came of one measurement since the last take().
  struct Batch {
    std::vector<measure::Sample> samples;
    std::vector<Point> points;
    std::vector<std::string> notes;
    std::vector<measure::Event> events;
    std::optional<agent::PingStart> start;
    std::optional<Progress> progress;
    bool ended = false;
  };

  // Samples are queued only when somebody writes them, figures are made and points queued only when
  // somebody watches.
  struct Wanted {
    bool samples = false, progress = false, points = false;
  };
  PingEvents(std::size_t measurements, Wanted wanted);
  ~PingEvents();

  // The measuring threads: each has the observer of its measurement, and says when it is over.
  agent::PingObserver& observer(std::size_t measurement);
  void end(std::size_t measurement);

  // The writing thread. Waits until there is something; one batch of each measurement.
  std::vector<Batch> take();
  // The same of what there is, which may be nothing.
  std::vector<Batch> take_now();
  std::uint64_t samples_dropped(std::size_t measurement) const;
  std::uint64_t points_dropped() const;

 private:
  class Observer;

  void add_point(std::size_t measurement, const measure::Sample& sample);

  template <typename Add>
  void tell(std::size_t measurement, Add add) {
    const std::lock_guard lock(mutex_);
    add(waiting_[measurement]);
    anything_ = true;
    something_.notify_one();
  }

  std::vector<Batch> take_locked();

  const Wanted wanted_;
  std::vector<std::unique_ptr<Observer>> observers_;
  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::vector<Batch> waiting_;
  std::size_t samples_waiting_ = 0, points_waiting_ = 0;
  std::uint64_t points_dropped_ = 0;
  std::vector<std::uint64_t> dropped_;
  bool anything_ = false;
};

}  // namespace wirestamp::cli
