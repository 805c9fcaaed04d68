// SPDX-License-Identifier: Apache-2.0
//
// Any octets, cut anywhere, as what a TWAMP client hears from a server, in the clear and sealed.
// It asks, starts and stops as soon as it may. Whatever it hears, it says no more than its own
// messages, agrees on nothing that it did not ask for, and once it has failed says nothing more. An
// input is an octet of choices, one for the cuts, and then the stream.
#include <array>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "twamp/client.h"

using namespace wirestamp;
using Phase = twamp::Client::Phase;

namespace {

// What there is to say: Set-Up-Response, and at most one command of each kind.
constexpr std::size_t kMostSaid =
    wire::SetUpResponse::kSize + wire::RequestSession::kSize + 2 * wire::SessionList::size_for(1);

twamp::Client client_of(std::uint8_t choices) {
  const std::uint32_t features = (choices & 2U ? wire::kTwampIndividualSessions : 0U) |
                                 (choices & 4U ? wire::kTwampSymmetricalSize : 0U) |
                                 wire::kTwampDscpEcn | wire::kTwampReflectOctets;
  const bool keyed = (choices & 1U) != 0;
  return twamp::Client({.modes = keyed ? wire::kTwampOpen | twamp::kKeyedModes : wire::kTwampOpen,
                        .features = features,
                        .key = keyed ? twamp::SharedKey::make("", "a passphrase") : std::nullopt,
                        .random = [n = std::uint64_t{0}]() mutable { return n++; }});
}

class Conversation {
 public:
  explicit Conversation(std::uint8_t choices)
      : client_(client_of(choices)), keyed_((choices & 1U) != 0) {}

  // False: the client has enough of it.
  bool hear(base::Bytes octets) {
    const auto heard = client_.on_octets(octets);
    take();
    if (!heard) {
      CHECK(!heard.error().text.empty());
      return false;
    }
    CHECK(client_.phase() != Phase::Failed);
    if (client_.phase() == Phase::Ready) advance();
    if (client_.phase() == Phase::Running && asked_) client_.stop();
    take();
    check();
    return true;
  }

 private:
  void advance() {
    if (!asked_) {
      asked_ = true;
      client_.request({.sender_port = 7'000,
                       .receiver_port = 7'000,
                       .sid = {},
                       .padding_length = 80,
                       .reflect_octets = 0xbeef,
                       .reflect_padding = 4});
    } else if (!client_.sessions().empty() && !started_) {
      started_ = true;
      client_.start();
    }
  }
  void take() { said_ += client_.take_output().size(); }
  void check() {
    CHECK(said_ <= kMostSaid);
    CHECK(client_.sessions().size() <= 1);
    CHECK(!client_.closed_words().empty() && !client_.silence_words().empty());
    CHECK(keyed_ || (client_.modes() & twamp::kKeyedModes) == 0);
    for (const twamp::AgreedSession& agreed : client_.sessions()) {
      CHECK(asked_ && agreed.port != 0);
      CHECK(agreed.layout.keyed() == agreed.keys.has_value());
    }
  }

  twamp::Client client_;
  bool keyed_, asked_ = false, started_ = false;
  std::size_t said_ = 0;
};

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  Conversation conversation(input.octet());
  const std::size_t cut = 1 + input.octet();
  while (!input.empty())
    if (!conversation.hear(input.take(cut))) return;
}
