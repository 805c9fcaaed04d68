// SPDX-License-Identifier: Apache-2.0
//
// The only file that reads JSON in what ships. The library's exceptions stay out of it: values are
// looked for, and where one is missing or of another type it is absent.
#include "client/agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "time/when.h"

namespace wirestamp::client {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostSessions = 10'000, kMostValues = 10'000;

const Json& nothing() {
  static const Json null;
  return null;
}

const Json& member(const Json& of, std::string_view name) {
  if (!of.is_object()) return nothing();
  const auto found = of.find(name);
  return found == of.end() ? nothing() : *found;
}

// "a.b.c".
const Json& at(const Json& of, std::string_view path) {
  const Json* here = &of;
  for (;;) {
    const std::size_t dot = path.find('.');
    here = &member(*here, path.substr(0, dot));
    if (dot == std::string_view::npos) return *here;
    path.remove_prefix(dot + 1);
  }
}

std::string text(const Json& of, std::string_view path) {
  const auto* value = at(of, path).get_ptr<const std::string*>();
  return value == nullptr ? std::string() : *value;
}

std::optional<double> number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto found = value.get<double>();
  return std::isfinite(found) ? std::optional(found) : std::nullopt;
}

std::optional<Duration> duration(const Json& value) {
  if (value.is_number_integer() && !value.is_number_unsigned())
    return Duration::nanoseconds(value.get<std::int64_t>());
  const auto found = number(value);
  if (!found || std::abs(*found) > 9e18) return std::nullopt;
  return Duration::nanoseconds(static_cast<std::int64_t>(*found));
}

std::uint64_t count(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  const auto found = number(value);
  return found && *found > 0 && *found < 1e18 ? static_cast<std::uint64_t>(*found) : 0;
}

std::optional<std::uint64_t> id(const Json& value) {
  const std::uint64_t found = count(value);
  return found == 0 ? std::nullopt : std::optional(found);
}

std::optional<WallTime> time(const Json& of, std::string_view path) {
  return parse_time(text(of, path));
}

// The elements of an array, so many at most.
template <typename T, typename Read>
std::vector<T> list(const Json& of, Read read, std::size_t most = kMostValues) {
  std::vector<T> found;
  if (!of.is_array()) return found;
  for (const Json& one : of) {
    if (found.size() == most) break;
    found.push_back(read(one));
  }
  return found;
}

Figures figures_of(const Json& window) {
  Figures found;
  found.begin = time(window, "begin").value_or(WallTime());
  found.length = duration(at(window, "length_ns")).value_or(Duration());
  found.sent = count(at(window, "sent"));
  found.received = count(at(window, "received"));
  found.unsent = count(at(window, "unsent.total"));
  found.lost = count(at(window, "lost.total"));
  found.lost_there = count(at(window, "lost.forward"));
  found.lost_back = count(at(window, "lost.backward"));
  found.min = duration(at(window, "rtt_ns.min"));
  found.max = duration(at(window, "rtt_ns.max"));
  found.p50 = duration(at(window, "rtt_ns.percentiles.p50"));
  found.p90 = duration(at(window, "rtt_ns.percentiles.p90"));
  found.p99 = duration(at(window, "rtt_ns.percentiles.p99"));
  found.jitter = duration(at(window, "ipdv_ns.mean"));
  found.there_p50 = duration(at(window, "forward_ns.percentiles.p50"));
  found.back_p50 = duration(at(window, "backward_ns.percentiles.p50"));
  found.one_way_error = duration(at(window, "one_way_error_ns"));
  found.loss = number(at(window, "loss_ratio"));
  found.loss_there = number(at(window, "forward_loss_ratio"));
  found.loss_back = number(at(window, "backward_loss_ratio"));
  return found;
}

Session session_of(const Json& one) {
  Session found;
  found.name = text(one, "name");
  found.host = text(one, "host");
  found.peer = text(one, "peer");
  found.local = text(one, "local");
  found.interface_name = text(one, "interface");
  found.problem = text(one, "problem");
  found.state = text(one, "state");
  found.since = time(one, "since");
  found.interval = duration(at(one, "interval_ns"));
  found.incident = id(at(one, "incident"));
  found.kept_from = time(one, "kept_from");
  found.kept_to = time(one, "kept_to");
  if (at(one, "last_minute").is_object()) found.minute = figures_of(at(one, "last_minute"));
  if (at(one, "total").is_object()) found.total = figures_of(at(one, "total"));
  return found;
}

Sparkline sparkline_of(const Json& one) {
  return {.name = text(one, "name"),
          .p50 = list<std::optional<Duration>>(at(one, "rtt_p50_ns"), duration),
          .p99 = list<std::optional<Duration>>(at(one, "rtt_p99_ns"), duration),
          .loss = list<std::optional<double>>(at(one, "loss_ratio"), number)};
}

