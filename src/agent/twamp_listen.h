// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/reflect.h"
#include "base/result.h"

namespace wirestamp::agent {

// Whether the TWAMP server that is asked for, if one is, has the key that its modes and the policy
// want: what open_twamp_server() refuses before it listens.
Result<void> check_twamp_server(const ReflectOptions& options);

}  // namespace wirestamp::agent
