// SPDX-License-Identifier: Apache-2.0
#include "cli/top_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "cli/ping_layout.h"
#include "cli/round_trips.h"
#include "publish/text.h"

namespace wirestamp::cli {

using client::Session;
using term::Style;

namespace {

constexpr int kSeparator = 1;
// Of an hour's line a mark for each lost probe would leave nothing of the delays.
constexpr double kMarkedLoss = 0.01;

std::string figure(const std::optional<Duration>& duration) {
  return duration ? publish::human(*duration) : std::string("-");
}

std::string_view state_words(const Session& session) {
  if (session.state.empty()) return "past";
  return session.state == "silent" ? std::string_view("SILENT") : std::string_view(session.state);
}

Style state_style(const Session& session) {
  switch (trouble_of(session)) {
    case 4:
      return {.tone = term::Tone::Bad, .bold = true, .inverse = true};
    case 3:
    case 2:
      return term::kWarning;
    case 1:
      return {.tone = term::Tone::Good};
    default:
      return term::kQuiet;
  }
}

Duration value_or_none(const std::optional<Duration>& value) {
  return value.value_or(Duration::nanoseconds(-1));
}

double loss_of(const Session& session) {
  const client::Figures* const figures = figures_of(session);
  return figures != nullptr ? figures->loss.value_or(-1) : -1;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

// `values` in so many places, the worst of those that share one.
template <typename T>
std::vector<std::optional<T>> squeezed(const std::vector<std::optional<T>>& values, int places) {
  std::vector<std::optional<T>> out(static_cast<std::size_t>(std::max(places, 0)));
  if (values.empty() || out.empty()) return out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& place = out[i * out.size() / values.size()];
    if (values[i] && (!place || *values[i] > *place)) place = values[i];
  }
  return out;
}

// The tail of the round trips, and losses on top of it.
void draw_sparkline(term::Canvas& canvas, int row, int column, int columns,
                    const client::Sparkline& line) {
  columns = std::min(columns, static_cast<int>(std::max(line.p99.size(), line.loss.size())));
  const auto tail = squeezed(line.p99, columns);
  const auto loss = squeezed(line.loss, columns);
  std::vector<LineColumn> cells(tail.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i].worst = tail[i];
    if (loss[i] && *loss[i] >= kMarkedLoss) cells[i].mark = *loss[i] >= 0.999 ? U'X' : U'x';
  }
  draw_line_of_round_trips(canvas, row, column, cells);
}

}  // namespace

int trouble_of(const Session& session) {
  constexpr std::array<std::string_view, 5> kStates{"", "up", "waiting", "stopped", "silent"};
  const auto* const found = std::ranges::find(kStates, session.state);
  return found == kStates.end() ? 2 : static_cast<int>(found - kStates.begin());
}

const client::Figures* figures_of(const Session& session) {
  if (session.minute) return &*session.minute;
  return session.total && session.total->sent > 0 ? &*session.total : nullptr;
}

bool has_first_figures(const Session& session) {
  return !session.minute && figures_of(session) != nullptr;
}

std::string short_percent(double ratio) {
  const double percent = ratio * 100;
  if (percent <= 0) return "0%";
  if (percent < 0.01) return "<.01%";
  if (percent < 9.995) return fmt::format("{:.2f}%", percent);
  if (percent < 99.95) return fmt::format("{:.1f}%", percent);
  return percent < 100 ? ">99%" : "100%";
}

std::vector<const Session*> chosen_sessions(const std::vector<Session>& all,
                                            const std::string& filter, TopOrder order,
                                            bool reverse) {
  std::vector<const Session*> chosen;
  const std::string wanted = lower(filter);
  for (const Session& session : all)
    if (wanted.empty() || lower(session.name).find(wanted) != std::string::npos ||
        lower(session.host).find(wanted) != std::string::npos ||
        lower(state_words(session)).find(wanted) != std::string::npos)
      chosen.push_back(&session);
  // The worst first.
  const auto before = [&](const Session* a, const Session* b) {
    const auto figures = [&](std::optional<Duration> client::Figures::* which) {
      const auto value = [&](const Session* of) {
        const client::Figures* const told = figures_of(*of);
        return value_or_none(told != nullptr ? told->*which : std::nullopt);
      };
      return std::pair(value(a), value(b));
    };
    const auto larger = [&](const auto& pair) {
      return pair.first != pair.second ? pair.first > pair.second : a->name < b->name;
    };
    switch (order) {
      case TopOrder::Name:
        break;
      case TopOrder::Median:
        return larger(figures(&client::Figures::p50));
      case TopOrder::Tail:
        return larger(figures(&client::Figures::p99));
      case TopOrder::Jitter:
        return larger(figures(&client::Figures::jitter));
      case TopOrder::Loss:
        return larger(std::pair(loss_of(*a), loss_of(*b)));
      case TopOrder::Trouble: {
        const auto rank = [](const Session& of) {
          return std::tuple(trouble_of(of), of.incident.has_value(), std::max(loss_of(of), 0.0));
        };
        return larger(std::pair(rank(*a), rank(*b)));
      }
    }
    return a->name < b->name;
  };
  std::ranges::stable_sort(chosen, before);
  if (reverse) std::ranges::reverse(chosen);
  return chosen;
}

int longest_name(const std::vector<const Session*>& sessions, term::Glyphs shown) {
  int longest = 0;
  for (const Session* session : sessions)
    longest = std::max(longest, term::columns_of(session->name, shown));
  return longest;
}

