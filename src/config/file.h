// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/source.h"

// The configuration file of the agent, TOML 1.0:
//
//     listen = [":23999"]          # options of the agent itself stand at the top
//
//     [defaults]                   # options of all sessions
//     interval = "500ms"
//
//     [sessions.office]            # a session named "office", with options of its own
//     host = "198.51.100.7"
//     dscp = "EF"
//
// Keys are the names of the option table. A value is written as on the command line; numbers and
// booleans may do without quotes, and an option that may be repeated takes an array.
namespace wirestamp::config {

struct FileSession {
  std::string name;
  std::string place;  // "wirestamp.toml:6"
  Source source;
};

struct File {
  Source agent;
  Source defaults;
  std::vector<FileSession> sessions;  // in the order of the file
};

// A longer one is refused: nobody writes it by hand, and it is read whole.
inline constexpr std::size_t kLargestFile = 4'000'000;
inline constexpr std::size_t kMostSessions = 4'096;
inline constexpr std::size_t kLongestSessionName = 64;

// `path` is for the errors and origins, which are PATH:LINE. Fails at the first thing that is
// wrong: what TOML does not allow, an unknown key (naming the nearest), a key that belongs
// elsewhere, a value of the wrong kind, text that is not UTF-8. What the values mean is checked by
// resolve().
Result<File> read_file(std::string_view text, const std::string& path);

// Letters, digits, '-', '_' and '.', not too many of them: sessions are named in URLs and metrics.
// So "." and ".." are no names.
bool is_session_name(std::string_view name);
inline constexpr std::string_view kNoDots =
    ", but not '.' or '..', which no address of the API can have";

}  // namespace wirestamp::config
