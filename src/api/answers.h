// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/routes.h"

// What each route does.
namespace wirestamp::api {

// More windows than anybody can look at; the answer stays below some ten megabytes.
inline constexpr std::size_t kMostWindows = 5'000;
inline constexpr std::size_t kMostSessions = 64;  // merged in one answer
// Sessions by steps: an hour of minutes of a thousand sessions, and somewhat more.
inline constexpr std::size_t kMostSparklineValues = 100'000;

Answer<Reply> answer_alive(const Request& request, Desk& desk);
Answer<Reply> answer_ready(const Request& request, Desk& desk);
Answer<Reply> answer_metrics(const Request& request, Desk& desk);
Answer<Reply> answer_health(const Request& request, Desk& desk);
Answer<Reply> answer_host(const Request& request, Desk& desk);
Answer<Reply> answer_configuration(const Request& request, Desk& desk);
Answer<Reply> answer_reload(const Request& request, Desk& desk);
Answer<Reply> answer_sessions(const Request& request, Desk& desk);
Answer<Reply> answer_overview(const Request& request, Desk& desk);
Answer<Reply> answer_session(const Request& request, Desk& desk);
Answer<Reply> answer_sparklines(const Request& request, Desk& desk);
Answer<Reply> answer_session_windows(const Request& request, Desk& desk);
Answer<Reply> answer_windows(const Request& request, Desk& desk);
Answer<Reply> answer_report(const Request& request, Desk& desk);
Answer<Reply> answer_plot(const Request& request, Desk& desk);
Answer<Reply> answer_samples(const Request& request, Desk& desk);
Answer<Reply> answer_flows(const Request& request, Desk& desk);
Answer<Reply> answer_events(const Request& request, Desk& desk);
Answer<Reply> answer_incidents(const Request& request, Desk& desk);
Answer<Reply> answer_incident(const Request& request, Desk& desk);

}  // namespace wirestamp::api
