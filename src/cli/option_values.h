// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/ping.h"
#include "agent/reflect.h"
#include "base/result.h"
#include "config/settings.h"
#include "publish/report.h"

// From checked settings to what the agent wants.
namespace wirestamp::cli {

// All but device and network namespace, of which several measurements have one each. Fails when no
// host is given, or what is given does not fit together.
Result<agent::PingOptions> ping_options(const config::Settings& settings);
// All but the network namespace.
agent::ReflectOptions reflect_options(const config::Settings& settings);

// Where the TWAMP server is to listen: a port without an address is meant where --listen is.
struct TwampPlace {
  std::size_t value = 0;  // which of --twamp it is of
  config::ListenAddress at;
  bool operator==(const TwampPlace&) const = default;
};
std::vector<TwampPlace> twamp_places(const config::Settings& settings);

// A session of the agent: as ping_options(), with one device and without network namespace, and the
// policy `auto` unless another is asked for.
Result<agent::PingOptions> agent_session_options(const config::Settings& settings);

// Every option of the command with its value and origin, for the JSON document; several values of
// one as a list with commas.
std::vector<publish::Report::Setting> told_settings(const config::Settings& settings,
                                                    config::Command command);

}  // namespace wirestamp::cli
