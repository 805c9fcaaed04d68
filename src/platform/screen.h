// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/duration.h"

namespace wirestamp::platform {

// A terminal that the program draws a whole screen on. It is left as it was found: at the end, when
// the process is stopped (Ctrl-Z) or killed by a signal that can be caught, and when it crashes.
// One at a time, on one thread.
//
// Keys come one by one and are not echoed, where standard input is that terminal; Ctrl-C and Ctrl-Z
// send their signals as ever. Nothing here blocks on a terminal that takes nothing (Ctrl-S, a slow
// line): what it does not take waits, and the caller draws nothing new meanwhile.
class Screen {
 public:
  // `enter` and `leave` are written when it begins to draw and when it stops; static storage.
  static Result<std::unique_ptr<Screen>> open(std::FILE* stream, std::string_view enter,
                                              std::string_view leave);
  virtual ~Screen() = default;

  struct News {
    std::string keys;     // octets
    bool redraw = false;  // another size, or back from a stop: all of it is to be drawn anew
    bool gone = false;    // the terminal is: nothing can be drawn any more
  };
  // Waits for news, at most so long. Another thread's, or a signal handler's, wake() ends it.
  virtual News wait(Duration at_most) = 0;
  virtual void wake() noexcept = 0;  // async-signal-safe

  // False while octets of before still wait, or while the process is in the background: these are
  // not taken then.
  virtual bool draw(std::string_view octets) = 0;

  struct Size {
    unsigned columns = 80, rows = 24;
  };
  virtual Size size() const = 0;
};

}  // namespace wirestamp::platform
