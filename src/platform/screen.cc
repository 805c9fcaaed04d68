// SPDX-License-Identifier: Apache-2.0
//
// Whoever dies while a terminal is raw leaves a shell behind that shows nothing of what is typed.
// So what it takes to restore it lies in variables that a signal handler may read, and handlers of
// all signals that end the process use them. Stops are handled on the drawing thread: the handler
// of SIGTSTP only tells, the thread restores the terminal and then stops the process by the same
// signal, as a shell expects.
#include "platform/screen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "platform/process.h"

namespace wirestamp::platform {

namespace {

// What the handlers need.
struct Shared {
  std::atomic<bool> drawing{false};
  int output = -1, input = -1;  // input -1: it is none
  termios found{};
  std::string_view leave;
  std::atomic<int> wake{-1};
  std::atomic<bool> resized{false}, stop_asked{false}, continued{false};
};
Shared shared;

// A signal of a fault comes again when its instruction is tried again, the others are sent again.
constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr std::array kDeadly{SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,    SIGABRT, SIGQUIT, SIGUSR1,
                             SIGUSR2, SIGALRM, SIGPROF, SIGVTALRM, SIGXCPU, SIGSYS,  SIGTRAP};
constexpr std::array kTelling{SIGWINCH, SIGTSTP, SIGCONT};
std::array<struct sigaction, kDeadly.size()> found_deadly;
std::array<struct sigaction, kTelling.size()> found_telling;

// Async-signal-safe. False: the terminal takes nothing, and was not told to show what it did
// before.
bool restore() noexcept {
  if (!shared.drawing.exchange(false)) return true;
  if (shared.input >= 0) tcsetattr(shared.input, TCSANOW, &shared.found);
  pollfd ready{.fd = shared.output, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 200) != 1) return false;
  (void)!::write(shared.output, shared.leave.data(), shared.leave.size());
  return true;
}
// For a signal's handler: nobody waits for such a terminal then.
void restore_at_last() noexcept { (void)restore(); }

void tell_loop() noexcept {
  const char one = 0;
  if (const int descriptor = shared.wake.load(); descriptor >= 0)
    (void)!::write(descriptor, &one, 1);
}

extern "C" void note_signal(int number) {
  const int error = errno;
  if (number == SIGWINCH) shared.resized.store(true);
  if (number == SIGTSTP) shared.stop_asked.store(true);
  if (number == SIGCONT) shared.continued.store(true);
  tell_loop();
  errno = error;
}

// Whoever had the signal before gets it, with the instruction that caused it.
extern "C" void restore_and_die(int number, siginfo_t* info, void* /*context*/) {
  restore_at_last();
  for (std::size_t i = 0; i < kDeadly.size(); ++i)
    if (kDeadly[i] == number) sigaction(number, &found_deadly[i], nullptr);
  const bool is_fault = std::find(kFaults.begin(), kFaults.end(), number) != kFaults.end();
  const bool sent = !is_fault || info == nullptr || info->si_code <= 0;
  if (sent) ::raise(number);
}

bool in_front(int descriptor) { return ::tcgetpgrp(descriptor) == ::getpgrp(); }

class TerminalScreen final : public Screen {
 public:
  ~TerminalScreen() override {
    if (shared.drawing.load()) flush(Duration::milliseconds(200));
    // What is printed next waits for the terminal as well.
    if (!restore() && !gone_)
      (void)!::write(shared.output, shared.leave.data(), shared.leave.size());
    on_last_signal(nullptr);
    for (std::size_t i = 0; i < kTelling.size(); ++i)
      sigaction(kTelling[i], &found_telling[i], nullptr);
    for (std::size_t i = 0; i < kDeadly.size(); ++i)
      sigaction(kDeadly[i], &found_deadly[i], nullptr);
    shared.wake.store(-1);
    for (const int descriptor : pipe_)
      if (descriptor >= 0) ::close(descriptor);
  }

  Result<void> begin(std::FILE* stream, std::string_view enter, std::string_view leave) {
    std::fflush(stream);
    enter_ = enter;
    shared.output = fileno(stream);
    shared.leave = leave;
    if (::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0)
      return fail(fmt::format("no pipe for the signals of the terminal: {}",
                              std::generic_category().message(errno)),
                  errno);
    shared.wake.store(pipe_[1]);
    // Input of something else is none of ours, nor is that of another terminal.
    const bool has_input = ::isatty(STDIN_FILENO) != 0 && in_front(STDIN_FILENO);
    shared.input = has_input && tcgetattr(STDIN_FILENO, &shared.found) == 0 ? STDIN_FILENO : -1;
    install();
    take_terminal();
    return {};
  }

