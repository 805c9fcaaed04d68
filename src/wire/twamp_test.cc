// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "wire/twamp_control.h"
#include "wire/twamp_test_packet.h"
#include "wire/vectors_test.h"

// What the vectors do not show of TWAMP.
namespace wirestamp::wire {
namespace {

TwampTestKeys test_keys() {
  TwampTestKeys keys;
  std::ranges::fill(keys.aes.octets(), std::byte{0x11});
  std::ranges::fill(keys.hmac.octets(), std::byte{0x22});
  return keys;
}

TwampTestCodec codec(std::uint32_t modes, std::uint16_t reflected = 0) {
  const TwampTestKeys keys = test_keys();
  auto made = TwampTestCodec::make({.modes = modes, .reflected = reflected}, &keys);
  EXPECT_TRUE(made);
  return *std::move(made);
}

Octets counted(std::size_t size) {
  Octets octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::byte>(i);
  return octets;
}

//= RFC5357:equal-size RFC6038:symmetrical
TEST(TwampLayout, has_the_sizes_of_rfc_5357_and_6038) {
  const TwampLayout open{.modes = kTwampOpen}, mixed{.modes = kTwampMixed};
  EXPECT_EQ(open.sender_size(0), 14U);
  EXPECT_EQ(open.sender_size(27), 41U);
  EXPECT_EQ(open.reply_size(14), 41U);
  EXPECT_EQ(open.reply_size(100), 100U);
  EXPECT_EQ(mixed.reply_size(14), 41U);
  const TwampLayout keyed{.modes = kTwampEncrypted};
  EXPECT_EQ(keyed.sender_size(0), 48U);
  EXPECT_EQ(keyed.sender_size(64), 112U);
  EXPECT_EQ(keyed.reply_size(48), 112U);
  // RFC 6038 4.1; erratum 5045 of RFC 5357: 64 octets of zero, not 56.
  const TwampLayout even{.modes = kTwampOpen | kTwampSymmetricalSize};
  EXPECT_EQ(even.sender_size(0), 41U);
  EXPECT_EQ(even.sender_size(27), 41U);
  EXPECT_EQ(even.sender_size(30), 44U);
  EXPECT_EQ(even.padding_offset(), 41U);
  const TwampLayout even_keyed{.modes = kTwampAuthenticated | kTwampSymmetricalSize};
  EXPECT_EQ(even_keyed.sender_size(64), 112U);
  EXPECT_EQ(even_keyed.padding_offset(), 112U);
  // RFC 7750 3.
  const TwampLayout marked{.modes = kTwampOpen | kTwampDscpEcn};
  EXPECT_EQ(marked.reply_size(41), 44U);
}

//= RFC5357:padding-cut
TEST(TwampTestCodec, gives_back_the_padding_behind_its_header) {
  // RFC 5357 4.2.1: the highest-numbered octets are dropped for the longer header.
  const TwampTestCodec open = codec(kTwampOpen);
  const Octets request = counted(100);
  Octets reply(open.layout().reply_size(request.size()), std::byte{0xee});
  open.reflect_padding(request, reply);
  EXPECT_EQ(reply.size(), 100U);
  EXPECT_TRUE(std::equal(reply.begin() + 41, reply.end(), request.begin() + 14));
  // RFC 6038 4.2.1: with Symmetrical Size it stands at the same place in both.
  const TwampTestCodec even =
      codec(kTwampEncrypted | kTwampSymmetricalSize | kTwampReflectOctets, 8);
  const Octets long_request = counted(150);
  Octets long_reply(150, std::byte{0xee});
  even.reflect_padding(long_request, long_reply);
  EXPECT_TRUE(std::equal(long_reply.begin() + 112, long_reply.end(), long_request.begin() + 112));
}

TEST(TwampTestCodec, fills_up_with_zeros_what_the_request_does_not_have) {
  const TwampTestCodec keyed = codec(kTwampAuthenticated);
  Octets reply(112 + 2, std::byte{0xee});
  keyed.reflect_padding(counted(49), reply);
  EXPECT_EQ(reply[112], std::byte{48});
  EXPECT_EQ(reply[113], std::byte{});
  Octets none(41, std::byte{0xee});
  codec(kTwampOpen).reflect_padding(counted(14), none);
  EXPECT_EQ(none, Octets(41, std::byte{0xee}));
}

// RFC 5357 4.1.2: the HMAC of an authenticated request covers octets 0 to 15 only.
//= RFC5357:covered
TEST(TwampTestCodec, refuses_a_bit_changed_where_the_hmac_reaches) {
  for (const auto& [modes, reach] : {std::pair{std::uint32_t{kTwampAuthenticated}, 16U},
                                     std::pair{std::uint32_t{kTwampEncrypted}, 32U}}) {
    TwampTestCodec session = codec(modes);
    Octets packet(48);
    session.encode_request(packet, {.sequence = 7, .timestamp = 9, .error_estimate = 3});
    for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
      Octets bad = packet;
      bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      const bool covered = bit / 8 < reach || bit / 8 >= 32;
      EXPECT_EQ(session.decode_request(bad).has_value(), !covered) << modes << " " << bit;
      EXPECT_EQ(session.authentic(), !covered);
    }
    EXPECT_TRUE(session.decode_request(packet));
    EXPECT_FALSE(session.decode_request(base::Bytes(packet).first(47)));
  }
}

//= RFC6038:symmetrical
TEST(TwampTestCodec, reads_what_it_wrote_in_every_mode) {
  for (const std::uint32_t mode : {1U, 2U, 4U, 8U})
    for (const std::uint32_t features : {0U, 64U, 256U, 320U}) {
      TwampTestCodec session = codec(mode | features);
      const RequestBase request{.sequence = 1, .timestamp = 2, .error_estimate = 3};
      Octets packet(session.layout().sender_size(64));
      session.encode_request(packet, request);
      EXPECT_EQ(session.decode_request(packet), request);
      TwampReply reply{.base = {.sequence = 4,
                                .timestamp = 5,
                                .error_estimate = 6,
                                .receive_timestamp = 7,
                                .sender_sequence = 1,
                                .sender_timestamp = 2,
                                .sender_error_estimate = 3,
                                .sender_ttl = 64},
                       .traffic_class = std::nullopt};
      if ((features & kTwampDscpEcn) != 0) reply.traffic_class = 0xb9;
      Octets answer(session.layout().reply_size(packet.size()));
      session.encode_reply(answer, reply);
      session.reflect_padding(packet, answer);
      EXPECT_EQ(session.decode_reply(answer), reply) << mode << " " << features;
      EXPECT_FALSE(
          session.decode_reply(base::Bytes(answer).first(session.layout().reflector_header() - 1)));
    }
}

//= RFC4656:mode-offered
TEST(TwampModes, are_chosen_from_what_was_offered) {
  EXPECT_TRUE(valid_choice(1, 15));
  EXPECT_TRUE(valid_choice(4 | 64, 15 | 64));
  EXPECT_FALSE(valid_choice(0, 15));
  EXPECT_FALSE(valid_choice(3, 15));        // two security modes
  EXPECT_FALSE(valid_choice(64, 15 | 64));  // none
  EXPECT_FALSE(valid_choice(1 | 32, 15));   // a feature that was not offered
}

//= RFC5357:type-p
TEST(TwampTypeP, names_a_dscp_or_is_refused) {
  EXPECT_EQ(dscp_of(type_p_of(46)), 46);
  EXPECT_EQ(dscp_of(0), 0);
  EXPECT_EQ(dscp_of(0x40000000U | (46U << 10U << 14U)), 46);  // the PHB of EF (RFC 3140 2)
  EXPECT_FALSE(dscp_of(0x40000000U | (1U << 14U)));
  EXPECT_FALSE(dscp_of(0x80000000U));
}

TEST(TwampInterval, survives_both_ways) {
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'999'999}, std::int64_t{2'000'000'000},
        std::int64_t{4'294'967'295'000'000'000}})
    EXPECT_EQ(interval_of(raw_interval(Duration::nanoseconds(ns))).ns(), ns);
  EXPECT_EQ(raw_interval(Duration::nanoseconds(-5)), 0U);
}

