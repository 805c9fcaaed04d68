// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wirestamp::platform {

// Writes a file with this content, with owner and permissions of the one that is there. What was
// there stays until all of the new one is written. Written to instead are devices, symbolic links,
// and a file whose folder or owner permits no other in its place.
Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace wirestamp::platform
