// SPDX-License-Identifier: Apache-2.0
#include "cli/top_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/system_clock.h"

namespace wirestamp::cli {

namespace {

constexpr Duration kEvery = Duration::seconds(2), kRetry = Duration::seconds(2);
// A wrong token is refused more and more slowly.
constexpr Duration kRefusedAgain = Duration::seconds(10);
// Of a minute's resolution nothing changes sooner.
constexpr Duration kSparklinesEvery = Duration::seconds(30);
// Of an agent that cannot tell all at once.
constexpr std::size_t kMostAtOnce = 10;
constexpr Duration kHour = Duration::hours(1);
constexpr int kPoints = 60;

constexpr std::size_t kMostProbes = 200;
// Each session is asked for alone, and only until its first minute is decided.
constexpr Duration kFirstFiguresEvery = Duration::seconds(5);

// It is measured, and there are no figures of it yet.
bool begins(const client::Session& session) {
  return !session.minute && (session.state == "up" || session.state == "silent");
}

client::Sparkline made_of(const client::Windows& windows, std::string name, WallTime now) {
  client::Sparkline made{.name = std::move(name), .p50 = {}, .p99 = {}, .loss = {}};
  made.p50.resize(kPoints);
  made.p99.resize(kPoints);
  made.loss.resize(kPoints);
  for (const client::Figures& window : windows.windows) {
    const auto place = (window.begin - (now - kHour)) / (kHour / kPoints);
    if (place < 0 || place >= kPoints) continue;
    const auto i = static_cast<std::size_t>(place);
    made.p50[i] = window.p50;
    made.p99[i] = window.p99;
    made.loss[i] = window.loss;
  }
  return made;
}

}  // namespace

bool TopAsker::ask(const TopWish& wish, TopNews& news) {
  auto sessions = client::sessions(agent_);
  if (!sessions) {
    if (!news.problem) news.problem_since = clock_.now().wall;
    news.problem = sessions.error();
    return false;
  }
  news.sessions = *std::move(sessions);
  news.problem.reset();
  ask_detail(wish, news);
  ask_first_figures(wish, news);
  ask_sparklines(wish, news);
  return true;
}

bool TopAsker::ask_first_figures(const TopWish& wish, TopNews& news) {
  std::map<std::string, First> known;
  std::vector<client::Session*> due;
  const MonoTime now = clock_.mono_now();
  for (client::Session& session : *news.sessions) {
    if (!begins(session)) continue;
    const auto before = first_.find(session.name);
    if (before != first_.end()) known[session.name] = before->second;
    if (session.total)
      known[session.name] = {.asked = now, .figures = session.total};
    else if (before == first_.end() || now - before->second.asked >= kFirstFiguresEvery)
      due.push_back(&session);
  }
  first_ = std::move(known);
  // Of many each has its turn.
  std::ranges::stable_sort(due, {}, [&](const client::Session* one) {
    const auto before = first_.find(one->name);
    return std::pair(std::ranges::find(wish.visible, one->name) == wish.visible.end(),
                     before == first_.end() ? MonoTime() : before->second.asked);
  });
  bool more = due.size() > kMostAtOnce;
  if (more) due.resize(kMostAtOnce);
  for (const client::Session* session : due) {
    First& first = first_[session->name];
    first.asked = now;
    const auto whole = client::session(agent_, session->name);
    if (whole) {
      first.figures = whole->total;
    } else if (!whole.error().answered) {
      more = false;  // it went away: to wait for each of them would hold up the next turn
      break;
    }
  }
  for (client::Session& session : *news.sessions)
    if (const auto first = first_.find(session.name); first != first_.end())
      session.total = first->second.figures;
  return more;
}

void TopAsker::ask_sparklines(const TopWish& wish, TopNews& news) {
  const MonoTime now = clock_.mono_now();
  if (!sparklines_at_ || now - *sparklines_at_ >= kSparklinesEvery) {
    const auto all = client::sparklines(agent_);
    if (!all) return;
    sparklines_at_ = now;
    for (const client::Sparkline& one : all->sessions) news.sparklines[one.name] = one;
    if (all->known) {
      asked_.clear();
      for (const client::Sparkline& one : all->sessions) asked_[one.name] = now;
    }
  }
  std::size_t asked = 0;
  for (const std::string& name : wish.visible) {
    if (asked == kMostAtOnce) break;
    const auto before = asked_.find(name);
    if (before != asked_.end() && now - before->second < kSparklinesEvery * 2) continue;
    ++asked;
    const auto windows = client::windows(agent_, name, kHour, kHour / kPoints);
    asked_[name] = now;
    if (windows) news.sparklines[name] = made_of(*windows, name, clock_.now().wall);
  }
}

void TopAsker::ask_detail(const TopWish& wish, TopNews& news) {
  if (wish.session.empty()) {
    news.detail.reset();
    return;
  }
  TopNews::Detail detail{.wish = wish, .at = clock_.now().wall};
  const auto take = [&](auto asked, auto& into) {
    if (asked)
      into = *std::move(asked);
    else if (!detail.problem)
      detail.problem = asked.error();
  };
  client::Session session;
  session.name = wish.session;
  const auto here = std::ranges::find(*news.sessions, wish.session, &client::Session::name);
  if (here != news.sessions->end()) {
    if (auto whole = client::session(agent_, wish.session)) *here = *std::move(whole);
    session = *here;
  }
  take(client::windows(agent_, wish.session, wish.back, wish.step), detail.windows);
  take(client::flows(agent_, wish.session, wish.back), detail.flows);
  take(client::events(agent_, wish.session, wish.back), detail.events);
  take(client::incidents(agent_, wish.session, wish.back), detail.incidents);
  if (wish.probes) take(client::probes(agent_, session, kMostProbes), detail.probes);
  news.detail = std::move(detail);
}

TopFeed::TopFeed(std::unique_ptr<client::Fetch> agent, std::atomic<bool>& cancel,
                 std::function<void()> tell)
    : agent_(std::move(agent)),
      cancel_(cancel),
      tell_(std::move(tell)),
      thread_([this] { run(); }) {}

TopFeed::~TopFeed() {
  {
    const std::lock_guard lock(mutex_);
    cancel_.store(true);
  }
  wished_.notify_one();
  thread_.join();
}

std::shared_ptr<const TopNews> TopFeed::news() const {
  const std::lock_guard lock(mutex_);
  return news_;
}

void TopFeed::wish(const TopWish& wish) {
  const std::lock_guard lock(mutex_);
  if (wish == wish_) return;
  // What is seen is asked for when its turn comes.
  new_wish_ = new_wish_ || wish.session != wish_.session || wish.back != wish_.back ||
              (wish.probes && !wish_.probes);
  wish_ = wish;
  if (new_wish_) wished_.notify_one();
}

void TopFeed::run() {
  platform::SystemClock clock;
  TopAsker asker(*agent_, clock);
  TopNews news;
  std::unique_lock lock(mutex_);
  while (!cancel_.load()) {
    const TopWish wish = wish_;
    new_wish_ = false;
    lock.unlock();
    const MonoTime began = clock.mono_now();
    const bool answered = asker.ask(wish, news);
    // An agent that takes its time is asked less often.
    const bool refused = news.problem && news.problem->refused;
    const Duration pause = std::max(answered  ? kEvery
                                    : refused ? kRefusedAgain
                                              : kRetry,
                                    (clock.mono_now() - began) * 4);
    auto told = std::make_shared<const TopNews>(news);
    lock.lock();
    news_ = std::move(told);
    lock.unlock();
    tell_();
    lock.lock();
    wished_.wait_for(lock, std::chrono::nanoseconds(std::min(pause, Duration::seconds(60)).ns()),
                     [this] { return cancel_.load() || new_wish_; });
  }
}

}  // namespace wirestamp::cli
