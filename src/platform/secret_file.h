// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace wirestamp::platform {

// The text of a file that holds a secret, without the line end behind it. Refused, with the reason:
// a file that others than its owner may read or write, one that is no regular file, is empty or
// larger than 4 KiB, or has more than one line. The text is in none of the errors.
Result<std::string> read_secret(const std::string& path);

// The same of a file with any number of lines, of 256 KiB at most. It may be empty, and zero octets
// are the caller's to refuse. The text is in one place only: wipe it there.
Result<std::string> read_secret_lines(const std::string& path);

}  // namespace wirestamp::platform
