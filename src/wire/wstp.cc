// SPDX-License-Identifier: Apache-2.0
#include "wire/wstp.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

namespace {

StampSource source_of(unsigned nibble) {
  return nibble <= static_cast<unsigned>(StampSource::Hardware) ? static_cast<StampSource>(nibble)
                                                                : StampSource::Unknown;
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
  std::copy_n(value.begin() + 16, wstp.token.size(), wstp.token.begin());
  wstp.epoch = base::load_be<std::uint64_t>(value, 32);
  wstp.entries_error = base::load_be<std::uint16_t>(value, 40);
  const auto entry_classes = base::load_be<std::uint32_t>(value, 44);
  const std::size_t places = (value.size() - kHeader) / kEntry;
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
  const std::size_t places = (value.size() - kHeader) / kEntry;
  const std::size_t count = std::min(entry_count, places);
  std::memset(value.data(), 0, value.size());
  base::store_be(value, 0, kMagic);
  value[4] = std::byte{kVersion};
  value[5] = static_cast<std::byte>((stopping ? kStopping : 0U) | (stateless ? kStateless : 0U));
  value[6] = static_cast<std::byte>((static_cast<unsigned>(received_by) << 4U) |
                                    static_cast<unsigned>(transmitted_by));
  value[7] = static_cast<std::byte>(count);
  base::store_be(value, 8, receive_error);
  base::store_be(value, 10, transmit_error);
  base::store_be(value, 12, dropped_by_policy);
  std::ranges::copy(token, value.begin() + 16);
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
}

void Wstp::encode_request(base::MutableBytes value) {
  std::memset(value.data(), 0, value.size());
  base::store_be(value, 0, kMagic);
  value[4] = std::byte{kVersion};
}

}  // namespace wirestamp::wire
