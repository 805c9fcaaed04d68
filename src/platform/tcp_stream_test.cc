// SPDX-License-Identifier: Apache-2.0
#include "platform/tcp_stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

namespace wirestamp::platform {
namespace {

int option_of(const TcpStream& stream, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(stream.descriptor(), level, option, &value, &size), 0);
  return value;
}

std::optional<TcpStream> accept_one(const Listener& listener) {
  std::optional<TcpStream> accepted;
  bool exhausted = false;
  while (!accepted && !exhausted) {
    std::array awaited{Awaited{.descriptor = listener.socket.get()}};
    wait_for(awaited, std::nullopt);
    accepted = TcpStream::accept(listener, exhausted);
  }
  return accepted;
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
    const auto accepted = accept_one(*listener);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(option_of(*accepted, IPPROTO_IP, IP_TOS), traffic_class);
  }
}

TEST(TcpStream, a_link_local_listener_without_its_interface_is_advised_to_name_it) {
  const auto listener = listen_tcp({packet::IpAddress::parse("fe80::1").value(), 9'100, 0});
  ASSERT_FALSE(listener);
  if (listener.error().os_error == EAFNOSUPPORT) GTEST_SKIP() << "no IPv6 here";
  EXPECT_NE(listener.error().text.find("name its interface as in [fe80::1%eth0]:9100"),
            std::string::npos)
      << listener.error().text;
}

TEST(TcpStream, a_listener_everywhere_takes_both_families) {
  const auto listener =
      listen_tcp({packet::IpAddress::any(packet::Family::V6), 0, 0}, Families::Both);
  ASSERT_TRUE(listener) << listener.error().text;
  std::vector families{packet::Family::V4};
  if (listener->at.address.family() == packet::Family::V6) families.push_back(packet::Family::V6);
  for (const packet::Family family : families) {
    const packet::Endpoint to{packet::IpAddress::loopback(family), listener->at.port, 0};
    const auto client =
        TcpStream::connect({.to = to, .source = {}, .device = {}, .traffic_class = 0});
    ASSERT_TRUE(client) << client.error().text;
    const auto accepted = accept_one(*listener);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->remote().address, to.address) << "an IPv4 client has an IPv4 address";
  }
}

// A crashed client is found when it is back, and an outage of minutes ends no connection.
TEST(TcpStream, asks_a_silent_client_whether_it_is_alive) {
  const auto listener = listen_tcp({packet::IpAddress::loopback(packet::Family::V4), 0, 0});
  ASSERT_TRUE(listener) << listener.error().text;
  const auto client =
      TcpStream::connect({.to = listener->at, .source = {}, .device = {}, .traffic_class = 0});
  ASSERT_TRUE(client) << client.error().text;
  const auto accepted = accept_one(*listener);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(option_of(*accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(*accepted, IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option_of(*accepted, IPPROTO_TCP, TCP_KEEPINTVL), 30);
  EXPECT_EQ(option_of(*accepted, IPPROTO_TCP, TCP_KEEPCNT), 30);
}

}  // namespace
}  // namespace wirestamp::platform
