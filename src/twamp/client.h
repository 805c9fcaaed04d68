// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "twamp/limits.h"
#include "twamp/shared_key.h"
#include "wire/twamp_control.h"
#include "wire/twamp_test_packet.h"

// The Control-Client of TWAMP-Control (RFC 5357 3): octets of the server come in, octets for it go
// out. No I/O, no clock, no randomness. One thread at a time.
namespace wirestamp::twamp {

// "open, authenticated": the security modes of a mask.
std::string mode_names(std::uint32_t modes);
// Accept codes in words (RFC 4656 3.3).
std::string accept_words(wire::Accept accept);

struct ClientOptions {
  // Security modes that may be taken; of those the server offers the strongest one is. All but the
  // open one need a key.
  std::uint32_t modes = wire::kTwampOpen;
  std::uint32_t features = 0;  // wanted; taken as far as they are offered
  std::optional<SharedKey> key;
  std::function<std::uint64_t()> random;  // 64 unpredictable bits per call
};

// What both ends agreed on for one test session.
struct AgreedSession {
  wire::SessionId sid{};
  std::uint16_t port = 0;           // of the reflector
  std::uint16_t server_octets = 0;  // RFC 6038: not 0: first in the padding that is reflected
  wire::TwampLayout layout;
  std::optional<wire::TwampTestKeys> keys;  // in authenticated and encrypted mode
};

class Client {
 public:
  // What is awaited; Ready and Running await nothing.
  enum class Phase : std::uint8_t {
    Greeting,
    ServerStart,
    Ready,
    Accepting,
    Starting,
    Running,
    Stopping,  // RFC 5938: Stop-N-Ack
    Stopped,   // RFC 5357: no answer comes
    Failed,
  };

  explicit Client(ClientOptions options);

  Phase phase() const { return phase_; }
  bool waits() const {
    return phase_ != Phase::Ready && phase_ != Phase::Running && phase_ != Phase::Stopped;
  }
  // The modes chosen; 0 before the greeting.
  std::uint32_t modes() const { return modes_; }
  const std::vector<AgreedSession>& sessions() const { return sessions_; }

  // For the server, since the last call.
  std::vector<std::byte> take_output() { return std::exchange(output_, {}); }
  // An error is a sentence for who asked; the connection is then to be closed.
  Result<void> on_octets(base::Bytes octets);
  // The sentence for a server that closes, or says nothing for too long, at this point.
  std::string closed_words() const;
  std::string silence_words() const;

  // In Ready; a refusal comes as an error of on_octets().
  void request(const wire::RequestSession& request);
  // In Ready, with a session at least.
  void start();
  // In Running. Then nothing more comes.
  void stop();

 private:
  Result<void> on_message(base::MutableBytes message);
  Result<void> on_greeting(base::Bytes message);
  Result<void> set_up_keys(const wire::ServerGreeting& greeting, wire::SetUpResponse& response);
  Result<void> on_server_start(base::MutableBytes message);
  Result<void> on_accept(base::Bytes message);
  Result<void> on_start_ack(base::Bytes message);
  std::size_t awaited() const;
  std::optional<Error> open(base::MutableBytes message);
  void send(base::MutableBytes message);
  bool individual() const { return (modes_ & wire::kTwampIndividualSessions) != 0; }
  std::vector<std::byte> list(wire::TwampCommand command) const;

  ClientOptions options_;
  Phase phase_ = Phase::Greeting;
  std::uint32_t modes_ = 0;
  std::optional<wire::ControlKeys> keys_;
  std::optional<wire::ControlStream> in_, out_;
  wire::RequestSession requested_;
  std::vector<AgreedSession> sessions_;
  std::vector<std::byte> input_, output_;
};

}  // namespace wirestamp::twamp
