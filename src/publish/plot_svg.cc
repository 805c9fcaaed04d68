// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_svg.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "publish/utf8.h"

namespace wirestamp::publish {

namespace {

// Black on white first, since that is what paper and old viewers show; the colours are of the
// Okabe-Ito set, which people tell apart however they see colours, and differ in lightness. The
// prefix keeps them from the classes of a page that the picture stands in.
constexpr std::string_view kStyle =
    R"css(.wsp text{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:11px;fill:#333}
.wsp .wsp-title{font-size:14px;font-weight:600;fill:#111}
.wsp .wsp-empty{font-size:14px;fill:#555}
.wsp-paper{fill:#fff}
.wsp-gap{fill:#ececec}
.wsp-grid{stroke:#ddd;stroke-width:1}
.wsp-axis{stroke:#555;stroke-width:1;fill:none}
.wsp-outer{fill:#0072b2;fill-opacity:.14}
.wsp-inner{fill:#0072b2;fill-opacity:.32}
.wsp-line{fill:none;stroke:#003f66;stroke-width:1.6}
.wsp-high{fill:none;stroke:#0072b2;stroke-width:1.2;stroke-dasharray:5 2}
.wsp-second{fill:none;stroke:#b34a00;stroke-width:1.6;stroke-dasharray:7 3}
.wsp-second-high{fill:none;stroke:#b34a00;stroke-width:1.1;stroke-dasharray:2 2}
.wsp-loss1{fill:#d55e00;fill-opacity:.13}
.wsp-loss2{fill:#d55e00;fill-opacity:.28}
.wsp-loss3{fill:#d55e00;fill-opacity:.5}
.wsp-loss4{fill:url(#wsp-hatch)}
.wsp-hatched{stroke:#a33c00;stroke-width:2.2}
.wsp-forward{fill:#0072b2;fill-opacity:.85}
.wsp-backward{fill:url(#wsp-back)}
.wsp-back-ground{fill:#f5d9c3}
.wsp-unknown{fill:#8a8a8a;fill-opacity:.7}
.wsp-mark{stroke:#111;stroke-width:1;stroke-dasharray:1 3}
.wsp-flag{fill:#111}
.wsp .wsp-number{fill:#fff;font-size:9px}
)css";
constexpr std::string_view kDarkStyle = R"css(.wsp text{fill:#ccc}
.wsp .wsp-title{fill:#eee}
.wsp .wsp-empty{fill:#bbb}
.wsp-paper{fill:#15181d}
.wsp-gap{fill:#23272d}
.wsp-grid{stroke:#2d3239}
.wsp-axis{stroke:#9aa}
.wsp-outer,.wsp-inner{fill:#56b4e9}
.wsp-line{stroke:#a8dcff}
.wsp-high{stroke:#56b4e9}
.wsp-second,.wsp-second-high{stroke:#ffae63}
.wsp-loss1,.wsp-loss2,.wsp-loss3{fill:#ff8a2b}
.wsp-hatched{stroke:#ff8a2b}
.wsp-forward{fill:#56b4e9}
.wsp-back-ground{fill:#4a2a10}
.wsp-mark{stroke:#eee}
.wsp-flag{fill:#eee}
.wsp .wsp-number{fill:#15181d}
)css";
constexpr std::string_view kPatterns =
    R"css(<defs><pattern id="wsp-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="wsp-hatched" d="M1 0V6"/></pattern><pattern id="wsp-back" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><path class="wsp-back-ground" d="M0 0H5V5H0Z"/><path class="wsp-hatched" d="M1 0V5"/></pattern></defs>
)css";

// U+FFFE and U+FFFF are no characters of XML.
bool beyond_xml(std::string_view character) {
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

}  // namespace

std::string coordinate(double value) {
  // Nothing of ours lies outside; a reader of the file should not meet a word where it is.
  if (!std::isfinite(value)) value = 0;
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const auto octet = static_cast<unsigned char>(character.front());
    if (character == "\t" || character == "\n" || character == "\r")
      out += ' ';
    else if (length == 0 || octet < 0x20 || octet == 0x7f || beyond_xml(character))
      out += kReplacement;
    else if (character == "&")
      out += "&amp;";
    else if (character == "<")
      out += "&lt;";
    else if (character == ">")
      out += "&gt;";
    else if (character == "\"")
      out += "&quot;";
    else
      out += character;
    text.remove_prefix(character.size());
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t at = 0, cut = 0;
  for (std::size_t count = 0; at < text.size(); ++count) {
    if (count + 1 == most) cut = at;
    if (count == most) return std::string(text.substr(0, cut)) + "\xe2\x80\xa6";
    const std::size_t length = utf8_length(text.substr(at));
    at += length == 0 ? 1 : length;
  }
  return std::string(text);
}

Svg::Svg(double width, double height, std::string_view title, std::string_view described,
         PlotTheme theme) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wsp\" role=\"img\" width=\"{0}\" "
      "height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n<desc>{3}</desc>\n",
      coordinate(width), coordinate(height), xml_text(title), xml_text(described));
  out_ += fmt::format("<style>\n{}", kStyle);
  if (theme == PlotTheme::Viewer)
    out_ += fmt::format("@media screen and (prefers-color-scheme:dark){{\n{}}}\n", kDarkStyle);
  if (theme == PlotTheme::Dark) out_ += kDarkStyle;
  out_ += "</style>\n";
  out_ += kPatterns;
  rectangle(0, 0, width, height, "wsp-paper");
}

void Svg::text(double x, double y, Anchor anchor, std::string_view style, std::string_view text) {
  fmt::format_to(std::back_inserter(out_), "<text x=\"{}\" y=\"{}\"", coordinate(x), coordinate(y));
  if (anchor != Anchor::Start)
    fmt::format_to(std::back_inserter(out_), " text-anchor=\"{}\"",
                   anchor == Anchor::Middle ? "middle" : "end");
  if (!style.empty()) fmt::format_to(std::back_inserter(out_), " class=\"{}\"", style);
  fmt::format_to(std::back_inserter(out_), ">{}</text>\n", xml_text(text));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  path(fmt::format("M{} {}L{} {}", coordinate(x1), coordinate(y1), coordinate(x2), coordinate(y2)),
       style);
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view style,
                    std::string_view hint) {
  fmt::format_to(std::back_inserter(out_),
                 "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"", coordinate(x),
                 coordinate(y), coordinate(width), coordinate(height), style);
  if (hint.empty())
    out_ += "/>\n";
  else
    fmt::format_to(std::back_inserter(out_), "><title>{}</title></rect>\n", xml_text(hint));
}

void Svg::path(std::string_view data, std::string_view style) {
  if (data.empty()) return;
  fmt::format_to(std::back_inserter(out_), "<path class=\"{}\" d=\"{}\"/>\n", style, data);
}

std::string Svg::finish() {
  out_ += "</svg>\n";
  return std::move(out_);
}

}  // namespace wirestamp::publish
