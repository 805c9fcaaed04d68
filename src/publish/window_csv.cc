// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>

#include "publish/document.h"
#include "publish/window_document.h"

namespace wirestamp::publish {

namespace {

using measure::Window;

struct Count {
  std::string_view name;
  std::uint64_t (*get)(const Window&);
};
constexpr std::array kCounts{
    Count{"scheduled", [](const Window& w) { return w.scheduled; }},
    Count{"sent", [](const Window& w) { return w.sent; }},
    Count{"delivered", [](const Window& w) { return w.delivered; }},
    Count{"late", [](const Window& w) { return w.late; }},
    Count{"lost_total", [](const Window& w) { return w.lost_total(); }},
    Count{"lost_forward", [](const Window& w) { return w.lost.forward; }},
    Count{"lost_backward", [](const Window& w) { return w.lost.backward; }},
    Count{"lost_unknown", [](const Window& w) { return w.lost.unknown; }},
    Count{"peer_closed", [](const Window& w) { return w.peer_closed; }},
    Count{"too_big", [](const Window& w) { return w.too_big; }},
    Count{"unsent_total", [](const Window& w) { return w.unsent_total(); }},
    Count{"refused_by_peer", [](const Window& w) { return w.refused_by_peer; }},
    Count{"withheld", [](const Window& w) { return w.withheld; }},
    Count{"late_schedule", [](const Window& w) { return w.late_schedule; }},
    Count{"duplicates_forward", [](const Window& w) { return w.duplicates_forward; }},
    Count{"duplicates_backward", [](const Window& w) { return w.duplicates_backward; }},
    Count{"duplicates_unknown", [](const Window& w) { return w.duplicates_unknown; }},
    Count{"arrived", [](const Window& w) { return w.arrived; }},
    Count{"reordered", [](const Window& w) { return w.reordered; }},
};

struct Ratio {
  std::string_view name;
  std::optional<double> (Window::*get)() const;
};
constexpr std::array kRatios{
    Ratio{"loss_ratio", &Window::loss_ratio},
    Ratio{"network_loss_ratio", &Window::network_loss_ratio},
    Ratio{"unreachable_ratio", &Window::unreachable_ratio},
    Ratio{"forward_loss_ratio", &Window::forward_loss_ratio},
    Ratio{"backward_loss_ratio", &Window::backward_loss_ratio},
};

struct Delay {
  std::string_view name;
  measure::ClassedValues Window::* values;
};
constexpr std::array kDelays{
    Delay{"rtt_ns", &Window::rtt},
    Delay{"forward_ns", &Window::forward_delay},
    Delay{"backward_ns", &Window::backward_delay},
    Delay{"ipdv_ns", &Window::ipdv},
};

void append(std::string& out, const std::optional<Duration>& value) {
  out += ',';
  if (value) out += fmt::format_int(value->ns()).c_str();
}

}  // namespace

void append_window_csv_header(std::span<const Percentile> percentiles, std::string& out) {
  out += "begin,end,epoch,part";
  for (const Count& count : kCounts) fmt::format_to(std::back_inserter(out), ",{}", count.name);
  for (const Ratio& ratio : kRatios) fmt::format_to(std::back_inserter(out), ",{}", ratio.name);
  for (const Delay& delay : kDelays) {
    for (const char* figure : {"count", "min", "max", "mean"})
      fmt::format_to(std::back_inserter(out), ",{}_{}", delay.name, figure);
    for (const Percentile& wanted : percentiles)
      fmt::format_to(std::back_inserter(out), ",{}_{}", delay.name, wanted.name);
  }
  out += '\n';
}

void append_window_csv_line(const WindowView& view, std::string& out) {
  const Window& window = view.timed.window;
  fmt::format_to(std::back_inserter(out), "{},{},{},{}", rfc3339(view.timed.begin),
                 rfc3339(view.timed.end()), view.timed.epoch, view.timed.part);
  for (const Count& count : kCounts)
    fmt::format_to(std::back_inserter(out), ",{}", count.get(window));
  for (const Ratio& ratio : kRatios) {
    out += ',';
    if (const auto value = (window.*ratio.get)())
      fmt::format_to(std::back_inserter(out), "{}", *value);
  }
  for (const Delay& delay : kDelays) {
    static const measure::Values none;
    const auto* fullest = (window.*delay.values).fullest();
    const measure::Values& values = fullest == nullptr ? none : fullest->values;
    fmt::format_to(std::back_inserter(out), ",{}", values.count());
    append(out, values.smallest());
    append(out, values.largest());
    append(out, values.mean());
    for (const Percentile& wanted : view.percentiles) append(out, values.percentile(wanted.ppm));
  }
  out += '\n';
}

}  // namespace wirestamp::publish
