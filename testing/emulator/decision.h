// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "time/duration.h"

// What the emulated link does to each packet, decided without I/O and without a clock.
//
// A fate depends on the seed, the direction, the packet's number in that direction and, where one
// bucket of flows is treated worse, on its flow, and on nothing else: not on when the packet came,
// nor on what happened to others. So a run can be repeated, and changing the loss of one direction
// leaves every other decision as it was.
namespace wirestamp::emulator {

enum class Direction : std::uint8_t { Forward, Backward };  // left to right, right to left

struct NumberRange {
  std::uint64_t first = 0, last = 0;  // both included
};

// Which packets something happens to; the ways are joined by "or".
struct Choice {
  double probability = 0;                // 0 to 1, for each packet on its own
  std::uint64_t every = 0;               // every n-th: numbers n-1, 2n-1, ...; 0: none
  std::vector<NumberRange> listed = {};  // these numbers

  bool hits(std::uint64_t number, base::Random& random) const;
};

struct Remark {
  std::optional<std::uint8_t> from;  // absent: any DSCP
  std::uint8_t to = 0;
};

// One of several equal-cost paths: it gets the flows whose hash has this remainder.
struct Bucket {
  std::uint32_t remainder = 0, divisor = 1;

  bool has(std::uint32_t flow_hash) const { return flow_hash % divisor == remainder; }
};

struct DirectionSettings {
  Duration delay = {};      // fixed part, from the kernel's stamp at entry
  Duration variation = {};  // plus a uniform part in [0, variation)
  Choice drop = {}, duplicate = {}, hold = {};
  std::uint32_t hold_past = 1;       // a held packet leaves after so many later ones
  std::vector<Remark> remarks = {};  // the first that fits
  // What befalls the flows of one bucket besides.
  std::optional<Bucket> bucket = {};
  double bucket_drop = 0;  // probability
  Duration bucket_delay = {};

  std::uint8_t remarked(std::uint8_t dscp) const;
};

struct Fate {
  bool drop = false;
  bool duplicate = false;
  std::optional<std::uint32_t> hold_past;
  std::array<Duration, 2> delay;  // of the packet and of its copy
};

struct PacketPlace {
  Direction direction = Direction::Forward;
  std::uint64_t number = 0;     // in that direction, from 0
  std::uint32_t flow_hash = 0;  // see flow_hash() in frame.h
};

Fate decide(const DirectionSettings& settings, std::uint64_t seed, const PacketPlace& packet);

}  // namespace wirestamp::emulator
