// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/duration.h"

// Asks an agent over HTTP.
namespace wirestamp::client {

struct Answer {
  unsigned status = 0;
  std::string body;
};

// The seam that tests have an agent of their own behind.
class Fetch {
 public:
  virtual ~Fetch() = default;
  // `path`: behind the agent's address, as "/api/v1/sessions". An error: no answer came.
  virtual Result<Answer> get(const std::string& path) = 0;
};

struct FetchOptions {
  std::string url;  // "http://127.0.0.1:23999", without a path; messages have it as shown_address()
  std::string token;    // "": none is sent
  std::string ca_file;  // certificates to trust besides those the system does; "": none
  std::string user_agent;
  Duration connect_timeout = Duration::seconds(5), timeout = Duration::seconds(20);
  std::size_t most_octets = std::size_t{64} << 20U;  // of an answer
};

// The address as it may be shown: scheme, host and port. Before an '@' there may be a password, and
// the path of a proxy may be as secret: it is told as "/...".
std::string shown_address(std::string_view url);

// By libcurl; follows no redirects and uses no proxy, so that the token goes nowhere else. One
// thread. `cancel`, when it becomes true, ends a request within a second; it outlives the object.
Result<std::unique_ptr<Fetch>> make_fetch(const FetchOptions& options,
                                          const std::atomic<bool>& cancel);

}  // namespace wirestamp::client
