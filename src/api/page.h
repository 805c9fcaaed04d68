// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "api/routes.h"

// The web page: files of ui/dist that stand in the program. They hold no data, so everybody may
// have them; what the page then asks for is guarded.
namespace wirestamp::api {

// A row of the table in src/api/CMakeLists.txt. All of it lives as long as the program.
struct PageFile {
  std::string_view path;  // "/app.js"
  std::string_view type;
  std::string_view plain, packed;  // the same octets, as they are and by gzip
};

std::span<const PageFile> page_files();

// A route for each of them. They are no part of the OpenAPI document.
std::span<const Route> page_routes();

// The file of that path, packed where the client takes that; 304 when it has it already.
Answer<Reply> answer_page(const Request& request, Desk& desk);

}  // namespace wirestamp::api
