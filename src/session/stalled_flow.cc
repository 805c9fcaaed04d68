// SPDX-License-Identifier: Apache-2.0
#include "session/stalled_flow.h"

#include <algorithm>
#include <array>

namespace wirestamp::session {

namespace {
// One above each common time-out of a middlebox: 15, 30, 60, 120, 180, 300 and 600 s.
constexpr std::array kGaps{20, 35, 65, 125, 185, 305, 605};
constexpr std::array kPauses{35, 65, 125, 185, 305};
}  // namespace

Duration StalledFlow::gap() const {
  return Duration::seconds(kGaps[std::min(gap_index_, kGaps.size() - 1)]);
}

std::optional<MonoTime> StalledFlow::next() const {
  if (healed()) return std::nullopt;
  if (awaiting_since_) return *awaiting_since_ + kAnswerWait;
  if (next_answer_try_) return next_answer_try_;
  if (gap_index_ >= kGaps.size() && !repeat_) return std::nullopt;
  return std::max(last_packet_ + gap(), not_before_.value_or(last_packet_));
}

void StalledFlow::on_try(MonoTime now) {
  tried_gap_ = now - last_packet_ + slept_;
  slept_ = Duration();
  last_packet_ = now;
  awaiting_since_ = now;
  next_answer_try_.reset();
}

void StalledFlow::on_answer(MonoTime now) {
  if (!awaiting_since_) return;
  awaiting_since_.reset();
  if (!ever_answered_ && failed_gap_ < tried_gap_)
    timeout_ = Timeout{.above = failed_gap_, .at_most = tried_gap_};
  ever_answered_ = true;
  ++answers_;
  next_answer_try_ = now + kAnswerGap;
}

void StalledFlow::on_suspend(Duration lasting) {
  slept_ += lasting;
  awaiting_since_.reset();
}

void StalledFlow::on_time(MonoTime now) {
  if (!awaiting_since_ || now < *awaiting_since_ + kAnswerWait) return;
  awaiting_since_.reset();
  // One answer and then silence: stalled anew, or a lossy path. The gap stays.
  if (answers_ == 0) {
    failed_gap_ = std::max(failed_gap_, tried_gap_);
    ++gap_index_;
  }
  answers_ = 0;
}

Duration HealingPauses::next() const {
  return Duration::seconds(kPauses[std::min(count_, kPauses.size() - 1)]);
}

void HealingPauses::begin(MonoTime now) {
  before_ = std::max(before_, current_);
  current_ = next();
  slept_after_ = Duration();
  ++count_;
  until_ = now + current_;
}

}  // namespace wirestamp::session
