// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/top_feed.h"
#include "cli/top_table.h"
#include "client/fetch.h"
#include "term/canvas.h"
#include "term/keys.h"

namespace wirestamp::cli {

// The screens of `wirestamp top`: what a person chose, and what is drawn of the news. No I/O.
class TopScreen {
 public:
  // `address`: of the agent, a URL; nothing of it is drawn that may be secret.
  explicit TopScreen(const std::string& address) : address_(client::shown_address(address)) {}

  // True: it is to end.
  bool on_key(const term::Key& key, const TopNews& news);
  term::Canvas draw(term::Size size, term::Glyphs glyphs, const TopNews& news, WallTime now);
  // What is looked at, for a screen as the last that was drawn.
  TopWish wish() const { return wish_; }

  // How far back the plot of a session may go.
  struct Range {
    Duration back;
    const char* name;
  };
  static constexpr std::array<Range, 6> kRanges{
      {{Duration::minutes(15), "15 minutes"},
       {Duration::hours(1), "hour"},
       {Duration::hours(6), "6 hours"},
       {Duration::hours(24), "24 hours"},
       {Duration::hours(std::int64_t{24} * 7), "7 days"},
       {Duration::hours(std::int64_t{24} * 30), "30 days"}}};

 private:
  enum class Pane : std::uint8_t { Events, Incidents, Flows, Probes };
  class List;
  class Detail;

  void on_filter_key(const term::Key& key);
  void on_list_key(const term::Key& key, const TopNews& news);
  void on_detail_key(const term::Key& key);

  std::string address_;
  TopWish wish_;
  std::string filter_, selected_;
  TopOrder order_ = TopOrder::Trouble;
  bool reverse_ = false, filtering_ = false, help_ = false, logarithmic_ = false;
  std::size_t first_ = 0;  // row of the table that is drawn first
  int rows_ = 1;           // of the table that are drawn
  std::size_t range_ = 1;
  Pane pane_ = Pane::Events;
  std::size_t scrolled_ = 0;  // lines of the pane
};

}  // namespace wirestamp::cli
