// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "measure/sample.h"

// Samples in some 60 octets instead of 400 while their window waits: numbers of variable length,
// times as distances from each other. Not a format: it never leaves this process.
namespace wirestamp::agent {

// Appends what measure::Window::add() reads of a sample, with its number and flow. `base`: near
// its time, the same for pack and unpack.
void pack(const measure::Sample& sample, MonoTime base, std::vector<std::byte>& into);

// The sample that begins at `at`, which is moved behind it. What was not packed has its default,
// and wall times stand on another day: only their distances are kept.
measure::Sample unpack(const std::vector<std::byte>& from, std::size_t& at, MonoTime base);

}  // namespace wirestamp::agent
