// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wirestamp::config {

// The candidate that `word` most likely stands for: the one it abbreviates, else the one with the
// fewest inserted, deleted, replaced or swapped letters. Absent when nothing is near enough to be
// meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean 'X'?", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace wirestamp::config
