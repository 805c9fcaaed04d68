// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/screen.h"
#include "term/canvas.h"
#include "term/keys.h"
#include "term/painter.h"

namespace wirestamp::cli {

// What the terminal behind `stream` shows.
term::Glyphs glyphs_of_terminal(std::FILE* stream);
// `when`: auto, always or never, of --color.
bool colours_wanted(std::FILE* stream, std::string_view when);

// A terminal with a canvas on it: at most ten times a second, and only what changed.
class TerminalView {
 public:
  static Result<std::unique_ptr<TerminalView>> open(std::FILE* stream, std::string_view colours);

  struct News {
    std::vector<term::Key> keys;
    bool gone = false;  // the terminal is
  };
  // Until a key comes or the next picture is due.
  News wait();
  // Ends wait(); async-signal-safe.
  void wake() noexcept { screen_->wake(); }
  void show(const term::Canvas& canvas);

  term::Size size() const;
  term::Glyphs glyphs() const { return glyphs_; }

 private:
  TerminalView(std::unique_ptr<platform::Screen> screen, term::Glyphs glyphs, bool colours)
      : screen_(std::move(screen)), painter_(colours), glyphs_(glyphs) {}

  std::unique_ptr<platform::Screen> screen_;
  term::Painter painter_;
  term::KeyReader keys_;
  term::Glyphs glyphs_;
  std::string waiting_;  // a picture that the terminal has not taken
  std::optional<MonoTime> last_shown_;
};

}  // namespace wirestamp::cli
