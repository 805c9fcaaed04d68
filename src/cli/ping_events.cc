// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_events.h"

#include <utility>

namespace wirestamp::cli {

void PingEvents::on_start(const agent::PingStart& start) {
  const std::lock_guard lock(mutex_);
  waiting_.start = start;
  anything_ = true;
  something_.notify_one();
}

void PingEvents::on_sample(const measure::Sample& sample) {
  if (!want_samples_) return;
  const std::lock_guard lock(mutex_);
  if (waiting_.samples.size() == kMaxSamples) {
    ++dropped_;
    return;
  }
  waiting_.samples.push_back(sample);
  anything_ = true;
  something_.notify_one();
}

void PingEvents::on_progress(const measure::Summary& summary, const measure::Sample* last,
                             const measure::EchoSummary* echo) {
  const std::lock_guard lock(mutex_);
  waiting_.progress = Progress{summary, last != nullptr ? std::optional(*last) : std::nullopt,
                               echo != nullptr ? std::optional(*echo) : std::nullopt};
  anything_ = true;
  something_.notify_one();
}

void PingEvents::on_note(const std::string& note) {
  const std::lock_guard lock(mutex_);
  if (waiting_.notes.size() < kMaxNotes) waiting_.notes.push_back(note);
  anything_ = true;
  something_.notify_one();
}

// What does not fit here is in the result at the end all the same.
void PingEvents::on_event(const measure::Event& event) {
  const std::lock_guard lock(mutex_);
  if (waiting_.events.size() < kMaxNotes) waiting_.events.push_back(event);
  anything_ = true;
  something_.notify_one();
}

void PingEvents::end() {
  const std::lock_guard lock(mutex_);
  waiting_.ended = anything_ = true;
  something_.notify_one();
}

PingEvents::Batch PingEvents::take() {
  std::unique_lock lock(mutex_);
  something_.wait(lock, [this] { return anything_; });
  anything_ = false;
  return std::exchange(waiting_, {});
}

std::uint64_t PingEvents::samples_dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace wirestamp::cli
