// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string_view>

#include "time/clock.h"

namespace wirestamp::cli {

// Says how far something has come that takes longer than a second, in one line that is written over
// and goes away at the end. Nothing where nobody looks.
class Progress {
 public:
  // `what`: "reading the store". Both outlive it. `stream` null: nothing is told.
  Progress(std::string_view what, Clock& clock, std::FILE* stream);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::size_t done, std::size_t of);

 private:
  std::string_view what_;
  Clock& clock_;
  std::FILE* stream_;
  MonoTime began_;
  bool told_ = false;
};

}  // namespace wirestamp::cli
