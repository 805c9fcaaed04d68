// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "config/agent_config.h"
#include "config/settings.h"
#include "config/source.h"

namespace wirestamp::cli {

inline constexpr std::string_view kVersion = WIRESTAMP_VERSION;

using Words = std::span<const std::string_view>;

int run_ping(const config::Settings& settings);
int run_reflect(const config::Settings& settings);
int run_top(const config::Settings& settings);
int run_report(const config::Settings& settings);
int run_evidence(const config::Settings& settings);
// It has sources of its own for each session.
int run_agent(const config::Source& flags, const config::Source& environment);
// All that an agent is told, its file included.
Result<config::AgentConfig> load_agent_config(const config::Source& flags,
                                              const config::Source& environment);
// `words`: what stands behind `wirestamp config`.
int run_config(Words words);

// Settings of a command from its words, the environment and the defaults; absent when help was
// asked for.
Result<std::optional<config::Settings>> read_settings(config::Command command, Words words);

std::string command_help(config::Command command);

}  // namespace wirestamp::cli
