// SPDX-License-Identifier: Apache-2.0
//
// The screens of `wirestamp top`: the table of all sessions, and one session with its plot.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cli/ping_layout.h"
#include "cli/round_trips.h"
#include "cli/top_probes.h"
#include "cli/top_screen.h"
#include "publish/plot_axis.h"
#include "publish/text.h"

namespace wirestamp::cli {

using term::Style;

namespace {

constexpr std::array<std::string_view, 18> kTopHelp{
    "Up Down, j k   choose a session          Enter   look at it",
    "PgUp PgDn      a page                    g G     first, last",
    "/              only sessions with this in name, host or state; Esc: all",
    "s n p 9 l J    order: state, name, P50, P99, loss, jitter; r turns it round",
    "q              end",
    "",
    "In a session:",
    "+ -            less time in the plot, more of it",
    "l              linear or logarithmic scale",
    "e i f p, Tab   events, incidents, flows, probes; Up Down scroll",
    "Esc            back to all sessions",
    "",
    "LOSS> on the way there, LOSS< on the way back, of the newest minute that is",
    "decided; *: of a session that has none yet, all so far. LAST HOUR: P99 of",
    "each minute; x 1 % lost or more, X all lost.",
    "INC: the incident that is open; `wirestamp evidence NUMBER` tells of it.",
    "? beside a session: the agent does not answer, this is what it told last.",
    "Esc, Enter     away with this help"};

void draw_bar(term::Canvas& canvas, std::string_view left, const std::string& right) {
  canvas.fill({.row = 0, .column = 0, .columns = canvas.columns(), .rows = 1}, U' ', term::kBar);
  const int end = canvas.put(0, 1, left, term::kBar, canvas.columns() - 2);
  const int room = canvas.columns() - 1 - end;
  if (room > static_cast<int>(right.size()) + 1) canvas.put_right(0, end, right, term::kBar, room);
}

std::string clock_of(WallTime now) { return publish::time_text(now).substr(11) + " UTC"; }

// Over as many rows as it takes.
int put_wrapped(term::Canvas& canvas, int row, std::string text, Style style) {
  const auto room = static_cast<std::size_t>(std::max(canvas.columns() - 2, 10));
  while (!text.empty()) {
    std::size_t end = text.size() <= room ? text.size() : text.rfind(' ', room);
    if (end == std::string::npos || end == 0) end = std::min(room, text.size());
    canvas.put(row++, 1, text.substr(0, end), style);
    text.erase(0, text[std::min(end, text.size() - 1)] == ' ' ? end + 1 : end);
  }
  return row;
}

// True when there is a problem: it has the row below the bar then.
bool draw_problem(term::Canvas& canvas, const TopNews& news, WallTime now) {
  if (!news.problem) return false;
  const std::string text =
      news.problem->refused
          ? news.problem->text
          : fmt::format("{} since {} ({}), retrying: {}",
                        news.problem->answered ? "tells nothing" : "not reachable",
                        publish::time_text(news.problem_since).substr(11),
                        elapsed_text(now - news.problem_since), news.problem->text);
  canvas.put(1, 1, text, {.tone = term::Tone::Bad, .inverse = true}, canvas.columns() - 2);
  return true;
}

}  // namespace

class TopScreen::List {
 public:
  List(TopScreen& screen, term::Canvas& canvas, const TopNews& news, WallTime now)
      : screen_(screen), canvas_(canvas), news_(news), now_(now) {}

  void draw() {
    draw_bar(canvas_, "wirestamp top  " + screen_.address_, clock_of(now_));
    const bool problem = draw_problem(canvas_, news_, now_);
    if (screen_.help_) {
      int row = 2;
      for (const std::string_view line : kTopHelp) canvas_.put(row++, 1, line);
      return;
    }
    if (!news_.sessions) return draw_nothing();
    if (!problem) canvas_.put(1, 1, top_counts(*news_.sessions));
    draw_table();
    draw_keys();
  }

 private:
  void draw_nothing() {
    if (!news_.problem) {
      canvas_.put(2, 1, "asking the agent ...", term::kQuiet);
    } else {
      const int row = put_wrapped(canvas_, 3, news_.problem->text, {});
      if (!news_.problem->refused)
        put_wrapped(canvas_, row + 1,
                    "Does an agent run there? `wirestamp agent --api [ADDR]:PORT` serves its API; "
                    "--api names its address here.",
                    term::kQuiet);
    }
    canvas_.put(canvas_.rows() - 1, 1, "q end  ? help", term::kQuiet);
  }

