// SPDX-License-Identifier: Apache-2.0
#include "term/canvas.h"

#include <gtest/gtest.h>

#include "term/dots.h"
#include "term/painter.h"

namespace wirestamp::term {
namespace {

constexpr Size kSmall{.columns = 10, .rows = 3};

TEST(Glyphs, what_steers_a_terminal_is_replaced_and_what_has_no_width_left_out) {
  EXPECT_EQ(columns_of("office", Glyphs::Braille), 6);
  EXPECT_EQ(columns_of("東京", Glyphs::Braille), 4);
  EXPECT_EQ(columns_of("e\u0301a", Glyphs::Braille), 2) << "a mark that combines";
  EXPECT_EQ(columns_of("a\u202eb\u2066c\u200fd", Glyphs::Braille), 4) << "marks of direction";
  EXPECT_EQ(columns_of("שלום", Glyphs::Braille), 4);
  EXPECT_EQ(columns_of("🚀👍🏽", Glyphs::Braille), 4);
  Canvas canvas(kSmall, Glyphs::Braille);
  canvas.put(0, 0, "\x1b[2J\x07\x7f\xff\xc2\x9b");
  EXPECT_EQ(canvas.text(), "�[2J����\n\n\n");
  Canvas ascii(kSmall, Glyphs::Ascii);
  ascii.put(0, 0, "aé東\x1b.");
  EXPECT_EQ(ascii.text(), "a????.\n\n\n");
}

TEST(Canvas, what_does_not_fit_is_cut_and_the_cut_marked) {
  Canvas canvas(kSmall, Glyphs::Braille);
  EXPECT_EQ(canvas.put(0, 4, "twelve"), 10);
  EXPECT_EQ(canvas.put(1, 4, "sevenths"), 10);
  EXPECT_EQ(canvas.put(2, 0, "sixths", {}, 5), 5);
  EXPECT_EQ(canvas.text(), "    twelve\n    seven…\nsixt…\n");
  Canvas ascii(kSmall, Glyphs::Ascii);
  ascii.put(0, 0, "twelve months");
  ascii.put(1, 7, "abcd");
  EXPECT_EQ(ascii.text(), "twelve mo~\n       abc\n\n") << "no room to mark it";
}

TEST(Canvas, nothing_outside_of_it_is_touched) {
  Canvas canvas(kSmall, Glyphs::Braille);
  canvas.put(-1, 0, "above");
  canvas.put(3, 0, "below");
  canvas.put(1, -3, "abcde");
  canvas.put(1, 12, "beyond");
  canvas.fill({.row = -5, .column = 8, .columns = 9, .rows = 6}, U'#', {});
  EXPECT_EQ(canvas.text(), "        ##\nde\n\n");
  const Canvas least({.columns = -4, .rows = 0}, Glyphs::Braille);
  EXPECT_EQ(least.size(), (Size{.columns = 1, .rows = 1}));
}

TEST(Canvas, half_a_wide_character_is_never_left) {
  Canvas canvas(kSmall, Glyphs::Braille);
  canvas.put(0, 0, "東京");
  canvas.set(0, 1, U'x');
  EXPECT_EQ(canvas.text(), " x京\n\n\n");
  canvas.set(0, 2, U'y');
  EXPECT_EQ(canvas.text(), " xy\n\n\n");
  canvas.put(1, 0, "12345678京都");
  EXPECT_EQ(canvas.at(1, 8).code, U'…') << "nothing of it would fit";
  canvas.put(2, 9, "京");
  EXPECT_EQ(canvas.at(2, 9).code, U' ');
}

TEST(Canvas, text_at_the_right_ends_there) {
  Canvas canvas(kSmall, Glyphs::Braille);
  canvas.put_right(0, 0, "12 ms", {}, 8);
  canvas.put_right(1, 0, "too long for it", {}, 8);
  EXPECT_EQ(canvas.text(), "   12 ms\ntoo lon…\n\n");
}

TEST(Painter, paints_what_changed_and_nothing_else) {
  Painter painter(true);
  Canvas canvas(kSmall, Glyphs::Braille);
  canvas.put(0, 0, "ab", {.bold = true});
  EXPECT_EQ(
      painter.paint(canvas),
      "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1H\x1b[0;1mab\x1b[0m\x1b[K\x1b[2;1H\x1b[K\x1b[3;1H\x1b[K"
      "\x1b[?2026l");
  EXPECT_EQ(painter.paint(canvas), "");
  canvas.set(0, 1, U'c', {.tone = Tone::Bad});
  EXPECT_EQ(painter.paint(canvas), "\x1b[?2026h\x1b[0m\x1b[1;2H\x1b[0;31mc\x1b[0m\x1b[?2026l");
  painter.forget();
  EXPECT_NE(painter.paint(canvas).find("\x1b[2J"), std::string::npos);
  const Canvas larger({.columns = 12, .rows = 3}, Glyphs::Braille);
  EXPECT_NE(painter.paint(larger).find("\x1b[2J"), std::string::npos);
}

TEST(Painter, without_colours_bold_and_inverse_remain) {
  Painter painter(false);
  Canvas canvas({.columns = 2, .rows = 1}, Glyphs::Braille);
  canvas.set(0, 0, U'x', {.tone = Tone::Bad, .bold = true, .inverse = true});
  canvas.set(0, 1, U'y', {.tone = Tone::Warning});
  EXPECT_EQ(painter.paint(canvas),
            "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1H\x1b[0;1;7mx\x1b[0my\x1b[0m\x1b[?2026l");
}

TEST(Painter, what_follows_a_character_of_doubtful_width_is_placed) {
  Painter painter(true);
  Canvas canvas({.columns = 4, .rows = 1}, Glyphs::Braille);
  canvas.put(0, 0, "京é.");
  EXPECT_EQ(painter.paint(canvas),
            "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1H京\x1b[3Gé\x1b[4G.\x1b[?2026l");
}

std::string drawn(const Dots& dots, Glyphs glyphs) {
  Canvas canvas({.columns = 3, .rows = 2}, glyphs);
  dots.draw(canvas, 0, 0, {});
  return canvas.text();
}

TEST(Dots, are_braille_half_blocks_or_points) {
  Dots braille(3, 2, Glyphs::Braille);
  EXPECT_EQ(braille.across(), 6);
  EXPECT_EQ(braille.down(), 8);
  braille.set(0, 0);
  braille.set(1, 7);
  braille.line(4, 9, -3);
  EXPECT_EQ(drawn(braille, Glyphs::Braille), "⠈ ⡇\n⡀ ⡇\n");
  Dots blocks(3, 2, Glyphs::Blocks);
  blocks.set(0, 0);
  blocks.set(1, 3);
  blocks.line(2, 0, 3);
  EXPECT_EQ(drawn(blocks, Glyphs::Blocks), " ▀█\n▄ █\n");
  Dots ascii(3, 2, Glyphs::Ascii);
  ascii.set(0, 0);
  ascii.set(1, 3);
  ascii.line(2, 0, 3);
  ascii.set(3, 0);
  ascii.set(-1, 0);
  EXPECT_EQ(drawn(ascii, Glyphs::Ascii), " ':\n. :\n");
}

TEST(Bars, are_as_high_as_the_value_and_absent_where_nothing_is_known) {
  Canvas canvas({.columns = 6, .rows = 1}, Glyphs::Blocks);
  draw_bars(canvas, 0, 0, {0, 0.5, -1, 1, 2}, {});
  EXPECT_EQ(canvas.text(), "▁▅ ██\n");
  Canvas ascii({.columns = 6, .rows = 1}, Glyphs::Ascii);
  draw_bars(ascii, 0, 0, {0, 0.5, -1, 1, 2}, {});
  EXPECT_EQ(ascii.text(), "_+ @@\n");
}

}  // namespace
}  // namespace wirestamp::term
