// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_view.h"

#include <gtest/gtest.h>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

TEST(ReflectorView, ARequestWithAKnownReplyReachedTheReflector) {
  ReflectorView view;
  view.note(0, 0);
  view.note(1, 1);
  EXPECT_EQ(view.reached(1), Reached::Yes);
}

TEST(ReflectorView, ARequestThatNoKnownReplyAnswersNeverArrived) {
  ReflectorView view;
  view.note(0, 0);
  view.note(1, 2);  // request 1 is in no reply and no reply is missing
  EXPECT_EQ(view.reached(1), Reached::No);
}

TEST(ReflectorView, BeforeALaterReplyNothingIsKnown) {
  ReflectorView view;
  view.note(0, 0);
  EXPECT_EQ(view.reached(1), Reached::Unknown);
}

TEST(ReflectorView, AMissingReplyMakesItsNeighbourhoodAHole) {
  ReflectorView view;
  view.note(0, 0);
  view.note(2, 3);  // reply 1 answered request 1 or 2
  EXPECT_EQ(view.reached(1), Reached::InHole);
  EXPECT_EQ(view.reached(2), Reached::InHole);
  for (const std::uint64_t request : {1U, 2U}) view.give_up(request, true);
  view.resolve_all();
  const DirectionSums sums = view.take_resolved();
  EXPECT_EQ(sums.forward, 1U);
  EXPECT_EQ(sums.backward, 1U);
}

TEST(ReflectorView, TheListOfLaterRepliesFillsAHole) {
  ReflectorView view;
  view.note(0, 0);
  view.note(2, 3);
  view.note(1, 2);
  EXPECT_EQ(view.reached(1), Reached::No);
  EXPECT_EQ(view.reached(2), Reached::Yes);
}

TEST(ReflectorView, AHoleFarAwayDoesNotBlurALostProbe) {
  ReflectorView view;
  view.note(0, 0);
  view.note(20, 20);  // replies 1 to 19 missing
  for (std::uint64_t n = 21; n < 100; ++n) view.note(n, n < 80 ? n : n + 1);
  EXPECT_EQ(view.reached(80), Reached::No);
  EXPECT_EQ(view.reached(10), Reached::InHole);
}

TEST(ReflectorView, TwoRepliesToOneRequestTellADuplicateOnTheWayThere) {
  ReflectorView view;
  view.note(0, 0);
  view.note(1, 0);
  EXPECT_EQ(view.replies_to(0), 2U);
}

TEST(ReflectorView, OneReplyNumberCannotAnswerTwoRequests) {
  ReflectorView view;
  EXPECT_TRUE(view.note(0, 0));
  EXPECT_FALSE(view.note(0, 1));
}

TEST(ReflectorView, ForgettingAHoleResolvesWhatWasGivenUpInIt) {
  ReflectorView view;
  view.note(0, 0);
  view.note(5, 7);  // four of the requests 1 to 6 were answered
  for (std::uint64_t request = 1; request < 7; ++request) view.give_up(request, true);
  for (std::uint64_t n = 6; n < 200; ++n) view.note(n, n + 2);
  view.forget_before(150);
  const DirectionSums sums = view.take_resolved();
  EXPECT_EQ(sums.backward, 4U);
  EXPECT_EQ(sums.forward, 2U);
  EXPECT_EQ(view.reached(199), Reached::Yes);
}

TEST(ReflectorView, WhatWasGivenUpAndIsToldLaterWasLostBackward) {
  ReflectorView view;
  view.note(0, 0);
  view.give_up(1, true);
  view.give_up(2, true);
  view.note(2, 3);
  view.note(1, 2);
  view.resolve_all();
  const DirectionSums sums = view.take_resolved();
  EXPECT_EQ(sums.backward, 1U);
  EXPECT_EQ(sums.forward, 1U);
}

TEST(ReflectorView, AGapOfAnyLengthBlursOnlyItsNeighbourhood) {
  ReflectorView view;
  view.note(0, 0);
  view.note(1'000'000, 1'000'000);
  for (std::uint64_t n = 1; n < 100; ++n)
    view.note(1'000'000 + n, 1'000'000 + n + (n < 80 ? 0 : 1));
  EXPECT_EQ(view.reached(500'000), Reached::InHole);
  EXPECT_EQ(view.reached(1'000'080), Reached::No);
}

TEST(ReflectorView, WhatIsForgottenForWantOfRoomIsUnknownAndNotLostForward) {
  ReflectorView view;
  for (std::uint64_t n = 0; n <= kMaxKnownReplies + 9; ++n) view.note(n, 2 * n);
  EXPECT_EQ(view.reached(18), Reached::Unknown);
  EXPECT_EQ(view.reached(17), Reached::Unknown);
  EXPECT_EQ(view.reached(21), Reached::No);
}

TEST(ReflectorView, AnEntryOfAForgottenReplyMakesNothingMissing) {
  ReflectorView view;
  for (std::uint64_t n = 0; n < 100; ++n) view.note(n, 10 * n);
  view.forget_before(900);
  view.note(3, 30);
  view.give_up(905, true);
  view.resolve_all();
  EXPECT_EQ(view.take_resolved().forward, 1U);
}

//= RFC8762:sequence-from-zero
TEST(Unwrap, FindsTheNearestWideNumberAcrossTheWrap) {
  EXPECT_EQ(unwrap(1, 0xffff'fffeU), 0x1'0000'0001U);
  EXPECT_EQ(unwrap(0xffff'ffffU, 0x1'0000'0003U), 0xffff'ffffU);
  EXPECT_EQ(unwrap(7, 5), 7U);
}

}  // namespace
}  // namespace wirestamp::session