  News wait(Duration at_most) override {
    News news;
    if (!shared.drawing.load() && in_front(shared.output)) {
      take_terminal();
      news.redraw = true;
    }
    const bool reads = shared.input >= 0 && shared.drawing.load();
    std::array<pollfd, 3> awaited{
        {{.fd = pipe_[0], .events = POLLIN, .revents = 0},
         {.fd = reads ? shared.input : -1, .events = POLLIN, .revents = 0},
         {.fd = waiting_.empty() ? -1 : shared.output, .events = POLLOUT, .revents = 0}}};
    const auto milliseconds = static_cast<int>(at_most / Duration::milliseconds(1));
    if (::poll(awaited.data(), awaited.size(), std::max(milliseconds, 0)) > 0) {
      std::array<char, 256> octets{};
      if (awaited[0].revents != 0)
        while (::read(pipe_[0], octets.data(), octets.size()) > 0) {
        }
      if (awaited[1].revents != 0) read_keys(news, (awaited[1].revents & POLLIN) == 0);
      if (awaited[2].revents != 0) flush(Duration());
    }
    if (shared.stop_asked.exchange(false)) {
      stop_process();
      news.redraw = true;
    }
    if (shared.continued.exchange(false) && shared.drawing.load()) {
      // Stopped by a signal that cannot be caught: the shell has had the terminal meanwhile.
      shared.drawing.store(false);
      if (in_front(shared.output)) take_terminal();
      news.redraw = true;
    }
    if (shared.resized.exchange(false)) news.redraw = true;
    news.gone = gone_;
    return news;
  }

  void wake() noexcept override { tell_loop(); }

  bool draw(std::string_view octets) override {
    if (!shared.drawing.load() || !waiting_.empty()) return false;
    waiting_ = octets;
    flush(Duration());
    return true;
  }

  Size size() const override {
    winsize found{};
    if (ioctl(shared.output, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0)
      return {};
    return {.columns = found.ws_col, .rows = found.ws_row};
  }

 private:
  static void install() {
    struct sigaction action{};
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = note_signal;
    for (std::size_t i = 0; i < kTelling.size(); ++i)
      sigaction(kTelling[i], &action, &found_telling[i]);
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    action.sa_sigaction = restore_and_die;
    for (std::size_t i = 0; i < kDeadly.size(); ++i)
      sigaction(kDeadly[i], &action, &found_deadly[i]);
    on_last_signal(&restore_at_last);
  }

  void take_terminal() {
    if (shared.input >= 0) {
      termios raw = shared.found;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      raw.c_cc[VMIN] = 0;
      raw.c_cc[VTIME] = 0;
      tcsetattr(shared.input, TCSANOW, &raw);
    }
    shared.drawing.store(true);
    waiting_ = enter_;
    flush(Duration());
  }

  // What a shell expects: stopped by SIGTSTP, with its terminal as it was.
  void stop_process() {
    flush(Duration::milliseconds(200));
    waiting_.clear();
    (void)restore();
    struct sigaction action{}, ours{};
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &action, &ours);
    ::raise(SIGTSTP);  // goes on here after SIGCONT
    sigaction(SIGTSTP, &ours, nullptr);
    shared.continued.store(false);
    if (in_front(shared.output)) take_terminal();
  }

  void read_keys(News& news, bool hung_up) {
    std::array<char, 256> octets{};
    const ssize_t got = ::read(shared.input, octets.data(), octets.size());
    if (got > 0) {
      news.keys.assign(octets.data(), static_cast<std::size_t>(got));
    } else if (hung_up || (got < 0 && errno != EAGAIN && errno != EINTR)) {
      gone_ = true;
    }
  }

  // In small pieces, each of which the terminal said it takes.
  void flush(Duration patience) {
    constexpr std::size_t kPiece = 256;
    pollfd ready{.fd = shared.output, .events = POLLOUT, .revents = 0};
    while (!waiting_.empty() && !gone_) {
      if (::poll(&ready, 1, static_cast<int>(patience / Duration::milliseconds(1))) != 1) return;
      const ssize_t put =
          ::write(shared.output, waiting_.data(), std::min(kPiece, waiting_.size()));
      if (put > 0) {
        waiting_.erase(0, static_cast<std::size_t>(put));
      } else if (put < 0 && errno != EINTR && errno != EAGAIN) {
        gone_ = true;
      }
    }
  }

  std::string_view enter_;
  std::array<int, 2> pipe_{-1, -1};
  std::string waiting_;  // octets the terminal has not taken
  bool gone_ = false;
};

}  // namespace

Result<std::unique_ptr<Screen>> Screen::open(std::FILE* stream, std::string_view enter,
                                             std::string_view leave) {
  auto screen = std::make_unique<TerminalScreen>();
  TRY_VOID(screen->begin(stream, enter, leave));
  return screen;
}

}  // namespace wirestamp::platform