  void draw_table() {
    const auto chosen =
        chosen_sessions(*news_.sessions, screen_.filter_, screen_.order_, screen_.reverse_);
    const TopColumns columns =
        top_columns(canvas_.columns(), longest_name(chosen, canvas_.glyphs()));
    draw_top_header(canvas_, 2, columns, screen_.order_);
    screen_.rows_ = std::max(1, canvas_.rows() - 4);
    const auto rows = static_cast<std::size_t>(screen_.rows_);
    const auto here = std::ranges::find(chosen, screen_.selected_, &client::Session::name);
    const auto at = static_cast<std::size_t>(here == chosen.end() ? 0 : here - chosen.begin());
    std::size_t& first = screen_.first_;
    first = std::min(first, chosen.size() - std::min(chosen.size(), rows));
    if (at < first) first = at;
    if (at >= first + rows) first = at - rows + 1;
    std::vector<std::string> visible;
    for (std::size_t i = 0; i < rows && first + i < chosen.size(); ++i) {
      const client::Session& session = *chosen[first + i];
      const int row = 3 + static_cast<int>(i);
      const auto line = news_.sparklines.find(session.name);
      draw_top_row(canvas_, row, columns, session,
                   line == news_.sparklines.end() ? nullptr : &line->second, now_,
                   news_.problem.has_value());
      if (first + i == at) canvas_.set(row, 0, U'>', term::kStrong);
      visible.push_back(session.name);
    }
    if (chosen.empty())
      canvas_.put(3, 1,
                  news_.sessions->empty()
                      ? "the agent has no sessions: `wirestamp agent NAME=HOST`, or in its file"
                      : "no session holds this in its name, host or state; Esc shows all");
    screen_.wish_.visible = std::move(visible);
    shown_ = chosen.size() > rows
                 ? fmt::format("{}-{} of {}", first + 1, std::min(first + rows, chosen.size()),
                               chosen.size())
                 : std::string();
  }

  void draw_keys() {
    const int row = canvas_.rows() - 1;
    if (row < 3) return;
    if (screen_.filtering_ || !screen_.filter_.empty()) {
      const int end = canvas_.put(row, 1, "/" + screen_.filter_, term::kStrong);
      if (screen_.filtering_) {
        canvas_.set(row, end, U' ', term::kBar);
        canvas_.put(row, end + 2, "Enter: keep  Esc: all", term::kQuiet);
      } else {
        canvas_.put(row, end + 2, "Esc: all", term::kQuiet);
      }
    } else {
      constexpr std::string_view kAll = "Enter look  / filter  s n p 9 l J order  ? help  q end";
      const bool fits =
          kAll.size() + shown_.size() + 3 <= static_cast<std::size_t>(canvas_.columns());
      canvas_.put(row, 1, fits ? kAll : "/ filter  ? help  q end", term::kQuiet);
    }
    const int columns = static_cast<int>(shown_.size());
    canvas_.put_right(row, canvas_.columns() - columns - 1, shown_, term::kQuiet, columns);
  }

  TopScreen& screen_;
  term::Canvas& canvas_;
  const TopNews& news_;
  const WallTime now_;
  std::string shown_;
};

class TopScreen::Detail {
 public:
  Detail(TopScreen& screen, term::Canvas& canvas, const TopNews& news, WallTime now)
      : screen_(screen), canvas_(canvas), news_(news), now_(now) {
    if (news.sessions)
      for (const client::Session& session : *news.sessions)
        if (session.name == screen.wish_.session) session_ = &session;
    if (news.detail && news.detail->wish.session == screen.wish_.session) detail_ = &*news.detail;
  }

  void draw() {
    draw_bar(canvas_, screen_.wish_.session, clock_of(now_));
    if (!draw_problem(canvas_, news_, now_)) draw_state();
    const std::size_t count = stretches_on(canvas_);
    screen_.wish_.back = kRanges[screen_.range_].back;
    const auto seconds = screen_.wish_.back / Duration::seconds(1);
    const auto wanted = static_cast<std::int64_t>(std::max<std::size_t>(count, 1));
    screen_.wish_.step =
        Duration::seconds(std::max<std::int64_t>(1, (seconds + wanted - 1) / wanted));
    draw_figures();
    const int rest = canvas_.rows() - row_ - 2;
    // Probes are looked at for themselves: they get more room than what goes on beside the plot.
    const int share = screen_.pane_ == Pane::Probes ? rest * 2 / 3 : rest / 3;
    const int pane = rest >= 12 ? std::max(5, share) : rest >= 8 ? 3 : rest >= 6 ? 2 : 0;
    draw_plot(rest - pane, count);
    draw_pane(pane);
    draw_keys();
  }

