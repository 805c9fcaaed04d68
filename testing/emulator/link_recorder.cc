// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "frame.h"
#include "packet_port.h"
#include "process.h"
#include "truth_log.h"

// Records the UDP of one device with the kernel's stamps, a JSON object per line: the capture of
// the accuracy bench. Needs nothing of libpcap, which cannot drop its rights inside a user
// namespace.
//
// An incoming frame has the stamp that the receiving socket gets too. An outgoing one is stamped
// where a capture stamps it: before the driver, some microseconds earlier than the socket's
// transmit stamp.
namespace {

using namespace wirestamp;
using namespace wirestamp::emulator;

constexpr int kUsage = 2, kImpossible = 3;
constexpr std::size_t kLargestFrame = 65'536 + 18;

struct Options {
  std::string device, log;
  std::uint16_t port = 0;
};

std::optional<Options> parse(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view value = arguments[i + 1];
    if (arguments[i] == "--device")
      options.device = value;
    else if (arguments[i] == "--log")
      options.log = value;
    else if (arguments[i] == "--port")
      std::from_chars(value.data(), value.data() + value.size(), options.port);
  }
  if (arguments.size() != 6 || options.device.empty() || options.log.empty() || options.port == 0)
    return std::nullopt;
  return options;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class Recorder {
 public:
  Recorder(PacketPort port, std::FILE* log, std::uint16_t udp_port)
      : port_(std::move(port)), log_(log), udp_port_(udp_port), buffer_(kLargestFrame) {}

  Result<void> run(int stop) {
    std::array<pollfd, 2> waited{pollfd{.fd = port_.descriptor(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = stop, .events = POLLIN, .revents = 0}};
    while (waited[1].revents == 0) {
      if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR)
        return fail("cannot wait", errno);
      while (const auto arrival = port_.receive(buffer_)) record(*arrival);
    }
    fmt::print(log_.get(), "{{\"end\":true,\"missed\":{}}}\n", port_.missed());
    if (std::fflush(log_.get()) != 0) return fail("the log is incomplete", errno);
    return {};
  }

 private:
  void record(const Arrival& arrival) {
    const base::Bytes frame(buffer_.data(), arrival.size);
    const auto udp = parse_udp(frame);
    if (!udp || (udp->source_port != udp_port_ && udp->destination_port != udp_port_)) return;
    const Record known = describe(*udp, frame);
    fmt::print(log_.get(),
               R"({{"way":"{}","stamp_ns":{},"by_kernel":{},"source_port":{},)"
               R"("destination_port":{},"payload":{},"dscp":{})",
               arrival.outgoing ? "out" : "in", arrival.entry.ns(), arrival.by_kernel,
               known.source_port, known.destination_port, known.payload, known.dscp_in);
    if (known.sequence) fmt::print(log_.get(), R"(,"sequence":{})", *known.sequence);
    if (known.sender_sequence) fmt::print(log_.get(), R"(,"octets_24":{})", *known.sender_sequence);
    fmt::print(log_.get(), "}}\n");
  }

  PacketPort port_;
  std::unique_ptr<std::FILE, CloseFile> log_;
  std::uint16_t udp_port_;
  std::vector<std::byte> buffer_;
};

Result<void> run(const Options& options) {
  const int stop = stop_descriptor();
  PacketPort port = TRY(PacketPort::open(options.device, Use::Record));
  std::FILE* log = std::fopen(options.log.c_str(), "we");
  if (log == nullptr) return fail(fmt::format("cannot write {}", options.log), errno);
  Recorder recorder(std::move(port), log, options.port);
  announce_ready();
  return recorder.run(stop);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse({argv + 1, argv + argc});
  if (!options) {
    fmt::print(stderr,
               "link_recorder --device DEV --port UDP_PORT --log FILE\n"
               "Says \"ready\" on standard output, ends on SIGTERM or SIGINT.\n");
    return kUsage;
  }
  const auto done = run(*options);
  if (done) return 0;
  fmt::print(stderr, "link_recorder: {}: {}\n", done.error().text,
             std::generic_category().message(done.error().os_error));
  return kImpossible;
}
