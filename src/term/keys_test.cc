// SPDX-License-Identifier: Apache-2.0
#include "term/keys.h"

#include <gtest/gtest.h>

namespace wirestamp::term {
namespace {

Key text(const char* octets) { return {.kind = KeyKind::Text, .text = octets}; }
Key of(KeyKind kind) { return {.kind = kind, .text = {}}; }

TEST(Keys, come_in_sequences_and_as_characters) {
  KeyReader reader;
  EXPECT_EQ(
      reader.read("q\x1b[A\x1bOB\x1b[6~é\r\x7f\t", false),
      (std::vector<Key>{text("q"), of(KeyKind::Up), of(KeyKind::Down), of(KeyKind::PageDown),
                        text("é"), of(KeyKind::Enter), of(KeyKind::Backspace), of(KeyKind::Tab)}));
}

TEST(Keys, a_sequence_may_come_in_pieces) {
  KeyReader reader;
  EXPECT_TRUE(reader.read("\x1b", false).empty());
  EXPECT_TRUE(reader.read("[", false).empty());
  EXPECT_EQ(reader.read("B", false), std::vector{of(KeyKind::Down)});
  EXPECT_TRUE(reader.read("\xc3", false).empty());
  EXPECT_EQ(reader.read("\xa9", false), std::vector{text("é")});
}

TEST(Keys, an_escape_that_nothing_follows_is_the_key) {
  KeyReader reader;
  EXPECT_TRUE(reader.read("\x1b", false).empty());
  EXPECT_EQ(reader.read("", true), std::vector{of(KeyKind::Escape)});
  EXPECT_TRUE(reader.read("", true).empty());
}

TEST(Keys, unknown_sequences_and_rubbish_are_passed_over) {
  KeyReader reader;
  EXPECT_EQ(reader.read("\x1b[200~\x1b[<0;3;4M\x01\xff\xfe"
                        "a",
                        false),
            std::vector{text("a")});
  EXPECT_TRUE(reader.read("\x1b[" + std::string(10'000, '1'), false).empty());
  EXPECT_EQ(reader.read("z", true), std::vector{text("z")}) << "it was too long to be one";
}

}  // namespace
}  // namespace wirestamp::term
