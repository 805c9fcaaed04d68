// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/incident.h"
#include "measure/window.h"
#include "publish/document_reference.h"
#include "time/duration.h"

// The host that the agent measures from: what its figures are worth.
namespace wirestamp::api {

struct InterfaceStatus {
  std::string name;
  std::uint32_t index = 0, mtu = 0;
  bool up = false, running = false;    // set up; has a carrier
  std::vector<std::string> addresses;  // "192.0.2.1/24"
  bool stamps_told = false;            // the driver said what it stamps
  bool transmit_software = false, receive_software = false;
  bool transmit_hardware = false, receive_hardware = false;
  std::string stamps_reason;  // why not all; ""
};

struct ClockStatus {
  std::string source;  // that the kernel counts by; "" when it is not known
  bool told = false;   // what follows
  bool synchronised = false;
  Duration maximum_error, estimated_error, offset;
  std::int64_t rate_ppb = 0;
  std::uint32_t epoch = 0;  // newest of all windows; 0: none yet
};

struct HostStatus {
  std::string name, kernel;
  unsigned processors = 0;  // that the agent may run on; 0: not known
  std::vector<InterfaceStatus> interfaces;
  bool more_interfaces = false;
  ClockStatus clock;
  // What this host lost itself since the agent began.
  std::optional<std::uint64_t> socket_drops;  // datagrams; absent: not known
  std::uint64_t items_dropped = 0;            // windows and events between the threads
};

// With what the API knows by itself.
struct HostAnswer {
  HostStatus host;
  std::string version;
  WallTime began, now;
  std::uint64_t samples_dropped = 0, store_dropped = 0;
  measure::Values schedule_error;                    // of all sessions since the agent began
  std::optional<measure::RecordedEvent> clock_step;  // the last that is kept
};

std::string to_json(const HostAnswer& answer);
void add_host_shapes(std::vector<publish::DocumentShape>& shapes);

}  // namespace wirestamp::api
