// SPDX-License-Identifier: Apache-2.0
#include "platform/process.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

namespace wirestamp::platform {

namespace {

std::atomic<void (*)() noexcept> stop_handler{nullptr};

extern "C" void forward_stop_signal(int /*number*/) {
  if (auto* handler = stop_handler.load()) handler();
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
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

void ignore_broken_pipes() {
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace wirestamp::platform
