// SPDX-License-Identifier: Apache-2.0
#include "net/linux/own_addresses.h"

#include <algorithm>

#include "platform/route.h"

namespace wirestamp::net_linux {

namespace {

constexpr Duration kRenewEvery = Duration::seconds(1);

}  // namespace

bool OwnAddresses::outdated(MonoTime now) {
  if (!read_) return true;
  if (!watch_.heard()) return now - *read_ >= kRenewEvery;
  watch_.read();
  return watch_.address_changes() != changes_;
}

std::optional<bool> OwnAddresses::contains(const packet::IpAddress& address, MonoTime now) {
  if (outdated(now)) {
    read_ = now;
    changes_ = watch_.address_changes();
    addresses_.reset();
    if (const auto local = platform::local_addresses()) {
      addresses_.emplace();
      for (const platform::LocalAddress& one : *local) addresses_->push_back(one.address);
      std::ranges::sort(*addresses_);
    }
  }
  if (!addresses_) return std::nullopt;
  return std::ranges::binary_search(*addresses_, address);
}

}  // namespace wirestamp::net_linux