// Unix time in nanoseconds.
std::optional<WallTime> instant(const Json& value) {
  const std::uint64_t ns = count(value);
  if (ns == 0 || ns > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return WallTime::from_ns(static_cast<std::int64_t>(ns));
}

Probe probe_of(const Json& one) {
  Probe found;
  found.number = count(at(one, "probe"));
  found.outcome = text(one, "outcome");
  found.cause = text(one, "cause");
  found.due = instant(at(one, "scheduled_ns"));
  found.rtt = duration(at(one, "rtt_ns"));
  found.there = duration(at(one, "forward_ns"));
  found.back = duration(at(one, "backward_ns"));
  found.residence = duration(at(one, "residence_ns"));
  constexpr std::array<std::string_view, 4> kStamps{"sender_tx", "reflector_rx", "reflector_tx",
                                                    "sender_rx"};
  for (std::size_t n = 0; n < kStamps.size(); ++n)
    found.stamps[n] = {.at = instant(at(one, fmt::format("{}_ns", kStamps[n]))),
                       .source = text(one, fmt::format("{}_source", kStamps[n]))};
  return found;
}

Problem problem_of(const Answer& answer) {
  const Json document = Json::parse(answer.body, nullptr, false);
  const std::string said = text(document, "error.message");
  switch (answer.status) {
    case 401:
      return {.text = fmt::format("the agent wants a token, or another one: --api-token-file names "
                                  "the file with it, the same as the agent's{}{}",
                                  said.empty() ? "" : "; it says: ", said),
              .answered = true,
              .refused = true};
    case 421:
      return {.text = fmt::format("the agent does not go by this name: give it --api-name, or ask "
                                  "for its address{}{}",
                                  said.empty() ? "" : "; it says: ", said),
              .answered = true,
              .refused = true};
    case 429:
      return {.text = "too many wrong tokens came from here: the agent answers again in a while",
              .answered = true};
    default:
      break;
  }
  const bool later = answer.status >= 500;
  return {.text = said.empty()
                      ? fmt::format("answered with status {}, as no agent does: is this the "
                                    "address of its API?",
                                    answer.status)
                      : said,
          .answered = true,
          .refused = !later,
          .missing = answer.status == 404};
}

Asked<Json> ask(Fetch& agent, const std::string& path) {
  auto answer = agent.get(path);
  if (!answer) return std::unexpected(Problem{.text = answer.error().text});
  if (answer->status != 200) return std::unexpected(problem_of(*answer));
  Json document = Json::parse(answer->body, nullptr, false);
  if (!document.is_object())
    return std::unexpected(
        Problem{.text = "what answers there is no agent: is this the address of its API?",
                .answered = true,
                .refused = true});
  return document;
}

// Whatever a name holds, it stays one segment of a path.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string ago(Duration back) {
  return fmt::format("-{}s", std::max<std::int64_t>(1, back / Duration::seconds(1)));
}

constexpr Duration kWidestSpacing = Duration::hours(1);

