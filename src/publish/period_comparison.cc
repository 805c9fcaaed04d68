// SPDX-License-Identifier: Apache-2.0
//
// Did it change? Two periods always differ a little, and probes that follow each other are not
// independent: a queue lasts, losses come together. A test that takes each probe for a draw of its
// own calls every outage a change of the network, with a p-value of 1e-50.
//
// So both periods are cut into parts of equal length, and the parts are compared. Take the median
// of a figure over the parts of both periods and call the parts above it high: if nothing changed,
// which of the parts are high is chance, and the number of high ones among those of one period
// follows the hypergeometric distribution. Such a number is a sum of independent draws, and its
// tail is at most that of the binomial one with the same mean (Hoeffding 1956), which
// measure/binomial.h bounds. An outage of an hour is then one or two parts of thirty-two.
//
// Losses are tested a second time, as single probes: of k probes lost in both periods each falls
// into the later one with the chance of its share of the probes sent. Only where both tests agree
// is the level of loss said to have changed; where the probes alone do, something happened in a few
// parts. docs/report.md has the formulas and when they mislead.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "measure/binomial.h"
#include "publish/period.h"
#include "publish/text.h"

namespace wirestamp::publish {

namespace {

using measure::Window;

// Of a part: fewer values have no median, or no p99, worth comparing.
constexpr std::uint64_t kFewestForMedian = 5, kFewestForP99 = 100;
// What lies nearer to one another than two values that a histogram tells back may be the same.
constexpr double kResolution = 2 * measure::Histogram::kRelativeError;

struct Lost {
  std::uint64_t lost = 0, of = 0;
};

// A figure of a window. `stamps`: the class of the delays that are compared.
struct Figure {
  std::string_view name, words;
  std::optional<double> (*of)(const Window& window, StampSource stamps, bool part);
  Lost (*lost)(const Window& window) = nullptr;  // of losses
};

const measure::Values* of_class(const measure::ClassedValues& values, StampSource stamps) {
  for (const auto& one : values.classes)
    if (one.stamps == stamps) return &one.values;
  return nullptr;
}

template <std::uint32_t Ppm, std::uint64_t Fewest>
std::optional<double> round_trip(const Window& window, StampSource stamps, bool part) {
  const measure::Values* values = of_class(window.rtt, stamps);
  if (values == nullptr || (part && values->count() < Fewest)) return std::nullopt;
  const auto value = values->percentile(Ppm);
  if (!value) return std::nullopt;
  return static_cast<double>(value->ns());
}

std::optional<double> jitter(const Window& window, StampSource stamps, bool part) {
  const measure::Values* values = of_class(window.ipdv, stamps);
  if (values == nullptr || values->count() == 0) return std::nullopt;
  if (part && values->count() < kFewestForMedian) return std::nullopt;
  return values->sum / static_cast<double>(values->count());
}

Lost lost_at_all(const Window& window) {
  const std::uint64_t unresolved =
      window.unsent_by_cause[static_cast<std::size_t>(measure::UnsentCause::NeighbourUnresolved)];
  return {window.lost_total() + unresolved, window.sent + unresolved};
}
Lost lost_forward(const Window& window) { return {window.lost.forward, window.sent}; }
Lost lost_backward(const Window& window) { return {window.lost.backward, window.sent}; }

template <Lost (*Count)(const Window&)>
std::optional<double> loss(const Window& window, StampSource, bool) {
  const Lost count = Count(window);
  if (count.of == 0) return std::nullopt;
  return static_cast<double>(count.lost) / static_cast<double>(count.of);
}

constexpr std::array kFigures{
    Figure{"loss", "loss", loss<lost_at_all>, lost_at_all},
    Figure{"loss_forward", "loss on the way there", loss<lost_forward>, lost_forward},
    Figure{"loss_backward", "loss on the way back", loss<lost_backward>, lost_backward},
    Figure{"round_trip_p50", "round trip p50", round_trip<500'000, kFewestForMedian>},
    Figure{"round_trip_p99", "round trip p99", round_trip<990'000, kFewestForP99>},
    Figure{"jitter", "jitter", jitter},
};

std::vector<Window> parts_of(const Period& period, Duration part) {
  std::map<std::int64_t, Window> parts;
  for (const measure::TimedWindow& window : period.windows)
    parts[(window.begin - period.from) / part].merge(window.window);
  std::vector<Window> found;
  for (auto& [number, window] : parts) found.push_back(std::move(window));
  return found;
}

std::vector<double> values_of(const std::vector<Window>& parts, const Figure& figure,
                              StampSource stamps) {
  std::vector<double> values;
  for (const Window& part : parts)
    if (const auto value = figure.of(part, stamps, true)) values.push_back(*value);
  return values;
}

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const auto rank = [&](double share) {
    const double place = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(place, 1.0)) - 1];
  };
  return Spread{rank(0.1), rank(0.9)};
}

// Of two periods: the chance of `after` or more hits in the later one, or as few, if each of the
// hits of both falls into it by its share.
double two_sided(std::uint64_t before, std::uint64_t after, double share_after) {
  const std::uint64_t hits = before + after;
  const double more = measure::binomial_tail_bound(after, hits, share_after);
  const double fewer = measure::binomial_tail_bound(before, hits, 1 - share_after);
  return std::min(1.0, 2 * std::min(more, fewer));
}

struct PartsTest {
  double p_value = 1;
  bool higher = false;
};

PartsTest compare_parts(const std::vector<double>& before, const std::vector<double>& after) {
  std::vector<double> all = before;
  all.insert(all.end(), after.begin(), after.end());
  std::ranges::sort(all);
  const double median = all[(all.size() - 1) / 2];
  // Many parts may be equal to the median (no loss): cut where the halves are most alike.
  const auto above = [&](const std::vector<double>& values, bool with_equal) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        values, [&](double value) { return with_equal ? value >= median : value > median; }));
  };
  const auto off_half = [&](bool with_equal) {
    const auto count = static_cast<double>(above(all, with_equal));
    return std::fabs(count - static_cast<double>(all.size()) / 2);
  };
  const bool with_equal = off_half(true) < off_half(false);
  const std::uint64_t high_before = above(before, with_equal),
                      high_after = above(after, with_equal);
  const double share = static_cast<double>(after.size()) / static_cast<double>(all.size());
  return {.p_value = two_sided(high_before, high_after, share),
          .higher = static_cast<double>(high_after) >
                    share * static_cast<double>(high_before + high_after)};
}

