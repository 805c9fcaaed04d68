// SPDX-License-Identifier: Apache-2.0
//
// `wirestamp top`: an agent's sessions, as its API tells them.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "api/values.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/streams.h"
#include "cli/terminal_view.h"
#include "cli/top_feed.h"
#include "cli/top_screen.h"
#include "cli/top_table.h"
#include "packet/address.h"
#include "platform/process.h"
#include "platform/secret_file.h"
#include "platform/system_clock.h"
#include "platform/terminal.h"

namespace wirestamp::cli {

namespace {

using config::Key;

constexpr int kPrintedColumns = 132;

// "http://127.0.0.1:23999": where an agent with this value of --api listens.
Result<std::string> url_of(const config::Settings& settings) {
  const auto api = settings.get<config::ListenOrNone>(Key::Api);
  if (!api || (!api->at && api->url.empty()))
    return fail("--api none names no agent: give the address of its API");
  if (!api->url.empty()) return api->url.substr(0, api->url.find_last_not_of('/') + 1);
  const auto any = packet::IpAddress::parse("127.0.0.1");
  // One that listens everywhere listens here.
  const packet::IpAddress address =
      api->at->address && !api->at->address->is_any() ? *api->at->address : *any;
  const bool secure = !settings.text(Key::ApiCertificate).empty();
  return fmt::format("{}://{}", secure ? "https" : "http",
                     api::url_authority(packet::Endpoint{address, api->at->port}, api->at->zone));
}

Result<client::FetchOptions> fetch_options(const config::Settings& settings) {
  client::FetchOptions options;
  options.url = TRY(url_of(settings));
  options.user_agent = fmt::format("wirestamp/{}", kVersion);
  options.ca_file = settings.text(Key::ApiCertificate);
  if (const std::string file = settings.text(Key::ApiTokenFile); !file.empty()) {
    options.token = TRY(platform::read_secret(file));
    if (!options.url.starts_with("https://") && !config::names_this_host(options.url))
      return fail(
          fmt::format("the token would go to {} for everybody on the way to read: agents beyond "
                      "this host speak https, see --api-certificate",
                      client::shown_address(options.url)));
  }
  return options;
}

// One table for a file, a pipe or a terminal without a screen.
int print_table(client::Fetch& agent) {
  platform::SystemClock clock;
  TopNews news;
  TopAsker asker(agent, clock);
  if (!asker.ask({}, news)) {
    complain(news.problem->text);
    return kRefused;
  }
  // A table is printed once: there is no next turn for the others.
  for (int turn = 0; turn < 10 && asker.ask_first_figures({}, news); ++turn) {
  }
  if (news.sessions->empty()) {
    complain("the agent has no sessions: `wirestamp agent NAME=HOST`, or in its file");
    return kNoReply;
  }
  const int columns =
      std::max(static_cast<int>(platform::terminal_columns(stdout).value_or(kPrintedColumns)), 40);
  const auto glyphs = glyphs_of_terminal(stdout);
  const auto chosen = chosen_sessions(*news.sessions, "", TopOrder::Trouble, false);
  const TopColumns layout = top_columns(columns, longest_name(chosen, glyphs));
  const auto row_of = [&](auto draw) {
    term::Canvas canvas({.columns = columns, .rows = 1}, glyphs);
    draw(canvas);
    return canvas.text();
  };
  std::string text = top_counts(*news.sessions) + "\n";
  text +=
      row_of([&](term::Canvas& canvas) { draw_top_header(canvas, 0, layout, TopOrder::Trouble); });
  const WallTime now = clock.now().wall;
  for (const client::Session* session : chosen) {
    const auto line = news.sparklines.find(session->name);
    text += row_of([&](term::Canvas& canvas) {
      draw_top_row(canvas, 0, layout, *session,
                   line == news.sparklines.end() ? nullptr : &line->second, now, false);
    });
  }
  return print(text);
}

std::atomic<bool> stopped{false};

int show_screen(std::unique_ptr<client::Fetch> agent, std::atomic<bool>& cancel,
                const std::string& address, const std::string& colours) {
  auto view = TerminalView::open(stdout, colours);
  if (!view) {
    complain(view.error().text);
    return kRefused;
  }
  TerminalView& shown = **view;
  platform::SystemClock clock;
  TopScreen screen(address);
  {
    TopFeed feed(std::move(agent), cancel, [&shown] { shown.wake(); });
    bool gone = false, ended = false;
    while (!gone && !ended && !stopped.load(std::memory_order_relaxed)) {
      const TerminalView::News news = shown.wait();
      const std::shared_ptr<const TopNews> told = feed.news();
      for (const term::Key& key : news.keys) ended = ended || screen.on_key(key, *told);
      gone = news.gone;
      shown.show(screen.draw(shown.size(), shown.glyphs(), *told, clock.now().wall));
      feed.wish(screen.wish());
    }
  }
  view->reset();
  return kMeasured;
}

}  // namespace

int run_top(const config::Settings& settings) {
  auto options = fetch_options(settings);
  if (!options) {
    complain(options.error().text);
    return kUsage;
  }
  std::atomic<bool> cancel{false};
  auto agent = client::make_fetch(*options, cancel);
  if (!agent) {
    complain(agent.error().text);
    return kRefused;
  }
  if (!platform::terminal_traits(stdout).screen) return print_table(**agent);
  platform::on_stop_signal([]() noexcept { stopped.store(true, std::memory_order_relaxed); });
  return show_screen(std::move(*agent), cancel, options->url, settings.text(Key::Color));
}

}  // namespace wirestamp::cli
