// SPDX-License-Identifier: Apache-2.0
#include "session/peer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/random.h"

namespace wirestamp::session {
namespace {

struct Told {
  std::uint32_t number = 0, request = 0;
  std::optional<std::uint64_t> epoch;  // absent: the answer to a bare probe
  std::uint32_t dropped = 0;
  bool stateless = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> listed = {};  // numbers and their requests
};

Filing give(Peer& peer, const Told& told) {
  Reply reply;
  reply.reflector_sequence = told.number;
  reply.sender_sequence = told.request;
  if (told.epoch)
    reply.state = ReflectorState{
        .epoch = *told.epoch, .dropped_by_policy = told.dropped, .stateless = told.stateless};
  for (const auto& [number, request] : told.listed)
    reply.true_transmits[reply.true_transmit_count++] = {
        .reflector_sequence = number, .sender_sequence = request, .departed = {}};
  return peer.on_reply(
      reply, {.sequence = told.request, .next_sequence = told.request + 1, .newest_leftover = {}});
}

TEST(Peer, AStatelessReplyIsNoRestartAndTeachesNoNumbers) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 7});
  const Filing filing = give(peer, {.number = 5, .request = 5, .epoch = 0, .stateless = true});
  EXPECT_FALSE(filing.restarted);
  EXPECT_EQ(filing.kind, Filing::Kind::Unnumbered);
  give(peer, {.number = 1, .request = 6, .epoch = 7});
  EXPECT_EQ(peer.fate_of(4), Fate::Forward) << "reply 5 of the state was never given";
}

//= RFC5357:light-stateless
TEST(Peer, OnlyStatelessRepliesTellNoDirection) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 0, .stateless = true});
  give(peer, {.number = 2, .request = 2, .epoch = 0, .stateless = true});
  EXPECT_FALSE(peer.stateful());
  EXPECT_EQ(peer.fate_of(1), Fate::Unknown);
}

TEST(Peer, ADelayedReplyOfTheStateBeforeIsFiledThere) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 7});
  EXPECT_TRUE(give(peer, {.number = 0, .request = 5, .epoch = 8}).restarted);
  const Filing late = give(peer, {.number = 1, .request = 1, .epoch = 7});
  EXPECT_EQ(late.kind, Filing::Kind::Previous);
  EXPECT_EQ(late.epoch, 0U);
  EXPECT_EQ(peer.epoch(), 1U);
  EXPECT_EQ(peer.fate_of(1), Fate::Backward);
  EXPECT_EQ(give(peer, {.number = 1, .request = 6, .epoch = 8}).number, 1U);
}

TEST(Peer, AReplyOfAStateLongGoneIsOfNone) {
  Peer peer;
  for (std::uint32_t n = 0; n < 3; ++n) give(peer, {.number = 0, .request = n, .epoch = 7 + n});
  EXPECT_EQ(give(peer, {.number = 9, .request = 3, .epoch = 7}).kind, Filing::Kind::Unnumbered);
  EXPECT_EQ(peer.epoch(), 2U);
}

TEST(Peer, TheNextReplyThatTellsItsStateDatesTheOnesBefore) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 7});
  EXPECT_EQ(give(peer, {.number = 1, .request = 1, .epoch = {}}).kind, Filing::Kind::Undated);
  EXPECT_TRUE(peer.take_dated().empty());
  give(peer, {.number = 2, .request = 3, .epoch = 7});
  const auto dated = peer.take_dated();
  ASSERT_EQ(dated.size(), 1U);
  EXPECT_EQ(dated.front(), (std::pair<std::uint64_t, std::uint64_t>(1, 1)));
  EXPECT_EQ(peer.fate_of(2), Fate::Forward);
}

TEST(Peer, EachRefusalExcusesOneRequest) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 7});
  give(peer, {.number = 1, .request = 5, .epoch = 7, .dropped = 2});
  give(peer, {.number = 2, .request = 8, .epoch = 7, .dropped = 2});
  EXPECT_TRUE(peer.take_refusal(1));
  EXPECT_TRUE(peer.take_refusal(3));
  EXPECT_FALSE(peer.take_refusal(4));
  EXPECT_FALSE(peer.take_refusal(6));
}