 private:
  void draw_state() {
    if (session_ == nullptr) {
      canvas_.put(1, 1, "the agent does not measure it any more", term::kWarning);
      return;
    }
    const client::Session& s = *session_;
    const int trouble = trouble_of(s);
    int column = canvas_.put(1, 1, s.state.empty() ? "past" : s.state,
                             trouble >= 2   ? term::kBad
                             : trouble == 1 ? Style{.tone = term::Tone::Good, .bold = true}
                                            : term::kQuiet);
    const auto say = [&](const std::string& text, Style style = {}) {
      if (!text.empty() && column + 3 < canvas_.columns())
        column = canvas_.put(1, column + 2, text, style);
    };
    if (s.since) say("for " + elapsed_text(now_ - *s.since));
    // A host that is an address stands in that of the peer.
    const bool twice = s.peer.starts_with(s.host + ":") || s.peer.starts_with("[" + s.host + "]");
    say(twice ? s.peer : s.peer.empty() ? s.host : s.host + " " + s.peer);
    if (!s.interface_name.empty()) say("by " + s.interface_name);
    if (s.interval) say("every " + publish::human(*s.interval));
    say(s.problem, term::kWarning);
    if (s.incident) say(fmt::format("incident #{}", *s.incident), term::kBad);
  }

  void draw_figures() {
    row_ = 2;
    const client::Figures* const told = session_ != nullptr ? figures_of(*session_) : nullptr;
    if (told == nullptr || canvas_.rows() < 8) return;
    const client::Figures& f = *told;
    int column = canvas_.put(row_, 1, session_->minute ? "last minute" : "so far", term::kQuiet);
    const auto say = [&](const char* name, const std::string& text, Style style = {}) {
      if (column + 12 >= canvas_.columns()) return;
      column = canvas_.put(row_, column + 2, name, term::kStrong);
      column = canvas_.put(row_, column + 1, text, style);
    };
    const auto delay = [&](const char* name, const std::optional<Duration>& value) {
      if (value) say(name, publish::human(*value));
    };
    const auto loss = [&](const char* name, const std::optional<double>& value) {
      if (value) say(name, short_percent(*value), *value > 0 ? term::kBad : Style{});
    };
    delay("p50", f.p50);
    delay("p99", f.p99);
    loss("loss>", f.loss_there);
    loss("loss<", f.loss_back);
    delay("jitter", f.jitter);
    delay("max", f.max);
    if (f.one_way_error && *f.one_way_error < Duration::seconds(1)) {
      delay("there", f.there_p50);
      delay("back", f.back_p50);
      delay("+-", f.one_way_error);
    }
    say("sent", fmt::format("{}", f.sent));
    ++row_;
  }

  static std::string_view name_of(Duration back) {
    const auto* const range = std::ranges::find(kRanges, back, &Range::back);
    return range != kRanges.end() ? range->name : "time";
  }

  // What stands where nothing is known yet.
  std::string_view awaited() const {
    // What keeps it from being told stands above.
    return news_.problem ? "nothing is told of it yet" : "asking the agent ...";
  }

  // Why the list below the plot is empty.
  std::string_view why_empty() const {
    if (screen_.pane_ == Pane::Probes && !detail_->wish.probes) return awaited();
    if (detail_->problem) return "not known";
    if (screen_.pane_ != Pane::Probes) return "none in this time";
    if (session_ != nullptr && !session_->kept_to) return "no probe is kept yet";
    return "no probe is kept of what was measured last";
  }

  void draw_plot(int rows, std::size_t count) {
    if (rows < 1 || count == 0) return;
    // What is drawn may still be of another time than was chosen: it goes by its own name then.
    const Duration chosen = screen_.wish_.back;
    const Duration drawn = detail_ != nullptr ? detail_->wish.back : chosen;
    const int end =
        canvas_.put(row_, 1, fmt::format("round trip, last {}", name_of(drawn)), term::kStrong);
    if (drawn != chosen)
      canvas_.put(row_, end + 2, fmt::format("asking for the last {} ...", name_of(chosen)),
                  term::kWarning);
    if (detail_ == nullptr) {
      canvas_.put(row_ + 1, 1, awaited(), term::kQuiet, canvas_.columns() - 2);
    } else if (detail_->problem) {
      canvas_.put(row_ + 1, 1, detail_->problem->text, term::kWarning, canvas_.columns() - 2);
    } else if (detail_->windows.windows.empty()) {
      canvas_.put(row_ + 1, 1, "no data in this time; - shows more of it", term::kQuiet);
    } else {
      draw_windows(rows - 1, count);
    }
    row_ += rows;
  }

  void draw_windows(int rows, std::size_t count) {
    const TopWish& wish = detail_->wish;
    const Duration length =
        Duration::nanoseconds(wish.back.ns() / static_cast<std::int64_t>(count) + 1);
    const WallTime from = detail_->at - wish.back;
    const auto stretches = stretches_of(detail_->windows.windows, from, length, count);
    RoundTrips plot{.from = from,
                    .length = length,
                    .stretches = stretches,
                    .logarithmic = screen_.logarithmic_};
    for (const client::Event& event : detail_->events)
      if (event.at) plot.marks.push_back(*event.at);
    draw_round_trips(canvas_, row_ + 1, rows, plot);
  }

