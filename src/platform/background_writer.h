// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "time/duration.h"

namespace wirestamp::platform {

// Writes what is told, in its order, on a thread of its own: who tells it never waits for a
// terminal that was stopped (Ctrl-S) or for a pipe that nobody reads. Any thread may call it.
class BackgroundWriter {
 public:
  static constexpr std::size_t kMost = 1'048'576;  // octets that wait; what comes then is left out
  static constexpr Duration kPatience = Duration::seconds(2);

  BackgroundWriter();
  ~BackgroundWriter();  // as finish()
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  // `descriptor` stays the caller's, and is to stay open. Where texts were left out, the next one
  // is preceded by how many. What cannot be written is dropped.
  void write(int descriptor, std::string text);

  // Until all is written; false when nothing more was taken for `patience`, and the rest is given
  // up.
  bool finish(Duration patience = kPatience);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;  // also the thread's, which may hang in a write for ever
};

}  // namespace wirestamp::platform
