// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

// What every fuzz target is made of. A target asserts properties with CHECK: code that survives any
// octets but believes nonsense would pass one that only waits for a crash.

// FUZZ_TARGET(input) { ... } is the function that libFuzzer calls with each input.
#define FUZZ_TARGET(input)                                                            \
  /* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */               \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
  namespace wirestamp::fuzz {                                                         \
  /* NOLINTNEXTLINE(misc-use-anonymous-namespace): is defined from outside of it */   \
  static void fuzz_one(base::Bytes input);                                            \
  }                                                                                   \
  /* NOLINTNEXTLINE(readability-identifier-naming) */                                 \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    wirestamp::fuzz::fuzz_one(std::as_bytes(std::span(data, size)));                  \
    return 0;                                                                         \
  }                                                                                   \
  void wirestamp::fuzz::fuzz_one(wirestamp::base::Bytes input)

namespace wirestamp::fuzz {

// Takes an input apart from the front. Behind the end there are zeros, so every input means
// something.
class Input {
 public:
  explicit Input(base::Bytes octets) : octets_(octets) {}

  bool empty() const { return octets_.empty(); }
  base::Bytes rest() const { return octets_; }

  base::Bytes take(std::size_t size) {
    const base::Bytes taken = octets_.first(std::min(size, octets_.size()));
    octets_ = octets_.subspan(taken.size());
    return taken;
  }

  template <std::unsigned_integral T>
  T number() {
    std::byte octets[sizeof(T)] = {};
    std::ranges::copy(take(sizeof(T)), octets);
    return base::load_be<T>(octets, 0);
  }
  std::uint8_t octet() { return number<std::uint8_t>(); }
  bool chance() { return (octet() & 1U) != 0; }

 private:
  base::Bytes octets_;
};

inline bool equal(base::Bytes one, base::Bytes other) { return std::ranges::equal(one, other); }

inline bool all_are(base::Bytes octets, std::byte value) {
  return std::ranges::all_of(octets, [&](std::byte octet) { return octet == value; });
}

}  // namespace wirestamp::fuzz
