// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>

#include "cli/streams.h"

namespace wirestamp::cli {

Progress::Progress(std::string_view what, Clock& clock, std::FILE* stream)
    : what_(what), clock_(clock), stream_(stream), began_(clock.mono_now()) {}

Progress::~Progress() {
  if (told_) tell(stream_, "\r\x1b[K");
}

void Progress::at(std::size_t done, std::size_t of) {
  if (stream_ == nullptr || clock_.mono_now() - began_ < Duration::seconds(1)) return;
  told_ = true;
  tell(stream_, "\r{}: {} %\x1b[K", what_, 100 * std::min(done, of) / std::max<std::size_t>(of, 1));
}

}  // namespace wirestamp::cli
