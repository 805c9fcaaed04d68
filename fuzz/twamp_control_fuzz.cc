// SPDX-License-Identifier: Apache-2.0
//
// Any octets as the stream of a TWAMP client, cut anywhere, in the clear and encrypted; and as each
// of the messages of a server. An input is an octet of choices, one for the cuts, and then the
// stream.
#include <array>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/twamp_control.h"

using namespace wirestamp;
using State = wire::CommandReader::State;

namespace {

constexpr std::size_t kMostSessions = 4;

template <typename Message>
void check_message(base::Bytes octets) {
  if (octets.size() < Message::kSize) return;
  const Message message = Message::decode(octets.first(Message::kSize));
  std::array<std::byte, Message::kSize> again;
  again.fill(std::byte{0xee});
  message.encode(again);
  CHECK(Message::decode(again) == message);
}

void check_command(base::Bytes message) {
  CHECK(message.size() <= wire::SessionList::size_for(kMostSessions) ||
        message.size() == wire::RequestSession::kSize);
  CHECK(wire::command_size(message.first(16), kMostSessions) == message.size());
  if (const auto list = wire::SessionList::decode(message)) {
    std::vector<std::byte> again(list->size());
    list->encode(again);
    CHECK(wire::SessionList::decode(again) == list);
  }
  const wire::RequestSession request = message.size() == wire::RequestSession::kSize
                                           ? wire::RequestSession::decode(message)
                                           : wire::RequestSession();
  const auto dscp = wire::dscp_of(request.type_p);
  CHECK(!dscp || *dscp < 64);
  CHECK(wire::interval_of(request.timeout) >= Duration());
}

std::optional<wire::ControlStream> stream_of(bool sealed, wire::ControlStream::Direction way) {
  if (!sealed) return std::nullopt;
  auto made = wire::ControlStream::make(way, wire::ControlKeys(), wire::Block16{});
  CHECK(made.has_value());
  return *std::move(made);
}

// The commands found, and where the reader stopped.
std::size_t read(base::Bytes octets, bool sealed, std::size_t cut, State& end) {
  wire::CommandReader reader(stream_of(sealed, wire::ControlStream::Direction::Decrypt),
                             kMostSessions);
  std::size_t commands = 0;
  while (!octets.empty()) {
    const std::size_t taken = reader.take(octets.first(std::min(cut, octets.size())));
    octets = octets.subspan(taken);
    if (reader.state() == State::Complete) {
      check_command(reader.message());
      ++commands;
      reader.next();
    } else if (reader.state() != State::Incomplete) {
      CHECK(reader.take(octets) == 0);
      break;
    } else {
      CHECK(taken > 0);
    }
  }
  end = reader.state();
  return commands;
}

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  const std::uint8_t choices = input.octet();
  const std::size_t cut = 1 + input.octet();
  const base::Bytes stream = input.rest();
  check_message<wire::ServerGreeting>(stream);
  check_message<wire::SetUpResponse>(stream);
  check_message<wire::ServerStart>(stream);
  check_message<wire::RequestSession>(stream);
  check_message<wire::AcceptSession>(stream);
  check_message<wire::StopSessions>(stream);
  const bool sealed = (choices & 1U) != 0;
  State one = State::Incomplete, other = State::Incomplete;
  CHECK(read(stream, sealed, cut, one) == read(stream, sealed, stream.size(), other));
  CHECK(one == other);
  if (!sealed || stream.size() < 32) return;
  // The same commands from one who has the keys.
  auto sender = stream_of(true, wire::ControlStream::Direction::Encrypt);
  std::vector<std::byte> message(stream.begin(), stream.end());
  const auto size = wire::command_size(stream.first(16), kMostSessions);
  if (!size || *size > message.size()) return;
  message.resize(*size);
  sender->seal(message);
  CHECK(read(message, true, cut, one) == 1);
}
