// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/top_feed.h"
#include "term/canvas.h"

// The sessions of an agent as a table.
namespace wirestamp::cli {

enum class TopOrder : std::uint8_t { Trouble, Name, Median, Tail, Loss, Jitter };

// How bad the state of a session is; the larger the worse.
int trouble_of(const client::Session& session);

// Of the newest minute that is decided; of a session that has none yet, all that is decided so far.
// Null: there are none.
const client::Figures* figures_of(const client::Session& session);
// They are those of a session that has no minute yet.
bool has_first_figures(const client::Session& session);

// Those whose name, host or state holds `filter`, in order; `reverse` turns it round.
std::vector<const client::Session*> chosen_sessions(const std::vector<client::Session>& all,
                                                    const std::string& filter, TopOrder order,
                                                    bool reverse);

struct TopColumns {
  int state = 0, name = 0, p50 = 0, p99 = 0, there = 0, back = 0, jitter = 0, incident = 0,
      since = 0, spark = 0;  // columns of each; 0: it has no room
};
// How they share so many columns of a terminal; `longest`: of the names, as longest_name().
TopColumns top_columns(int columns, int longest);
int longest_name(const std::vector<const client::Session*>& sessions, term::Glyphs shown);

void draw_top_header(term::Canvas& canvas, int row, const TopColumns& columns, TopOrder order);
// `stale`: the agent has not answered since.
void draw_top_row(term::Canvas& canvas, int row, const TopColumns& columns,
                  const client::Session& session, const client::Sparkline* sparkline, WallTime now,
                  bool stale);

// "3 sessions: 2 up, 1 silent; 1 incident open", and what the mark before figures says.
std::string top_counts(const std::vector<client::Session>& sessions);
// A share in five columns: "0%", "<.01%", "12.3%".
std::string short_percent(double ratio);

}  // namespace wirestamp::cli
