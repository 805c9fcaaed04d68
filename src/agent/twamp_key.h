// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "twamp/shared_key.h"

namespace wirestamp::agent {

// Who records a set-up can try passphrases on it at leisure, short ones first.
inline constexpr std::size_t kShortestPassphrase = 8;

// The passphrase of TWAMP from its file (platform/secret_file.h): one line of printable ASCII
// (RFC 4656 3.1), for its owner alone to read. Errors name file and what is allowed; nothing of the
// passphrase is in them.
Result<twamp::SharedKey> read_twamp_key(const std::string& path, const std::string& key_id);

}  // namespace wirestamp::agent
