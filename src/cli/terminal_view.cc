// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_view.h"

#include <algorithm>
#include <utility>

#include "platform/system_clock.h"
#include "platform/terminal.h"

namespace wirestamp::cli {

namespace {

constexpr Duration kPicture = Duration::milliseconds(100);

}  // namespace

term::Glyphs glyphs_of_terminal(std::FILE* stream) {
  const platform::TerminalTraits traits = platform::terminal_traits(stream);
  if (!traits.utf8) return term::Glyphs::Ascii;
  return traits.braille ? term::Glyphs::Braille : term::Glyphs::Blocks;
}

bool colours_wanted(std::FILE* stream, std::string_view when) {
  return when == "always" || (when == "auto" && platform::terminal_traits(stream).colours);
}

Result<std::unique_ptr<TerminalView>> TerminalView::open(std::FILE* stream,
                                                         std::string_view colours) {
  auto screen = TRY(platform::Screen::open(stream, term::kEnterScreen, term::kLeaveScreen));
  return std::unique_ptr<TerminalView>(new TerminalView(
      std::move(screen), glyphs_of_terminal(stream), colours_wanted(stream, colours)));
}

TerminalView::News TerminalView::wait() {
  Duration left = kPicture;
  if (last_shown_)
    left = std::clamp(*last_shown_ + kPicture - platform::mono_now(), Duration(), kPicture);
  // Rounded up, else it would turn without waiting in the last millisecond.
  platform::Screen::News news = screen_->wait(left + Duration::milliseconds(1));
  if (news.redraw) {
    painter_.forget();
    waiting_.clear();
  }
  News told{.keys = keys_.read(news.keys, news.keys.empty()), .gone = news.gone};
  for (const term::Key& key : told.keys)
    if (key.kind == term::KeyKind::Redraw) painter_.forget();
  return told;
}

void TerminalView::show(const term::Canvas& canvas) {
  const MonoTime now = platform::mono_now();
  if (last_shown_ && now - *last_shown_ < kPicture) return;
  last_shown_ = now;
  if (!waiting_.empty()) {
    if (screen_->draw(waiting_)) waiting_.clear();
    return;
  }
  std::string picture = painter_.paint(canvas);
  if (!picture.empty() && !screen_->draw(picture)) waiting_ = std::move(picture);
}

term::Size TerminalView::size() const {
  const platform::Screen::Size size = screen_->size();
  return {.columns = static_cast<int>(std::min(size.columns, 10'000U)),
          .rows = static_cast<int>(std::min(size.rows, 10'000U))};
}

}  // namespace wirestamp::cli