//= RFC4656:accept-unknown
TEST(TwampAccept, of_an_unknown_number_is_a_failure) {
  EXPECT_EQ(accept_from(std::byte{6}), Accept::NoSecurityAssociation);
  EXPECT_EQ(accept_from(std::byte{7}), Accept::Failure);
  EXPECT_EQ(accept_from(std::byte{255}), Accept::Failure);
}

//= RFC4656:set-up-response
TEST(TwampSetUp, takes_a_key_id_of_80_octets_and_no_more) {
  const std::string longest(SetUpResponse::kMostKeyId, 'k');
  Octets out(SetUpResponse::kSize);
  SetUpResponse{.mode = 2, .key_id = longest + "x"}.encode(out);
  EXPECT_EQ(SetUpResponse::decode(out).key_id, longest);
  EXPECT_EQ(SetUpResponse::decode(out).token, Token());
}

//= RFC5357:request-layout
TEST(TwampRequest, carries_addresses_of_both_families) {
  RequestSession request{.ip_version = 6,
                         .sender = *packet::IpAddress::parse("2001:db8::1"),
                         .receiver = std::nullopt,
                         .reflect_octets = 0xabcd,
                         .reflect_padding = 12};
  Octets out(RequestSession::kSize, std::byte{0xee});
  request.encode(out);
  EXPECT_EQ(RequestSession::decode(out), request);
}

// RFC 4656 3.4, RFC 5357 3.5.
//= RFC4656:control-mbz
TEST(TwampRequest, means_nothing_by_octets_that_must_be_zero) {
  const RequestSession request{.sender_port = 1, .receiver_port = 2, .sender = std::nullopt};
  Octets out(RequestSession::kSize);
  request.encode(out);
  out[1] |= std::byte{0xf0};  // beside the IP version
  for (std::size_t octet = 92; octet < out.size(); ++octet) out[octet] = std::byte{0xa5};
  EXPECT_EQ(RequestSession::decode(out), request);
  Octets stop(kShortMessage, std::byte{0xa5});
  StopSessions{.accept = Accept::Ok, .sessions = 3}.encode(stop);
  EXPECT_EQ(to_hex(stop),
            "03000000"
            "00000003" +
                std::string(48, '0'));
  for (std::size_t octet = 8; octet < stop.size(); ++octet) stop[octet] = std::byte{0xa5};
  EXPECT_EQ(StopSessions::decode(stop).sessions, 3U);
}

