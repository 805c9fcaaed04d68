// SPDX-License-Identifier: Apache-2.0
#include "session/rate_table.h"

namespace wirestamp::session {

Bucket& RateTable::bucket_of(Row& row, std::uint32_t hash, double rate, MonoTime now) {
  const std::uint32_t index = hash % (kPages * kPageSize);
  std::unique_ptr<Page>& page = row[index / kPageSize];
  if (!page) {
    page = std::make_unique<Page>();
    page->fill(Bucket(rate, now));
  }
  return (*page)[index % kPageSize];
}

bool RateTable::take(std::uint64_t hash, std::uint32_t rate, Standing standing, MonoTime now) {
  Bucket& one = bucket_of(first_, static_cast<std::uint32_t>(hash), rate, now);
  Bucket& other = bucket_of(second_, static_cast<std::uint32_t>(hash >> 32U), rate, now);
  const bool first = one.has(rate, standing, now), second = other.has(rate, standing, now);
  if (first) one.take();
  if (second) other.take();
  return first || second;
}

}  // namespace wirestamp::session
