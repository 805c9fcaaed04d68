// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.h"

// Answers that are long go packed to who takes that: figures as JSON shrink to a tenth.
namespace wirestamp::api {

inline constexpr std::size_t kLeastPacked = 4'096;  // octets; below, packing gains nothing

// RFC 1952; absent when there is no memory for it.
std::optional<std::string> gzip(std::string_view octets);

// Packs the body where it is worth it and Accept-Encoding permits. Takes some ms for a megabyte:
// for threads that may wait.
void pack(std::string_view accept_encoding, Reply& reply);

}  // namespace wirestamp::api
