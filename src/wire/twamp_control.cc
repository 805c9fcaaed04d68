// SPDX-License-Identifier: Apache-2.0
#include "wire/twamp_control.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "wire/tlv_values.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kBlock = 16;

//= RFC4656:control-mbz
void clear(base::MutableBytes out, std::size_t size) { std::memset(out.data(), 0, size); }

template <std::size_t Size>
void put(base::MutableBytes out, std::size_t offset, const std::array<std::byte, Size>& octets) {
  std::memcpy(out.data() + offset, octets.data(), Size);
}

template <std::size_t Size>
std::array<std::byte, Size> get(base::Bytes octets, std::size_t offset) {
  std::array<std::byte, Size> taken;
  std::memcpy(taken.data(), octets.data() + offset, Size);
  return taken;
}

std::byte octet_of(Accept accept) { return static_cast<std::byte>(accept); }

// RFC 4656 3.5: 16 octets, of which an IPv4 address uses four.
std::optional<packet::IpAddress> load_address(base::Bytes octets, std::uint8_t ip_version) {
  const auto address = decode_address(octets.first(ip_version == 6 ? 16 : 4));
  return address && address->is_any() ? std::nullopt : address;
}

void store_address(base::MutableBytes out, const std::optional<packet::IpAddress>& address) {
  if (address) encode_address(out, *address);
}

bool is_list(std::uint8_t command) { return command >= 7 && command <= 10; }

}  // namespace

//= RFC4656:accept-unknown
Accept accept_from(std::byte octet) {
  const auto value = static_cast<std::uint8_t>(octet);
  return value <= static_cast<std::uint8_t>(Accept::NoSecurityAssociation)
             ? static_cast<Accept>(value)
             : Accept::Failure;
}

// RFC 4656 3.1.
//= RFC4656:greeting
void ServerGreeting::encode(base::MutableBytes out) const {
  clear(out, kSize);
  base::store_be(out, 12, modes);
  put(out, 16, challenge);
  put(out, 32, salt);
  base::store_be(out, 48, count);
}

ServerGreeting ServerGreeting::decode(base::Bytes octets) {
  return {.modes = base::load_be<std::uint32_t>(octets, 12),
          .challenge = get<16>(octets, 16),
          .salt = get<16>(octets, 32),
          .count = base::load_be<std::uint32_t>(octets, 48)};
}

//= RFC4656:set-up-response
void SetUpResponse::encode(base::MutableBytes out) const {
  clear(out, kSize);
  base::store_be(out, 0, mode);
  std::memcpy(out.data() + 4, key_id.data(), std::min(key_id.size(), kMostKeyId));
  put(out, 84, token);
  put(out, 148, client_iv);
}

SetUpResponse SetUpResponse::decode(base::Bytes octets) {
  const base::Bytes id = octets.subspan(4, kMostKeyId);
  const auto end = std::ranges::find(id, std::byte{});
  std::string key_id(static_cast<std::size_t>(end - id.begin()), '\0');
  std::memcpy(key_id.data(), id.data(), key_id.size());
  return {.mode = base::load_be<std::uint32_t>(octets, 0),
          .key_id = std::move(key_id),
          .token = get<kTokenSize>(octets, 84),
          .client_iv = get<16>(octets, 148)};
}

//= RFC4656:mode-offered
bool valid_choice(std::uint32_t chosen, std::uint32_t offered) {
  return (chosen & ~offered) == 0 && std::has_single_bit(chosen & kTwampSecurityModes);
}

//= RFC4656:server-start
void ServerStart::encode(base::MutableBytes out) const {
  clear(out, kSize);
  out[15] = octet_of(accept);
  put(out, 16, server_iv);
  base::store_be(out, 32, start_time);
}

ServerStart ServerStart::decode(base::Bytes octets) {
  return {.accept = accept_from(octets[15]),
          .server_iv = get<16>(octets, 16),
          .start_time = base::load_be<std::uint64_t>(octets, 32)};
}