// "+5.20 ms (+26 %)"; of losses in points of a percent.
std::string difference_text(const Change& change) {
  const double difference = *change.after - *change.before;
  const char* sign = difference > 0 ? "+" : "";
  if (change.ratio) return fmt::format("{}{:.3g} points", sign, difference * 100);
  std::string text =
      fmt::format("{}{}", sign, human(Duration::nanoseconds(std::llround(difference))));
  if (*change.before > 0)
    text += fmt::format(" ({}{:.3g} %)", sign, difference / *change.before * 100);
  return text;
}

std::string chance_text(double p_value) {
  if (p_value < 1e-6) return "chance below one in a million";
  return fmt::format("chance {:.2g}", p_value);
}

std::string parts_text(const Change& change) {
  return fmt::format("in {} of {} parts, then in {} of {}", change.after_lossy, change.after_parts,
                     change.before_lossy, change.before_parts);
}

void judge_loss(Change& change, const PartsTest* parts) {
  const bool higher = *change.after > *change.before;
  const bool probes_differ = *change.probes_p_value <= kChangeLevel;
  const std::string_view more = higher ? "more" : "less";
  if (*change.after == *change.before || !probes_differ) {
    change.judgement = Judgement::Same;
    change.text = *change.after == 0 && *change.before == 0
                      ? "none in either"
                      : fmt::format("no change that chance would not make ({})",
                                    chance_text(*change.probes_p_value));
    return;
  }
  if (parts == nullptr) {
    change.judgement = Judgement::TooFewParts;
    change.text =
        fmt::format("{} of the probes: {}; too few parts to tell a level from single events", more,
                    difference_text(change));
    return;
  }
  if (parts->p_value <= kChangeLevel && parts->higher == higher) {
    change.judgement = higher ? Judgement::Higher : Judgement::Lower;
    change.text = fmt::format("{}, throughout: {} ({}; {})", more, difference_text(change),
                              parts_text(change), chance_text(parts->p_value));
    return;
  }
  change.judgement = higher ? Judgement::HigherInPlaces : Judgement::LowerInPlaces;
  change.text = fmt::format("{}, but not throughout: {} ({}): single events, not another level",
                            more, difference_text(change), parts_text(change));
}

void judge_delay(Change& change, const PartsTest* parts) {
  if (parts == nullptr) {
    change.judgement = Judgement::TooFewParts;
    change.text =
        fmt::format("{}: too few parts with data to tell ({} and {} of at least {})",
                    difference_text(change), change.before_parts, change.after_parts, kFewestParts);
    return;
  }
  const double difference = *change.after - *change.before;
  if (difference == 0) {
    change.judgement = Judgement::Same;
    change.text = "no difference";
    return;
  }
  if (parts->p_value > kChangeLevel || parts->higher != (difference > 0)) {
    change.judgement = Judgement::Same;
    change.text = fmt::format("{}: within the spread ({})", difference_text(change),
                              chance_text(parts->p_value));
    return;
  }
  const double size = std::max(std::fabs(*change.after), std::fabs(*change.before));
  if (std::fabs(difference) <= kResolution * size) {
    change.judgement = Judgement::Same;
    change.text =
        fmt::format("{}: no more than the histograms resolve (2.2 %)", difference_text(change));
    return;
  }
  change.judgement = difference > 0 ? Judgement::Higher : Judgement::Lower;
  change.text = fmt::format("{}: {}, beyond the spread ({})", difference > 0 ? "higher" : "lower",
                            difference_text(change), chance_text(parts->p_value));
}

