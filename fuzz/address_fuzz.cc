// SPDX-License-Identifier: Apache-2.0
//
// Any text read as an address and as a prefix: what is taken is printed in one form, and that form
// is read as the same.
#include <string_view>

#include "base/check.h"
#include "fuzz.h"
#include "packet/address.h"

using namespace wirestamp;

namespace {

void check_address(std::string_view text) {
  const auto address = packet::IpAddress::parse(text);
  if (!address) {
    CHECK(!address.error().text.empty());
    return;
  }
  CHECK((address->family() == packet::Family::V6) == (text.find(':') != std::string_view::npos));
  const auto again = packet::IpAddress::parse(packet::to_string(*address));
  CHECK(again && *again == *address);
  const auto whole = packet::Prefix::parse(text);
  CHECK(whole && whole->address == *address && whole->contains(*address));
}

void check_prefix(std::string_view text) {
  const auto prefix = packet::Prefix::parse(text);
  if (!prefix) {
    CHECK(!prefix.error().text.empty());
    return;
  }
  CHECK(prefix->length <= (prefix->address.family() == packet::Family::V4 ? 32 : 128));
  CHECK(prefix->contains(prefix->address));
  const auto again = packet::Prefix::parse(packet::to_string(*prefix));
  CHECK(again && *again == *prefix);
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  check_address(text);
  check_prefix(text);
}
