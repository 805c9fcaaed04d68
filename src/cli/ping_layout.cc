// SPDX-License-Identifier: Apache-2.0
//
// Where the live view of a measurement stands on the screen. The plot has all that the others
// leave; where there is little room the others give way: first events, then the table, last the
// plot.
#include "cli/ping_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/ping_screen.h"
#include "cli/round_trips.h"
#include "packet/address.h"
#include "publish/text.h"

namespace wirestamp::cli {

using measure::Summary;
using term::Style;

namespace {

std::string figure(const std::optional<Duration>& duration) {
  return duration ? publish::human(*duration) : std::string("-");
}

struct Column {
  const char* title;
  std::optional<Duration> measure::Distribution::* value;
};
constexpr std::array<Column, 5> kColumns{{{"min", &measure::Distribution::min},
                                          {"p50", &measure::Distribution::p50},
                                          {"p90", &measure::Distribution::p90},
                                          {"p99", &measure::Distribution::p99},
                                          {"max", &measure::Distribution::max}}};

Style style_of(PingTicker::Weight weight) {
  switch (weight) {
    case PingTicker::Weight::Bad:
      return {.tone = term::Tone::Bad};
    case PingTicker::Weight::Warning:
      return {.tone = term::Tone::Warning};
    case PingTicker::Weight::Good:
      return {.tone = term::Tone::Good};
    case PingTicker::Weight::Note:
      break;
  }
  return {};
}

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

constexpr std::array<std::string_view, 9> kKeysAndMarks{
    "q, Ctrl-C    end the measurement, and print its summary",
    "+ -          less time in the plot, more of it",
    "l            linear or logarithmic scale",
    "Tab, arrows  another one of several measurements",
    "? Esc        this help, and away with it",
    "",
    "lost:  > on the way there, < on the way back, x not known which,",
    "       u not sent; inverse where nothing came back at all",
    "stall: an outage; ! something happened, told below"};

}  // namespace

std::string elapsed_text(Duration elapsed) {
  const std::int64_t seconds = std::max<std::int64_t>(elapsed / Duration::seconds(1), 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3'600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3'600, seconds / 60 % 60);
  if (seconds < 8'640'000) return fmt::format("{}d{:02}h", seconds / 86'400, seconds / 3'600 % 24);
  return fmt::format("{}d", seconds / 86'400);
}

class PingScreen::Layout {
 public:
  Layout(const PingScreen& screen, term::Canvas& canvas, WallTime now, MonoTime mono)
      : screen_(screen), canvas_(canvas), now_(now), mono_(mono) {}

  void draw() {
    title();
    status();
    if (screen_.help_) {
      for (const std::string_view line : kKeysAndMarks) canvas_.put(++row_, 1, line);
      return keys();
    }
    const bool roomy = canvas_.rows() >= 16;
    if (screen_.lanes_.size() > 1) lanes(roomy ? canvas_.rows() / 3 : 2);
    figures(roomy);
    if (screen_.flows_ > 1 && canvas_.rows() >= 24) flows();
    const int rest = canvas_.rows() - row_ - 2;  // above the line of keys
    const int events = rest >= 24 ? 8 : rest >= 12 ? 4 : rest >= 9 ? 2 : rest >= 6 ? 1 : 0;
    plot(rest - events);
    ticker(events);
    keys();
  }

 private:
  struct State {
    std::string text;
    Style style;
  };

  // What is known of it.
  static std::string silence_of(const Lane& lane) {
    if (lane.finding == measure::Finding::PeerClosed) return "PORT CLOSED";
    if (lane.finding == measure::Finding::LocalCause) return "NOT SENT";
    return "STALLED";
  }

  State state_of(const Lane& lane) const {
    if (lane.ended) return {"ended", {}};
    if (!lane.start) return {"begins", {}};
    if (lane.silent) return {silence_of(lane), {.tone = term::Tone::Bad, .inverse = true}};
    const auto& progress = lane.progress;
    const Duration patience = std::max(screen_.goal_.interval * 3, Duration::seconds(1));
    if (!progress || !progress->last || !progress->last->sender_rx) {
      if (mono_ - lane.began < patience) return {"begins", {}};
      return {"NO REPLY", term::kBad};
    }
    const Duration quiet = now_ - progress->last->sender_rx->wall;
    if (quiet < patience) return {"answers", {.tone = term::Tone::Good, .bold = true}};
    return {fmt::format("no reply for {}", elapsed_text(quiet)), term::kWarning};
  }

  void title() {
    const Lane& lane = screen_.shown();
    canvas_.fill({.row = 0, .column = 0, .columns = canvas_.columns(), .rows = 1}, U' ',
                 term::kBar);
    std::string text = "wirestamp ping";
    if (const auto& start = lane.start) {
      const std::string address = packet::to_string(start->remote);
      text = start->host == packet::to_string(start->remote.address)
                 ? fmt::format("{} ", address)
                 : fmt::format("{} ({}) ", start->host, address);
      if (!start->interface_name.empty()) text += fmt::format("by {} ", start->interface_name);
      text += fmt::format(" every {}", publish::human(start->interval));
      if (canvas_.columns() >= 100)
        text +=
            fmt::format("  from {}, {} octets, stamps: {} / {}", packet::to_string(start->local),
                        start->size, name(start->transmit), name(start->receive));
    }
    canvas_.put(0, 1, text, term::kBar, canvas_.columns() - 2);
  }

  void status() {
    const Lane& lane = screen_.shown();
    const State state = state_of(lane);
    int column = canvas_.put(1, 1, screen_.stopping_ ? "ends" : state.text, state.style);
    const auto say = [&](const std::string& text, Style style = {}) {
      if (!text.empty() && column + 2 < canvas_.columns())
        column = canvas_.put(1, column + 2, text, style);
    };
    if (lane.start) {
      const Duration elapsed = mono_ - lane.began;
      const std::string goal = progress_text(
          screen_.goal_, lane.progress ? lane.progress->summary.scheduled : 0, elapsed);
      say(goal.empty() ? elapsed_text(elapsed) : goal);
    }
    if (lane.progress) {
      const Summary& s = lane.progress->summary;
      const std::uint64_t lost = measure::lost_total(s);
      say(fmt::format("sent {}", s.sent));
      if (canvas_.columns() >= 60) say(fmt::format("received {}", s.received));
      say(fmt::format("lost {}", lost), lost > 0 ? term::kBad : Style{});
      if (s.unsent_total > 0) say(fmt::format("unsent {}", s.unsent_total), term::kWarning);
      if (s.withheld > 0) say(fmt::format("withheld {}", s.withheld));
    }
    if (screen_.points_dropped_ > 0)
      say(fmt::format("{} not drawn", screen_.points_dropped_), term::kWarning);
    row_ = 1;
  }

  // Several measurements beside each other, a row each, around the one that is shown below.
  void lanes(int most) {
    const int count = static_cast<int>(screen_.lanes_.size());
    const int rows = std::min(most, count);
    const int first = std::clamp(static_cast<int>(screen_.selected_) - rows / 2, 0, count - rows);
    for (int i = first; i < first + rows; ++i) {
      const Lane& lane = screen_.lanes_[static_cast<std::size_t>(i)];
      const bool chosen = static_cast<std::size_t>(i) == screen_.selected_;
      const State state = state_of(lane);
      canvas_.put(++row_, 0, chosen ? ">" : " ", term::kStrong);
      canvas_.put(row_, 1, lane.label, chosen ? term::kStrong : Style{}, 18);
      canvas_.put(row_, 20, state.text, state.style, 16);
      if (!lane.progress) continue;
      const Summary& s = lane.progress->summary;
      int column = 37;
      const auto cell = [&](const std::string& text, int columns, Style style = {}) {
        if (column + columns > canvas_.columns()) return;
        canvas_.put_right(row_, column, text, style, columns);
        column += columns + 1;
      };
      const std::uint64_t lost = measure::lost_total(s);
      cell(figure(s.rtt.p50), 8);
      cell(figure(s.rtt.p99), 8);
      cell(fmt::format("lost {}", lost), 11, lost > 0 ? term::kBad : Style{});
      spark(lane, column + 1);
    }
  }

  void spark(const Lane& lane, int column) {
    const int columns = canvas_.columns() - column - 1;
    if (columns < 8) return;
    const Duration length = Duration::seconds(2);
    const auto stretches =
        lane.timeline.read(first_of(length, columns), length, static_cast<std::size_t>(columns));
    std::vector<LineColumn> line;
    for (const term::Stretch& stretch : stretches)
      line.push_back({.worst = stretch.high, .mark = stretch.lost() > 0 ? U'x' : U'\0'});
    draw_line_of_round_trips(canvas_, row_, column, line);
  }

  // The table of percentiles, and losses.
  void figures(bool roomy) {
    const Lane& lane = screen_.shown();
    static const Summary kNone;
    const Summary& s = lane.progress ? lane.progress->summary : kNone;
    const bool wide = canvas_.columns() >= 72;
    const bool gross = s.rtt.count == 0 && s.gross_rtt.count > 0;
    name_columns_ = wide ? 12 : 6;
    value_columns_ = wide ? 11 : 8;
    ++row_;
    for (std::size_t i = 0, column = 0; i < kColumns.size(); ++i)
      if (wide || i != 2) value(column++, kColumns[i].title, term::kQuiet);
    if (wide) value(5, "jitter", term::kQuiet);
    delays(gross ? "with peer" : wide ? "round trip" : "rtt", gross ? s.gross_rtt : s.rtt, wide);
    if (wide) value(5, figure(s.jitter_consecutive), {});
    const bool told = s.one_way_error && *s.one_way_error <= measure::kUselessClock;
    if (roomy && told && s.forward_delay.count > 0) {
      delays("there", s.forward_delay, wide);
      if (wide) value(5, figure(s.forward_variation.ipdv_mean_abs), {});
      delays("back", s.backward_delay, wide);
      if (wide) value(5, figure(s.backward_variation.ipdv_mean_abs), {});
    }
    losses(s, wide, told);
    if (const auto& progress = lane.progress; progress && progress->echo) {
      const auto& echo = *progress->echo;
      canvas_.put(++row_, 1, "ICMP echo", term::kWarning, name_columns_ - 1);
      canvas_.put(row_, name_columns_ + 1,
                  fmt::format("{} of {} answered, p50 {}, max {}: no direction", echo.received,
                              echo.sent, figure(echo.rtt.p50), figure(echo.rtt.max)));
    }
  }

  void delays(std::string_view name, const measure::Distribution& of, bool wide) {
    canvas_.put(++row_, 1, name, term::kStrong, name_columns_ - 1);
    for (std::size_t i = 0, column = 0; i < kColumns.size(); ++i)
      if (wide || i != 2) value(column++, figure(of.*kColumns[i].value), {});
  }

  void value(std::size_t column, const std::string& text, Style style) {
    canvas_.put_right(row_, name_columns_ + static_cast<int>(column) * value_columns_, text, style,
                      value_columns_);
  }

  void losses(const Summary& s, bool wide, bool one_way_told) {
    canvas_.put(++row_, 1, "loss", term::kStrong, name_columns_ - 1);
    int column = name_columns_ + (wide ? 3 : 1);
    const auto say = [&](const char* name, std::uint64_t count, bool always) {
      if (count == 0 && !always) return;
      const std::string text = wide ? fmt::format("{} {} ({})", name, count,
                                                  publish::human_percent(share_of(count, s.sent)))
                                    : fmt::format("{} {}", name, count);
      column = canvas_.put(row_, column, text, count > 0 ? term::kBad : Style{}) + 2;
    };
    say("there", s.lost.forward, true);
    say("back", s.lost.backward, true);
    say("unknown", s.lost.unknown, false);
    say("late", s.late, false);
    say("closed", s.peer_closed, false);
    say("too big", s.too_big, false);
    if (wide && one_way_told && column + 20 < canvas_.columns())
      canvas_.put(row_, column, fmt::format("one way +-{}", figure(s.one_way_error)), term::kQuiet);
  }

  void flows() {
    const auto& flows = screen_.shown().flows;
    const int most = canvas_.rows() / 5;
    int left = std::min(most, static_cast<int>(flows.size()));
    for (auto flow = flows.rbegin(); flow != flows.rend() && left > 0; ++flow, --left) {
      const auto& [number, of] = *flow;
      canvas_.put(++row_, 1, fmt::format("flow {}", number), term::kStrong, name_columns_ - 1);
      value(0, figure(of.least), {});
      canvas_.put(row_, name_columns_ + value_columns_ + 3,
                  fmt::format("last {}  max {}  answered {}", figure(of.last), figure(of.most),
                              of.answered));
      if (of.lost > 0)
        canvas_.put_right(row_, canvas_.columns() - 14, fmt::format("lost {}", of.lost), term::kBad,
                          13);
    }
  }

  // Stretches begin at multiples of their length, so that they do not change while time goes on.
  WallTime first_of(Duration length, int count) const {
    const WallTime end = WallTime::from_ns(now_.ns() - now_.ns() % length.ns()) + length;
    return end - length * count;
  }

  void plot(int rows) {
    const std::size_t count = stretches_on(canvas_);
    if (rows < 1 || count == 0) {
      row_ += std::max(rows, 0);
      return;
    }
    const Lane& lane = screen_.shown();
    const Duration length = kSpans[screen_.zoom_] / static_cast<std::int64_t>(count);
    const WallTime from = first_of(length, static_cast<int>(count));
    const auto stretches = lane.timeline.read(from, length, count);
    draw_round_trips(canvas_, row_ + 1, rows,
                     {.from = from,
                      .length = length,
                      .stretches = stretches,
                      .marks = lane.marks,
                      .logarithmic = screen_.logarithmic_});
    row_ += rows;
  }

  void ticker(int rows) {
    const auto lines = screen_.shown().ticker.newest(static_cast<std::size_t>(std::max(rows, 0)));
    if (lines.empty() && rows > 0)
      canvas_.put(row_ + 1, 1, "no loss and no event so far", term::kQuiet);
    for (const PingTicker::Line& line : lines)
      canvas_.put(++row_, 1, line.text, style_of(line.weight));
  }

  void keys() {
    const int row = canvas_.rows() - 1;
    if (row < 3) return;
    std::string text = screen_.lanes_.size() > 1 ? "q end  Tab next  +- time  l scale  ? help"
                                                 : "q end  +- time  l scale  ? help";
    canvas_.put(row, 1, text, term::kQuiet);
    const Duration span = kSpans[screen_.zoom_];
    const std::string shown =
        fmt::format("{} shown{}", elapsed_text(span), screen_.logarithmic_ ? ", logarithmic" : "");
    if (canvas_.columns() >= static_cast<int>(text.size() + shown.size()) + 4)
      canvas_.put_right(row, 0, shown, term::kQuiet, canvas_.columns() - 1);
  }

  const PingScreen& screen_;
  term::Canvas& canvas_;
  const WallTime now_;
  const MonoTime mono_;
  int row_ = 0;  // the last that is taken
  int name_columns_ = 12, value_columns_ = 10;
};

term::Canvas PingScreen::draw(term::Size size, term::Glyphs glyphs, WallTime now,
                              MonoTime mono) const {
  term::Canvas canvas(size, glyphs);
  Layout(*this, canvas, now, mono).draw();
  return canvas;
}

}  // namespace wirestamp::cli