// From probe to probe. With bursts it is less than the interval: what was sent tells it.
Duration spacing_of(const Session& session) {
  Duration spacing = session.interval.value_or(Duration::milliseconds(500));
  if (session.minute && session.minute->sent > 0 && session.minute->length > Duration()) {
    const auto sent = std::min<std::uint64_t>(session.minute->sent, 1'000'000'000);
    spacing = std::min(spacing, session.minute->length / static_cast<std::int64_t>(sent));
  }
  return std::clamp(spacing, Duration::microseconds(1), kWidestSpacing);
}

// An answer about single probes: the oldest of a range.
struct Samples {
  std::vector<Probe> probes;
  bool complete = true;
  std::optional<WallTime> next;  // when it is not: from here on there are more
};

Asked<Samples> samples(Fetch& agent, std::string_view session, const std::string& query) {
  const auto document =
      ask(agent, fmt::format("/api/v1/sessions/{}/samples?{}", escaped(session), query));
  if (!document) return std::unexpected(document.error());
  return Samples{.probes = list<Probe>(at(*document, "samples"), probe_of),
                 .complete = at(*document, "complete") != Json(false),
                 .next = instant(at(*document, "next_ns"))};
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  if (text.size() < 20 || text[10] != 'T') return std::nullopt;
  const auto found = parse_when(text, WallTime());
  return found ? std::optional(*found) : std::nullopt;
}

Asked<std::vector<Session>> sessions(Fetch& agent) {
  auto document = ask(agent, "/api/v1/overview");
  // An older agent tells all of each, or nothing.
  if (!document && document.error().missing)
    if (auto whole = ask(agent, "/api/v1/sessions")) document = std::move(whole);
  if (!document) return std::unexpected(document.error());
  if (!at(*document, "sessions").is_array())
    return std::unexpected(
        Problem{.text = "what answers there is no agent: is this the address of its API?",
                .answered = true,
                .refused = true});
  return list<Session>(at(*document, "sessions"), session_of, kMostSessions);
}

Asked<Session> session(Fetch& agent, std::string_view name) {
  const auto document = ask(agent, fmt::format("/api/v1/sessions/{}", escaped(name)));
  if (!document) return std::unexpected(document.error());
  return session_of(*document);
}

Asked<Sparklines> sparklines(Fetch& agent) {
  const auto document = ask(agent, "/api/v1/sparklines");
  if (!document && document.error().refused) return Sparklines{};
  if (!document) return std::unexpected(document.error());
  return Sparklines{
      .known = true,
      .sessions = list<Sparkline>(at(*document, "sessions"), sparkline_of, kMostSessions)};
}

Asked<Windows> windows(Fetch& agent, std::string_view session, Duration back, Duration step) {
  const auto document =
      ask(agent, fmt::format("/api/v1/sessions/{}/windows?from={}&step={}s&percentiles=50,90,99",
                             escaped(session), ago(back),
                             std::max<std::int64_t>(1, step / Duration::seconds(1))));
  if (!document) return std::unexpected(document.error());
  return Windows{.step = duration(at(*document, "step_ns")).value_or(step),
                 .windows = list<Figures>(at(*document, "windows"), figures_of)};
}

Asked<std::vector<Flow>> flows(Fetch& agent, std::string_view session, Duration back) {
  const auto document =
      ask(agent, fmt::format("/api/v1/sessions/{}/flows?from={}", escaped(session), ago(back)));
  if (!document) return std::unexpected(document.error());
  return list<Flow>(at(*document, "flows"), [](const Json& one) {
    return Flow{.number = static_cast<std::uint32_t>(count(at(one, "flow"))),
                .tuple = text(one, "tuple"),
                .began = time(one, "began"),
                .ended = time(one, "ended")};
  });
}

Asked<std::vector<Event>> events(Fetch& agent, std::string_view session, Duration back) {
  const auto document = ask(agent, fmt::format("/api/v1/events?session={}&from={}&limit=200",
                                               escaped(session), ago(back)));
  if (!document) return std::unexpected(document.error());
  return list<Event>(at(*document, "events"), [](const Json& one) {
    return Event{.severity = text(one, "severity"),
                 .kind = text(one, "event.kind"),
                 .text = text(one, "event.text"),
                 .at = time(one, "event.at"),
                 .incident = id(at(one, "incident"))};
  });
}

// The agent tells the oldest of a range, so the range has to be one that holds little more than
// what is wanted. It ends where what is kept ends, which may be a minute ago. The interval says how
// wide it is to be; where that was wrong, the answer does: one that was cut tells how dense probes
// are.
Asked<std::vector<Probe>> probes(Fetch& agent, const Session& session, std::size_t most) {
  constexpr int kMostRequests = 6, kWider = 4;
  const WallTime to = session.kept_to.value_or(WallTime());
  if (to <= WallTime()) {
    // Nothing is kept, or it cannot be read: then it says why.
    const auto none = samples(agent, session.name, "limit=1");
    if (!none) return std::unexpected(none.error());
    return std::vector<Probe>();
  }
  const auto wanted = static_cast<std::int64_t>(most + most / 2);
  std::optional<std::vector<Probe>> newest;
  WallTime known_from = to;  // since then all is in `newest`
  WallTime earliest = std::max(session.kept_from.value_or(WallTime()), WallTime());
  Duration width = spacing_of(session) * wanted;
  for (int requests = 0; requests < kMostRequests; ++requests) {
    const WallTime from = std::max(earliest, to - width);
    if (from >= known_from) break;
    auto found = samples(
        agent, session.name,
        fmt::format("from={}&to={}&limit={}", from.ns(), to.ns(), std::min(most * 5, kMostValues)));
    if (!found) return std::unexpected(found.error());
    if (found->complete) {
      const std::size_t before = newest ? newest->size() : 0;
      newest = std::move(found->probes);
      known_from = from;
      // Where there are some and farther back no more of them, there are no others.
      if (newest->size() >= most || (before > 0 && newest->size() == before)) break;
      width = width * kWider;
    } else {
      if (!found->next || *found->next <= from) break;
      earliest = *found->next;
      const auto told = static_cast<std::int64_t>(std::max<std::size_t>(found->probes.size(), 1));
      width = std::min((earliest - from) / told, kWidestSpacing) * wanted;
    }
  }
  // Older ones are not what was asked for.
  if (!newest)
    return std::unexpected(Problem{
        .text = "its newest probes are not found: too many were due at once", .answered = true});
  if (newest->size() > most)
    newest->erase(newest->begin(), newest->end() - static_cast<std::ptrdiff_t>(most));
  return *std::move(newest);
}

Asked<std::vector<Incident>> incidents(Fetch& agent, std::string_view session, Duration back) {
  const auto document = ask(agent, fmt::format("/api/v1/incidents?session={}&from={}&limit=100",
                                               escaped(session), ago(back)));
  if (!document) return std::unexpected(document.error());
  return list<Incident>(at(*document, "incidents"), [](const Json& one) {
    return Incident{.id = count(at(one, "id")),
                    .severity = text(one, "severity"),
                    .title = text(one, "title"),
                    .opened = time(one, "opened"),
                    .closed = time(one, "closed"),
                    .events = count(at(one, "events"))};
  });
}

}  // namespace wirestamp::client
