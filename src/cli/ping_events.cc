// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_events.h"

#include <utility>

#include "measure/delay.h"

namespace wirestamp::cli {

class PingEvents::Observer final : public agent::PingObserver {
 public:
  Observer(PingEvents& events, std::size_t measurement)
      : events_(events), measurement_(measurement) {}

  void on_start(const agent::PingStart& start) override {
    events_.tell(measurement_, [&](Batch& waiting) { waiting.start = start; });
  }

  void on_sample(const measure::Sample& sample) override {
    if (events_.wanted_.points && !sample.burst) events_.add_point(measurement_, sample);
    if (!events_.wanted_.samples) return;
    events_.tell(measurement_, [&](Batch& waiting) {
      if (events_.samples_waiting_ == kMaxSamples) {
        ++events_.dropped_[measurement_];
        return;
      }
      ++events_.samples_waiting_;
      waiting.samples.push_back(sample);
    });
  }

  bool wants_progress() const override { return events_.wanted_.progress; }

  void on_progress(const measure::Summary& summary, const measure::Sample* last,
                   const measure::EchoSummary* echo) override {
    events_.tell(measurement_, [&](Batch& waiting) {
      waiting.progress = Progress{summary, last != nullptr ? std::optional(*last) : std::nullopt,
                                  echo != nullptr ? std::optional(*echo) : std::nullopt};
    });
  }

  void on_note(const std::string& note) override {
    events_.tell(measurement_, [&](Batch& waiting) {
      if (waiting.notes.size() < kMaxNotes) waiting.notes.push_back(note);
    });
  }

  // What does not fit here is in the result at the end all the same.
  void on_event(const measure::Event& event) override {
    events_.tell(measurement_, [&](Batch& waiting) {
      if (waiting.events.size() < kMaxNotes) waiting.events.push_back(event);
    });
  }

 private:
  PingEvents& events_;
  const std::size_t measurement_;
};

PingEvents::PingEvents(std::size_t measurements, Wanted wanted)
    : wanted_(wanted), waiting_(measurements), dropped_(measurements) {
  for (std::size_t i = 0; i < measurements; ++i)
    observers_.push_back(std::make_unique<Observer>(*this, i));
}

PingEvents::~PingEvents() = default;

agent::PingObserver& PingEvents::observer(std::size_t measurement) {
  return *observers_[measurement];
}

void PingEvents::end(std::size_t measurement) {
  tell(measurement, [](Batch& waiting) { waiting.ended = true; });
}

// Nobody is woken for it: a screen is drawn so often, not for each probe.
void PingEvents::add_point(std::size_t measurement, const measure::Sample& sample) {
  const bool came =
      sample.outcome == measure::Outcome::Delivered || sample.outcome == measure::Outcome::Late;
  const Point point{.probe = sample.probe,
                    .flow = sample.flow,
                    .due = sample.scheduled_wall,
                    .outcome = sample.outcome,
                    .rtt = came ? measure::round_trip(sample) : std::nullopt};
  const std::lock_guard lock(mutex_);
  if (points_waiting_ == kMaxPoints) {
    ++points_dropped_;
    return;
  }
  ++points_waiting_;
  waiting_[measurement].points.push_back(point);
}

std::vector<PingEvents::Batch> PingEvents::take() {
  std::unique_lock lock(mutex_);
  something_.wait(lock, [this] { return anything_; });
  return take_locked();
}

std::vector<PingEvents::Batch> PingEvents::take_now() {
  const std::lock_guard lock(mutex_);
  return take_locked();
}

std::vector<PingEvents::Batch> PingEvents::take_locked() {
  anything_ = false;
  samples_waiting_ = points_waiting_ = 0;
  return std::exchange(waiting_, std::vector<Batch>(observers_.size()));
}

std::uint64_t PingEvents::samples_dropped(std::size_t measurement) const {
  const std::lock_guard lock(mutex_);
  return dropped_[measurement];
}

std::uint64_t PingEvents::points_dropped() const {
  const std::lock_guard lock(mutex_);
  return points_dropped_;
}

}  // namespace wirestamp::cli
