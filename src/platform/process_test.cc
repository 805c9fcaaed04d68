// SPDX-License-Identifier: Apache-2.0
#include "platform/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>

namespace wirestamp::platform {
namespace {

volatile sig_atomic_t stops = 0;

void count_stop() noexcept {
  stops = stops + 1;
  errno = EXDEV;
}

// The signal that ended a child in which `body` ran, or the negative of what it returned.
int end_of(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

TEST(StopSignal, TheFirstIsTheHandlersAndTheSecondEndsTheProcessWhicheverTheyAre) {
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
      EXPECT_EQ(end_of([&] {
                  on_stop_signal(count_stop);
                  ::raise(first);
                  if (stops != 1) return 2;
                  ::raise(second);
                  return 3;
                }),
                second)
          << first;
    }
  }
}

// `>&-` in a shell.
TEST(StandardDescriptors, AMissingOneIsTakenBeforeAFileOrSocketGetsItsNumber) {
  EXPECT_EQ(end_of([] {
              ::close(STDOUT_FILENO);
              fill_standard_descriptors();
              if (::fcntl(STDOUT_FILENO, F_GETFD) < 0) return 1;
              if (::write(STDOUT_FILENO, "x", 1) >= 0) return 2;  // it fails as it did
              return 0;
            }),
            0);
}

TEST(StandardDescriptors, TheOnesThatAreThereStay) {
  EXPECT_EQ(end_of([] {
              const int before = ::dup(STDOUT_FILENO);
              fill_standard_descriptors();
              const int after = ::dup(STDOUT_FILENO);
              return after == before + 1 ? 0 : 1;  // none was opened
            }),
            0);
}

TEST(StopSignal, WhatTheProgramWasDoingDoesNotSeeTheHandlersErrno) {
  EXPECT_EQ(end_of([] {
              on_stop_signal(count_stop);
              errno = EINTR;
              ::raise(SIGTERM);
              return errno == EINTR ? 0 : 1;
            }),
            0);
}

// `nohup` and shells that start jobs in the background say so.
TEST(StopSignal, OneThatWasIgnoredBeforeUsStaysIgnored) {
  EXPECT_EQ(end_of([] {
              ::signal(SIGHUP, SIG_IGN);
              on_stop_signal(count_stop);
              ::raise(SIGHUP);
              ::raise(SIGHUP);
              if (stops != 0) return 1;
              ::raise(SIGTERM);
              if (stops != 1) return 2;
              ::raise(SIGHUP);
              return 0;
            }),
            0);
}

volatile sig_atomic_t questions = 0;

TEST(QuestionSignal, EachIsTheHandlersAndNoneEndsTheProcess) {
  EXPECT_EQ(end_of([] {
              on_question_signal([]() noexcept { questions = questions + 1; });
              errno = EINTR;
              for (int n = 0; n < 3; ++n) ::raise(SIGUSR1);
              return questions == 3 && errno == EINTR ? 0 : 1;
            }),
            0);
}

volatile sig_atomic_t reloads = 0;

TEST(ReloadSignal, is_told_each_time_and_stops_nothing) {
  EXPECT_EQ(end_of([] {
              ::signal(SIGHUP, SIG_IGN);
              on_stop_signal(count_stop);
              on_reload_signal([]() noexcept {
                reloads = reloads + 1;
                errno = EXDEV;
              });
              errno = EINTR;
              for (int i = 0; i < 3; ++i) ::raise(SIGHUP);
              if (reloads != 3 || stops != 0 || errno != EINTR) return 1;
              ::raise(SIGTERM);
              ::raise(SIGHUP);
              if (reloads != 4 || stops != 1) return 2;
              ::raise(SIGINT);
              return 3;
            }),
            SIGINT);
}

void count_reload() noexcept { reloads = reloads + 1; }

TEST(ReloadSignal, goes_on_reloading_when_stops_are_handled_later) {
  EXPECT_EQ(end_of([] {
              on_reload_signal(count_reload);
              ::raise(SIGHUP);
              on_stop_signal(count_stop);
              ::raise(SIGHUP);
              if (reloads != 2 || stops != 0) return 1;
              ::raise(SIGTERM);
              return stops == 1 ? 0 : 2;
            }),
            0);
}

// The calling process gets one of its own, and loses it: false where it cannot have one.
bool lose_terminal() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (::setsid() < 0 || master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0)
    return false;
  const bool opened = ::open(::ptsname(master), O_RDWR) >= 0;
  return ::close(master) == 0 && opened;
}

TEST(ReloadSignal, a_terminal_that_is_closed_stops) {
  EXPECT_EQ(end_of([] {
              on_stop_signal(count_stop);
              on_reload_signal(count_reload);
              if (!lose_terminal()) return 1;
              return stops == 1 && reloads == 0 ? 0 : 2;
            }),
            0);
  EXPECT_EQ(end_of([] {
              on_reload_signal(count_reload);
              return lose_terminal() ? 2 : 1;
            }),
            SIGHUP)
      << "before stops are handled";
}

TEST(ReloadSignal, a_terminal_that_is_closed_does_not_stop_what_nohup_began) {
  EXPECT_EQ(end_of([] {
              ::signal(SIGHUP, SIG_IGN);
              on_stop_signal(count_stop);
              on_reload_signal(count_reload);
              if (!lose_terminal()) return 1;
              return stops == 0 && reloads == 1 ? 0 : 2;
            }),
            0);
}

TEST(BrokenPipes, FailTheWriteOnly) {
  EXPECT_EQ(end_of([] {
              ignore_broken_pipes();
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0 || ::close(ends[0]) != 0) return 1;
              return ::write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2;
            }),
            0);
}

TEST(Environment, HasEachVariableWithItsValue) {
  EXPECT_EQ(end_of([] {
              ::setenv("WIRESTAMP_PROCESS_TEST", "a=b", 1);
              const auto all = environment();
              return std::ranges::count(all, std::pair<std::string, std::string>(
                                                 "WIRESTAMP_PROCESS_TEST", "a=b")) == 1
                         ? 0
                         : 1;
            }),
            0);
}

}  // namespace
}  // namespace wirestamp::platform
