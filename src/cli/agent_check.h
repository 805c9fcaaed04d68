// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "config/settings.h"

// What an agent refuses of its configuration before it opens anything. What it refuses later is for
// a reason that lies elsewhere: a port that another program has, a disk. Errors name the option and
// the place it is from: "webhook (from office.toml:7): ...".
namespace wirestamp::cli {

// Whether what is asked of the agent itself fits together: at the start and of each reload.
Result<void> check_agent(const config::Settings& settings);

// Whether the files of the keys of probes, of TWAMP and of the API's certificate can be used. At
// the start alone: a running agent follows those that may change, and goes on with the keys of
// before where one is wrong.
Result<void> check_keys(const config::Settings& settings);

}  // namespace wirestamp::cli