TopColumns top_columns(int columns, int longest) {
  constexpr int kHeading = 7, kMostOfName = 40;
  longest = std::clamp(longest, kHeading, kMostOfName);
  TopColumns found{.state = 7, .name = std::min(longest, columns < 48 ? 10 : 12)};
  int left = columns - 1 - found.state - kSeparator - found.name;
  const auto give = [&](int& column, int wanted) {
    if (left < wanted + kSeparator) return;
    column = wanted;
    left -= wanted + kSeparator;
  };
  give(found.p50, 7);
  give(found.there, 5);
  give(found.back, 5);
  give(found.p99, 7);
  give(found.spark, 9);
  give(found.since, 6);
  give(found.incident, 5);
  // A name that is cut may be that of another session: jitter is in the view of one session, too.
  const int for_name = std::clamp(left, 0, longest - found.name);
  found.name += for_name;
  left -= for_name;
  give(found.jitter, 7);
  if (found.spark > 0) found.spark = std::min(60, found.spark + std::max(left, 0));
  return found;
}

namespace {

// Goes through the columns from the left.
class Walk {
 public:
  Walk(term::Canvas& canvas, int row) : canvas_(canvas), row_(row) {}

  void left(int columns, std::string_view text, Style style) {
    if (columns == 0) return;
    canvas_.put(row_, at_, text, style, columns);
    at_ += columns + kSeparator;
  }
  void right(int columns, std::string_view text, Style style) {
    if (columns == 0) return;
    canvas_.put_right(row_, at_, text, style, columns);
    at_ += columns + kSeparator;
  }
  // The same with a mark before the text, which may stand in the column that separates.
  void right_marked(int columns, std::string_view mark, const std::string& text, Style style) {
    if (columns == 0) return;
    canvas_.put_right(row_, at_ - kSeparator, std::string(mark) + text, style,
                      columns + kSeparator);
    at_ += columns + kSeparator;
  }
  int at() const { return at_; }

 private:
  term::Canvas& canvas_;
  int row_, at_ = 1;
};

}  // namespace

void draw_top_header(term::Canvas& canvas, int row, const TopColumns& columns, TopOrder order) {
  const auto style = [&](TopOrder one) {
    return one == order ? Style{.bold = true, .inverse = true} : term::kStrong;
  };
  Walk walk(canvas, row);
  walk.left(columns.state, "STATE", style(TopOrder::Trouble));
  walk.left(columns.name, "SESSION", style(TopOrder::Name));
  walk.right(columns.p50, "P50", style(TopOrder::Median));
  walk.right(columns.p99, "P99", style(TopOrder::Tail));
  walk.right(columns.there, "LOSS>", style(TopOrder::Loss));
  walk.right(columns.back, "LOSS<", style(TopOrder::Loss));
  walk.right(columns.jitter, "JITTER", style(TopOrder::Jitter));
  walk.right(columns.since, "SINCE", term::kStrong);
  walk.right(columns.incident, "INC", term::kStrong);
  walk.left(columns.spark, "LAST HOUR", term::kStrong);
}

void draw_top_row(term::Canvas& canvas, int row, const TopColumns& columns, const Session& session,
                  const client::Sparkline* sparkline, WallTime now, bool stale) {
  const client::Figures none;
  const client::Figures* const told = figures_of(session);
  const client::Figures& figures = told != nullptr ? *told : none;
  const auto loss = [](const std::optional<double>& ratio) {
    return ratio ? short_percent(*ratio) : std::string("-");
  };
  const auto lossy = [](const std::optional<double>& ratio) {
    return ratio.value_or(0) > 0 ? term::kBad : Style{};
  };
  Walk walk(canvas, row);
  walk.left(columns.state, stale ? "?" : state_words(session),
            stale ? term::kWarning : state_style(session));
  walk.left(columns.name, session.name, {});
  walk.right_marked(columns.p50, has_first_figures(session) ? "*" : "", figure(figures.p50), {});
  walk.right(columns.p99, figure(figures.p99), {});
  walk.right(columns.there, loss(figures.loss_there), lossy(figures.loss_there));
  walk.right(columns.back, loss(figures.loss_back), lossy(figures.loss_back));
  walk.right(columns.jitter, figure(figures.jitter), {});
  walk.right(columns.since, session.since ? elapsed_text(now - *session.since) : "-", {});
  walk.right(columns.incident, session.incident ? fmt::format("#{}", *session.incident) : "-",
             session.incident ? term::kBad : Style{});
  if (columns.spark > 0 && sparkline != nullptr)
    draw_sparkline(canvas, row, walk.at(), columns.spark, *sparkline);
}

std::string top_counts(const std::vector<Session>& sessions) {
  std::array<std::size_t, 5> counts{};
  std::size_t incidents = 0;
  for (const Session& session : sessions) {
    ++counts[static_cast<std::size_t>(trouble_of(session))];
    if (session.incident) ++incidents;
  }
  std::string text = fmt::format("{} session{}", sessions.size(), sessions.size() == 1 ? "" : "s");
  const char* separator = ": ";
  constexpr std::array<std::pair<std::size_t, std::string_view>, 5> kTold{
      {{4, "silent"}, {3, "stopped"}, {2, "waiting"}, {1, "up"}, {0, "past"}}};
  for (const auto& [which, word] : kTold) {
    if (counts[which] == 0) continue;
    text += fmt::format("{}{} {}", separator, counts[which], word);
    separator = ", ";
  }
  if (incidents > 0)
    text += fmt::format("; {} incident{} open", incidents, incidents == 1 ? "" : "s");
  if (std::ranges::any_of(sessions, has_first_figures)) text += "; * first minute";
  return text;
}

}  // namespace wirestamp::cli
