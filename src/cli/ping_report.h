// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/ping.h"
#include "config/settings.h"
#include "publish/report.h"

// From what a measurement told to what is printed of it.
namespace wirestamp::cli {

// What is known before the first probe.
publish::Report start_report(const agent::PingOptions& options, const agent::PingStart& start);

// `lines_not_written`: of --jsonl and --csv.
publish::Report full_report(const config::Settings& settings, const agent::PingOptions& options,
                            const agent::PingResult& result, std::uint64_t lines_not_written);

// What to try when nothing came back, from what is known of the probes.
// `no_reply_asked`: --tlv wanted none, or one elsewhere.
std::string advice(const agent::PingResult& result, bool no_reply_asked = false);

}  // namespace wirestamp::cli
