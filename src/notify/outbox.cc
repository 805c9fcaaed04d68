// SPDX-License-Identifier: Apache-2.0
#include "notify/outbox.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace wirestamp::notify {

bool Outbox::fits(const Message& message) const {
  return waiting_.size() < limits_.messages && octets_ + message.body.size() <= limits_.octets;
}

// Drops one message; false when none is worth less than the new one.
bool Outbox::make_room(const Message& message) {
  const auto droppable = [this](auto entry) { return !under_way_ || *under_way_ != entry; };
  for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
    const std::uint64_t incident = entry->message->incident;
    if (incident == 0 || !droppable(entry)) continue;
    const bool newer = incident == message.incident ||
                       std::any_of(std::next(entry), waiting_.end(), [&](const Waiting& other) {
                         return other.message->incident == incident;
                       });
    if (!newer) continue;
    erase(entry);
    return true;
  }
  if (message.incident == 0) return false;
  for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
    if (entry->message->incident != 0 || !droppable(entry)) continue;
    erase(entry);
    return true;
  }
  return false;
}

void Outbox::erase(std::list<Waiting>::iterator entry) {
  octets_ -= entry->message->body.size();
  waiting_.erase(entry);
}

void Outbox::push(std::shared_ptr<const Message> message) {
  while (!fits(*message)) {
    ++status_.dropped;
    if (message->body.size() > limits_.octets || !make_room(*message)) return;
  }
  octets_ += message->body.size();
  waiting_.push_back({.message = std::move(message)});
}

std::optional<MonoTime> Outbox::due() const {
  if (under_way_ || waiting_.empty()) return std::nullopt;
  return not_before_.value_or(waiting_.front().message->accepted);
}

void Outbox::drop_old(MonoTime now) {
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    const auto next = std::next(entry);
    if (now - entry->message->accepted > limits_.keep || entry->attempts >= limits_.attempts) {
      erase(entry);
      ++status_.given_up;
    }
    entry = next;
  }
}

std::shared_ptr<const Message> Outbox::begin(MonoTime now) {
  if (under_way_ || (not_before_ && now < *not_before_)) return nullptr;
  drop_old(now);
  if (waiting_.empty()) return nullptr;
  auto chosen = std::ranges::find_if(
      waiting_, [](const Waiting& entry) { return entry.refused < kAttemptsInFront; });
  if (chosen == waiting_.end()) {
    // Each had its turns: they take them one after the other now.
    chosen = std::ranges::min_element(waiting_, {}, &Waiting::refused);
  }
  under_way_ = chosen;
  ++chosen->attempts;
  return chosen->message;
}

bool Outbox::finish(const Answer& answer, MonoTime now) {
  CHECK(under_way_.has_value());
  const auto entry = *std::exchange(under_way_, std::nullopt);
  const bool was_failing = status_.failing;
  const Verdict verdict = judge(answer);
  if (verdict == Verdict::Delivered) {
    ++status_.delivered;
    status_.failing = false;
    not_before_.reset();
    backoff_.succeeded();
    erase(entry);
    return was_failing;
  }
  ++status_.failed;
  status_.failing = true;
  status_.last_error = describe(answer);
  not_before_ = now + backoff_.failed(answer.retry_after);
  if (verdict == Verdict::Refused) ++entry->refused;
  if (verdict == Verdict::GivenUp) {
    ++status_.given_up;
    erase(entry);
  }
  drop_old(now);
  return !was_failing;
}

OutboxStatus Outbox::status() const {
  OutboxStatus status = status_;
  status.pending = waiting_.size();
  return status;
}

}  // namespace wirestamp::notify
