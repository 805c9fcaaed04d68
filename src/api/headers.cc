// SPDX-License-Identifier: Apache-2.0
#include "api/headers.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/values.h"

namespace wirestamp::api {

namespace {

// Takes what stands before the next `separator`, without blanks.
std::string_view next_item(std::string_view& list, char separator) {
  const std::size_t end = std::min(list.find(separator), list.size());
  const std::string_view item = without_blanks(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return item;
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

unsigned weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = next_item(parameters, ';');
    if (!one.starts_with("q=") && !one.starts_with("Q=")) continue;
    double weight = 1;
    std::from_chars(one.data() + 2, one.data() + one.size(), weight);
    return static_cast<unsigned>(std::clamp(weight, 0.0, 1.0) * 1'000);
  }
  return 1'000;
}

bool takes_gzip(std::string_view accept_encoding) {
  std::optional<bool> named, any;
  while (!accept_encoding.empty()) {
    std::string_view item = next_item(accept_encoding, ',');
    const std::string_view coding = next_item(item, ';');
    const bool taken = weight_of(item) > 0;
    if (same_letters(coding, "gzip") || same_letters(coding, "x-gzip")) named = taken;
    if (coding == "*") any = taken;
  }
  return named.value_or(any.value_or(false));
}

bool has_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    std::string_view one = next_item(if_none_match, ',');
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

}  // namespace wirestamp::api
