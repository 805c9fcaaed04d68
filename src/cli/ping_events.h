// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/ping.h"

namespace wirestamp::cli {

// Carries what a measurement tells from the measuring thread to the one that writes it. The
// measuring thread never waits for a slow file, pipe or terminal: samples wait in a bounded queue,
// and those that find it full are counted instead of written.
class PingEvents final : public agent::PingObserver {
 public:
  static constexpr std::size_t kMaxSamples = 65'536;
  static constexpr std::size_t kMaxNotes = 64;

  struct Progress {
    measure::Summary summary;
    std::optional<measure::Sample> last;
    std::optional<measure::EchoSummary> echo;
  };
  // What came since the last take().
  struct Batch {
    std::vector<measure::Sample> samples;
    std::vector<std::string> notes;
    std::vector<measure::Event> events;
    std::optional<agent::PingStart> start;
    std::optional<Progress> progress;
    bool ended = false;
  };

  // Samples are queued only when somebody writes them, figures are made only when somebody watches.
  PingEvents(bool want_samples, bool want_progress)
      : want_samples_(want_samples), want_progress_(want_progress) {}

  // The measuring thread.
  void on_start(const agent::PingStart& start) override;
  void on_sample(const measure::Sample& sample) override;
  bool wants_progress() const override { return want_progress_; }
  void on_progress(const measure::Summary& summary, const measure::Sample* last,
                   const measure::EchoSummary* echo) override;
  void on_note(const std::string& note) override;
  void on_event(const measure::Event& event) override;
  void end();

  // The writing thread. Waits until there is something.
  Batch take();
  std::uint64_t samples_dropped() const;

 private:
  const bool want_samples_, want_progress_;
  mutable std::mutex mutex_;
  std::condition_variable something_;
  Batch waiting_;
  bool anything_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace wirestamp::cli
