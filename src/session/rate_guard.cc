// SPDX-License-Identifier: Apache-2.0
#include "session/rate_guard.h"

#include <algorithm>
#include <utility>

#include "session/limits.h"

namespace wirestamp::session {

namespace {
// With fewer probes a single lost one would decide.
constexpr std::uint64_t kFewestJudged = 5;
constexpr std::uint64_t kOneIn = 5;  // lost: 20 %
}  // namespace

//= RFC8762:load-estimated
bool RateGuard::applies(const packet::IpAddress& to, Duration interval, unsigned flows) {
  const bool own = to.is_private() || to.is_link_local() || to.is_loopback();
  return !own && interval < kBackOffInterval * flows;
}

RateGuard::RateGuard(const RateGuardOptions& options) : options_(options), random_(options.seed) {}

std::optional<RateGuard::Change> RateGuard::on_time(MonoTime now, std::uint64_t next_probe) {
  if (nearly_stopped_) return std::nullopt;
  if (unanswered_since_ && now - *unanswered_since_ >= kNearlyStopAfter) {
    nearly_stopped_ = true;
    factor_ = kMostBackOff;  // six periods of it
    good_ = 0;
    just_raised_ = false;
    period_.reset();
    return Change{.kind = Change::Kind::NearlyStopped};
  }
  if (!period_) period_ = Period{.began = now, .first = next_probe, .end = {}, .collected = {}};
  if (!period_->collected && now - period_->began >= kBackOffPeriod) {
    period_->end = next_probe;
    period_->collected = now;
  }
  if (!period_->collected || now - *period_->collected < options_.loss_after) return std::nullopt;
  const Period over = *period_;
  period_ = Period{.began = now, .first = next_probe, .end = {}, .collected = {}};
  return judge(over);
}

//= RFC8085:back-off
std::optional<RateGuard::Change> RateGuard::judge(const Period& period) {
  // Nothing left of what was to be sent: no silence of the path's.
  if (period.rounds > 0 && period.sent == 0) unanswered_since_.reset();
  if (period.sent < kFewestJudged) return std::nullopt;
  const std::uint64_t lost = period.sent - std::min(period.answered, period.sent);
  const bool was_raised = std::exchange(just_raised_, false);
  Change change{.kind = Change::Kind::Reduced,
                .sent = period.sent,
                .lost = lost,
                .marked = std::min(period.marked, period.sent - lost)};
  //= RFC8085:ecn-reacts
  if ((lost + change.marked) * kOneIn > period.sent) {
    good_ = 0;
    if (was_raised) good_wanted_ = std::min(good_wanted_ * 2, kMostGoodPeriods);
    const bool first = factor_ == 1;
    factor_ = std::min(factor_ * 2, kMostBackOff);
    return first ? std::optional(change) : std::nullopt;
  }
  if (was_raised || factor_ == 1) good_wanted_ = std::max(good_wanted_ / 2, 1U);
  if (factor_ == 1 || ++good_ < good_wanted_) return std::nullopt;
  good_ = 0;
  factor_ /= 2;
  just_raised_ = true;
  change.kind = Change::Kind::Restored;
  return factor_ == 1 ? std::optional(change) : std::nullopt;
}

// Of the next round, at the reduced rate.
bool RateGuard::is_turn(MonoTime due) {
  //= RFC8085:no-return-traffic
  if (nearly_stopped_) return due - *sent_ >= kNearlyStoppedGap * options_.flows;
  return options_.by_lot ? random_.below(factor_) == 0 : skipped_ >= factor_;
}

bool RateGuard::sends(MonoTime due) {
  ++skipped_;
  if (sent_ && reduced() && !is_turn(due)) return false;
  skipped_ = 0;
  sent_ = due;
  if (period_ && !period_->end) ++period_->rounds;
  return true;
}

void RateGuard::on_departure(std::uint64_t probe, MonoTime at) {
  if (!unanswered_since_) unanswered_since_ = at;
  if (period_ && period_->contains(probe)) ++period_->sent;
}

void RateGuard::on_answer(std::uint64_t probe, bool marked) {
  if (!period_ || !period_->contains(probe)) return;
  ++period_->answered;
  if (marked) ++period_->marked;
}

void RateGuard::on_sign_of_life() {
  unanswered_since_.reset();
  nearly_stopped_ = false;
}

void RateGuard::restart() {
  period_.reset();
  unanswered_since_.reset();
  sent_.reset();
}

}  // namespace wirestamp::session
