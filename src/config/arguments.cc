// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/agent_values.h"
#include "config/nearest.h"
#include "config/source.h"
#include "config/value.h"

namespace wirestamp::config {

namespace {

struct LetterFlag {
  const Option* option;
  std::string_view implies;
};

std::optional<LetterFlag> find_letter(Command command, char letter) {
  for (const Option& row : options())
    for (const Shorthand& shorthand : row.letters)
      if (shorthand.letter == letter && applies(row, command))
        return LetterFlag{&row, shorthand.implies};
  return std::nullopt;
}

// A word that is meant as a flag, not as a value: "-5" and "-" are values.
bool looks_like_flag(std::string_view word) {
  if (word.size() < 2 || word.front() != '-') return false;
  return word[1] == '-' || (word[1] >= 'a' && word[1] <= 'z') || (word[1] >= 'A' && word[1] <= 'Z');
}

class Reader {
 public:
  Reader(Command command, std::span<const std::string_view> words)
      : command_(command), words_(words) {}

  Result<Arguments> read() {
    bool flags_ended = false;
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      if (!flags_ended && word == "--") {
        flags_ended = true;
      } else if (!flags_ended && (word == "--help" || word == "-h")) {
        arguments_.help = true;
      } else if (!flags_ended && word.starts_with("--")) {
        TRY_VOID(read_long(word));
      } else if (!flags_ended && word.size() > 1 && word.starts_with('-')) {
        TRY_VOID(read_letters(word));
      } else {
        TRY_VOID(read_positional(word));
      }
    }
    return std::move(arguments_);
  }

 private:
  Result<void> read_long(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name =
        word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto row = std::ranges::find_if(
        options(), [&](const Option& one) { return !one.positional && one.name == name; });
    if (row == options().end()) return unknown_flag(name);
    if (!applies(*row, command_))
      return fail(fmt::format("--{} is an option of {}, not of 'wirestamp {}'", name,
                              commands_text(*row), config::name(command_)));
    const std::string origin = fmt::format("--{}", name);
    if (equals != std::string_view::npos) return assign(*row, word.substr(equals + 1), origin);
    if (row->type == Type::Flag) return assign(*row, "true", origin);
    const bool alone = next_ == words_.size() || looks_like_flag(words_[next_]);
    if (alone && !row->bare.empty()) return assign(*row, row->bare, origin);
    return assign(*row, TRY(take_value(*row, origin)), origin);
  }

  Result<void> unknown_flag(std::string_view name) const {
    std::vector<std::string> known{"--help"};
    for (const Option& row : options())
      if (applies(row, command_) && !row.positional) known.push_back(flag(row));
    const std::string written = fmt::format("--{}", name);
    if (name == "help") return fail("--help takes no value");
    return fail(fmt::format("there is no option {}{}", written, did_you_mean(written, known)));
  }

  // "-c5", "-c 5", "-4", "-4c5".
  Result<void> read_letters(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string origin = fmt::format("-{}", word[i]);
      const auto found = find_letter(command_, word[i]);
      if (!found)
        return fail(fmt::format("there is no option {}", i == 1 ? std::string(word) : origin));
      if (!found->implies.empty()) {
        TRY_VOID(assign(*found->option, found->implies, origin));
        continue;
      }
      if (i + 1 < word.size()) return assign(*found->option, word.substr(i + 1), origin);
      return assign(*found->option, TRY(take_value(*found->option, origin)), origin);
    }
    return {};
  }

  Result<void> read_positional(std::string_view word) {
    for (const Option& row : options()) {
      if (!row.positional || !row.commands.contains(name(command_))) continue;
      if (given(row.key) && !row.repeatable) continue;
      return assign(row, word, "the command line");
    }
    return fail(fmt::format("'{}' is one word too many", shown_word(word)));
  }

  Result<std::string_view> take_value(const Option& row, const std::string& origin) {
    if (next_ == words_.size() || looks_like_flag(words_[next_]))
      return fail(fmt::format("{} wants a value: {}", origin, allowed(row)));
    return words_[next_++];
  }

  bool given(Key key) const {
    return std::ranges::find(arguments_.source, key, &Assignment::key) != arguments_.source.end();
  }

  Result<void> assign(const Option& row, std::string_view text, std::string origin) {
    if (!row.repeatable) {
      const auto before = std::ranges::find(arguments_.source, row.key, &Assignment::key);
      if (before != arguments_.source.end())
        return fail(before->origin == origin
                        ? fmt::format("{} is given twice: '{}' and '{}'", origin,
                                      shown(row, before->text), shown(row, text))
                        : fmt::format("{} and {} contradict each other: both set the option {}",
                                      before->origin, origin, row.name));
    }
    arguments_.source.push_back({row.key, std::string(text), std::move(origin)});
    return {};
  }

  Command command_;
  std::span<const std::string_view> words_;
  std::size_t next_ = 0;
  Arguments arguments_;
};

}  // namespace

Result<Arguments> read_arguments(Command command, std::span<const std::string_view> words) {
  return Reader(command, words).read();
}

}  // namespace wirestamp::config
