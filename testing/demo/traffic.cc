// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <algorithm>

#include "measure/delay.h"
#include "way.h"

namespace wirestamp::demo {

using measure::Outcome;

namespace {

constexpr Duration kLook = Duration::seconds(10);  // conditions are asked for so often
// When this host was booted.
constexpr std::int64_t kBoot = 1'600'000'000'000'000'000;
constexpr std::uint8_t kSentHopLimit = 255;

MonoTime mono_of(WallTime wall) { return MonoTime::from_ns(wall.ns() - kBoot); }

Duration microseconds(double us) {
  return Duration::nanoseconds(static_cast<std::int64_t>(us * 1e3));
}

}  // namespace

Traffic::Traffic(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed) {}

void Traffic::begin(WallTime time) {
  due_ = time + Duration::nanoseconds(static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(plan_.info.interval.ns()))));
  looked_ = WallTime();
  standing_ = {};
  standing_.port = plan_.fixed_port;
  if (plan_.policy == session::PortPolicy::Dynamic)
    standing_.port =
        plan_.first_port.value_or(static_cast<std::uint16_t>(32'768 + random_.below(28'232)));
  arrivals_ = 0;
  last_rtt_.reset();
  script_.reset();
  while (next_story_ < plan_.stories.size() && plan_.stories[next_story_].from < time)
    ++next_story_;
  Story first{.from = due_, .length = Duration::seconds(3), .field = {}};
  first.field.options.tells_up = true;
  play(first);
}

void Traffic::play(const Story& story) {
  script_ = run_story(plan_, story, standing_, random_.next());
  script_from_ = story.from;
  script_at_ = 0;
  standing_ = script_->after;
  for (const measure::Event& event : script_->events) events_.push_back(event);
}

void Traffic::begin_due_story(WallTime to) {
  if (script_ || next_story_ == plan_.stories.size()) return;
  const Story& story = plan_.stories[next_story_];
  if (due_ < story.from || due_ >= to) return;
  ++next_story_;
  Story placed = story;
  placed.from = due_;
  play(placed);
}

