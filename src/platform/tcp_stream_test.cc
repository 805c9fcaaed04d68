// SPDX-License-Identifier: Apache-2.0
#include "platform/tcp_stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>

namespace wirestamp::platform {
namespace {

int class_of(const TcpStream& stream) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(stream.descriptor(), IPPROTO_IP, IP_TOS, &value, &size), 0);
  return value;
}

// RFC 5357 3.1. ECN is the system's.
//= RFC5357:tcp-dscp
TEST(TcpStream, answers_with_the_class_that_the_client_began_with) {
  const auto listener = listen_tcp({packet::IpAddress::loopback(packet::Family::V4), 0, 0});
  ASSERT_TRUE(listener) << listener.error().text;
  keep_first_packets(*listener);
  for (const std::uint8_t traffic_class :
       {std::uint8_t{0}, std::uint8_t{0x28}, std::uint8_t{0xb8}}) {
    const auto client = TcpStream::connect(
        {.to = listener->at, .source = {}, .device = {}, .traffic_class = traffic_class});
    ASSERT_TRUE(client) << client.error().text;
    std::optional<TcpStream> accepted;
    while (!accepted) {
      std::array awaited{Awaited{.descriptor = listener->socket.get()}};
      wait_for(awaited, std::nullopt);
      bool exhausted = false;
      accepted = TcpStream::accept(*listener, exhausted);
      ASSERT_FALSE(exhausted);
    }
    EXPECT_EQ(class_of(*accepted), traffic_class);
  }
}

}  // namespace
}  // namespace wirestamp::platform
