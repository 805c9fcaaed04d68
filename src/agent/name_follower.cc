// SPDX-License-Identifier: Apache-2.0
#include "agent/name_follower.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace wirestamp::agent {

namespace {

// Name servers tell how long an answer holds, the system's resolver does not pass it on.
constexpr std::chrono::seconds kAgainAfterAnswer{60};
constexpr std::chrono::seconds kAgainAfterFailure{10};

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
  std::string failure;
};

// True when `found` is news.
bool is_news(const Result<std::vector<packet::Endpoint>>& found, Told& told) {
  if (found) {
    if (*found == told.found) return false;
    told.found = *found;
    return true;
  }
  // A name that had an address keeps it while the name server is away.
  if (!told.found.empty() || found.error().text == told.failure) return false;
  told.failure = found.error().text;
  return true;
}

}  // namespace

NameFollower::NameFollower(std::vector<Name> names, Resolve resolve, std::function<void()> wake)
    : state_(std::make_shared<State>()) {
  state_->wake = std::move(wake);
  std::thread([state = state_, names = std::move(names), resolve = std::move(resolve)] {
    std::vector<Told> told(names.size());
    for (;;) {
      bool all_found = true;
      for (std::size_t i = 0; i < names.size(); ++i) {
        auto found = resolve(names[i]);
        if (is_news(found, told[i])) state->tell({i, std::move(found)});
        all_found = all_found && !told[i].found.empty();
        if (state->over_after(std::chrono::seconds(0))) return;
      }
      if (state->over_after(all_found ? kAgainAfterAnswer : kAgainAfterFailure)) return;
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