std::vector<measure::Event> Traffic::events(WallTime to) {
  std::vector<measure::Event> told;
  while (!events_.empty() && events_.front().wall < to) {
    told.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  return told;
}

void Traffic::look_at(WallTime time) {
  if (looked_ != WallTime() && time - looked_ < kLook) return;
  looked_ = WallTime::from_ns(time.ns() - time.ns() % kLook.ns());
  now_ = plan_.usual;
  if (plan_.weather) plan_.weather(looked_, now_);
}

const measure::Sample* Traffic::next(WallTime to) {
  begin_due_story(to);
  if (script_) {
    if (const measure::Sample* sample = next_of_script(to)) return sample;
    if (script_) return nullptr;
  }
  if (due_ >= to) return nullptr;
  look_at(due_);
  sample_ = {};
  sample_.probe = standing_.next_probe++;
  sample_.sequence = static_cast<std::uint32_t>(sample_.probe);
  sample_.flow = standing_.flow;
  scheduled(due_);
  if (chance() < now_.forward.loss)
    lose(Outcome::LostForward);
  else if (chance() < now_.backward.loss)
    lose(Outcome::LostBackward);
  else
    answer(false);
  due_ += plan_.info.interval;
  return &sample_;
}

// What becomes of a probe is the script's, how long it takes is not.
const measure::Sample* Traffic::next_of_script(WallTime to) {
  if (script_at_ == script_->probes.size()) {
    script_.reset();
    return nullptr;
  }
  const WallTime due = script_from_ + (script_->probes[script_at_].scheduled - MonoTime());
  if (due >= to) return nullptr;
  look_at(due);
  sample_ = script_->probes[script_at_++];
  const bool left = left_this_host(sample_.outcome);
  scheduled(due);
  if (sample_.outcome == Outcome::Delivered && chance() < now_.forward.loss)
    lose(Outcome::LostForward);
  else if (sample_.outcome == Outcome::Delivered && chance() < now_.backward.loss)
    lose(Outcome::LostBackward);
  else if (sample_.outcome == Outcome::Delivered)
    answer(true);
  else if (left)
    lose(sample_.outcome);
  else
    sample_.sender_user = sample_.sender_tx = std::nullopt;
  if (!sample_.burst) due_ = due + plan_.info.interval;
  return &sample_;
}

void Traffic::scheduled(WallTime due) {
  sample_.scheduled = mono_of(due);
  sample_.scheduled_wall = due;
  sample_.size = 148;
  sample_.interface = 2;
  sample_.sent = {.traffic_class = static_cast<std::uint8_t>(plan_.info.dscp << 2U),
                  .hop_limit = kSentHopLimit};
  sample_.rate_error_ppb = now_.here_error ? 10 : 50'000;
  sample_.sender_clock_error = now_.here_error;
  sample_.reflector_clock_error = now_.there_error;
}

void Traffic::lose(Outcome outcome) {
  sample_.outcome = outcome;
  sample_.arrival_index = 0;
  const double late_us = 52 + 2.5 * exponential(random_);
  const WallTime due = sample_.scheduled_wall + microseconds(now_.here_ahead_us);
  const auto at = [&](double us, StampSource source, Duration error) {
    return Timestamp{.wall = due + microseconds(us),
                     .mono = sample_.scheduled + microseconds(us),
                     .error = error,
                     .source = source};
  };
  sample_.sender_user = at(late_us, StampSource::User, kUserStampError);
  sample_.sender_tx = at(late_us + 12, plan_.here, plan_.here_stamp_error);
  sample_.reflector_rx = sample_.reflector_tx = sample_.sender_rx = std::nullopt;
  sample_.reflector_sequence.reset();
  sample_.seen_traffic_class.reset();
  sample_.seen_hop_limit.reset();
  sample_.returned.reset();
}

void Traffic::answer(bool scripted) {
  const auto seen_class = sample_.seen_traffic_class;
  const auto seen_hops = sample_.seen_hop_limit;
  const auto returned = sample_.returned;
  const auto reflector_sequence = sample_.reflector_sequence;
  lose(Outcome::Delivered);
  const double there_us = delay_us(now_.forward, random_),
               back_us = delay_us(now_.backward, random_);
  const double residence_us = plan_.residence_us * (0.96 + 0.04 * exponential(random_));
  // Stamps of the far end, on its clock.
  const WallTime left = sample_.sender_tx->wall - microseconds(now_.here_ahead_us);
  const WallTime reached = left + microseconds(there_us);
  const WallTime answered = reached + microseconds(residence_us);
  const auto far = [&](WallTime wall) {
    return Timestamp{.wall = wall + microseconds(now_.there_ahead_us),
                     .mono = std::nullopt,
                     .error = plan_.there_stamp_error,
                     .source = plan_.there};
  };
  sample_.reflector_rx = far(reached);
  sample_.reflector_tx = far(answered);
  const Duration after = microseconds(there_us + residence_us + back_us);
  sample_.sender_rx = Timestamp{.wall = sample_.sender_tx->wall + after,
                                .mono = *sample_.sender_tx->mono + after,
                                .error = plan_.here_stamp_error,
                                .source = plan_.here};
  sample_.clock_step = now_.clock_steps;
  sample_.reflector_sequence = scripted ? reflector_sequence : sample_.sequence;
  sample_.reflector_first_sequence = sample_.reflector_sequence;
  sample_.seen_traffic_class = scripted ? seen_class : sample_.sent.traffic_class;
  sample_.seen_hop_limit = scripted ? seen_hops : now_.hop_limit;
  sample_.returned = scripted ? returned
                              : measure::Marks{.traffic_class = sample_.sent.traffic_class,
                                               .hop_limit = now_.hop_limit};
  sample_.arrival_index = ++arrivals_;
}

// As agent::SecondWindows has it: of neighbours in one flow.
std::optional<Duration> Traffic::vary(const measure::Sample& sample) {
  if (sample.burst) return std::nullopt;
  std::optional<Duration> rtt;
  if (sample.outcome == Outcome::Delivered) rtt = measure::round_trip(sample);
  std::optional<Duration> difference;
  if (rtt && last_rtt_ && sample.flow == last_flow_) difference = abs(*rtt - *last_rtt_);
  last_rtt_ = rtt;
  last_flow_ = sample.flow;
  return difference;
}

}  // namespace wirestamp::demo
