// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/host_status.h"

namespace wirestamp::cli {

// What the system says of this host now; the rest of it is the caller's. Asks the kernel some
// hundred times: for a thread that may wait.
api::HostStatus ask_host();

}  // namespace wirestamp::cli
