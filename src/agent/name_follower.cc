// SPDX-License-Identifier: Apache-2.0
#include "agent/name_follower.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace wirestamp::agent {

namespace {

// Name servers tell how long an answer holds, the system's resolver does not pass it on.
// One that was not found is asked for each round, one that was each sixth.
constexpr std::chrono::seconds kRound{10};
constexpr unsigned kRoundsOfRest = 5;
constexpr std::size_t kMostFailures = 16;  // told of one name

}  // namespace

struct NameFollower::State {
  std::mutex mutex;
  std::condition_variable ended_changed;
  bool ended = false;
  std::function<void()> wake;
  std::vector<Answer> news;

  // Waits; true when it ended meanwhile.
  bool over_after(std::chrono::seconds time) {
    std::unique_lock lock(mutex);
    return ended_changed.wait_for(lock, time, [this] { return ended; });
  }
  void tell(Answer answer) {
    const std::lock_guard lock(mutex);
    if (ended) return;
    std::erase_if(news, [&](const Answer& one) { return one.name == answer.name; });
    news.push_back(std::move(answer));
    wake();
  }
};

namespace {

// What was told of a name last.
struct Told {
  std::vector<packet::Endpoint> found;
  std::set<std::string> failures;
  unsigned rounds_to_rest = 0;
};

// True when `found` is news.
bool is_news(const Result<std::vector<packet::Endpoint>>& found, Told& told) {
  if (found) {
    if (*found == told.found) return false;
    told.found = *found;
    return true;
  }
  // A name that had an address keeps it while the name server is away.
  if (!told.found.empty() || told.failures.size() == kMostFailures) return false;
  return told.failures.insert(found.error().text).second;
}

}  // namespace

NameFollower::NameFollower(std::vector<Name> names, Resolve resolve, std::function<void()> wake)
    : state_(std::make_shared<State>()) {
  state_->wake = std::move(wake);
  std::thread([state = state_, names = std::move(names), resolve = std::move(resolve)] {
    std::vector<Told> told(names.size());
    // Addresses first: they do not wait for a name server that is silent.
    std::vector<std::size_t> order(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_partition(
        order, [&](std::size_t i) { return packet::IpAddress::parse(names[i].host).has_value(); });
    for (;;) {
      for (const std::size_t i : order) {
        if (told[i].rounds_to_rest > 0) {
          --told[i].rounds_to_rest;
          continue;
        }
        auto found = resolve(names[i]);
        if (is_news(found, told[i])) state->tell({i, std::move(found)});
        told[i].rounds_to_rest = told[i].found.empty() ? 0 : kRoundsOfRest;
        if (state->over_after(std::chrono::seconds(0))) return;
      }
      if (state->over_after(kRound)) return;
    }
  }).detach();
}

NameFollower::~NameFollower() {
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->wake = nullptr;
  state_->ended_changed.notify_all();
}

std::vector<NameFollower::Answer> NameFollower::take() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->news, {});
}

}  // namespace wirestamp::agent
