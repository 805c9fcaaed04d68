// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/descriptor.h"

namespace wirestamp::platform {

// A network of this host with interfaces, addresses and routes of its own. A thread that enters one
// sees only what is in it: sockets that it opens, the interfaces and routes it asks for and the
// threads that it starts belong there. Other threads stay where they are, and sockets that are open
// already stay where they were opened. So a thread enters before it opens its packet I/O. What is
// read from /sys and /proc/net is still that of the network the program was started in.
class NetworkNamespace {
 public:
  // `name_or_path`: with a '/' a path, as /proc/PID/ns/net; else a name as `ip netns` gives it, of
  // /run/netns or /var/run/netns. Needs no privilege for a named one. Holds it open: it stays while
  // this lives, even when its name is removed. The error of an unknown name lists the known ones.
  static Result<NetworkNamespace> open(std::string_view name_or_path);

  // The calling thread enters, for good. Needs CAP_SYS_ADMIN, in this program and over the
  // namespace; entering the one that the thread is in already needs it as well. After a failure the
  // thread is where it was. Callable from several threads at once.
  Result<void> enter() const;

 private:
  NetworkNamespace(Descriptor descriptor, std::string named)
      : descriptor_(std::move(descriptor)), named_(std::move(named)) {}

  Descriptor descriptor_;
  std::string named_;  // as the user named it
};

}  // namespace wirestamp::platform
