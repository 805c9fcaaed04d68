// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "api/answers.h"
#include "api/host_status.h"

namespace wirestamp::api {

namespace {

// The newest step of the clock among the events of the agent as a whole, which belong to no
// session.
std::optional<measure::RecordedEvent> newest_step(const std::vector<measure::RecordedEvent>& all) {
  const auto found =
      std::ranges::find(all.rbegin(), all.rend(), measure::EventKind::ClockStepped,
                        [](const measure::RecordedEvent& recorded) { return recorded.event.kind; });
  return found == all.rend() ? std::nullopt : std::optional(*found);
}

}  // namespace

Answer<Reply> answer_host(const Request& request, Desk& desk) {
  const AgentStatus agent = desk.service().status();
  HostAnswer answer{.host = desk.sources().host ? desk.sources().host() : HostStatus{},
                    .version = agent.version,
                    .began = agent.began,
                    .now = request.now,
                    .samples_dropped = agent.samples_dropped,
                    .store_dropped = agent.store_dropped};
  for (const SessionStatus& session : desk.service().sessions())
    answer.schedule_error.merge(session.total.schedule_error);
  // What is of this moment is known without the store.
  if (const auto reader = desk.reader()) {
    constexpr std::size_t kNewest = 2'000;
    if (const auto events = desk.kept((*reader)->events({.session = 0, .limit = kNewest})))
      answer.clock_step = newest_step(*events);
  }
  return Reply{.body = to_json(answer)};
}

}  // namespace wirestamp::api
