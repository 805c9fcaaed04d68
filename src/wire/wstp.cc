// SPDX-License-Identifier: Apache-2.0
#include "wire/wstp.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

namespace {

constexpr std::size_t kTokenOffset = 16;

StampSource source_of(unsigned nibble) {
  return nibble <= static_cast<unsigned>(StampSource::Hardware) ? static_cast<StampSource>(nibble)
                                                                : StampSource::Unknown;
}

std::size_t places_of(std::size_t length) { return (length - Wstp::kHeader) / Wstp::kEntry; }

// RFC 4291 2.5.5.2: an IPv4 address is ::ffff:a.b.c.d. It needs no field for the family, and no
// reader meets a family that does not exist.
constexpr std::size_t kMappedPrefix = 12;
constexpr std::array<std::byte, kMappedPrefix> kMapped{
    {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};

packet::IpAddress load_address(base::Bytes octets) {
  if (std::ranges::equal(octets.first(kMappedPrefix), kMapped))
    return packet::IpAddress::v4(base::load_be<std::uint32_t>(octets, kMappedPrefix));
  std::array<std::byte, 16> v6{};
  std::ranges::copy(octets, v6.begin());
  return packet::IpAddress::v6(v6);
}

void store_address(base::MutableBytes octets, const packet::IpAddress& address) {
  if (address.family() == packet::Family::V6) {
    std::ranges::copy(address.octets(), octets.begin());
    return;
  }
  std::ranges::copy(kMapped, octets.begin());
  base::store_be(octets, kMappedPrefix, address.to_v4());
}

constexpr std::size_t kAccountSize = Wstp::kAccountPlaces * Wstp::kEntry;

WstpAccount load_account(base::Bytes octets) {
  return {.requests_seen = base::load_be<std::uint32_t>(octets, 0),
          .replies_sent = base::load_be<std::uint32_t>(octets, 4),
          .last_sender_sequence = base::load_be<std::uint32_t>(octets, 8),
          .source = {.address = load_address(octets.subspan(16, 16)),
                     .port = base::load_be<std::uint16_t>(octets, 12)}};
}

void store_account(base::MutableBytes octets, const WstpAccount& account) {
  base::store_be(octets, 0, account.requests_seen);
  base::store_be(octets, 4, account.replies_sent);
  base::store_be(octets, 8, account.last_sender_sequence);
  base::store_be(octets, 12, account.source.port);
  store_address(octets.subspan(16, 16), account.source.address);
}

}  // namespace

Wstp Wstp::decode(base::Bytes value) {
  Wstp wstp;
  const auto flags = static_cast<std::uint8_t>(value[5]);
  const auto classes = static_cast<std::uint8_t>(value[6]);
  wstp.stopping = (flags & kStopping) != 0;
  wstp.stateless = (flags & kStateless) != 0;
  wstp.received_by = source_of(classes >> 4U);
  wstp.transmitted_by = source_of(classes & 15U);
  wstp.receive_error = base::load_be<std::uint16_t>(value, 8);
  wstp.transmit_error = base::load_be<std::uint16_t>(value, 10);
  wstp.dropped_by_policy = base::load_be<std::uint32_t>(value, 12);
  std::memcpy(wstp.token.data(), value.data() + kTokenOffset, wstp.token.size());
  wstp.epoch = base::load_be<std::uint64_t>(value, 32);
  wstp.entries_error = base::load_be<std::uint16_t>(value, 40);
  const auto entry_classes = base::load_be<std::uint32_t>(value, 44);
  std::size_t places = places_of(value.size());
  // Both answers at once are none.
  const unsigned answer = flags & (kTold | kUnknownToken);
  wstp.unknown_token = answer == kUnknownToken;
  if (answer == kTold && places >= kAccountPlaces) {
    wstp.account = load_account(value.last(kAccountSize));
    places -= kAccountPlaces;
  }
  wstp.entry_count = std::min<std::size_t>(static_cast<std::size_t>(value[7]), places);
  for (std::size_t i = 0; i < wstp.entry_count; ++i) {
    const std::size_t at = kHeader + kEntry * i;
    wstp.entries[i] = {.sender_sequence = base::load_be<std::uint32_t>(value, at),
                       .reflector_sequence = base::load_be<std::uint32_t>(value, at + 4),
                       .transmit_timestamp = base::load_be<std::uint64_t>(value, at + 8),
                       .source = source_of((entry_classes >> (28U - 4U * i)) & 15U)};
  }
  return wstp;
}

void Wstp::encode(base::MutableBytes value) const {
  const std::size_t places = places_of(value.size());
  const bool told = account && places >= kAccountPlaces;
  const std::size_t count = std::min(entry_count, told ? places - kAccountPlaces : places);
  std::memset(value.data(), 0, value.size());
  base::store_be(value, 0, kMagic);
  value[4] = std::byte{kVersion};
  value[5] = static_cast<std::byte>((stopping ? kStopping : 0U) | (stateless ? kStateless : 0U) |
                                    (told            ? kTold
                                     : unknown_token ? kUnknownToken
                                                     : 0U));
  value[6] = static_cast<std::byte>((static_cast<unsigned>(received_by) << 4U) |
                                    static_cast<unsigned>(transmitted_by));
  value[7] = static_cast<std::byte>(count);
  base::store_be(value, 8, receive_error);
  base::store_be(value, 10, transmit_error);
  base::store_be(value, 12, dropped_by_policy);
  std::memcpy(value.data() + kTokenOffset, token.data(), token.size());
  base::store_be(value, 32, epoch);
  base::store_be(value, 40, entries_error);
  std::uint32_t classes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kHeader + kEntry * i;
    base::store_be(value, at, entries[i].sender_sequence);
    base::store_be(value, at + 4, entries[i].reflector_sequence);
    base::store_be(value, at + 8, entries[i].transmit_timestamp);
    classes |= static_cast<std::uint32_t>(entries[i].source) << (28U - 4U * i);
  }
  base::store_be(value, 44, classes);
  if (told) store_account(value.last(kAccountSize), *account);
}

void Wstp::encode_request(base::MutableBytes value) {
  std::memset(value.data(), 0, value.size());
  base::store_be(value, 0, kMagic);
  value[4] = std::byte{kVersion};
}

void Wstp::encode_question(base::MutableBytes value, const WstpToken& asked) {
  value[5] = std::byte{kAsking};
  std::memcpy(value.data() + kTokenOffset, asked.data(), asked.size());
}

std::optional<WstpToken> Wstp::question(base::Bytes value) {
  if ((value[5] & std::byte{kAsking}) == std::byte{} || places_of(value.size()) < kAccountPlaces)
    return std::nullopt;
  WstpToken asked{};
  std::memcpy(asked.data(), value.data() + kTokenOffset, asked.size());
  return asked;
}

}  // namespace wirestamp::wire
