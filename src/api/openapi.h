// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace wirestamp::api {

// The OpenAPI 3.1 document of all routes, made from their table and from the shapes of the answers.
std::string openapi_document(std::string_view version);

}  // namespace wirestamp::api
