// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "publish/document.h"
#include "publish/foreign_rows.h"
#include "publish/period.h"
#include "publish/schema.h"

namespace wirestamp::publish {

namespace {

struct OutageTold {
  const measure::RecordedEvent* recorded;
};

std::vector<OutageTold> outages_of(const Period& period) {
  std::vector<OutageTold> told;
  for (const measure::RecordedEvent* recorded : period.outages()) told.push_back({recorded});
  return told;
}

std::optional<std::string> left(const std::optional<measure::ProbeMark>& mark) {
  if (!mark) return std::nullopt;
  return rfc3339(mark->left);
}

struct SessionTold {
  const Period* period;
};

void write_figures(JsonWriter& json, std::string_view key, const Period& period) {
  const measure::TimedWindow whole = period.whole();
  write_window(json, key, {whole, report_percentiles()});
}

void write_windows(JsonWriter& json, std::string_view key, const Period& period) {
  json.begin_array(key);
  if (period.tells_windows)
    for (const measure::TimedWindow& window : period.windows) write_one(json, window);
  json.end_array();
}

}  // namespace

template <>
struct Shape<PeriodGap> {
  using T = PeriodGap;
  static constexpr std::string_view kName = "gap", kMeaning = "A stretch of time without windows.";
  static constexpr std::array kRows{
      row<[](const T& gap) { return rfc3339(gap.from); }>("from", kAlways, "its begin"),
      row<[](const T& gap) { return rfc3339(gap.to); }>("to", kAlways, "its end"),
  };
};

template <>
struct Shape<OutageTold> {
  using T = OutageTold;
  static const measure::Event& of(const T& told) { return told.recorded->event; }
  static constexpr std::string_view kName = "outage", kMeaning = "What its event said.";
  static constexpr std::array kRows{
      row<[](const T& told) { return rfc3339(of(told).wall); }>("at", kAlways, "when it was known"),
      row<[](const T& told) { return of(told).kind == measure::EventKind::OutageEnded; }>(
          "ended", kAlways, "false: its end is not in the range"),
      row<[](const T& told) { return left(of(told).last_good); }>(
          "last_good", "where known", "when the newest probe answered before it left"),
      row<[](const T& told) { return left(of(told).first_lost); }>(
          "first_lost", "where known", "when the first probe that was not answered left"),
      row<[](const T& told) { return left(of(told).first_good); }>(
          "first_good", "where known", "when the first probe answered again left"),
      row<[](const T& told) { return of(told).at_least; }>("at_least_ns", "of ended ones",
                                                           "lower bound of its length"),
      row<[](const T& told) { return of(told).at_most; }>("at_most_ns", "of ended ones",
                                                          "upper bound of its length"),
      row<[](const T& told) { return of(told).lost; }>("lost", "where known",
                                                       "probes lost between"),
      row<[](const T& told) { return told.recorded->incident; }>("incident", kAlways,
                                                                 "its incident; 0: none"),
      row<[](const T& told) { return of(told).text; }>("text", kAlways, "the same for a person"),
  };
};

template <>
struct Shape<Period> {
  using T = Period;
  static constexpr std::string_view kName = "period",
                                    kMeaning = "A session over a stretch of time.";
  static constexpr std::array kRows{
      row<&T::session>("session", kAlways, "name of the session"),
      row<&T::host>("host", kAlways, "the host as the user named it"),
      row<[](const T& p) { return unless_empty(p.peer); }>("peer", "where known",
                                                           "address and port"),
      row<&T::interval>("interval_ns", kAlways, "between probes, as configured now"),
      row<&T::dscp>("dscp", kAlways, "DSCP of probes, as configured now"),
      row<[](const T& p) { return rfc3339(p.from); }>("from", kAlways, "begin of the range"),
      row<[](const T& p) { return rfc3339(p.to); }>("to", kAlways, "its end, which is not in it"),
      row<&T::step>("step_ns", kAlways, "length of the windows"),
      row<[](const T& p) { return p.share_with_data(); }>("data_ratio", kAlways,
                                                          "share of the range with windows"),
      row<&T::gaps>("gaps", kAlways, "stretches of the range without a window"),
      foreign_row<T, write_figures>("figures", "window", "of all windows together"),
      row<&T::forward_hop_changes>("forward_hop_changes", kAlways,
                                   "times that the TTL seen there differs from the window before"),
      row<&T::backward_hop_changes>("backward_hop_changes", kAlways,
                                    "the same of the TTL of replies"),
      row<[](const T& p) { return outages_of(p); }>("outages", kAlways, "oldest first"),
      row<&T::more_events>("outages_incomplete", kAlways, "older outages were not read"),
      foreign_row<T, kWriteAll<&T::incidents>>("incidents", "incident[]",
                                               "that the range touches, oldest first"),
      row<&T::more_incidents>("incidents_incomplete", kAlways, "older ones were not read"),
      foreign_row<T, write_windows>("windows", "window[]", "in order of time"),
  };
};

// The same without what is long.
template <>
struct Shape<SessionTold> {
  using T = SessionTold;
  static void write(JsonWriter& json, std::string_view key, const T& told) {
    write_figures(json, key, *told.period);
  }
  static constexpr std::string_view kName = "session", kMeaning = "One of all sessions.";
  static constexpr std::array kRows{
      row<[](const T& s) { return s.period->session; }>("session", kAlways, "its name"),
      row<[](const T& s) { return s.period->host; }>("host", kAlways, "its host"),
      row<[](const T& s) { return s.period->share_with_data(); }>(
          "data_ratio", kAlways, "share of the range with windows"),
      foreign_row<T, write>("figures", "window", "of the whole range"),
      row<[](const T& s) { return s.period->outages().size(); }>("outages", kAlways,
                                                                 "their number"),
      row<[](const T& s) { return s.period->incidents.size(); }>("incidents", kAlways,
                                                                 "their number"),
  };
};

template <>
struct Shape<Spread> {
  using T = Spread;
  static constexpr std::string_view kName = "spread", kMeaning = "Of a figure over the parts.";
  static constexpr std::array kRows{
      row<&T::low>("low", kAlways, "10th percentile"),
      row<&T::high>("high", kAlways, "90th percentile"),
  };
};

template <>
struct Shape<Change> {
  using T = Change;
  static constexpr std::string_view kName = "change", kMeaning = "One figure of two periods.";
  static constexpr std::array kRows{
      row<&T::figure>("figure", kAlways,
                      "loss, loss_forward, loss_backward (shares of 1), round_trip_p50, "
                      "round_trip_p99, jitter (ns)"),
      row<&T::before>("before", "where known", "of the period compared with"),
      row<&T::after>("after", "where known", "of this period"),
      row<&T::before_spread>("before_spread", "with any part", "of the parts"),
      row<&T::after_spread>("after_spread", "with any part", "of the parts"),
      row<&T::before_parts>("before_parts", kAlways, "parts that have the figure"),
      row<&T::after_parts>("after_parts", kAlways, "the same of this period"),
      row<&T::before_lossy>("before_lossy", kAlways, "of losses: parts with any"),
      row<&T::after_lossy>("after_lossy", kAlways, "the same of this period"),
      row<&T::parts_p_value>("parts_p_value", "from eight parts of each on",
                             "chance of parts as different if nothing had changed"),
      row<&T::probes_p_value>("probes_p_value", "of losses",
                              "the same of the number of lost probes"),
      row<&T::judgement>("judgement", kAlways,
                         "not_known, not_comparable, too_few_parts, same, lower, higher, "
                         "lower_in_places or higher_in_places"),
      row<&T::text>("text", kAlways, "the same for a person"),
  };
};

template <>
struct Shape<PeriodComparison> {
  using T = PeriodComparison;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::part>("part_ns", kAlways, "length of the parts that are compared"),
      row<&T::changes>("changes", kAlways, "each figure"),
      row<&T::verdict>("verdict", kAlways, "one sentence"),
  };
};

