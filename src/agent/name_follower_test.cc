// SPDX-License-Identifier: Apache-2.0
#include "agent/name_follower.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>

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
      {{.host = "good", .port = 23999, .family = {}}, {.host = "bad", .port = 1, .family = {}}},
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
  EXPECT_EQ(answers[0].name, 0U);
  EXPECT_EQ(answers[0].found->front(), kThere);
  EXPECT_EQ(answers[1].found.error().text, "no such name");
  EXPECT_TRUE(names.take().empty());
}

TEST(NameFollower, a_question_that_hangs_does_not_hold_up_the_end) {
  const auto gate = std::make_shared<Gate>();
  {
    NameFollower names(
        {{.host = "slow", .port = 1, .family = {}}},
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

}  // namespace
}  // namespace wirestamp::agent
