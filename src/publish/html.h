// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// A page is made piece by piece at the end of a string. All text is escaped; tags, classes and ids
// are ours. What comes out is well-formed XML, too, so that a strict parser can judge it.
namespace wirestamp::publish {

// Text between tags or in a quoted attribute. What XML does not have (control characters, octets
// that are no UTF-8) becomes U+FFFD.
void append_escaped(std::string& out, std::string_view text);

class Html {
 public:
  explicit Html(std::string& out) : out_(out) {}

  // `attributes` as they stand in the tag: ours, never from elsewhere.
  void open(std::string_view tag, std::string_view attributes = "");
  void close(std::string_view tag);
  void text(std::string_view text) { append_escaped(out_, text); }
  // A whole element with text in it.
  void element(std::string_view tag, std::string_view text, std::string_view attributes = "");
  // What is made elsewhere, such as a plot.
  void raw(std::string_view markup) { out_ += markup; }

  void paragraph(std::string_view text, std::string_view attributes = "") {
    element("p", text, attributes);
  }
  // A heading, and an anchor for it.
  void heading(std::string_view id, std::string_view text);

  // Rows of cells in a box that scrolls where the screen is narrow. With `head` the first row names
  // the columns; otherwise the first cell of each row names it. `classes`: more than "wide".
  void table(const std::vector<std::vector<std::string>>& rows, bool head,
             std::string_view classes = "");

 private:
  std::string& out_;
};

}  // namespace wirestamp::publish
