// SPDX-License-Identifier: Apache-2.0
//
// Reports and plots: what `wirestamp report` tells, by the same code.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <utility>

#include "api/answers.h"
#include "api/lookup.h"
#include "publish/period.h"
#include "report/period_reading.h"
#include "report/plots.h"

namespace wirestamp::api {

namespace {

std::unexpected<Problem> wrong_range(std::string_view parameter, const std::string& message) {
  return refuse({.status = 400,
                 .code = "wrong_parameter",
                 .message = fmt::format("{}: {}", parameter, message),
                 .parameter = std::string(parameter)});
}

Answer<std::optional<report::TimeSpan>> compared_with(const Request& request,
                                                      const report::TimeSpan& span) {
  const auto from = TRY(request.query.time("compare_from"));
  const auto to = TRY(request.query.time("compare_to"));
  if (!from && to) return wrong_range("compare_to", "it needs compare_from");
  if (!from) return std::nullopt;
  auto compared =
      report::checked({.from = *from, .to = to.value_or(*from + span.length())}, request.now);
  if (!compared) return wrong_range("compare_from", compared.error().text);
  report::note_overlap(span, *compared);
  return *std::move(compared);
}

Answer<Reply> with_report(const Request& request, Desk& desk,
                          const std::function<Reply(publish::PeriodReport&)>& make) {
  const Known session = TRY(known_session(request.names.front(), desk));
  const Range range = TRY(request.query.range());
  auto span = report::checked(
      {.from = range.from, .to = range.to, .until_now = !request.query.text("to")}, request.now);
  if (!span) return wrong_range("from", span.error().text);
  const std::string version = desk.service().status().version;
  report::Question question{.version = version, .span = *std::move(span)};
  question.step = TRY(whole_step(request.query));
  question.compared = TRY(compared_with(request, question.span));
  if (question.step &&
      question.span.length() / *question.step >= static_cast<std::int64_t>(kMostWindows))
    return wrong_step(
        fmt::format("more than {} windows: ask for a shorter range, or for a step of {} or more",
                    kMostWindows, length_text(fitting_step(question.span.length(), kMostWindows))));
  store::Reader* const reader = TRY(desk.reader());
  // Of one that is new nothing is kept: a report without data.
  const store::SessionRow row =
      session.row.value_or(store::SessionRow{.id = UINT32_MAX, .info = {.name = session.name}});
  auto report = TRY(desk.kept(report::read_report(*reader, row, question, [] {})));
  return make(report);
}

// Letters that every system takes in a name of a file.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-';
    name += plain ? c : '_';
  }
  constexpr std::size_t kMost = 60;
  return name.substr(0, kMost);
}

// "office-loss-2026-01-31T12_00Z.svg".
std::string file_name(const publish::Period& period, std::string_view plot) {
  std::string begin = publish::human_time(period.from);
  std::ranges::replace(begin, ' ', 'T');
  return plain_name(period.session) + fmt::format("-{}-{}Z.svg", plot, plain_name(begin));
}

// What is in its style sheet, so that a policy can permit that and nothing else (CSP 3, 8.3).
std::string style_hash(std::string_view svg) {
  constexpr std::string_view kBegin = "<style>";
  const std::size_t begin = svg.find(kBegin) + kBegin.size();
  const std::string_view style = svg.substr(begin, svg.find("</style>") - begin);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(style.data(), style.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, std::size_t{2} * EVP_MAX_MD_SIZE> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return "sha256-" + std::string(text.begin(), text.begin() + length);
}

}  // namespace

Answer<Reply> answer_report(const Request& request, Desk& desk) {
  const bool windows = TRY(request.query.choice("windows")).value_or("all") == "all";
  return with_report(request, desk, [windows](publish::PeriodReport& report) {
    report.period.tells_windows = windows;
    if (report.before) report.before->tells_windows = windows;
    return Reply{.body = publish::period_json(report)};
  });
}

Answer<Reply> answer_plot(const Request& request, Desk& desk) {
  const auto plots = report::named_plots();
  const std::string word = TRY(request.query.choice("plot")).value_or(std::string(plots[0].name));
  // The table of parameters takes no other word than these.
  const auto plot = std::ranges::find(plots, word, &report::NamedPlot::name);
  report::PlotLook look{
      .width = static_cast<unsigned>(TRY(request.query.count("width")).value_or(960)),
      .height = static_cast<unsigned>(TRY(request.query.count("height")).value_or(340))};
  if (const auto theme = TRY(request.query.choice("theme")))
    look.theme = *theme == "dark" ? publish::PlotTheme::Dark : publish::PlotTheme::Light;
  return with_report(request, desk, [&](const publish::PeriodReport& report) {
    Reply reply{.type = "image/svg+xml", .body = report::plot_of(report, plot->kind, look)};
    // Shown in a page or kept as a file; opened by itself it still has its colours.
    reply.headers = {{"Content-Disposition",
                      fmt::format("inline; filename=\"{}\"", file_name(report.period, plot->name))},
                     {"Content-Security-Policy",
                      fmt::format("default-src 'none'; style-src '{}'; frame-ancestors 'none'",
                                  style_hash(reply.body))}};
    return reply;
  });
}

}  // namespace wirestamp::api
