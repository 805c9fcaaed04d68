// SPDX-License-Identifier: Apache-2.0
//
// The month. Each session is a function: what its path is like, and what happens to it. Times of
// day are UTC; docs/demo.md tells what there is to be found.
#include "plan.h"

#include <algorithm>
#include <utility>

#include "others.h"
#include "weather.h"

namespace wirestamp::demo {

namespace {

constexpr Duration kBefore = Duration::minutes(15), kAfter = Duration::minutes(40);

struct Span {
  WallTime from, to;
  bool covers(WallTime time) const { return from <= time && time < to; }
};

// Where the sessions are written.
class Author {
 public:
  Author(Month& month, std::uint64_t seed) : month_(month), seed_(seed) {}

  void office_vpn();
  void dc_pair();
  void branch_5g();
  void transatlantic();
  void voip();
  void customer_link();
  void branch_west();
  void lab();
  void old_hq();

  // So long before the day of the end; always before the end when `days` is above 0.
  WallTime at(int days, int hour, int minute, int second = 0) const {
    return day_of(month_.until) - kDay * days + Duration::hours(hour) + Duration::minutes(minute) +
           Duration::seconds(second);
  }

 private:
  Plan& add(const char* name, const char* host, const char* peer);
  // Judged by ten seconds.
  static void watch_closely(Plan& plan, std::vector<Span> spans);
  // Leaves out what does not lie in the month.
  void tell(Plan& plan, WallTime from, Duration length, simulation::FieldScenario field) const;