unsigned count_lossy(const std::vector<Window>& parts, const Figure& figure) {
  return static_cast<unsigned>(
      std::ranges::count_if(parts, [&](const Window& part) { return figure.lost(part).lost > 0; }));
}

struct Side {
  const Period& period;
  std::vector<Window> parts;
  std::optional<StampSource> stamps;  // of most round trips
};

Side side_of(const Period& period, Duration part) {
  Side side{.period = period, .parts = parts_of(period, part), .stamps = {}};
  if (const auto* fullest = period.total.rtt.fullest()) side.stamps = fullest->stamps;
  return side;
}

Change change_of(const Figure& figure, const Side& before, const Side& after) {
  Change change{.figure = figure.name, .ratio = figure.lost != nullptr};
  if (!change.ratio && before.stamps && after.stamps && before.stamps != after.stamps) {
    change.judgement = Judgement::NotComparable;
    change.text = fmt::format("not comparable: stamps were {} then, are {}", name(*before.stamps),
                              name(*after.stamps));
    return change;
  }
  const StampSource stamps = before.stamps.value_or(after.stamps.value_or(StampSource::Unknown));
  change.before = figure.of(before.period.total, stamps, false);
  change.after = figure.of(after.period.total, stamps, false);
  const std::vector<double> values_before = values_of(before.parts, figure, stamps),
                            values_after = values_of(after.parts, figure, stamps);
  change.before_parts = static_cast<unsigned>(values_before.size());
  change.after_parts = static_cast<unsigned>(values_after.size());
  change.before_spread = spread_of(values_before);
  change.after_spread = spread_of(values_after);
  std::optional<PartsTest> parts;
  if (std::min(change.before_parts, change.after_parts) >= kFewestParts)
    parts = compare_parts(values_before, values_after);
  if (parts) change.parts_p_value = parts->p_value;
  if (change.ratio) {
    change.before_lossy = count_lossy(before.parts, figure);
    change.after_lossy = count_lossy(after.parts, figure);
  }
  if (!change.before || !change.after) {
    change.text = fmt::format("not known {}", change.before  ? "in the later period"
                                              : change.after ? "then"
                                                             : "in either period");
    return change;
  }
  if (!change.ratio) {
    judge_delay(change, parts ? &*parts : nullptr);
    return change;
  }
  const Lost lost_before = figure.lost(before.period.total),
             lost_after = figure.lost(after.period.total);
  change.probes_p_value = two_sided(
      lost_before.lost, lost_after.lost,
      static_cast<double>(lost_after.of) / static_cast<double>(lost_before.of + lost_after.of));
  judge_loss(change, parts ? &*parts : nullptr);
  return change;
}

void add(std::string& list, std::string_view text) {
  list += fmt::format("{}{}", list.empty() ? "" : ", ", text);
}

std::string verdict_of(const std::vector<Change>& changes) {
  std::string changed, in_places, unknown;
  bool known = false;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::string_view figure = kFigures[i].words;
    switch (changes[i].judgement) {
      case Judgement::NotKnown:
      case Judgement::NotComparable:
      case Judgement::TooFewParts:
        add(unknown, figure);
        continue;
      case Judgement::Same:
        break;
      case Judgement::Higher:
        add(changed, fmt::format("{} is higher", figure));
        break;
      case Judgement::Lower:
        add(changed, fmt::format("{} is lower", figure));
        break;
      case Judgement::HigherInPlaces:
        add(in_places, fmt::format("more {}", figure));
        break;
      case Judgement::LowerInPlaces:
        add(in_places, fmt::format("less {}", figure));
        break;
    }
    known = true;
  }
  if (!known) return "the data do not tell whether anything changed";
  std::string text = changed;
  if (changed.empty())
    text = in_places.empty() ? "nothing changed beyond what differs within the periods"
                             : "no level changed";
  if (!in_places.empty()) text += fmt::format("; in a few parts only: {}", in_places);
  if (!unknown.empty()) text += fmt::format("; not to be told: {}", unknown);
  return text;
}

}  // namespace

PeriodComparison compare(const Period& before, const Period& after) {
  PeriodComparison comparison;
  const Duration step = std::max({before.step, after.step, Duration::nanoseconds(1)});
  const Duration part = std::min(before.to - before.from, after.to - after.from) / kParts;
  comparison.part =
      step * std::max<std::int64_t>(1, (part + step - Duration::nanoseconds(1)) / step);
  const Side earlier = side_of(before, comparison.part), later = side_of(after, comparison.part);
  for (const Figure& figure : kFigures)
    comparison.changes.push_back(change_of(figure, earlier, later));
  comparison.verdict = verdict_of(comparison.changes);
  return comparison;
}

}  // namespace wirestamp::publish