// RFC 5357 3.5.
//= RFC5357:request-layout
void RequestSession::encode(base::MutableBytes out) const {
  clear(out, kSize);
  out[0] = static_cast<std::byte>(TwampCommand::RequestSession);
  out[1] = static_cast<std::byte>(ip_version & 15U);
  out[2] = std::byte{conf_sender};
  out[3] = std::byte{conf_receiver};
  base::store_be(out, 4, schedule_slots);
  base::store_be(out, 8, packets);
  base::store_be(out, 12, sender_port);
  base::store_be(out, 14, receiver_port);
  store_address(out.subspan(16, 16), sender);
  store_address(out.subspan(32, 16), receiver);
  put(out, 48, sid);
  base::store_be(out, 64, padding_length);
  base::store_be(out, 68, start_time);
  base::store_be(out, 76, timeout);
  base::store_be(out, 84, type_p);
  base::store_be(out, 88, reflect_octets);
  base::store_be(out, 90, reflect_padding);
}

RequestSession RequestSession::decode(base::Bytes octets) {
  const auto version = static_cast<std::uint8_t>(octets[1] & std::byte{15});
  return {.ip_version = version,
          .conf_sender = static_cast<std::uint8_t>(octets[2]),
          .conf_receiver = static_cast<std::uint8_t>(octets[3]),
          .schedule_slots = base::load_be<std::uint32_t>(octets, 4),
          .packets = base::load_be<std::uint32_t>(octets, 8),
          .sender_port = base::load_be<std::uint16_t>(octets, 12),
          .receiver_port = base::load_be<std::uint16_t>(octets, 14),
          .sender = load_address(octets.subspan(16, 16), version),
          .receiver = load_address(octets.subspan(32, 16), version),
          .sid = get<16>(octets, 48),
          .padding_length = base::load_be<std::uint32_t>(octets, 64),
          .start_time = base::load_be<std::uint64_t>(octets, 68),
          .timeout = base::load_be<std::uint64_t>(octets, 76),
          .type_p = base::load_be<std::uint32_t>(octets, 84),
          .reflect_octets = base::load_be<std::uint16_t>(octets, 88),
          .reflect_padding = base::load_be<std::uint16_t>(octets, 90)};
}

//= RFC5357:type-p
std::optional<std::uint8_t> dscp_of(std::uint32_t type_p) {
  const unsigned kind = type_p >> 30U;
  if (kind == 0) return static_cast<std::uint8_t>(type_p >> 24U & 63U);
  if (kind != 1) return std::nullopt;
  // RFC 3140 2: a single PHB defined by standards action has its DSCP in the first 6 of 16 bits.
  const std::uint32_t phb = type_p >> 14U & 0xffffU;
  if ((phb & 0x3ffU) != 0) return std::nullopt;
  return static_cast<std::uint8_t>(phb >> 10U);
}

