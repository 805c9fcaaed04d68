// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the test tools have in common as processes.
namespace wirestamp::emulator {

// Becomes readable on SIGTERM or SIGINT, which no longer end the process by themselves.
int stop_descriptor();

// Waits until the kernel's receive stamping is certainly on, then says "ready" on standard output.
// Call it when the sockets are open.
void announce_ready();

}  // namespace wirestamp::emulator
