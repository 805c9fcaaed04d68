// SPDX-License-Identifier: Apache-2.0
#include "api/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "api/headers.h"

namespace wirestamp::api {

namespace {

// Of the octets as they are sent: packed ones are another form, with a tag of its own.
std::string tag_of(std::string_view octets) {
  return fmt::format("\"{:016x}\"", std::hash<std::string_view>()(octets));
}

}  // namespace

std::span<const Route> page_routes() {
  static const std::vector<Route> kRoutes = [] {
    std::vector<Route> made;
    for (const PageFile& file : page_files())
      made.push_back({.method = "GET",
                      .path = file.path,
                      .id = "page",
                      .summary = "A file of the web page.",
                      .access = Access::Open,
                      .place = Place::Here,
                      .answer = answer_page});
    return made;
  }();
  return kRoutes;
}

Answer<Reply> answer_page(const Request& request, Desk&) {
  const auto files = page_files();
  const auto file = std::ranges::find(files, request.route->path, &PageFile::path);
  const bool packed = takes_gzip(request.encodings) && file->packed.size() < file->plain.size();
  const std::string_view octets = packed ? file->packed : file->plain;
  const std::string tag = tag_of(octets);
  // It may be kept, and is asked for again each time: a newer agent has a newer page.
  Reply reply{
      .headers = {{"Cache-Control", "no-cache"}, {"ETag", tag}, {"Vary", "Accept-Encoding"}}};
  if (has_tag(request.if_none_match, tag)) {
    reply.status = 304;
    reply.type.clear();
    return reply;
  }
  reply.type = file->type;
  reply.body = octets;
  if (packed) reply.headers.emplace_back("Content-Encoding", "gzip");
  return reply;
}

}  // namespace wirestamp::api
