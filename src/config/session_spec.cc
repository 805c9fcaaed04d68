// SPDX-License-Identifier: Apache-2.0
#include "config/session_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/file.h"
#include "config/nearest.h"
#include "config/option.h"
#include "config/value.h"
#include "config/words.h"

namespace wirestamp::config {

namespace {

std::string name_of_host(std::string_view host) {
  std::string name(host.substr(0, kLongestSessionName));
  for (char& c : name)
    if (c != '.' && !is_session_name(std::string_view(&c, 1))) c = '_';
  return name;
}

Result<void> add_option(std::string_view word, SessionSpec& spec) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos)
    return fail(fmt::format("has the word '{}', which is no KEY=VALUE", word));
  const std::string_view key = word.substr(0, equals);
  const auto row = std::ranges::find(options(), key, &Option::name);
  if (row == options().end() || !per_session(*row) || row->key == Key::Host) {
    std::vector<std::string> known;
    for (const Option& one : options())
      if (per_session(one) && one.key != Key::Host) known.emplace_back(one.name);
    return fail(
        fmt::format("has '{}', which is no option of sessions{}", key, did_you_mean(key, known)));
  }
  const auto same = [&](const auto& before) { return before.first == key; };
  if (!row->repeatable && std::ranges::any_of(spec.options, same))
    return fail(fmt::format("has '{}' twice", key));
  spec.options.emplace_back(key, word.substr(equals + 1));
  return {};
}

}  // namespace

Result<SessionSpec> parse_session_spec(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return fail("is empty");
  SessionSpec spec;
  std::string_view host = words.front();
  if (const std::size_t equals = host.find('='); equals != std::string_view::npos) {
    spec.name = host.substr(0, equals);
    host.remove_prefix(equals + 1);
    if (!is_session_name(spec.name))
      return fail(
          fmt::format("has the name '{}'; names are up to {} letters, digits, '-', '_' and '.'{}",
                      spec.name, kLongestSessionName, kNoDots));
  }
  TRY_VOID(parse_host_port(host));
  spec.host = host;
  if (spec.name.empty()) spec.name = name_of_host(host);
  for (std::size_t i = 1; i < words.size(); ++i) TRY_VOID(add_option(words[i], spec));
  return spec;
}

}  // namespace wirestamp::config
