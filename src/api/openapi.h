// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "api/service.h"

namespace wirestamp::api {

// The OpenAPI 3.1 document of all routes, made from their table and from the shapes of the answers.
// `reflector`: its counters are described one by one, its figures are not looked at.
std::string openapi_document(std::string_view version, const ReflectorStatus& reflector);

}  // namespace wirestamp::api
