// SPDX-License-Identifier: Apache-2.0
#include "config/agent_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace wirestamp::config {

namespace {

// One session as far as its own words and its table say.
struct Draft {
  std::string name, place;
  Source by_flag, by_variable, by_file;
};

Draft& draft_of(std::vector<Draft>& drafts, const std::string& name, const std::string& place) {
  const auto known = std::ranges::find(drafts, name, &Draft::name);
  if (known != drafts.end()) return *known;
  drafts.push_back({.name = name, .place = place, .by_flag = {}, .by_variable = {}, .by_file = {}});
  return drafts.back();
}

Source source_of(const SessionSpec& spec, const std::string& origin) {
  Source source{{Key::Host, spec.host, origin}};
  for (const auto& [name, text] : spec.options) {
    const auto row = std::ranges::find(options(), name, &Option::name);
    source.push_back({row->key, text, origin});
  }
  return source;
}

// The sessions that one place names in words; the same name twice there is a mistake.
Result<void> take_words(const Source& from, Source Draft::* words, std::vector<Draft>& drafts) {
  for (const Assignment& assignment : from) {
    if (assignment.key != Key::Sessions) continue;
    auto spec = parse_session_spec(assignment.text);
    if (!spec)
      return fail(fmt::format("sessions: '{}' (from {}) {}; allowed: {}", assignment.text,
                              assignment.origin, spec.error().text,
                              allowed(option(Key::Sessions))));
    Draft& draft = draft_of(drafts, spec->name, assignment.origin);
    if (!(draft.*words).empty())
      return fail(
          fmt::format("{} names two sessions '{}': give one of them another name, as in "
                      "NAME={}",
                      assignment.origin, spec->name, spec->host));
    draft.*words = source_of(*spec, assignment.origin);
  }
  return {};
}

// What is for all sessions: their hosts are their own.
Source for_sessions(const Source& from) {
  Source some;
  for (const Assignment& assignment : from)
    if (per_session(option(assignment.key)) && assignment.key != Key::Host)
      some.push_back(assignment);
  return some;
}

}  // namespace

Result<AgentConfig> load_agent(const Source& flags, const Source& environment, const File& file) {
  const std::array own{flags, environment, file.agent};
  AgentConfig config{.settings = TRY(resolve(Command::Agent, own)), .sessions = {}};

  std::vector<Draft> drafts;
  for (const FileSession& session : file.sessions)
    draft_of(drafts, session.name, session.place).by_file = session.source;
  TRY_VOID(take_words(environment, &Draft::by_variable, drafts));
  TRY_VOID(take_words(flags, &Draft::by_flag, drafts));
  if (drafts.size() > kMostSessions)
    return fail(
        fmt::format("{} sessions are more than the {} of one agent", drafts.size(), kMostSessions));

  const Source by_flag = for_sessions(flags), by_variable = for_sessions(environment);
  // What is for all sessions is wrong even while there is none.
  const std::array for_all{by_flag, by_variable, file.defaults};
  TRY(resolve(Command::Agent, for_all));
  for (Draft& draft : drafts) {
    const std::array strongest_first{draft.by_flag, by_flag,       draft.by_variable,
                                     by_variable,   draft.by_file, file.defaults};
    auto settings = resolve(Command::Agent, strongest_first);
    if (!settings) return fail(fmt::format("session '{}': {}", draft.name, settings.error().text));
    if (!settings->given(Key::Host))
      return fail(fmt::format("{}: the session '{}' has no host: add host = \"HOST[:PORT]\"",
                              draft.place, draft.name));
    config.sessions.push_back({draft.name, draft.place, std::move(*settings)});
  }
  return config;
}

}  // namespace wirestamp::config
