// SPDX-License-Identifier: Apache-2.0
#include "api/overview.h"

#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "api/answer_shape.h"
#include "publish/document.h"

namespace wirestamp::publish {

namespace {

// A session of the overview, and its minute.
struct Brief {
  const api::SessionView* of;
};
struct BriefMinute {
  const measure::TimedWindow* of;

  const measure::Window& window() const { return of->window; }
  std::optional<Duration> rtt(std::uint32_t ppm) const {
    const auto* const values = window().rtt.fullest();
    return values == nullptr ? std::nullopt : values->values.percentile(ppm);
  }
};

constexpr std::string_view kLive = "while it is configured";
constexpr std::string_view kAnyReply = "with at least one reply";

}  // namespace

template <>
struct Shape<BriefMinute> {
  using T = BriefMinute;
  static constexpr std::string_view kName = "brief_minute",
                                    kMeaning = "Main figures of a window of a minute.";
  static constexpr std::array kRows{
      row<[](const T& m) { return rfc3339(m.of->begin); }>("begin", kAlways, "RFC 3339, UTC"),
      row<[](const T& m) { return rfc3339(m.of->end()); }>("end", kAlways, "the same"),
      row<[](const T& m) { return m.window().sent; }>("sent", kAlways, "as in a window"),
      row<[](const T& m) { return m.window().lost_total(); }>("lost.total", kAlways,
                                                              "as in a window"),
      row<[](const T& m) { return m.window().lost.forward; }>("lost.forward", kAlways,
                                                              "as in a window"),
      row<[](const T& m) { return m.window().lost.backward; }>("lost.backward", kAlways,
                                                               "as in a window"),
      row<[](const T& m) { return m.window().loss_ratio(); }>("loss_ratio", "where defined",
                                                              "as in a window"),
      row<[](const T& m) { return m.window().forward_loss_ratio(); }>(
          "forward_loss_ratio", "where defined", "as in a window"),
      row<[](const T& m) { return m.window().backward_loss_ratio(); }>(
          "backward_loss_ratio", "where defined", "as in a window"),
      row<[](const T& m) { return m.rtt(500'000); }>("rtt_ns.percentiles.p50", kAnyReply,
                                                     "median of the round trip"),
      row<[](const T& m) { return m.rtt(990'000); }>("rtt_ns.percentiles.p99", kAnyReply,
                                                     "its 99th percentile"),
      row<[](const T& m) {
        const auto* const values = m.window().ipdv.fullest();
        return values == nullptr ? std::nullopt : values->values.mean();
      }>("ipdv_ns.mean", "with two replies in a row", "jitter"),
  };
};

template <>
struct Shape<Brief> {
  using T = Brief;
  static constexpr std::string_view kName = "brief_session",
                                    kMeaning = "What an overview shows of a session.";
  static const api::SessionStatus* live(const T& brief) { return brief.of->live; }
  static std::optional<std::string> kept(const T& brief, WallTime store::SessionRow::* member) {
    const auto time = brief.of->kept_time(member);
    return time ? std::optional(rfc3339(*time)) : std::nullopt;
  }
  static std::optional<BriefMinute> minute(const T& brief) {
    if (live(brief) == nullptr || !live(brief)->last_minute) return std::nullopt;
    return BriefMinute{&*live(brief)->last_minute};
  }
  static std::optional<std::string> since(const T& brief) {
    if (live(brief) == nullptr || !live(brief)->since) return std::nullopt;
    return rfc3339(*live(brief)->since);
  }
  static std::optional<std::uint64_t> incident(const T& brief) {
    if (live(brief) == nullptr || live(brief)->incident == 0) return std::nullopt;
    return live(brief)->incident;
  }
  static constexpr std::array kRows{
      row<[](const T& b) { return b.of->name(); }>("name", kAlways,
                                                   "as in session, as are all others"),
      row<[](const T& b) { return b.of->host(); }>("host", kAlways, ""),
      row<[](const T& b) { return live(b) != nullptr; }>("configured", kAlways, ""),
      row<[](const T& b) { return b.of->live_value(&api::SessionStatus::state); }>("state", kLive,
                                                                                   ""),
      row<[](const T& b) { return since(b); }>("since", "where known", ""),
      row<[](const T& b) { return b.of->live_text(&api::SessionStatus::problem); }>(
          "problem", "while it waits", ""),
      row<[](const T& b) { return b.of->live_text(&api::SessionStatus::peer); }>(
          "peer", "once it began", ""),
      row<[](const T& b) { return b.of->live_text(&api::SessionStatus::interface_name); }>(
          "interface", "once it began", ""),
      row<[](const T& b) { return b.of->live_value(&api::SessionStatus::interval); }>("interval_ns",
                                                                                      kLive, ""),
      row<[](const T& b) { return incident(b); }>("incident", "while one is open", ""),
      row<[](const T& b) { return kept(b, &store::SessionRow::first); }>(
          "kept_from", "when windows are kept", ""),
      row<[](const T& b) { return kept(b, &store::SessionRow::last); }>(
          "kept_to", "when windows are kept", ""),
      row<[](const T& b) { return minute(b); }>("last_minute", "once a minute is decided", ""),
  };
};

template <>
struct Shape<api::OverviewAnswer> {
  using T = api::OverviewAnswer;
  static constexpr std::string_view kName = "overview", kMeaning = "All sessions, in brief.";
  static std::vector<Brief> sessions(const T& of) {
    std::vector<Brief> briefs;
    briefs.reserve(of.sessions.size());
    for (const api::SessionView& view : of.sessions) briefs.push_back({&view});
    return briefs;
  }
  static constexpr std::array kRows{
      row<[](const T& of) { return sessions(of); }>("sessions", kAlways,
                                                    "those that are measured, then the past ones"),
      row<[](const T& of) { return unless_empty(of.kept_problem); }>(
          "kept_problem", "when what is kept cannot be read", "why, as in sessions"),
  };
};

}  // namespace wirestamp::publish

namespace wirestamp::api {

std::string to_json(const OverviewAnswer& answer) { return publish::answer_text(answer); }

void add_overview_shapes(std::vector<publish::DocumentShape>& shapes) {
  publish::add_shapes<publish::BriefMinute, publish::Brief, OverviewAnswer>(shapes);
}

std::vector<SessionView> views_of(const std::vector<SessionStatus>& live,
                                  const std::vector<store::SessionRow>& rows, WallTime now) {
  std::map<std::string_view, const store::SessionRow*> kept;
  for (const store::SessionRow& row : rows) kept.emplace(row.info.name, &row);
  std::vector<SessionView> views;
  views.reserve(live.size() + rows.size());
  for (const SessionStatus& status : live) {
    const auto row = kept.find(status.name);
    views.push_back(
        {.live = &status, .kept = row == kept.end() ? nullptr : row->second, .now = now});
    if (row != kept.end()) row->second = nullptr;
  }
  for (const store::SessionRow& row : rows)
    if (kept.at(row.info.name) != nullptr) views.push_back({.kept = &row, .now = now});
  return views;
}

}  // namespace wirestamp::api
