// SPDX-License-Identifier: Apache-2.0
//
// The commands that read an agent's store, from settings to requests.
#include <algorithm>
#include <string>
#include <utility>

#include "cli/agent_settings.h"
#include "cli/commands.h"
#include "cli/evidence_command.h"
#include "cli/exit_code.h"
#include "cli/report_command.h"
#include "cli/streams.h"
#include "report/plots.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::Settings;

template <typename Choice, std::size_t N>
Choice chosen(const Settings& settings, Key key,
              const std::array<std::pair<std::string_view, Choice>, N>& names) {
  const std::string word = settings.text(key);
  for (const auto& [name, choice] : names)
    if (name == word) return choice;
  return names.front().second;
}

constexpr std::array<std::pair<std::string_view, ReportFormat>, 4> kFormats{
    {{"text", ReportFormat::Text},
     {"json", ReportFormat::Json},
     {"csv", ReportFormat::Csv},
     {"svg", ReportFormat::Svg}}};

// The option takes no other word than these.
std::optional<publish::PlotKind> plot_kind(const Settings& settings, ReportFormat format) {
  const config::Value& value = settings.values(Key::PlotKind).front();
  // A variable may be meant for another call.
  if (format != ReportFormat::Svg && value.origin != "--plot") return std::nullopt;
  const std::string word = settings.text(Key::PlotKind);
  const auto plots = report::named_plots();
  const auto found = std::ranges::find(plots, word, &report::NamedPlot::name);
  return found == plots.end() ? plots.front().kind : found->kind;
}

int keeps_nothing() {
  complain("--store none names no store: --store FILE names the one of an agent");
  return kUsage;
}

}  // namespace

int run_report(const Settings& settings) {
  const auto store = store_path(settings);
  if (!store) return keeps_nothing();
  const ReportFormat format = chosen(settings, Key::Format, kFormats);
  return run_report({.store = *store,
                     .session = settings.get<std::string>(Key::ReportSession),
                     .from = settings.text(Key::From),
                     .to = settings.text(Key::To),
                     .compare = settings.text(Key::Compare),
                     .step = settings.get<Duration>(Key::Step),
                     .format = format,
                     .plot = plot_kind(settings, format),
                     .output = settings.text(Key::OutputFile)});
}

int run_evidence(const Settings& settings) {
  const auto store = store_path(settings);
  if (!store) return keeps_nothing();
  const auto incident = settings.values(Key::IncidentId);
  if (incident.empty()) {
    complain("no incident given: `wirestamp evidence INCIDENT`, its number as the agent told it");
    return kUsage;
  }
  return run_evidence({.store = *store,
                       .incident = incident.front().text,
                       .json = settings.flag(Key::Json),
                       .settings = {},
                       .output = settings.text(Key::OutputFile)});
}

}  // namespace wirestamp::cli
