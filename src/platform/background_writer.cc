// SPDX-License-Identifier: Apache-2.0
#include "platform/background_writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace wirestamp::platform {

namespace {

constexpr std::size_t kPiece = 4'096;  // octets in one write: whether some are taken is seen

// Octets of `text` that were taken; 0: none will ever be.
std::size_t write_some(int descriptor, std::string_view text) {
  for (;;) {
    const ssize_t put = ::write(descriptor, text.data(), std::min(text.size(), kPiece));
    if (put > 0) return static_cast<std::size_t>(put);
    if (put < 0 && errno == EINTR) continue;
    if (put == 0 || errno != EAGAIN) return 0;
    pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};  // another made it so
    (void)::poll(&ready, 1, -1);
  }
}

}  // namespace

struct BackgroundWriter::State {
  struct Text {
    int descriptor;
    std::string octets;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Text> waiting;
  std::size_t octets = 0;  // of those, and of the one that is written
  std::uint64_t taken = 0;
  std::uint64_t left_out = 0;  // texts, since one was taken in
  bool ended = false;
};

BackgroundWriter::BackgroundWriter() : state_(std::make_shared<State>()) {
  std::thread(run, state_).detach();
}

BackgroundWriter::~BackgroundWriter() { finish(); }

void BackgroundWriter::write(int descriptor, std::string text) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ended) return;
    if (state_->octets + text.size() > kMost) {
      ++state_->left_out;
      return;
    }
    if (const std::uint64_t lost = std::exchange(state_->left_out, 0); lost > 0)
      text.insert(0, fmt::format("note: {} messages before this one were left out, since nothing "
                                 "read what was printed\n",
                                 lost));
    state_->octets += text.size();
    state_->waiting.push_back({descriptor, std::move(text)});
  }
  state_->changed.notify_all();
}

bool BackgroundWriter::finish(Duration patience) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto most = std::chrono::nanoseconds(patience.ns());
  bool takes = !state.ended;  // else what is left was given up
  while (takes && state.octets > 0) {
    const std::uint64_t before = state.taken;
    takes = state.changed.wait_for(lock, most,
                                   [&] { return state.octets == 0 || state.taken != before; });
  }
  state.ended = true;
  state.changed.notify_all();
  return state.octets == 0;
}

void BackgroundWriter::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->changed.wait(lock, [&] { return state->ended || !state->waiting.empty(); });
    if (state->ended) return;
    const State::Text text = std::move(state->waiting.front());
    state->waiting.pop_front();
    std::string_view rest = text.octets;
    while (!rest.empty() && !state->ended) {
      lock.unlock();
      const std::size_t put = write_some(text.descriptor, rest);
      lock.lock();
      const std::size_t gone = put > 0 ? put : rest.size();
      rest.remove_prefix(gone);
      state->octets -= gone;
      state->taken += gone;
      state->changed.notify_all();
    }
  }
}

}  // namespace wirestamp::platform
