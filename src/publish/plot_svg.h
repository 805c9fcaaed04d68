// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "publish/plot.h"

namespace wirestamp::publish {

// A coordinate with one decimal: "12", "12.3".
std::string coordinate(double value);

// For the content of an element or a quoted attribute. What XML cannot hold becomes U+FFFD.
std::string xml_text(std::string_view text);

// Its characters up to `most`; a longer one ends with an ellipsis.
std::string shortened(std::string_view text, std::size_t most);

// Pieces of an SVG file. Classes are those of the style sheet in plot_svg.cc.
class Svg {
 public:
  // Opens the picture; `described` is told to those who do not see it.
  Svg(double width, double height, std::string_view title, std::string_view described,
      PlotTheme theme);

  enum class Anchor { Start, Middle, End };
  void text(double x, double y, Anchor anchor, std::string_view style, std::string_view text);
  void line(double x1, double y1, double x2, double y2, std::string_view style);
  // With a text that shows under the pointer; "": none.
  void rectangle(double x, double y, double width, double height, std::string_view style,
                 std::string_view hint = {});
  void path(std::string_view data, std::string_view style);  // nothing when `data` is empty

  std::string finish();

 private:
  std::string out_;
};

}  // namespace wirestamp::publish
