// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// What a server is asked with and what it proves itself with; no error repeats any of it. Who
// checks a configuration says by these what Server::create() would.
namespace wirestamp::api {

// Whether a client can send it in a header, and nobody guesses it.
Result<void> check_token(std::string_view token);
// The text of a PEM file. That both belong together shows when a server begins.
Result<std::string> read_certificate(const std::string& path);
// Of one that its owner alone may read.
Result<std::string> read_certificate_key(const std::string& path);

}  // namespace wirestamp::api
