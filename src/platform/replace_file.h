// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wirestamp::platform {

// Writes a file with this content, with the permissions of the one that is there. What was there
// stays until all of the new one is written. Devices and symbolic links are written to.
Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace wirestamp::platform
