// SPDX-License-Identifier: Apache-2.0
#include "publish/text_lines.h"

#include <gtest/gtest.h>

namespace wirestamp::publish {
namespace {

TEST(TextLines, what_comes_from_elsewhere_cannot_steer_a_terminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07\x7f\n\tc"), "a?[2Jb????c");
  EXPECT_EQ(printable("csi \xc2\x9b"
                      "31m osc \xc2\x9d"),
            "csi ?31m osc ?");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "ltr\xe2\x81\xa6 \xd8\x9c\xe2\x80\x8f\xe2\x80\xa8"),
            "?ltr? ???");
  // Words of any writing stay, and so do octets that are none.
  EXPECT_EQ(printable("50 µs … Zürich שלום 日本"), "50 µs … Zürich שלום 日本");
  EXPECT_EQ(printable("\xff\xc2 \xe2\x80"), "\xff\xc2 \xe2\x80");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace wirestamp::publish