// Behind a NAT that gives the packets of a flow `states` sources in turn: the reply to `lost` is
// lost, and `absent` never arrives.
struct InTurn {
  Peer peer;
  Filing last;

  InTurn(std::uint32_t states, std::uint32_t lost, std::uint32_t absent, std::uint32_t requests) {
    std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> answered(states);
    for (std::uint32_t request = 0; request < requests; ++request) {
      if (request == absent) continue;
      auto& of_state = answered[request % states];
      const auto number = static_cast<std::uint32_t>(of_state.size());
      const std::size_t listed = std::min<std::size_t>(of_state.size(), 8);
      Told told{.number = number, .request = request, .epoch = 100 + request % states};
      told.listed.assign(of_state.rbegin(), of_state.rbegin() + static_cast<long>(listed));
      of_state.emplace_back(number, request);
      if (request != lost) last = give(peer, told);
    }
  }
};

TEST(Peer, WhereTwoStatesTakeTurnsBothMustLackARequestThatNeverArrived) {
  const InTurn two(2, 20, 31, 60);
  EXPECT_TRUE(two.last.in_turn || two.last.kind == Filing::Kind::Current);
  EXPECT_EQ(two.peer.fate_of(20), Fate::Backward);
  EXPECT_EQ(two.peer.fate_of(31), Fate::Forward);
  // Nobody told of it yet: the next one of its state would.
  EXPECT_NE(InTurn(2, 30, 11, 32).peer.fate_of(30), Fate::Forward);
}

TEST(Peer, WhereMoreStatesTakeTurnsNoLossIsSaidToBeOnTheWayThere) {
  for (const std::uint32_t states : {3U, 5U, 9U, 10U, 16U, 40U})
    for (std::uint32_t lost = states; lost < 2 * states; ++lost) {
      InTurn many(states, lost, lost + 1, 6 * states);
      EXPECT_NE(many.peer.fate_of(lost), Fate::Forward) << states << " states, " << lost;
      EXPECT_EQ(many.peer.fate_of(lost + 1), Fate::Unknown) << states << " states, " << lost;
      for (const std::uint32_t request : {lost, lost + 1})
        if (many.peer.fate_of(request) == Fate::Unknown) many.peer.give_up(request, true);
      many.peer.resolve_all();
      EXPECT_EQ(many.peer.take_resolved().forward, 0U) << states << " states, " << lost;
    }
}

// An uplink fails over to a host with a reflector of its own, and back.
TEST(Peer, AStateThatComesBackForGoodIsTheOneThatThereIs) {
  Peer peer;
  give(peer, {.number = 0, .request = 0, .epoch = 7, .dropped = 3});
  for (std::uint32_t n = 0; n < 5; ++n) give(peer, {.number = n, .request = 10 + n, .epoch = 8});
  const Filing back = give(peer, {.number = 1, .request = 100, .epoch = 7, .dropped = 3});
  EXPECT_EQ(back.kind, Filing::Kind::Current);
  EXPECT_FALSE(back.restarted) << "its numbers go on";
  EXPECT_EQ(peer.epoch(), 2U);
  give(peer, {.number = 2, .request = 102, .epoch = 7, .dropped = 3});
  give(peer, {.number = 4, .request = 105, .epoch = 7, .dropped = 3, .listed = {{3, 104}}});
  EXPECT_EQ(peer.fate_of(101), Fate::Forward);
  EXPECT_EQ(peer.fate_of(103), Fate::Forward);
  EXPECT_EQ(peer.fate_of(104), Fate::Backward);
  EXPECT_FALSE(peer.take_refusal(50)) << "what it dropped before was counted before";
}