  Month& month_;
  std::uint64_t seed_;
};

Plan& Author::add(const char* name, const char* host, const char* peer) {
  Plan plan;
  plan.info = {
      .name = name, .host = host, .interval = Duration::milliseconds(500), .dscp = 0, .peer = peer};
  plan.local = "192.0.2.10";
  plan.usual.here_error = Duration::microseconds(15);
  plan.usual.there_error = Duration::microseconds(800);
  month_.plans.push_back(std::move(plan));
  return month_.plans.back();
}

void Author::watch_closely(Plan& plan, std::vector<Span> spans) {
  for (const Story& story : plan.stories)
    spans.push_back({.from = story.from - kBefore, .to = story.from + story.length + kAfter});
  plan.eventful = [spans = std::move(spans), before = plan.eventful](WallTime time) {
    return (before && before(time)) ||
           std::ranges::any_of(spans, [time](const Span& span) { return span.covers(time); });
  };
}

void Author::tell(Plan& plan, WallTime from, Duration length,
                  simulation::FieldScenario field) const {
  if (from < month_.from + kAfter || from + length > month_.until) return;
  plan.stories.push_back({.from = from, .length = length, .field = std::move(field)});
}

// A firewall on the way forgets what belongs to the flow, or rather does not: the entry is stale,
// and lives on each probe. The session goes on over a new port, and finds how long it lives.
void Author::office_vpn() {
  Plan& plan = add("office-vpn", "vpn.example.net", "198.51.100.7:23999");
  plan.info.interval = Duration::seconds(1);
  plan.routers = {"192.0.2.1", "192.0.2.254", "203.0.113.129", "198.51.100.1", "198.51.100.5"};
  plan.policy = session::PortPolicy::Auto;
  plan.usual.forward = {
      .base_us = 8'800, .spread_us = 110, .tail = 0.004, .tail_us = 1'400, .loss = 8e-5};
  plan.usual.backward = {
      .base_us = 9'450, .spread_us = 130, .tail = 0.004, .tail_us = 1'400, .loss = 8e-5};
  plan.weather = [seed = seed_](WallTime time, Conditions& now) {
    const double work = is_working_day(time) ? bump(hour_of_day(time), 6.5, 18) : 0;
    for (Way* way : {&now.forward, &now.backward}) {
      way->spread_us *= 1 + 2.5 * work * wander(seed + 1, time, Duration::minutes(20));
      way->tail *= 1 + 6 * work;
    }
  };
  simulation::FieldScenario stall;
  stall.routers_before = 2;
  stall.stalls = {{Duration::seconds(37), Duration::seconds(300)}};
  tell(plan, at(3, 10, 42, 10), Duration::minutes(30), stall);
  watch_closely(plan, {});
}

// Two hosts of a data centre that know the time well. Backups run at night, and once the far end
// was restarted: its host said that nobody listens.
void Author::dc_pair() {
  Plan& plan = add("dc-east-west", "dc-west-1.example.net", "198.51.100.130:23999");
  plan.here = plan.there = StampSource::Hardware;
  plan.here_stamp_error = plan.there_stamp_error = Duration::nanoseconds(60);
  plan.residence_us = 9;
  plan.usual.there_error = Duration::microseconds(4);
  plan.usual.hop_limit = 252;
  plan.usual.forward = {.base_us = 78, .spread_us = 1.6, .tail = 0.001, .tail_us = 30, .loss = 0};
  plan.usual.backward = {.base_us = 79, .spread_us = 1.6, .tail = 0.001, .tail_us = 30, .loss = 0};
  plan.weather = [](WallTime time, Conditions& now) {
    const double backup = bump(hour_of_day(time), 1, 1.75);
    now.forward.spread_us += 45 * backup;
    now.forward.tail += 0.1 * backup;
    now.forward.tail_us += 250 * backup;
  };
  simulation::FieldScenario restart;
  restart.closed = {{Duration::seconds(30), Duration::seconds(95)}};
  restart.restarts = {Duration::seconds(125)};
  tell(plan, at(6, 23, 30, 5), Duration::minutes(6), restart);
  watch_closely(plan, {});
}

// Everybody is at home in the evening: queues fill, mostly towards us.
void Author::branch_5g() {
  Plan& plan = add("branch-5g", "cpe-4711.mobile.example.net", "203.0.113.47:23999");
  plan.info.interval = Duration::seconds(1);
  plan.usual.there_error = Duration::milliseconds(3);
  plan.usual.hop_limit = 246;
  plan.usual.forward = {
      .base_us = 13'500, .spread_us = 2'600, .tail = 0.01, .tail_us = 18'000, .loss = 6e-4};
  plan.usual.backward = {
      .base_us = 11'000, .spread_us = 2'100, .tail = 0.02, .tail_us = 14'000, .loss = 6e-4};
  plan.weather = [seed = seed_](WallTime time, Conditions& now) {
    const bool weekend = !is_working_day(time);
    const double today = (weekend ? 0.7 : 0.2) + 0.45 * wander(seed + 2, day_of(time), kDay);
    const double full = bump(hour_of_day(time), 18.5, 23.2) * today;
    const double queue = full * (0.75 + 0.5 * wander(seed + 3, time, Duration::minutes(4)));
    now.backward.base_us += 62'000 * queue;
    now.backward.spread_us += 17'000 * queue;
    now.backward.loss += 0.045 * queue * queue;
    now.forward.base_us += 14'000 * queue;
    now.forward.spread_us += 6'000 * queue;
    now.forward.loss += 0.008 * queue * queue;
  };
  plan.eventful = [](WallTime time) { return hour_of_day(time) >= 18.25; };
  watch_closely(plan, {});
}

// Twice the packets go another way: for some hours over another continent, and for good.
void Author::transatlantic() {
  Plan& plan = add("transatlantic", "nyc1.example.com", "203.0.113.201:23999");
  plan.info.interval = Duration::seconds(1);
  plan.usual.forward = {
      .base_us = 41'200, .spread_us = 70, .tail = 0.002, .tail_us = 3'000, .loss = 1.2e-4};
  plan.usual.backward = {
      .base_us = 40'900, .spread_us = 70, .tail = 0.002, .tail_us = 3'000, .loss = 1.2e-4};
  const Span detour{.from = at(12, 3, 17, 40), .to = at(12, 6, 40, 0)};
  const WallTime for_good = at(5, 4, 2, 30);
  plan.weather = [detour, for_good](WallTime time, Conditions& now) {
    if (detour.covers(time))
      for (Way* way : {&now.forward, &now.backward}) {
        way->base_us += 31'000;
        way->spread_us *= 3;
      }
    if (time < for_good) return;
    now.forward.base_us += 1'900;
    now.backward.base_us += 1'900;
    now.hop_limit = 248;
  };
  const Duration lead = Duration::seconds(60);
  simulation::FieldScenario away;
  away.longer = {{lead, detour.to - detour.from}};
  tell(plan, detour.from - lead, detour.to - detour.from + Duration::minutes(5), away);
  simulation::FieldScenario moved;
  moved.longer = {{lead, Duration::hours(1)}};
  tell(plan, for_good - lead, Duration::minutes(5), moved);
  watch_closely(plan, {});
}

// Voice. A router on the way forgot that its packets go first.
void Author::voip() {
  Plan& plan = add("voip-berlin", "sbc-ber.example.net", "198.51.100.61:23999");
  plan.info.interval = Duration::seconds(1);
  plan.info.dscp = 46;
  plan.policy = session::PortPolicy::Fixed;
  plan.fixed_port = 40'002;
  plan.usual.forward = {
      .base_us = 6'050, .spread_us = 35, .tail = 0.001, .tail_us = 500, .loss = 1e-5};
  plan.usual.backward = {
      .base_us = 6'150, .spread_us = 35, .tail = 0.001, .tail_us = 500, .loss = 1e-5};
  const Span best_effort{.from = at(4, 13, 5, 20), .to = at(4, 15, 48, 0)};
  plan.weather = [best_effort](WallTime time, Conditions& now) {
    if (!best_effort.covers(time)) return;
    now.forward.base_us += 900;
    now.forward.spread_us += 5'500;
    now.forward.tail = 0.06;
    now.forward.tail_us = 9'000;
    now.forward.loss += 0.009;
  };
  const Duration lead = Duration::seconds(60), length = best_effort.to - best_effort.from;
  simulation::FieldScenario remarked;
  remarked.remarked = {{lead, length}};
  tell(plan, best_effort.from - lead, length + Duration::minutes(4), remarked);
  watch_closely(plan, {});
}

// Behind the third router nothing passed.
void Author::customer_link() {
  Plan& plan = add("customer-link", "ce1.example.org", "203.0.113.99:23999");
  plan.info.interval = Duration::seconds(2);
  plan.routers = {"192.0.2.1", "192.0.2.254", "203.0.113.1", "203.0.113.17", "203.0.113.98"};
  plan.usual.forward = {
      .base_us = 3'400, .spread_us = 45, .tail = 0.002, .tail_us = 900, .loss = 3e-5};
  plan.usual.backward = {
      .base_us = 3'500, .spread_us = 45, .tail = 0.002, .tail_us = 900, .loss = 3e-5};
  simulation::FieldScenario down;
  down.routers_before = 3;
  down.down = {{Duration::seconds(45), Duration::seconds(23 * 60 + 40)}};
  tell(plan, at(1, 22, 13, 20), Duration::minutes(32), down);
  watch_closely(plan, {});
}

// IPv6. What is lost is lost on the way there: a policer, eight days ago for some hours and now,
// where it goes on for a while.
void Author::branch_west() {
  Plan& plan = add("branch-west", "branch-west.example.net", "[2001:db8:77::20]:23999");
  plan.info.interval = Duration::seconds(1);
  plan.local = "[2001:db8:1::10]";
  plan.usual.forward = {
      .base_us = 22'300, .spread_us = 160, .tail = 0.003, .tail_us = 2'000, .loss = 2e-4};
  plan.usual.backward = {
      .base_us = 17'600, .spread_us = 120, .tail = 0.003, .tail_us = 2'000, .loss = 1e-4};
  const Span then{.from = at(8, 9, 20), .to = at(8, 15, 10)};
  const Span now_too{.from = month_.until - Duration::minutes(50),
                     .to = month_.until + Duration::minutes(45)};
  plan.weather = [then, now_too](WallTime time, Conditions& now) {
    if (then.covers(time)) now.forward.loss += 0.075;
    if (now_too.covers(time)) now.forward.loss += 0.085;
  };
  watch_closely(plan, {{.from = then.from - kBefore, .to = then.to + kAfter}});
}

// A host whose clock nobody looks after: it runs behind, and is set now and then.
void Author::lab() {
  Plan& plan = add("lab-3", "lab-3.example.net", "198.51.100.200:23999");
  plan.info.interval = Duration::seconds(2);
  plan.live = false;  // this host's reflector has this host's clock
  plan.there = StampSource::User;
  plan.there_stamp_error = kUserStampError;
  plan.residence_us = 90;
  plan.usual.there_error = std::nullopt;
  plan.usual.forward = {
      .base_us = 1'900, .spread_us = 90, .tail = 0.01, .tail_us = 900, .loss = 1e-4};
  plan.usual.backward = {
      .base_us = 1'900, .spread_us = 90, .tail = 0.01, .tail_us = 900, .loss = 1e-4};
  plan.weather = [set = at(7, 9, 0)](WallTime time, Conditions& now) {
    const double days = (time - set).to_seconds() / kDay.to_seconds();
    now.there_ahead_us = -11'000 * (days < 0 ? days + 24 : days) - 1'500;
  };
}

// It was taken out of the configuration nine days ago; what was measured is still there. One of
// the four paths to it was broken once.
void Author::old_hq() {
  Plan& plan = add("hq-old", "hq-old.example.net", "203.0.113.15:23999");
  plan.info.interval = Duration::seconds(2);
  plan.first_port = 41'206;  // of those that the bad path takes: 2 modulo 4
  plan.routers = {"192.0.2.1", "192.0.2.254", "203.0.113.1", "203.0.113.9", "203.0.113.14"};
  plan.live = false;
  plan.until = at(9, 16, 0);
  plan.usual.forward = {
      .base_us = 15'200, .spread_us = 400, .tail = 0.01, .tail_us = 5'000, .loss = 9e-4};
  plan.usual.backward = {
      .base_us = 15'600, .spread_us = 400, .tail = 0.01, .tail_us = 5'000, .loss = 9e-4};
  simulation::FieldScenario bad_path;
  bad_path.routers_before = 3;
  bad_path.bad_path = {{Duration::seconds(50), Duration::minutes(14)}};
  tell(plan, at(15, 14, 28, 0), Duration::minutes(25), bad_path);
  watch_closely(plan, {});
}

// This host's clock is that of all of them.
void add_clock(Month& month) {
  for (Plan& plan : month.plans)
    plan.weather = [lost = month.clock_lost, set = month.clock_set,
                    before = std::move(plan.weather)](WallTime time, Conditions& now) {
      if (before) before(time, now);
      if (!lost || time < *lost || time > *set) return;
      const Duration behind = ClockLoss::behind(time - *lost);
      now.here_ahead_us = -behind.to_seconds() * 1e6;
      now.here_error = Duration::microseconds(15) +
                       Duration::nanoseconds(static_cast<std::int64_t>(
                           static_cast<double>((time - *lost).ns()) * ClockLoss::kErrorGrows));
      now.clock_steps = *set - time < Duration::seconds(10);
    };
}

}  // namespace

Month plan_month(const MonthOptions& options) {
  Month month;
  constexpr std::int64_t kMinute = Duration::minutes(1).ns();
  month.until = WallTime::from_ns(options.until.ns() - options.until.ns() % kMinute);
  month.from = month.until - options.length;
  // Thresholds stand after a day: in the middle of a busy evening its incident would begin just
  // then.
  month.from = options.length < kDay
                   ? WallTime::from_ns(month.from.ns() - month.from.ns() % kMinute)
                   : day_of(month.from);
  Author author(month, options.seed);
  author.office_vpn();
  author.dc_pair();
  author.branch_5g();
  author.transatlantic();
  author.voip();
  author.customer_link();
  author.branch_west();
  author.lab();
  author.old_hq();
  std::erase_if(month.plans,
                [&](const Plan& plan) { return plan.until && *plan.until <= month.from; });
  add_sites(month, options.sites, options.seed);
  if (options.strange_names) add_strange_names(month);
  const Absence night{.from = author.at(17, 1, 40), .to = author.at(17, 6, 5)};
  if (night.from > month.from) month.absences.push_back(night);
  if (author.at(20, 20, 0) > month.from) {
    month.clock_lost = author.at(20, 20, 0);
    month.clock_set = author.at(19, 2, 30);
    add_clock(month);
  }
  return month;
}

}  // namespace wirestamp::demo
