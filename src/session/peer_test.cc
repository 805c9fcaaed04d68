// SPDX-License-Identifier: Apache-2.0
#include "session/peer.h"

#include <gtest/gtest.h>

namespace wirestamp::session {
namespace {

struct Told {
  std::uint32_t number = 0, request = 0;
  std::optional<std::uint64_t> epoch;  // absent: the answer to a bare probe
  std::uint32_t dropped = 0;
  bool stateless = false;
};

Filing give(Peer& peer, const Told& told) {
  Reply reply;
  reply.reflector_sequence = told.number;
  reply.sender_sequence = told.request;
  if (told.epoch)
    reply.state = ReflectorState{
        .epoch = *told.epoch, .dropped_by_policy = told.dropped, .stateless = told.stateless};
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

}  // namespace
}  // namespace wirestamp::session
