// SPDX-License-Identifier: Apache-2.0
#include "platform/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string_view>

namespace wirestamp::platform {

namespace {

std::atomic<void (*)() noexcept> stop_handler{nullptr};
std::atomic<void (*)() noexcept> last_handler{nullptr};
std::atomic<void (*)() noexcept> reload_handler{nullptr};
std::atomic<void (*)() noexcept> question_handler{nullptr};
std::atomic<bool> hangup_ignored{false};  // before us, as `nohup` has it

constexpr std::array kStopSignals{SIGINT, SIGTERM, SIGHUP};

// As if nothing had been installed, with a word before.
extern "C" void forward_last_signal(int number) {
  if (auto* handler = last_handler.load()) handler();
  ::signal(number, SIG_DFL);
  ::raise(number);  // comes when this returns
}

extern "C" void forward_stop_signal(int /*number*/) {
  const int error = errno;  // of whatever we came in between
  for (const int number : kStopSignals) {
    struct sigaction now{};
    sigaction(number, nullptr, &now);
    if (now.sa_handler == forward_stop_signal) ::signal(number, forward_last_signal);
  }
  if (auto* handler = stop_handler.load()) handler();
  errno = error;
}

// The kernel itself sends it when the terminal is closed in which we run, and nobody is there any
// more who would end us.
extern "C" void forward_reload_signal(int number, siginfo_t* info, void* /*context*/) {
  if (info->si_code > 0 && !hangup_ignored.load())
    return stop_handler.load() != nullptr ? forward_stop_signal(number)
                                          : forward_last_signal(number);
  const int error = errno;
  if (auto* handler = reload_handler.load()) handler();
  errno = error;
}

extern "C" void forward_question_signal(int /*number*/) {
  const int error = errno;
  if (auto* handler = question_handler.load()) handler();
  errno = error;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

void on_stop_signal(void (*handler)() noexcept) {
  stop_handler.store(handler);
  struct sigaction action{};
  action.sa_handler = forward_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : kStopSignals) sigaddset(&action.sa_mask, number);
  for (const int number : kStopSignals) {
    struct sigaction before{};
    sigaction(number, nullptr, &before);
    if (number == SIGHUP && (before.sa_handler == SIG_IGN || reload_handler.load() != nullptr))
      continue;
    sigaction(number, &action, nullptr);
  }
}

void on_last_signal(void (*handler)() noexcept) { last_handler.store(handler); }

void on_reload_signal(void (*handler)() noexcept) {
  reload_handler.store(handler);
  struct sigaction action{}, before{};
  action.sa_sigaction = forward_reload_signal;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, nullptr, &before);
  hangup_ignored.store(before.sa_handler == SIG_IGN);
  sigaction(SIGHUP, &action, nullptr);
}

void on_question_signal(void (*handler)() noexcept) {
  question_handler.store(handler);
  struct sigaction action{};
  action.sa_handler = forward_question_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

void fill_standard_descriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one.
    (void)open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void ignore_broken_pipes() {
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

}  // namespace wirestamp::platform
