// SPDX-License-Identifier: Apache-2.0
//
// Sends IPv4 packets as they are, again and again, as fast as one thread can.
//
//   flood_load HOST FILE SECONDS
//
// FILE: two octets of length, big-endian, and the packet, and so on; at most 65,536 packets of at
// most 2,048 octets. Needs CAP_NET_RAW. Prints how many left.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "platform/system_clock.h"

namespace wirestamp {
namespace {

constexpr std::size_t kBatch = 64, kMostPackets = 65'536, kMostOctets = 2'048;

std::vector<base::MutableBytes> packets_of(std::vector<std::byte>& file) {
  std::vector<base::MutableBytes> packets;
  base::MutableBytes rest(file);
  while (rest.size() >= 2 && packets.size() < kMostPackets) {
    const std::size_t size = base::load_be<std::uint16_t>(rest, 0);
    if (size > kMostOctets || size > rest.size() - 2) break;
    packets.push_back(rest.subspan(2, size));
    rest = rest.subspan(2 + size);
  }
  return packets;
}

int run(const std::string& host, const std::string& path, unsigned seconds) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const base::Bytes octets = std::as_bytes(std::span(text));
  std::vector<std::byte> file(octets.begin(), octets.end());
  const auto packets = packets_of(file);
  const int fd = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  sockaddr_in remote{};
  remote.sin_family = AF_INET;
  if (packets.empty() || fd < 0 || ::inet_pton(AF_INET, host.c_str(), &remote.sin_addr) != 1) {
    fmt::print(stderr, "flood_load: no packets in {}, no raw socket, or a wrong address\n", path);
    return 1;
  }
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};
  platform::SystemClock clock;
  const MonoTime end = clock.mono_now() + Duration::seconds(seconds);
  std::uint64_t sent = 0;
  for (std::size_t next = 0; clock.mono_now() < end;) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const base::MutableBytes packet = packets[(next + i) % packets.size()];
      vectors[i] = {packet.data(), packet.size()};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &remote;
      messages[i].msg_hdr.msg_namelen = sizeof remote;
    }
    const int count = ::sendmmsg(fd, messages.data(), kBatch, 0);
    next += count > 0 ? static_cast<std::size_t>(count) : 1;  // one that the system refuses
    if (count > 0) sent += static_cast<std::uint64_t>(count);
  }
  ::close(fd);
  fmt::print("{}\n", sent);
  return 0;
}

}  // namespace
}  // namespace wirestamp

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  unsigned seconds = 0;
  if (words.size() == 3) {
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), seconds);
    return wirestamp::run(std::string(words[0]), std::string(words[1]), seconds);
  }
  fmt::print(stderr, "usage: flood_load HOST FILE SECONDS\n");
  return 2;
}