template <>
struct Shape<PeriodReport> {
  using T = PeriodReport;
  static constexpr std::array kRows{
      row<[](const T&) { return kSchema; }>("schema", kAlways, "as that of the document of `ping`"),
      row<&T::version>("version", kAlways, "of the program"),
      row<&T::period>("period", kAlways, "what was asked for"),
      row<&T::before>("before", "of a comparison", "what it is compared with"),
      row<&T::comparison>("comparison", "of a comparison", ""),
      row<&T::notes>("notes", kAlways, "about the range"),
  };
};

template <>
struct Shape<Overview> {
  using T = Overview;
  static std::vector<SessionTold> sessions(const T& overview) {
    std::vector<SessionTold> told;
    for (const Period& period : overview.sessions) told.push_back({&period});
    return told;
  }
  static constexpr std::array kRows{
      row<[](const T&) { return kSchema; }>("schema", kAlways, "as that of the document of `ping`"),
      row<&T::version>("version", kAlways, "of the program"),
      row<[](const T& o) { return rfc3339(o.from); }>("from", kAlways, "begin of the range"),
      row<[](const T& o) { return rfc3339(o.to); }>("to", kAlways, "its end"),
      row<[](const T& o) { return sessions(o); }>("sessions", kAlways, "each session"),
      row<&T::notes>("notes", kAlways, "about the range"),
  };
};

std::string period_json(const PeriodReport& report) { return document_of(report); }
std::string overview_json(const Overview& overview) { return document_of(overview); }

std::vector<DocumentShape> period_shapes() {
  std::vector<DocumentShape> shapes{
      {"report", "A session over a stretch of time, as reports tell it.", {}}};
  describe_rows<PeriodReport>("", kAlways, shapes.back().members);
  const auto add = [&]<typename T>(std::type_identity<T>) {
    shapes.push_back({Shape<T>::kName, Shape<T>::kMeaning, {}});
    describe_rows<T>("", kAlways, shapes.back().members);
  };
  add(std::type_identity<Period>());
  add(std::type_identity<PeriodGap>());
  add(std::type_identity<OutageTold>());
  add(std::type_identity<Change>());
  add(std::type_identity<Spread>());
  for (DocumentShape& shape : shapes)
    for (DocumentField& field : shape.members) {
      if (!field.type.ends_with("[]")) continue;
      field.type.remove_suffix(2);
      field.path += "[]";
    }
  return shapes;
}

std::string period_reference() {
  std::string out = "### `report SESSION --format json`\n\n";
  append_reference<PeriodReport>(out);
  append_shapes<Period, PeriodGap, OutageTold, Change, Spread>(out);
  out += "\n### `report --format json`\n\n";
  append_reference<Overview>(out);
  append_shapes<SessionTold>(out);
  return out;
}

}  // namespace wirestamp::publish
