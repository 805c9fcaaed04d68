// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/reflect.h"
#include "agent/twamp_server.h"
#include "base/result.h"
#include "net/packet_io.h"
#include "session/reflector_policy.h"

// What a reflector begins with, alone or beside the sessions of an agent.
namespace wirestamp::agent {

// Opens every port or fails; what was opened before stays with `io`.
Result<ReflectStart> open_reflector_ports(net::PacketIo& io, const ReflectOptions& options);

// Index of the interface that a zone names; 0 for "".
Result<std::uint32_t> interface_of(const std::string& zone);

// The TWAMP server that was asked for, if one was. `start` hears where it listens.
Result<std::unique_ptr<TwampServer>> open_twamp_server(const ReflectOptions& options,
                                                       const session::PolicyOptions& policy,
                                                       ReflectStart& start);

// Fails where --tlv-hmac contradicts other options: keys for extensions prove nobody.
Result<void> check_tlv_hmac(const ReflectOptions& options, bool has_keys);

// Whom it answers. The notes of `start` hear of what could not be found out.
session::PolicyOptions reflector_policy(const ReflectOptions& options, ReflectStart& start);

}  // namespace wirestamp::agent
