// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/reflect.h"
#include "base/result.h"
#include "net/packet_io.h"
#include "session/reflector_policy.h"

// What a reflector begins with, alone or beside the sessions of an agent.
namespace wirestamp::agent {

// Opens every port or fails; what was opened before stays with `io`.
Result<ReflectStart> open_reflector_ports(net::PacketIo& io, const ReflectOptions& options);

// Whom it answers. The notes of `start` hear of what could not be found out.
session::PolicyOptions reflector_policy(const ReflectOptions& options, ReflectStart& start);

}  // namespace wirestamp::agent