  struct Line {
    std::string text;
    Style style;
  };

  static Style style_of_probe(const client::Probe& probe) {
    if (probe.outcome == "delivered") return {};
    return probe.outcome == "late" ? term::kWarning : term::kBad;
  }

  static Style style_of(const std::string& severity) {
    if (severity == "error") return {.tone = term::Tone::Bad};
    if (severity == "warning") return {.tone = term::Tone::Warning};
    return {};
  }

  std::string when(const std::optional<WallTime>& time) const {
    if (!time) return "-";
    const std::string text = publish::time_text(*time);
    // Of today the time says it all.
    return text.substr(0, 10) == publish::time_text(now_).substr(0, 10) ? text.substr(11) : text;
  }

  std::vector<Line> lines() const {
    std::vector<Line> found;
    if (detail_ == nullptr) return found;
    switch (screen_.pane_) {
      case Pane::Events:
        for (auto event = detail_->events.rbegin(); event != detail_->events.rend(); ++event)
          found.push_back({fmt::format("{} {} {}", when(event->at),
                                       event->severity == "info" ? " " : "!", event->text),
                           style_of(event->severity)});
        break;
      case Pane::Incidents:
        for (auto one = detail_->incidents.rbegin(); one != detail_->incidents.rend(); ++one) {
          const std::string length =
              one->closed && one->opened
                  ? fmt::format("lasted {}", elapsed_text(*one->closed - *one->opened))
                  : std::string("OPEN");
          found.push_back({fmt::format("#{} {} {}, {}: {}", one->id, when(one->opened), length,
                                       one->severity, one->title),
                           style_of(one->severity)});
        }
        break;
      case Pane::Flows:
        for (auto flow = detail_->flows.rbegin(); flow != detail_->flows.rend(); ++flow)
          found.push_back({fmt::format("{} since {}{}", flow->tuple, when(flow->began),
                                       flow->ended ? " until " + when(flow->ended) : ""),
                           flow->ended ? term::kQuiet : Style{}});
        break;
      case Pane::Probes:
        for (auto probe = detail_->probes.rbegin(); probe != detail_->probes.rend(); ++probe)
          found.push_back({top_probe_text(*probe, canvas_.columns() - 2), style_of_probe(*probe)});
        break;
    }
    return found;
  }

  void draw_pane(int rows) {
    if (rows < 2) return;
    constexpr std::array<std::string_view, 4> kPanes{"events", "incidents", "flows", "probes"};
    int column = 1;
    for (std::size_t i = 0; i < kPanes.size(); ++i) {
      const bool chosen = static_cast<std::size_t>(screen_.pane_) == i;
      column = canvas_.put(row_, column, kPanes[i], chosen ? term::kBar : term::kQuiet) + 2;
    }
    if (screen_.pane_ == Pane::Probes && column + 40 < canvas_.columns())
      canvas_.put_right(row_, column, "h hardware  k kernel  u program  - none", term::kQuiet,
                        canvas_.columns() - column - 1);
    const std::vector<Line> all = lines();
    const auto room = static_cast<std::size_t>(rows - 1);
    screen_.scrolled_ = std::min(screen_.scrolled_, all.size() - std::min(all.size(), room));
    for (std::size_t i = 0; i < room && screen_.scrolled_ + i < all.size(); ++i) {
      const Line& line = all[screen_.scrolled_ + i];
      canvas_.put(row_ + 1 + static_cast<int>(i), 1, line.text, line.style, canvas_.columns() - 2);
    }
    if (all.empty() && detail_ != nullptr) canvas_.put(row_ + 1, 1, why_empty(), term::kQuiet);
    row_ += rows;
  }

  void draw_keys() {
    canvas_.put(canvas_.rows() - 1, 1, "Esc back  +- time  l scale  e i f p below  ? help  q end",
                term::kQuiet);
  }

  TopScreen& screen_;
  term::Canvas& canvas_;
  const TopNews& news_;
  const WallTime now_;
  const client::Session* session_ = nullptr;
  const TopNews::Detail* detail_ = nullptr;
  int row_ = 0;
};

term::Canvas TopScreen::draw(term::Size size, term::Glyphs glyphs, const TopNews& news,
                             WallTime now) {
  term::Canvas canvas(size, glyphs);
  if (wish_.session.empty() || help_)
    List(*this, canvas, news, now).draw();
  else
    Detail(*this, canvas, news, now).draw();
  return canvas;
}

}  // namespace wirestamp::cli
