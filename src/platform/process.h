// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace wirestamp::platform {

// The environment variables, in the system's order.
std::vector<std::pair<std::string, std::string>> environment();

// Calls `handler` at the first SIGINT, SIGTERM or SIGHUP, from a signal handler: it may only do
// what is async-signal-safe. The second one, whichever it is, ends the process as if nothing had
// been installed. A SIGHUP that is ignored (`nohup`) stays ignored, and one that reloads does so.
void on_stop_signal(void (*handler)() noexcept);

// Calls `handler` when a second one of these ends the process, from a signal handler, before it
// does; null: nothing is called. For what must not be left as it is: a terminal.
void on_last_signal(void (*handler)() noexcept);

// Calls `handler` at each SIGHUP that somebody sends, from a signal handler: it may only do what is
// async-signal-safe. Before or after on_stop_signal(); such a SIGHUP stops nothing then, also where
// it was ignored before. That of the kernel, to those in the foreground of a terminal that is
// closed, stops as without this, unless SIGHUP was ignored: then it is a reload, too.
void on_reload_signal(void (*handler)() noexcept);

// Calls `handler` at each SIGUSR1, from a signal handler: it may only do what is async-signal-safe.
// Before, SIGUSR1 ends the process.
void on_question_signal(void (*handler)() noexcept);

// The name of this host, as it calls itself; "" when it has none.
std::string host_name();

// Standard input, output and error that the process was started without are opened so that using
// them fails, as it did. Else a socket or a file would take their number and get what is printed.
void fill_standard_descriptors();

// A write to a pipe that nobody reads, or beyond the largest size of a file, fails instead of
// ending the process.
void ignore_broken_pipes();

}  // namespace wirestamp::platform
