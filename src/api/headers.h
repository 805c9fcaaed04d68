// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Header lines of requests that choose the form of an answer (RFC 9110).
namespace wirestamp::api {

std::string_view without_blanks(std::string_view text);  // at both ends

// "gzip;q=0.5, *": a client that names no coding at all gets none.
bool takes_gzip(std::string_view accept_encoding);

// Whether If-None-Match, "*" or a list, has this entity tag (with its quotes).
bool has_tag(std::string_view if_none_match, std::string_view tag);

// "q=0.5" among parameters with semicolons between them, in thousandths; 1000 where there is none.
unsigned weight_of(std::string_view parameters);

}  // namespace wirestamp::api
