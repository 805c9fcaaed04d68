// SPDX-License-Identifier: Apache-2.0
#include "cli/top_screen.h"

#include <algorithm>

namespace wirestamp::cli {

namespace {

constexpr std::size_t kMostFilter = 64;  // octets

// The last character goes, of however many octets.
void shorten(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U)
    text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace

bool TopScreen::on_key(const term::Key& key, const TopNews& news) {
  using term::KeyKind;
  if (filtering_) {
    on_filter_key(key);
    return false;
  }
  if (key.is('q')) return true;
  if (key.is('?') || key.is('h')) {
    help_ = !help_;
  } else if (help_) {
    help_ = key.kind != KeyKind::Escape && key.kind != KeyKind::Enter;
  } else if (wish_.session.empty()) {
    on_list_key(key, news);
  } else {
    on_detail_key(key);
  }
  return false;
}

void TopScreen::on_filter_key(const term::Key& key) {
  using term::KeyKind;
  if (key.kind == KeyKind::Enter) {
    filtering_ = false;
  } else if (key.kind == KeyKind::Escape) {
    filtering_ = false;
    filter_.clear();
  } else if (key.kind == KeyKind::Backspace) {
    shorten(filter_);
  } else if (key.kind == KeyKind::Text && filter_.size() + key.text.size() <= kMostFilter) {
    filter_ += key.text;
  }
  first_ = 0;
}

void TopScreen::on_list_key(const term::Key& key, const TopNews& news) {
  using term::KeyKind;
  constexpr std::array<std::pair<char, TopOrder>, 7> kOrders{{{'s', TopOrder::Trouble},
                                                              {'n', TopOrder::Name},
                                                              {'5', TopOrder::Median},
                                                              {'p', TopOrder::Median},
                                                              {'9', TopOrder::Tail},
                                                              {'l', TopOrder::Loss},
                                                              {'J', TopOrder::Jitter}}};
  for (const auto& [letter, order] : kOrders)
    if (key.is(letter)) order_ = order;
  if (key.is('r')) reverse_ = !reverse_;
  if (key.is('/')) filtering_ = true;
  if (key.kind == KeyKind::Escape) filter_.clear();
  if (!news.sessions) return;
  const auto chosen = chosen_sessions(*news.sessions, filter_, order_, reverse_);
  if (chosen.empty()) return;
  const auto here = std::ranges::find(chosen, selected_, &client::Session::name);
  const auto last = static_cast<std::ptrdiff_t>(chosen.size()) - 1;
  std::ptrdiff_t at = here == chosen.end() ? 0 : here - chosen.begin();
  if (key.kind == KeyKind::Enter) {
    wish_.session = chosen[static_cast<std::size_t>(at)]->name;
    selected_ = wish_.session;
    scrolled_ = 0;
    return;
  }
  if (key.kind == KeyKind::Down || key.is('j')) ++at;
  if (key.kind == KeyKind::Up || key.is('k')) --at;
  if (key.kind == KeyKind::PageDown || key.is(' ')) at += rows_;
  if (key.kind == KeyKind::PageUp) at -= rows_;
  if (key.kind == KeyKind::Home || key.is('g')) at = 0;
  if (key.kind == KeyKind::End || key.is('G')) at = last;
  selected_ = chosen[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at, 0, last))]->name;
}

void TopScreen::on_detail_key(const term::Key& key) {
  using term::KeyKind;
  const Pane before = pane_;
  if (key.kind == KeyKind::Escape || key.kind == KeyKind::Backspace || key.kind == KeyKind::Left) {
    wish_.session.clear();
    return;
  }
  if (key.is('+') || key.is('=')) range_ -= range_ > 0 ? 1 : 0;
  if (key.is('-')) range_ = std::min(range_ + 1, kRanges.size() - 1);
  if (key.is('l')) logarithmic_ = !logarithmic_;
  if (key.is('e')) pane_ = Pane::Events;
  if (key.is('i')) pane_ = Pane::Incidents;
  if (key.is('f')) pane_ = Pane::Flows;
  if (key.is('p')) pane_ = Pane::Probes;
  if (key.kind == KeyKind::Tab)
    pane_ = pane_ == Pane::Probes ? Pane::Events : static_cast<Pane>(static_cast<int>(pane_) + 1);
  if (key.kind == KeyKind::Down || key.is('j')) ++scrolled_;
  if (key.kind == KeyKind::Up || key.is('k')) scrolled_ -= scrolled_ > 0 ? 1 : 0;
  if (pane_ != before) scrolled_ = 0;
  wish_.probes = pane_ == Pane::Probes;
}

}  // namespace wirestamp::cli