TEST(Peer, WhoTookTurnsAndDoesNoMoreIsForgotten) {
  InTurn three(3, 10, 11, 30);
  for (std::uint32_t n = 0; n < 100; ++n)
    give(three.peer, {.number = n, .request = 30 + n + (n < 90 ? 0 : 1), .epoch = 200});
  EXPECT_EQ(three.peer.fate_of(120), Fate::Forward);
}

// A reflector that tells no state: only its numbers can say that it was started anew.
struct Foreign {
  Peer peer;
  std::uint32_t next = 0;

  Filing answer(std::uint32_t number, std::uint32_t request) {
    next = std::max(next, request + 1);
    return give(peer, {.number = number, .request = request, .epoch = {}});
  }
  // What is older than four seconds, at two probes a second, is decided.
  void forget() { peer.forget_before(next > 8 ? next - 8 : 0); }
};

TEST(Peer, AForeignReflectorThatRestartsEarlyIsNoticed) {
  for (const bool forgets : {false, true})
    for (std::uint32_t before = 2; before <= 100; ++before) {
      Foreign foreign;
      for (std::uint32_t n = 0; n < before; ++n) {
        EXPECT_FALSE(foreign.answer(n, n).restarted);
        if (forgets) foreign.forget();
      }
      EXPECT_TRUE(foreign.answer(0, before + 1).restarted) << "after " << before;
      EXPECT_EQ(foreign.peer.epoch(), 1U);
      EXPECT_FALSE(foreign.answer(1, before + 2).restarted);
      EXPECT_FALSE(foreign.answer(2, before + 4).restarted);
      EXPECT_EQ(foreign.peer.fate_of(before + 3), Fate::Forward) << "after " << before;
    }
}

// A copy has the request of its reply, and of what is overtaken the number was not seen before.
TEST(Peer, NoOrderOfForeignRepliesIsARestart) {
  base::Random random(11);
  for (int run = 0; run < 200; ++run) {
    Foreign foreign;
    // Each of 400 requests arrives up to `there` places later, and its reply up to `back`.
    const std::size_t there = 1 + random.below(16), back = 1 + random.below(64);
    std::vector<std::pair<std::size_t, std::uint32_t>> arrivals, replies;
    for (std::uint32_t request = 0; request < 400; ++request) {
      if (random.below(10) == 0) continue;
      arrivals.emplace_back(request + random.below(there), request);
      if (random.below(20) == 0) arrivals.emplace_back(request + random.below(there), request);
    }
    std::ranges::sort(arrivals);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbered;
    for (const auto& [at, request] : arrivals) {
      const auto number = static_cast<std::uint32_t>(numbered.size());
      numbered.emplace_back(number, request);
      if (random.below(10) == 0) continue;
      replies.emplace_back(at + random.below(back), number);
      if (random.below(20) == 0) replies.emplace_back(at + random.below(back), number);
    }
    std::ranges::sort(replies);
    for (const auto& [at, number] : replies) {
      EXPECT_FALSE(foreign.answer(number, numbered[number].second).restarted)
          << "run " << run << " number " << number;
      foreign.peer.forget_before(at > 100 ? at - 100 : 0);
    }
  }
}

// Broken or behind a NAT that gives each packet another source: that is no news each time.
TEST(Peer, AForeignReflectorWhoseNumberStaysIsNotRestartedWithEachReply) {
  Foreign foreign;
  for (std::uint32_t request = 0; request < 200; ++request) {
    EXPECT_FALSE(foreign.answer(0, request).restarted);
    foreign.forget();
  }
}

TEST(Peer, AStatelessForeignReflectorIsNeverRestarted) {
  Foreign foreign;
  for (std::uint32_t n = 0; n < 300; ++n) {
    const std::uint32_t request = n ^ 3U;  // four in turn the other way around
    EXPECT_FALSE(foreign.answer(request, request).restarted);
    foreign.forget();
  }
  EXPECT_FALSE(foreign.peer.stateful());
}

}  // namespace
}  // namespace wirestamp::session
