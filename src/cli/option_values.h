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

// Fails when no host is given.
Result<agent::PingOptions> ping_options(const config::Settings& settings);
// Fails when the zone of a link-local address is no interface.
Result<agent::ReflectOptions> reflect_options(const config::Settings& settings);

// Every option of the command with its value and origin, for the JSON document.
std::vector<publish::Report::Setting> told_settings(const config::Settings& settings,
                                                    config::Command command);

}  // namespace wirestamp::cli
