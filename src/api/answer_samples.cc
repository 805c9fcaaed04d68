// SPDX-License-Identifier: Apache-2.0
//
// Single probes. Those that match are looked for among what is kept, a piece at a time: at most
// kMostSearched are looked at for one answer, which then says where to go on.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "api/answer_document.h"
#include "api/answers.h"
#include "api/lookup.h"

namespace wirestamp::api {

namespace {

using measure::Outcome;
using measure::Sample;

constexpr std::size_t kMostSearched = 200'000, kPiece = 20'000;
// More than are ever due in one moment: bursts of each flow.
constexpr std::size_t kTogether = 500;

// Words of the parameter `outcome` that stand for several.
bool is_of(std::string_view word, Outcome outcome) {
  if (word == "answered") return outcome == Outcome::Delivered || outcome == Outcome::Late;
  if (word == "lost") return lost_on_the_way(outcome);
  if (word == "not_sent")
    return outcome == Outcome::Unsent || outcome == Outcome::Withheld ||
           outcome == Outcome::LateSchedule;
  return word == name(outcome);
}

struct Wanted {
  std::vector<std::string> outcomes;  // empty: any
  std::optional<std::uint64_t> probe, sequence;

  bool all() const { return outcomes.empty() && !probe && !sequence; }
  bool operator()(const Sample& sample) const {
    if (probe && sample.probe != *probe) return false;
    if (sequence && sample.sequence != *sequence) return false;
    return outcomes.empty() || std::ranges::any_of(outcomes, [&](const std::string& word) {
             return is_of(word, sample.outcome);
           });
  }
};

Answer<void> search(store::Reader& reader, Desk& desk, std::uint32_t session, const Wanted& wanted,
                    std::size_t limit, SamplesAnswer& answer) {
  store::TimeRange range = answer.range;
  for (std::size_t searched = 0;;) {
    // Of what is told as it is no more is read than is told, and enough to know where it goes on.
    const std::size_t piece = wanted.all() ? limit + kTogether : kPiece;
    const auto found = TRY(desk.kept(reader.samples(session, range, piece)));
    const auto stop = [&](WallTime at) {
      answer.complete = false;
      answer.next = at;
    };
    for (const Sample& sample : found) {
      if (!wanted(sample)) continue;
      // Where it goes on is a moment, so what was due in one moment is told together: with the next
      // answer, or, where nothing else was found, beyond the limit.
      const WallTime at = sample.scheduled_wall;
      if (answer.samples.size() >= limit && answer.samples.front().scheduled_wall < at) {
        while (answer.samples.back().scheduled_wall >= at) answer.samples.pop_back();
        stop(at);
        return {};
      }
      answer.samples.push_back(sample);
    }
    if (found.size() < piece) return {};
    // Those that were due in the same moment as the last one may be told twice, not missed.
    WallTime next = found.back().scheduled_wall;
    if (next == found.front().scheduled_wall) next += Duration::nanoseconds(1);
    while (!answer.samples.empty() && answer.samples.back().scheduled_wall >= next)
      answer.samples.pop_back();
    range.from = next;
    searched += found.size();
    if (searched < kMostSearched) continue;
    stop(next);
    return {};
  }
}

}  // namespace

Answer<Reply> answer_samples(const Request& request, Desk& desk) {
  const Known session = TRY(known_session(request.names.front(), desk));
  const Range range = TRY(request.query.range());
  const std::size_t limit = TRY(request.query.count("limit")).value_or(1'000);
  Wanted wanted{.outcomes = request.query.texts("outcome")};
  wanted.probe = TRY(request.query.count("probe"));
  wanted.sequence = TRY(request.query.count("sequence"));
  SamplesAnswer answer{.session = session.name, .range = range_of(range)};
  if (session.row) {
    store::Reader* const reader = TRY(desk.reader());
    TRY_VOID(search(*reader, desk, session.row->id, wanted, limit, answer));
  }
  if (wants_csv(request)) return csv_reply(to_csv(answer));
  return json_reply(answer);
}

}  // namespace wirestamp::api
