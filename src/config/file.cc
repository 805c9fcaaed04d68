// SPDX-License-Identifier: Apache-2.0
#include "config/file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "config/nearest.h"

namespace wirestamp::config {

namespace {

constexpr std::string_view kDefaults = "defaults", kSessions = "sessions";

// A table keeps its keys sorted; people expect what they wrote first to come first.
std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> found;
  for (const auto& [key, node] : table) found.emplace_back(&key, &node);
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) {
    const toml::source_position x = a.first->source().begin, y = b.first->source().begin;
    return std::pair(x.line, x.column) < std::pair(y.line, y.column);
  });
  return found;
}

enum class Scope : std::uint8_t { Agent, Session };

class TableReader {
 public:
  explicit TableReader(std::string path) : path_(std::move(path)) {}

  Result<File> read(const toml::table& root) {
    File file;
    for (const auto& [key, node] : in_order(root)) {
      if (key->str() == kDefaults) {
        const toml::table& table = *TRY(table_of(*key, *node));
        TRY_VOID(read_options(table, file.defaults));
      } else if (key->str() == kSessions) {
        TRY_VOID(read_sessions(*TRY(table_of(*key, *node)), file));
      } else {
        TRY_VOID(read_option(*key, *node, Scope::Agent, file.agent));
      }
    }
    return file;
  }

 private:
  std::string place(const toml::source_region& region) const {
    return fmt::format("{}:{}", path_, region.begin.line);
  }

  Result<const toml::table*> table_of(const toml::key& key, const toml::node& node) const {
    if (const toml::table* table = node.as_table()) return table;
    return fail(fmt::format("{}: '{}' is a table: write [{}{}]", place(key.source()), key.str(),
                            key.str(), key.str() == kSessions ? ".NAME" : ""));
  }

  Result<void> read_sessions(const toml::table& table, File& file) const {
    for (const auto& [key, node] : in_order(table)) {
      const std::string where = place(key->source());
      if (!is_session_name(key->str()))
        return fail(fmt::format(
            "{}: '{}' cannot name a session; allowed: up to {} letters, digits, '-', '_' and '.'{}",
            where, key->str(), kLongestSessionName, kNoDots));
      if (!node->is_table())
        return fail(fmt::format("{}: the session '{}' is a table: write [sessions.{}]", where,
                                key->str(), key->str()));
      if (file.sessions.size() == kMostSessions)
        return fail(fmt::format("{}: more than {} sessions", where, kMostSessions));
      FileSession session{.name = std::string(key->str()), .place = where, .source = {}};
      TRY_VOID(read_options(*node->as_table(), session.source));
      file.sessions.push_back(std::move(session));
    }
    return {};
  }

  Result<void> read_options(const toml::table& table, Source& source) const {
    for (const auto& [key, node] : in_order(table))
      TRY_VOID(read_option(*key, *node, Scope::Session, source));
    return {};
  }

  Result<void> read_option(const toml::key& key, const toml::node& node, Scope scope,
                           Source& source) const {
    const std::string where = place(key.source());
    const auto row = std::ranges::find(options(), key.str(), &Option::name);
    if (row == options().end()) return unknown(where, key.str(), scope);
    if (!belongs(*row, scope)) return misplaced(where, *row, scope);
    const toml::array* array = node.as_array();
    if (array == nullptr) return add(*row, node, where, source);
    if (!row->repeatable)
      return fail(fmt::format("{}: '{}' takes one value, not an array; allowed: {}", where,
                              row->name, allowed(*row)));
    for (const toml::node& element : *array) TRY_VOID(add(*row, element, where, source));
    return {};
  }

  static bool belongs(const Option& row, Scope scope) {
    if (!applies(row, Command::Agent) || row.key == Key::ConfigFile || row.key == Key::Sessions)
      return false;
    return per_session(row) == (scope == Scope::Session);
  }

  static Result<void> unknown(const std::string& where, std::string_view key, Scope scope) {
    std::vector<std::string> known;
    for (const Option& row : options())
      if (belongs(row, scope)) known.emplace_back(row.name);
    if (scope == Scope::Agent) known.insert(known.end(), {"defaults", "sessions"});
    return fail(fmt::format("{}: there is no key '{}'{}", where, key, did_you_mean(key, known)));
  }

  static Result<void> misplaced(const std::string& where, const Option& row, Scope scope) {
    if (belongs(row, Scope::Session))
      return fail(fmt::format(
          "{}: '{}' is an option of sessions: put it under [defaults] or [sessions.NAME]", where,
          row.name));
    if (belongs(row, Scope::Agent) && scope == Scope::Session)
      return fail(fmt::format("{}: '{}' is an option of the agent: put it above the first [table]",
                              where, row.name));
    return fail(fmt::format("{}: '{}' cannot stand in a file: it is an option of {}", where,
                            row.name, commands_text(row)));
  }

  static Result<void> add(const Option& row, const toml::node& node, const std::string& where,
                          Source& source) {
    std::string text;
    if (const auto* written = node.as_string()) {
      text = written->get();
    } else if (const auto* number = node.as_integer()) {
      text = fmt::format("{}", number->get());
    } else if (const auto* flag = node.as_boolean()) {
      text = flag->get() ? "true" : "false";
    } else {
      return fail(fmt::format("{}: '{}' has a value of the wrong kind; allowed: {}, in quotes",
                              where, row.name, allowed(row)));
    }
    source.push_back({row.key, std::move(text), where});
    return {};
  }

  std::string path_;
};

}  // namespace

bool is_session_name(std::string_view name) {
  // A client takes these out of an address before it asks, escaped or not.
  if (name == "." || name == "..") return false;
  return !name.empty() && name.size() <= kLongestSessionName &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Result<File> read_file(std::string_view text, const std::string& path) {
  if (text.size() > kLargestFile)
    return fail(fmt::format("{}: {} octets are more than the {} a configuration may have", path,
                            text.size(), kLargestFile));
  try {
    const toml::table root = toml::parse(text, path);
    return TableReader(path).read(root);
  } catch (const toml::parse_error& error) {
    return fail(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
}

}  // namespace wirestamp::config
