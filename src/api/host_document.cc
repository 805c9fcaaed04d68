// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <span>

#include "api/answer_shape.h"
#include "api/host_status.h"
#include "publish/document.h"
#include "publish/window_document.h"

namespace wirestamp::publish {

namespace {

using api::HostAnswer;
using api::InterfaceStatus;

constexpr std::string_view kToldByDriver = "where its driver says";
constexpr std::string_view kToldByKernel = "where the kernel says";

template <auto Member>
constexpr auto driver_row(std::string_view path, std::string_view meaning) {
  return row<[](const InterfaceStatus& of) {
    return of.stamps_told ? std::optional(of.*Member) : std::nullopt;
  }>(path, kToldByDriver, meaning);
}
template <auto Member>
constexpr auto clock_row(std::string_view path, std::string_view meaning) {
  return row<[](const HostAnswer& of) {
    return of.host.clock.told ? std::optional(of.host.clock.*Member) : std::nullopt;
  }>(path, kToldByKernel, meaning);
}

std::span<const Percentile> schedule_percentiles() {
  static const std::array<Percentile, 4> kTold{
      Percentile{"p50", 500'000}, Percentile{"p95", 950'000}, Percentile{"p99", 990'000},
      Percentile{"p99.9", 999'000}};
  return kTold;
}

struct ScheduleErrorType {
  static constexpr std::string_view kName = "values", kSuffix = "";
};
void write_schedule_error(JsonWriter& json, std::string_view key, const HostAnswer& of) {
  write_values(json, key, of.schedule_error, schedule_percentiles());
}

}  // namespace

template <>
struct Shape<InterfaceStatus> {
  using T = InterfaceStatus;
  static constexpr std::string_view kName = "interface", kMeaning = "An interface of this host.";
  static constexpr std::array kRows{
      row<&T::name>("name", kAlways, "as the system names it"),
      row<&T::index>("index", kAlways, "its number; `interface` of a sample"),
      row<&T::up>("up", kAlways, "it is set up"),
      row<&T::running>("running", kAlways, "it has a carrier"),
      row<[](const T& of) { return of.mtu == 0 ? std::nullopt : std::optional(of.mtu); }>(
          "mtu", "where known", "octets of a packet at most"),
      row<&T::addresses>("addresses", kAlways, "with the length of their prefix"),
      driver_row<&T::transmit_software>("stamps.transmit_software",
                                        "it stamps in software what leaves"),
      driver_row<&T::receive_software>("stamps.receive_software", "the same of what arrives"),
      driver_row<&T::transmit_hardware>("stamps.transmit_hardware",
                                        "it stamps in hardware what leaves"),
      driver_row<&T::receive_hardware>("stamps.receive_hardware", "the same of what arrives"),
      row<[](const T& of) { return unless_empty(of.stamps_reason); }>(
          "stamps.reason", "where it is less than all, or is not used", "why, for a person"),
  };
};

template <>
struct Shape<HostAnswer> {
  using T = HostAnswer;
  static std::optional<std::string> step_time(const T& of) {
    if (!of.clock_step) return std::nullopt;
    return rfc3339(of.clock_step->event.wall);
  }
  static constexpr std::string_view kName = "host",
                                    kMeaning = "The host that the agent measures from.";
  static constexpr std::string_view kStepped = "when one is kept";
  static constexpr std::array kRows{
      row<[](const T& of) -> const auto& { return of.host.name; }>("name", kAlways,
                                                                   "as it calls itself"),
      row<[](const T& of) -> const auto& { return of.host.kernel; }>(
          "kernel", kAlways, "its name, release and machine"),
      row<[](const T& of) {
        return of.host.processors == 0 ? std::nullopt : std::optional(of.host.processors);
      }>("processors", "where known", "that the agent may run on"),
      row<&T::version>("agent.version", kAlways, "of the program"),
      row<[](const T& of) { return rfc3339(of.began); }>("agent.began", kAlways,
                                                         "when the agent did, RFC 3339, UTC"),
      row<[](const T& of) { return of.now - of.began; }>("agent.uptime_ns", kAlways,
                                                         "since then, by the wall clock"),
      row<[](const T& of) { return rfc3339(of.now); }>("clock.now", kAlways, "RFC 3339, UTC"),
      row<[](const T& of) { return unless_empty(of.host.clock.source); }>(
          "clock.source", kToldByKernel, "what it counts time by"),
      clock_row<&api::ClockStatus::synchronised>("clock.synchronised",
                                                 "something disciplines the clock to UTC"),
      clock_row<&api::ClockStatus::maximum_error>(
          "clock.maximum_error_ns",
          "bound of its error against UTC: one-way delays are worth this"),
      clock_row<&api::ClockStatus::estimated_error>("clock.estimated_error_ns",
                                                    "what its error probably is"),
      clock_row<&api::ClockStatus::offset>("clock.offset_ns",
                                           "known, and still to be corrected by slewing"),
      clock_row<&api::ClockStatus::rate_ppb>(
          "clock.rate_ppb", "by which the rate of the oscillator is corrected, 10^-9"),
      row<[](const T& of) {
        return of.host.clock.epoch == 0 ? std::nullopt : std::optional(of.host.clock.epoch);
      }>("clock.epoch", "once there are windows",
         "the newest of all windows: it counts up when the clock was set"),
      row<[](const T& of) { return step_time(of); }>(
          "clock.last_step_at", kStepped, "when the wall clock was set last, RFC 3339, UTC"),
      row<[](const T& of) { return of.clock_step ? of.clock_step->event.change : std::nullopt; }>(
          "clock.last_step_change_ns", kStepped, "by how much; forward is positive"),
      row<[](const T& of) {
        return of.clock_step ? std::optional(of.clock_step->id) : std::nullopt;
      }>("clock.last_step_event", kStepped, "id of the event"),
      row<[](const T& of) { return of.host.socket_drops; }>(
          "dropped.sockets", kToldByKernel,
          "datagrams that found the queue of a socket of the agent full, since it was opened"),
      row<&T::samples_dropped>("dropped.samples", kAlways,
                               "samples lost between measuring and keeping them"),
      row<[](const T& of) { return of.host.items_dropped; }>(
          "dropped.items", kAlways, "windows and events lost between measuring and keeping them"),
      row<&T::store_dropped>("dropped.store", kAlways,
                             "windows, samples and events that found no room"),
      told<T, &write_schedule_error, ScheduleErrorType>(
          "schedule_error_ns", kAlways,
          "sent minus scheduled, of all probes since the agent began"),
      row<[](const T& of) -> const auto& { return of.host.interfaces; }>("interfaces", kAlways,
                                                                         "by index"),
      row<[](const T& of) { return !of.host.more_interfaces; }>(
          "interfaces_complete", kAlways, "false when there are more than are told"),
  };
};

}  // namespace wirestamp::publish

namespace wirestamp::api {

std::string to_json(const HostAnswer& answer) { return publish::answer_text(answer); }

void add_host_shapes(std::vector<publish::DocumentShape>& shapes) {
  publish::add_shapes<InterfaceStatus, HostAnswer>(shapes);
}

}  // namespace wirestamp::api
