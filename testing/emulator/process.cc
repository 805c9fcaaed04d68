// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include <cstdio>

namespace wirestamp::emulator {

int stop_descriptor() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  return signalfd(-1, &stop, SFD_CLOEXEC);
}

void announce_ready() {
  // The kernel switches receive stamping on a moment after it was asked for; frames that come
  // before have no stamp.
  const timespec moment{.tv_sec = 0, .tv_nsec = 20'000'000};
  nanosleep(&moment, nullptr);
  std::puts("ready");
  std::fflush(stdout);
}

}  // namespace wirestamp::emulator
