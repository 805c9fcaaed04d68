// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace wirestamp::cli {

// docs/reference/options.md tells users.
enum ExitCode : int {
  kMeasured = 0,
  kNoReply = 1,
  kUsage = 2,
  kRefused = 3,
};

}  // namespace wirestamp::cli
