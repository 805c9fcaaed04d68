// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace wirestamp::cli {

// The session of this name. The error names the nearest one, or all of them where they are few.
Result<store::SessionRow> find_session(const std::vector<store::SessionRow>& sessions,
                                       std::string_view name);

}  // namespace wirestamp::cli
