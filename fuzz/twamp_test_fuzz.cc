// SPDX-License-Identifier: Apache-2.0
//
// Any datagram read as a TWAMP-Test packet of any mode, both ways. An input is an octet that
// chooses the mode and the features, and then the packet.
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "wire/twamp_test_packet.h"

using namespace wirestamp;

namespace {

wire::TwampTestCodec codec(std::uint8_t choices) {
  std::uint32_t modes = 1U << (choices & 3U);
  if ((choices & 4U) != 0) modes |= wire::kTwampSymmetricalSize;
  if ((choices & 8U) != 0) modes |= wire::kTwampDscpEcn;
  const wire::TwampTestKeys keys;
  auto made = wire::TwampTestCodec::make({.modes = modes}, &keys);
  CHECK(made.has_value());
  return *std::move(made);
}

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  wire::TwampTestCodec session = codec(input.octet());
  const wire::TwampLayout& layout = session.layout();
  const base::Bytes packet = input.rest();
  const auto request = session.decode_request(packet);
  CHECK(!request || packet.size() >= layout.sender_header());
  CHECK(request || !session.authentic() || packet.size() < layout.sender_header());
  if (request) {
    std::vector<std::byte> again(layout.sender_size(70));
    session.encode_request(again, *request);
    CHECK(session.decode_request(again) == request);
    std::vector<std::byte> answer(layout.reply_size(packet.size()) + 8, std::byte{0xee});
    const base::MutableBytes reply =
        base::MutableBytes(answer).first(layout.reply_size(packet.size()));
    const wire::TwampReply told{.base = {.sequence = 5, .sender_sequence = request->sequence},
                                .traffic_class = std::nullopt};
    session.encode_reply(reply, told);
    session.reflect_padding(packet, reply);
    CHECK(fuzz::all_are(base::Bytes(answer).last(8), std::byte{0xee}));
    const auto read = session.decode_reply(reply);
    CHECK(read && read->base == told.base);
  }
  const auto reply = session.decode_reply(packet);
  CHECK(!reply || packet.size() >= layout.reflector_header());
  if (!reply) return;
  std::vector<std::byte> again(layout.reflector_header());
  session.encode_reply(again, *reply);
  CHECK(session.decode_reply(again) == reply);
}
