// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/ping.h"
#include "base/result.h"
#include "net/packet_io.h"
#include "packet/address.h"
#include "session/session.h"
#include "wire/request_layout.h"

// From what a user asks of a session to what the session core and packet I/O are given.
namespace wirestamp::agent {

session::SessionOptions session_options(const PingOptions& options, const packet::Endpoint& remote);
// What its probes look like, with a key and without one. Fails where that is no packet.
Result<wire::RequestLayout> plan_probe(const PingOptions& options, bool with_key);
// Of each port that the session opens; the port number is the policy's.
net::PortOptions port_options(const PingOptions& options, const packet::Endpoint& remote);

// A session over the one port that the far end was told of, whatever happens.
void keep_to_port(session::SessionOptions& session, const packet::Endpoint& local);
// A probe without TLVs, as long as its answer.
Result<wire::RequestLayout> plan_twamp_probe(const PingOptions& options);

// The host with the zone that it lacks, where --device tells it.
std::string host_to_resolve(const PingOptions& options);

// The one of the host's addresses to measure. `notes`: hears that there was a choice between both
// families. Fails when there is none, or none of the family of --source.
Result<packet::Endpoint> choose_remote(const PingOptions& options,
                                       std::span<const packet::Endpoint> found,
                                       std::vector<std::string>& notes);

}  // namespace wirestamp::agent
