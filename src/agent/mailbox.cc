// SPDX-License-Identifier: Apache-2.0
#include "agent/mailbox.h"

#include <chrono>
#include <utility>

namespace wirestamp::agent {

void Mailbox::put(Item item, bool urgent) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() - samples_ >= (urgent ? kMostItems : kMostFigures)) {
    ++dropped_.items;
    return;
  }
  waiting_.push_back(std::move(item));
  if (!urgent) return;
  urgent_ = true;
  something_.notify_one();
}

void Mailbox::put_sample(Item item) {
  const std::lock_guard lock(mutex_);
  if (samples_ >= kMostSamples) {
    ++dropped_.samples;
    return;
  }
  ++samples_;
  waiting_.push_back(std::move(item));
}

void Mailbox::on_sample(std::uint32_t session, const measure::Sample& sample) {
  put_sample(Decided{session, std::make_unique<const measure::Sample>(sample)});
}

void Mailbox::on_reply(std::uint32_t session, const measure::Sample& sample) {
  if (!replies_wanted_.load(std::memory_order_relaxed)) return;
  put_sample(Reply{session, std::make_unique<const measure::Sample>(sample)});
}

void Mailbox::on_counters(const ReflectCounters& counters) {
  const std::lock_guard lock(mutex_);
  counters_ = counters;
}

ReflectCounters Mailbox::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Mailbox::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  something_.notify_one();
}

std::vector<Mailbox::Item> Mailbox::take(Duration at_most) {
  std::unique_lock lock(mutex_);
  something_.wait_for(lock, std::chrono::nanoseconds(at_most.ns()),
                      [this] { return ended_ || urgent_; });
  samples_ = 0;
  urgent_ = false;
  return std::exchange(waiting_, {});
}

bool Mailbox::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_ && waiting_.empty();
}

Mailbox::Dropped Mailbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace wirestamp::agent