// --- RFC 5938
// ------------------------------------------------------------------------------------------

SessionList list_of(std::size_t sessions) {
  SessionList list{.command = TwampCommand::StopNSessions, .sids = {}};
  for (std::size_t i = 0; i < sessions; ++i) {
    list.sids.emplace_back();
    list.sids.back().fill(static_cast<std::byte>(i + 1));
  }
  return list;
}

//= RFC5938:layout
TEST(TwampSessionList, is_read_as_it_was_written) {
  for (const std::size_t sessions : {0U, 1U, 3U}) {
    const SessionList list = list_of(sessions);
    Octets out(list.size(), std::byte{0xee});
    list.encode(out);
    EXPECT_EQ(SessionList::decode(out), list);
    EXPECT_EQ(command_size(base::Bytes(out).first(16), 3), out.size());
  }
}

//= RFC5938:wrong-number
TEST(TwampSessionList, is_none_when_its_number_is_wrong) {
  Octets out(list_of(2).size());
  list_of(2).encode(out);
  base::store_be(out, 12, std::uint32_t{3});
  EXPECT_FALSE(SessionList::decode(out));
  base::store_be(out, 12, std::uint32_t{0xffff'ffff});
  EXPECT_FALSE(SessionList::decode(out));
  EXPECT_FALSE(command_size(base::Bytes(out).first(16), 1000));
  EXPECT_FALSE(SessionList::decode({}));
}

// --- the stream of a client
// --------------------------------------------------------------------------

Octets commands_in_the_clear() {
  Octets stream(RequestSession::kSize + kShortMessage + list_of(2).size());
  const base::MutableBytes out(stream);
  RequestSession{.sender_port = 1}.encode(out);
  encode_start_sessions(out.subspan(RequestSession::kSize));
  list_of(2).encode(out.subspan(RequestSession::kSize + kShortMessage));
  return stream;
}

TEST(CommandReader, takes_a_stream_apart_wherever_it_is_cut) {
  const Octets stream = commands_in_the_clear();
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    CommandReader reader(std::nullopt, 2);
    std::vector<std::size_t> sizes;
    for (std::size_t at = 0; at < stream.size();) {
      const auto part = base::Bytes(stream).subspan(at, std::min(step, stream.size() - at));
      at += reader.take(part);
      if (reader.state() != CommandReader::State::Complete) continue;
      sizes.push_back(reader.message().size());
      reader.next();
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{112, 32, 64})) << step;
    EXPECT_FALSE(reader.begun());
  }
}

//= RFC5357:commands
TEST(CommandReader, stops_at_a_command_that_it_does_not_know) {
  for (const unsigned command : {0U, 1U, 4U, 6U, 11U, 255U}) {
    Octets block(32);
    block[0] = static_cast<std::byte>(command);
    CommandReader reader(std::nullopt, 2);
    EXPECT_EQ(reader.take(block), 16U);
    EXPECT_EQ(reader.state(), CommandReader::State::Unknown);
    EXPECT_EQ(reader.message()[0], block[0]);
    EXPECT_EQ(reader.take(block), 0U);
    reader.next();
    EXPECT_EQ(reader.state(), CommandReader::State::Unknown);
  }
}

//= RFC5938:wrong-number
TEST(CommandReader, stops_at_a_list_longer_than_it_holds) {
  Octets out(list_of(3).size());
  list_of(3).encode(out);
  CommandReader reader(std::nullopt, 2);
  reader.take(out);
  EXPECT_EQ(reader.state(), CommandReader::State::Unknown);
}

// RFC 4656 3.1: no octet of a message may be changed on the way.
//= RFC4656:stream-hmac
TEST(CommandReader, stops_at_a_message_that_was_changed) {
  const ControlKeys keys;
  const auto stream_of = [&](ControlStream::Direction direction) {
    return *ControlStream::make(direction, keys, Block16{});
  };
  Octets message(kShortMessage);
  encode_start_sessions(message);
  ControlStream sender = stream_of(ControlStream::Direction::Encrypt);
  sender.seal(message);
  for (std::size_t octet = 0; octet < message.size(); ++octet) {
    Octets bad = message;
    bad[octet] ^= std::byte{1};
    CommandReader reader(stream_of(ControlStream::Direction::Decrypt), 2);
    reader.take(bad);
    // A changed first block may be a command of another length, or none.
    EXPECT_NE(reader.state(), CommandReader::State::Complete) << octet;
  }
  CommandReader reader(stream_of(ControlStream::Direction::Decrypt), 2);
  reader.take(message);
  EXPECT_EQ(reader.state(), CommandReader::State::Complete);
}

}  // namespace
}  // namespace wirestamp::wire
