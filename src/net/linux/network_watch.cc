// SPDX-License-Identifier: Apache-2.0
#include "net/linux/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace wirestamp::net_linux {

namespace {

using packet::NetworkChangeKind;
using platform::Descriptor;

constexpr int kMostReads = 64;
// A full queue of the smallest messages, and what comes while we read it.
constexpr int kMostDiscarded = 8'192;
constexpr std::size_t kMostNews = 1'024;
constexpr std::size_t kLargestMessage = 65'536;  // a link with many virtual functions is large

constexpr std::uint32_t kGroups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                  RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_NEIGH;

Descriptor netlink_socket(std::uint32_t groups) {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = groups;
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    return {};
  return socket;
}

// The size of a message of the kernel; 0 for one of anybody else, -1 when there is none.
ssize_t receive(int fd, base::MutableBytes octets, int flags) {
  sockaddr_nl from{};
  iovec data{octets.data(), octets.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(fd, &message, flags | MSG_TRUNC);
  if (size < 0 || from.nl_pid == 0) return size;
  return 0;
}

bool ask_for_all(int fd, std::uint16_t type) {
  struct {
    nlmsghdr header{};
    rtgenmsg body{};
  } request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.rtgen_family = AF_UNSPEC;
  return ::send(fd, &request, request.header.nlmsg_len, 0) >= 0;
}

}  // namespace

NetworkWatch::NetworkWatch() : socket_(netlink_socket(kGroups)), octets_(kLargestMessage) {
  if (socket_) learn_present();
}

// What is there now is no change.
void NetworkWatch::learn_present() {
  std::vector<packet::NetworkChange> unused;
  for (const std::uint16_t type : {RTM_GETLINK, RTM_GETADDR}) {
    const Descriptor socket = netlink_socket(0);
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    if (!socket ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
      return;
    if (!ask_for_all(socket.get(), type)) return;
    while (!state_.take_done()) {
      const ssize_t size = receive(socket.get(), octets_, 0);
      if (size < 0) return;
      const auto whole = std::min(static_cast<std::size_t>(size), octets_.size());
      state_.read(base::Bytes(octets_).first(whole), unused);
    }
  }
}

// Messages were lost: nothing that we know needs be so any more, and what is still in the queue is
// older than what we ask for now.
void NetworkWatch::overrun() {
  for (int n = 0; n < kMostDiscarded; ++n)
    if (receive(socket_.get(), octets_, MSG_DONTWAIT) < 0 && errno != ENOBUFS) break;
  news_.assign(1, packet::NetworkChange{});
  ++address_changes_;
  state_ = NetworkState();
  learn_present();
}

void NetworkWatch::read() {
  for (int n = 0; socket_ && n < kMostReads; ++n) {
    const ssize_t size = receive(socket_.get(), octets_, MSG_DONTWAIT);
    const bool lost = size < 0 ? errno == ENOBUFS : static_cast<std::size_t>(size) > octets_.size();
    if (lost) return overrun();
    if (size < 0) return;
    const std::size_t before = news_.size();
    state_.read(base::Bytes(octets_).first(static_cast<std::size_t>(size)), news_);
    for (std::size_t i = before; i < news_.size(); ++i)
      if (news_[i].kind == NetworkChangeKind::AddressAdded ||
          news_[i].kind == NetworkChangeKind::AddressRemoved)
        ++address_changes_;
    if (news_.size() > kMostNews) news_.assign(1, packet::NetworkChange{});
  }
}

bool NetworkWatch::has_new_device() const {
  return std::ranges::any_of(news_, [](const packet::NetworkChange& change) {
    return change.kind == NetworkChangeKind::Unknown || change.kind == NetworkChangeKind::LinkUp ||
           change.kind == NetworkChangeKind::AddressAdded;
  });
}

void NetworkWatch::tell(net::PacketSink& sink) {
  std::vector<packet::NetworkChange> telling;
  telling.swap(news_);
  for (const packet::NetworkChange& change : telling) sink.on_network_change(change);
}

}  // namespace wirestamp::net_linux
