// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/desk.h"
#include "api/problem.h"
#include "api/query.h"

// The one table of what the API answers. The server dispatches by it and the OpenAPI document is
// made of it, so that neither can lack a route, a parameter or an answer.
namespace wirestamp::api {

enum class Access : std::uint8_t {
  Open,   // anybody
  Read,   // anybody on loopback, else with the token or its cookie
  Write,  // with the token or its cookie, everywhere
};

enum class Place : std::uint8_t {
  Here,      // at once, on the thread of the connections: it waits for nothing
  Desk,      // by a thread that may wait for the disk
  Login,     // POST /api/v1/session
  Logout,    // DELETE of the same
  Stream,    // an answer that does not end
  Document,  // the OpenAPI document
};

struct Route;

struct Request {
  const Route* route = nullptr;
  std::vector<std::string> names;  // what stands for {name} and {id} in the path
  Query query;
  std::string type;                      // of the answer: one of the route's
  std::string accept;                    // as it was sent
  std::string encodings, if_none_match;  // Accept-Encoding and If-None-Match; "": none
  WallTime now;
};

struct Route {
  std::string_view method, path;  // "/api/v1/sessions/{name}"
  std::string_view id, summary;
  Access access = Access::Read;
  Place place = Place::Desk;
  std::span<const Parameter> parameters;
  std::span<const std::string_view> types;  // media types of the answer; empty: no content
  std::string_view schema;                  // of a JSON answer
  std::string_view body;                    // schema of the request's body; "" for none
  std::span<const unsigned> problems;       // besides those of every route
  Answer<Reply> (*answer)(const Request& request, Desk& desk) = nullptr;
};

inline bool wants_csv(const Request& request) { return request.type == "text/csv"; }

std::span<const Route> routes();  // without those of the page: api/page.h

// Statuses that each route may answer with.
inline constexpr unsigned kCommonProblems[] = {400, 421};

// The route of a request, of the API or of the page; `names` gets what stands for the names in its
// path. HEAD is GET. A path that nothing answers is 404, one that answers other methods 405 with
// Allow.
Answer<const Route*> find_route(std::string_view method, std::span<const std::string> segments,
                                std::vector<std::string>& names);

// Of the media types offered the one that an Accept header likes best; empty offers fit all.
Answer<std::string> choose_type(std::string_view accept, std::span<const std::string_view> offered);

// GET and HEAD change nothing.
bool is_read(std::string_view method);

}  // namespace wirestamp::api
