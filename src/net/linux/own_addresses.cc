// SPDX-License-Identifier: Apache-2.0
#include "net/linux/own_addresses.h"

#include <algorithm>

#include "platform/route.h"

namespace wirestamp::net_linux {

namespace {

constexpr Duration kRenewEvery = Duration::seconds(1);

}  // namespace

void OwnAddresses::renew(MonoTime now) {
  read_ = now;
  const auto local = platform::local_addresses();
  addresses_.reset();
  if (!local) return;
  addresses_.emplace();
  for (const platform::LocalAddress& one : *local) addresses_->push_back(one.address);
  std::ranges::sort(*addresses_);
}

std::optional<bool> OwnAddresses::contains(const packet::IpAddress& address, MonoTime now) {
  if (!read_ || now - *read_ >= kRenewEvery) renew(now);
  if (!addresses_) return std::nullopt;
  return std::ranges::binary_search(*addresses_, address);
}

}  // namespace wirestamp::net_linux
