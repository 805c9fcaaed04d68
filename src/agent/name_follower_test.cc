// SPDX-License-Identifier: Apache-2.0
#include "agent/name_follower.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace wirestamp::agent {
namespace {

const packet::Endpoint kThere{packet::IpAddress::v4(0x0a000002), 23999, 0};

// Lets a test wait for the other thread without sleeping. It outlives a question that hangs.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false, asked = false, answered = false;

  void set(bool Gate::* flag) {
    const std::lock_guard lock(mutex);
    this->*flag = true;
    changed.notify_all();
  }
  void wait(bool Gate::* flag) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return this->*flag; });
  }
};

TEST(NameFollower, an_answer_is_told_and_a_failure_does_not_hide_it) {
  Gate told;
  int wakes = 0;
  NameFollower names(
      {{.id = 3, .host = "good", .port = 23999, .family = {}},
       {.id = 8, .host = "bad", .port = 1, .family = {}}},
      [](const NameFollower::Name& name) -> Result<std::vector<packet::Endpoint>> {
        if (name.host == "bad") return fail("no such name");
        return std::vector{kThere};
      },
      [&] {
        if (++wakes == 2) told.set(&Gate::open);
      });
  told.wait(&Gate::open);
  const auto answers = names.take();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].id, 3U);
  EXPECT_EQ(answers[0].found->front(), kThere);
  EXPECT_EQ(answers[1].id, 8U);
  EXPECT_EQ(answers[1].found.error().text, "no such name");
  EXPECT_TRUE(names.take().empty());
}

TEST(NameFollower, a_question_that_hangs_does_not_hold_up_the_end) {
  const auto gate = std::make_shared<Gate>();
  {
    NameFollower names(
        {{.id = 0, .host = "slow", .port = 1, .family = {}}},
        [gate](const NameFollower::Name&) -> Result<std::vector<packet::Endpoint>> {
          gate->set(&Gate::asked);
          gate->wait(&Gate::open);
          gate->set(&Gate::answered);
          return std::vector{kThere};
        },
        [] { ADD_FAILURE() << "nobody is there to be woken"; });
    gate->wait(&Gate::asked);
  }
  {
    const std::lock_guard lock(gate->mutex);
    EXPECT_FALSE(gate->answered) << "the end waited for the answer";
  }
  gate->set(&Gate::open);
  gate->wait(&Gate::answered);
}

TEST(NameFollower, another_list_asks_what_is_new_and_tells_nothing_of_what_is_gone) {
  Gate told;
  std::mutex mutex;
  std::vector<std::string> asked;
  NameFollower names(
      {{.id = 1, .host = "stays", .port = 1, .family = {}},
       {.id = 2, .host = "goes", .port = 1, .family = {}}},
      [&](const NameFollower::Name& name) -> Result<std::vector<packet::Endpoint>> {
        const std::lock_guard lock(mutex);
        asked.push_back(name.host);
        return std::vector{kThere};
      },
      [&] {
        const std::lock_guard lock(mutex);
        if (asked.back() == "goes") told.set(&Gate::asked);
        if (asked.back() == "comes") told.set(&Gate::open);
      });
  told.wait(&Gate::asked);
  names.follow({{.id = 3, .host = "comes", .port = 1, .family = {}},
                {.id = 1, .host = "stays", .port = 1, .family = {}}});
  told.wait(&Gate::open);
  const auto answers = names.take();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].id, 1U);
  EXPECT_EQ(answers[1].id, 3U);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(asked, (std::vector<std::string>{"stays", "goes", "comes"}));
}

}  // namespace
}  // namespace wirestamp::agent
