// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_view.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(view.missing(), 1U);
}

TEST(ReflectorView, TheListOfLaterRepliesFillsAHole) {
  ReflectorView view;
  view.note(0, 0);
  view.note(2, 3);
  view.note(1, 2);
  EXPECT_EQ(view.reached(1), Reached::No);
  EXPECT_EQ(view.reached(2), Reached::Yes);
  EXPECT_EQ(view.missing(), 0U);
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

TEST(ReflectorView, ForgettingKeepsTheSumOfTheMissing) {
  ReflectorView view;
  view.note(0, 0);
  view.note(5, 5);
  for (std::uint64_t n = 6; n < 200; ++n) view.note(n, n);
  view.forget_before(150);
  EXPECT_EQ(view.missing(), 4U);
  EXPECT_EQ(view.reached(199), Reached::Yes);
}

TEST(Unwrap, FindsTheNearestWideNumberAcrossTheWrap) {
  EXPECT_EQ(unwrap(1, 0xffff'fffeU), 0x1'0000'0001U);
  EXPECT_EQ(unwrap(0xffff'ffffU, 0x1'0000'0003U), 0xffff'ffffU);
  EXPECT_EQ(unwrap(7, 5), 7U);
}

}  // namespace
}  // namespace wirestamp::session
