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
  std::condition_variable changed;
  bool ended = false;
  std::uint64_t list = 1;  // counts the lists that were given
  std::vector<Name> names;
  std::function<void()> wake;
  std::vector<Answer> news;

  // Waits for the time, the end or another list; true when it ended.
  bool over_after(std::chrono::seconds time, std::uint64_t seen) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, time, [&] { return ended || list != seen; });
    return ended;
  }
  void tell(const Name& asked, Result<std::vector<packet::Endpoint>> found, std::uint64_t seen) {
    const std::lock_guard lock(mutex);
    if (ended || (list != seen && std::ranges::find(names, asked) == names.end())) return;
    std::erase_if(news, [&](const Answer& one) { return one.id == asked.id; });
    news.push_back({asked.id, std::move(found)});
    wake();
  }
};

namespace {

// A name and what was told of it last.
struct Followed {
  NameFollower::Name name;
  std::vector<packet::Endpoint> found;
  std::set<std::string> failures;
  unsigned rounds_to_rest = 0;
  bool asked = false;
};

// True when `found` is news.
bool is_news(const Result<std::vector<packet::Endpoint>>& found, Followed& told) {
  if (found) {
    if (*found == told.found) return false;
    told.found = *found;
    return true;
  }
  // A name that had an address keeps it while the name server is away.
  if (!told.found.empty() || told.failures.size() == kMostFailures) return false;
  return told.failures.insert(found.error().text).second;
}

// The new list, with what is known of names that were in the old one.
std::vector<Followed> renew(std::vector<Followed> old,
                            const std::vector<NameFollower::Name>& names) {
  std::vector<Followed> followed;
  followed.reserve(names.size());
  std::ranges::sort(old, {}, [](const Followed& one) { return one.name.id; });
  for (const NameFollower::Name& name : names) {
    const auto known =
        std::ranges::lower_bound(old, name.id, {}, [](const Followed& one) { return one.name.id; });
    if (known != old.end() && known->name == name) {
      followed.push_back(std::move(*known));
    } else {
      followed.emplace_back().name = name;
    }
  }
  // Addresses first: they do not wait for a name server that is silent. Then what is new.
  std::ranges::stable_sort(followed, {}, [](const Followed& one) {
    if (one.asked) return 2;
    return packet::IpAddress::parse(one.name.host) ? 0 : 1;
  });
  return followed;
}

}  // namespace

// What the other thread does until it ends.
void NameFollower::run(State& state, const Resolve& resolve) {
  std::vector<Followed> followed;
  std::uint64_t seen = 0;
  const auto look = [&] {  // true when there is another list
    const std::lock_guard lock(state.mutex);
    if (state.list == seen) return false;
    seen = state.list;
    followed = renew(std::move(followed), state.names);
    return true;
  };
  for (;;) {
    bool another = look();
    for (std::size_t i = 0; i < followed.size() && !another; another = look(), ++i) {
      Followed& one = followed[i];
      if (one.rounds_to_rest > 0) {
        --one.rounds_to_rest;
        continue;
      }
      auto found = resolve(one.name);
      one.asked = true;
      const bool news = is_news(found, one);
      one.rounds_to_rest = one.found.empty() ? 0 : kRoundsOfRest;
      if (news) state.tell(one.name, std::move(found), seen);
      if (state.over_after(std::chrono::seconds(0), seen)) return;
    }
    if (state.over_after(another ? std::chrono::seconds(0) : kRound, seen)) return;
  }
}

NameFollower::NameFollower(std::vector<Name> names, Resolve resolve, std::function<void()> wake)
    : state_(std::make_shared<State>()) {
  state_->wake = std::move(wake);
  state_->names = std::move(names);
  std::thread([state = state_, resolve = std::move(resolve)] { run(*state, resolve); }).detach();
}

void NameFollower::follow(std::vector<Name> names) {
  const std::lock_guard lock(state_->mutex);
  state_->names = std::move(names);
  ++state_->list;
  std::erase_if(state_->news, [&](const Answer& one) {
    return std::ranges::find(state_->names, one.id, &Name::id) == state_->names.end();
  });
  state_->changed.notify_all();
}

NameFollower::~NameFollower() {
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->wake = nullptr;
  state_->changed.notify_all();
}

std::vector<NameFollower::Answer> NameFollower::take() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->news, {});
}

}  // namespace wirestamp::agent
