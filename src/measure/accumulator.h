// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "measure/sample.h"
#include "measure/summary.h"

namespace wirestamp::measure {

struct AccumulatorOptions {
  Duration interval = Duration::milliseconds(500);  // of the probes: MOS wants it
  // Of a part of a session: no number before these is waited for, and for a missing one only until
  // so many later ones have come.
  std::uint64_t first_probe = 0, first_arrival = 1;
  std::size_t reach = 65'536;
};

// Streams samples into figures with bounded memory. Samples may come in any order of decision; the
// ones that need send or arrival order use Sample::probe and Sample::arrival_index within a bounded
// window. One thread.
class Accumulator {
 public:
  explicit Accumulator(const AccumulatorOptions& options);
  ~Accumulator();
  Accumulator(Accumulator&&) noexcept;
  Accumulator& operator=(Accumulator&&) noexcept;

  void add(const Sample& sample);
  // Of the samples added as LostUnknown, so many are known by the reflector's counters to be lost
  // forward and backward, although not which ones.
  void resolve_unknown(std::uint64_t forward, std::uint64_t backward);
  // Of those, how many have no direction yet.
  std::uint64_t lost_unknown() const;

  // No more samples will come: what was kept back for the sake of order is counted too.
  void finish();

  // Before finish() the figures that depend on order leave out the samples that wait for earlier
  // ones.
  Summary summary() const;

  // Samples that wait for earlier ones: what bounds the memory.
  std::size_t waiting() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wirestamp::measure
