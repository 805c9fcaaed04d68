// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "plan.h"

namespace wirestamp::demo {

// So many sessions as a carrier has them, each with a path of its own; one in forty or so is in
// trouble at the end, and others were before.
void add_sites(Month& month, std::size_t count, std::uint64_t seed);

// Sessions whose names, hosts and events have in them what a page must take for text. A
// configuration allows none of these names (letters, digits, '-', '_' and '.', at most 64); a store
// that somebody else wrote may hold them.
void add_strange_names(Month& month);

}  // namespace wirestamp::demo