Duration interval_of(std::uint64_t raw) {
  const auto fraction = static_cast<std::uint64_t>(static_cast<std::uint32_t>(raw));
  constexpr auto kNanoseconds = static_cast<std::uint64_t>(kBillion);
  return Duration::seconds(static_cast<std::int64_t>(raw >> 32U)) +
         Duration::nanoseconds(
             static_cast<std::int64_t>((fraction * kNanoseconds + 0x8000'0000U) >> 32U));
}

std::uint64_t raw_interval(Duration interval) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(interval.ns(), 0));
  constexpr auto kNanoseconds = static_cast<std::uint64_t>(kBillion);
  return (std::min<std::uint64_t>(ns / kNanoseconds, 0xffff'ffffU) << 32U) |
         (((ns % kNanoseconds) << 32U) + kNanoseconds / 2) / kNanoseconds;
}

void AcceptSession::encode(base::MutableBytes out) const {
  clear(out, kSize);
  out[0] = octet_of(accept);
  base::store_be(out, 2, port);
  put(out, 4, sid);
  base::store_be(out, 20, reflect_octets);
  base::store_be(out, 22, server_octets);
}

AcceptSession AcceptSession::decode(base::Bytes octets) {
  return {.accept = accept_from(octets[0]),
          .port = base::load_be<std::uint16_t>(octets, 2),
          .sid = get<16>(octets, 4),
          .reflect_octets = base::load_be<std::uint16_t>(octets, 20),
          .server_octets = base::load_be<std::uint16_t>(octets, 22)};
}

void encode_start_sessions(base::MutableBytes out) {
  clear(out, kShortMessage);
  out[0] = static_cast<std::byte>(TwampCommand::StartSessions);
}

void encode_start_ack(base::MutableBytes out, Accept accept) {
  clear(out, kShortMessage);
  out[0] = octet_of(accept);
}

Accept decode_start_ack(base::Bytes octets) { return accept_from(octets[0]); }

void StopSessions::encode(base::MutableBytes out) const {
  clear(out, kSize);
  out[0] = static_cast<std::byte>(TwampCommand::StopSessions);
  out[1] = octet_of(accept);
  base::store_be(out, 4, sessions);
}

StopSessions StopSessions::decode(base::Bytes octets) {
  return {.accept = accept_from(octets[1]), .sessions = base::load_be<std::uint32_t>(octets, 4)};
}

// RFC 5938 3.2 to 3.5.
//= RFC5938:layout
void SessionList::encode(base::MutableBytes out) const {
  clear(out, size());
  out[0] = static_cast<std::byte>(command);
  out[1] = octet_of(accept);
  base::store_be(out, 12, static_cast<std::uint32_t>(sids.size()));
  for (std::size_t i = 0; i < sids.size(); ++i) put(out, kHeader + 16 * i, sids[i]);
}

std::optional<SessionList> SessionList::decode(base::Bytes octets) {
  if (octets.size() < size_for(0) || !is_list(static_cast<std::uint8_t>(octets[0])))
    return std::nullopt;
  const std::size_t count = base::load_be<std::uint32_t>(octets, 12);
  //= RFC5938:wrong-number
  if (octets.size() != size_for(count)) return std::nullopt;
  SessionList list{.command = static_cast<TwampCommand>(octets[0]),
                   .accept = accept_from(octets[1]),
                   .sids = {}};
  list.sids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) list.sids.push_back(get<16>(octets, kHeader + 16 * i));
  return list;
}

std::optional<std::size_t> command_size(base::Bytes block, std::size_t most_sessions) {
  const auto command = static_cast<std::uint8_t>(block[0]);
  if (is_list(command)) {
    const std::size_t count = base::load_be<std::uint32_t>(block, 12);
    if (count > most_sessions) return std::nullopt;
    return SessionList::size_for(count);
  }
  switch (static_cast<TwampCommand>(command)) {
    case TwampCommand::StartSessions:
    case TwampCommand::StopSessions:
      return kShortMessage;
    case TwampCommand::RequestSession:
      return RequestSession::kSize;
    default:
      return std::nullopt;
  }
}

CommandReader::CommandReader(std::optional<ControlStream> stream, std::size_t most_sessions)
    : stream_(std::move(stream)),
      most_sessions_(most_sessions),
      buffer_(std::max(RequestSession::kSize, SessionList::size_for(most_sessions))) {}

std::size_t CommandReader::take(base::Bytes octets) {
  std::size_t taken = 0;
  while (state_ == State::Incomplete && taken < octets.size()) {
    // Block by block, so that no octet is taken that belongs to the next command.
    const std::size_t part = std::min(kBlock - filled_ % kBlock, octets.size() - taken);
    std::memcpy(buffer_.data() + filled_, octets.data() + taken, part);
    filled_ += part;
    taken += part;
    if (filled_ % kBlock == 0) on_block();
  }
  return taken;
}

void CommandReader::on_block() {
  const base::MutableBytes block = base::MutableBytes(buffer_).subspan(filled_ - kBlock, kBlock);
  if (wanted_ != 0 && filled_ == wanted_) {
    state_ = !stream_ || stream_->open_end(block) ? State::Complete : State::BadHmac;
    return;
  }
  if (stream_) stream_->open_part(block);
  if (wanted_ != 0) return;
  if (const auto size = command_size(block, most_sessions_))
    wanted_ = *size;
  else
    state_ = State::Unknown;
}

void CommandReader::next() {
  if (state_ != State::Complete) return;
  filled_ = wanted_ = 0;
  state_ = State::Incomplete;
}

}  // namespace wirestamp::wire
