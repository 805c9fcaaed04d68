// SPDX-License-Identifier: Apache-2.0
#include "publish/html.h"

#include "publish/utf8.h"

namespace wirestamp::publish {

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
        character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf")  // U+FFFE and U+FFFF
      out += kReplacement;
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += character;
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void Html::open(std::string_view tag, std::string_view attributes) {
  out_ += '<';
  out_ += tag;
  if (!attributes.empty()) {
    out_ += ' ';
    out_ += attributes;
  }
  out_ += '>';
}

void Html::close(std::string_view tag) {
  out_ += "</";
  out_ += tag;
  out_ += ">\n";
}

void Html::element(std::string_view tag, std::string_view text, std::string_view attributes) {
  open(tag, attributes);
  append_escaped(out_, text);
  close(tag);
}

void Html::heading(std::string_view id, std::string_view text) {
  element("h2", text, "id=\"" + std::string(id) + "\"");
}

void Html::table(const std::vector<std::vector<std::string>>& rows, bool head,
                 std::string_view classes) {
  open("div", "class=\"wide " + std::string(classes) + "\"");
  open("table");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    open("tr");
    for (std::size_t column = 0; column < rows[i].size(); ++column) {
      const bool names = head ? i == 0 : column == 0;
      element(names ? "th" : "td", rows[i][column],
              !names ? ""
              : head ? "scope=\"col\""
                     : "scope=\"row\"");
    }
    close("tr");
  }
  close("table");
  close("div");
}

}  // namespace wirestamp::publish
