# SPDX-License-Identifier: Apache-2.0
"""A client behind three routers, each of which can lose some flows and carry the others.

    client ---------- r1 ---------- r2 ---------- r3 ---------- server
    10.81.0.1  10.81.0.2 .1.1  .1.2 .2.1  .2.2 .3.1  10.81.3.2
    fd81:0::1  fd81:0::2  ...                        fd81:3::2

A packet whose time to live ends at a router is reported by that router's address on the client's side, before any
filter of its forwarding sees it. So a flow that is dropped at r2 has hops r1 and r2, and nothing behind them.
"""

import errno
import ipaddress
import select
import socket
import struct
import time

from emulator_itself import socket_in
from nat import OLD_PORT, answered_of, split_by
from rig import PATIENCE, PORT, Network, check, check_equal, in_time

FAMILIES = {"v4": (socket.AF_INET, "10.81.{}.{}", 24), "v6": (socket.AF_INET6, "fd81:{}::{}", 64)}
NODES = ("client", "r1", "r2", "r3", "server")
SERVER_HOP = len(NODES) - 1


def address(family, link, host):
    return str(ipaddress.ip_address(FAMILIES[family][1].format(link, host)))


def hop_addresses(family):
    """What answers at distance 1, 2, ...: the side of each node that looks to the client."""
    return [address(family, link, 2) for link in range(SERVER_HOP)]


def target(family):
    host = hop_addresses(family)[-1]
    return f"{host}:{PORT}" if family == "v4" else f"[{host}]:{PORT}"


class Chain:
    def __init__(self, network, name):
        self.network, self.name = network, name
        self.nodes = [f"{name}-{node}" for node in NODES]
        self.client, self.server = self.nodes[0], self.nodes[-1]
        for node in self.nodes:
            network.add_namespace(node)
            # A router asks for a neighbour from its link-local address, which is checked for a second or two first.
            network.sysctl(node, "net/ipv6/conf/default/accept_dad", 0)
        for link, (left, right) in enumerate(zip(self.nodes, self.nodes[1:])):
            network.join(left, f"to{link + 1}", right, f"from{link}")
            for family, (_, _, length) in FAMILIES.items():
                network.ip(left, f"addr add {address(family, link, 1)}/{length} dev to{link + 1} nodad")
                network.ip(right, f"addr add {address(family, link, 2)}/{length} dev from{link} nodad")
        for node in self.nodes[1:-1]:
            for path, value in (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1), ("ipv4/icmp_ratelimit", 0),
                                ("ipv6/icmp/ratelimit", 0)):
                network.sysctl(node, f"net/{path}", value)
        self._route()
        self.reflector = network.reflect(namespace=self.server, listen=[target(f) for f in FAMILIES])

    def _route(self):
        for index, node in enumerate(self.nodes):
            for family, (_, _, length) in FAMILIES.items():
                for link in range(SERVER_HOP):
                    if link not in (index - 1, index):
                        via = address(family, index, 2) if link > index else address(family, index - 1, 1)
                        self.network.ip(node, f"route add {address(family, link, 0)}/{length} via {via}")

    def start_ping(self, *flags, family="v4"):
        return self.network.start_ping("-i", "100ms", *map(str, flags), namespace=self.client, target=target(family))

    def record(self):
        return self.network.record(self.client, "to1")

    def lose_at(self, hop, *rules):
        """The router at this distance drops what the rules say; each ends with its verdict."""
        table = ("table {} lose {{ set first {{ type inet_service; flags dynamic; size 1; }} "
                 "chain f {{ type filter hook forward priority 0; {}; }} }}")
        for layer in ("ip", "ip6"):
            self.network.nft(self.nodes[hop], table.format(layer, "; ".join(rules)))

    def heal(self, hop):
        for layer in ("ip", "ip6"):
            self.network.nft(self.nodes[hop], f"delete table {layer} lose")

    def lose_one_flow(self, hop, port):
        self.lose_at(hop, f"udp sport {port} drop")

    def lose_one_path_of_four(self, hop, port):
        """A quarter of all ports, that of `port` among them, as where a hash of the ports chooses one of four paths.

        Whoever takes a new port by chance meets the same quarter again once in four times. The first new port that
        comes (in each family) is let through whatever it is, so that nothing depends on that; the set has room for
        one."""
        self.lose_at(hop, f"udp sport {port} drop", "udp dport 23999 add @first { udp sport }",
                     "udp sport @first accept", f"udp sport & 3 == {port & 3} drop")


# --- a sweep by plain sockets: the judge of the program's ------------------------------------------------

IP_RECVERR, IPV6_RECVERR = 11, 25
ICMP_ORIGINS = (2, 3)


def offender(sock, level):
    """Address that sent the ICMP error at the head of the error queue; None when there is none."""
    try:
        _, control, _, _ = sock.recvmsg(64, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    for found_level, _, value in control:
        if found_level == level and value[4] in ICMP_ORIGINS:
            family = struct.unpack("H", value[16:18])[0]
            raw = value[20:24] if family == socket.AF_INET else value[24:40]
            return socket.inet_ntop(family, raw)
    return None


def answer(sock, level, seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        poller.poll(left * 1000)
        if found := offender(sock, level):
            return found
        try:
            return sock.recvfrom(2048, socket.MSG_DONTWAIT)[1][0]
        except BlockingIOError:
            pass
        except OSError as error:
            check(error.errno in (errno.EHOSTUNREACH, errno.ECONNREFUSED), error)
    return None


def sweep(chain, family, port, answering):
    """What answers at each distance to a request from this port; None where nothing does, which is looked for a moment
    only. `answering`: how many of the nearest should."""
    level, hops_option, errors_option = ((socket.IPPROTO_IP, socket.IP_TTL, IP_RECVERR) if family == "v4" else
                                         (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, IPV6_RECVERR))
    with socket_in(chain.client, FAMILIES[family][0]) as sock:
        sock.bind((address(family, 0, 1), port))
        sock.setsockopt(level, errors_option, 1)
        found = []
        for distance in range(1, SERVER_HOP + 1):
            sock.setsockopt(level, hops_option, distance)
            sock.sendto(bytes(44), (hop_addresses(family)[-1], PORT))
            found.append(answer(sock, level, PATIENCE if distance <= answering else 0.3))
        return found


def check_sweep(chain, family, port, wanted):
    found = sweep(chain, family, port, sum(host is not None for host in wanted))
    print(f"  {family}, port {port}: {found}")
    check_equal(found, wanted, f"what answers at each distance, {family}, port {port}")


def chain_loses_what_it_should():
    """The judge is judged first: at every router one flow dies there and nowhere else, and a quarter of them."""
    with Network() as network:
        chain = Chain(network, "chain")
        for family in FAMILIES:
            check_sweep(chain, family, OLD_PORT, hop_addresses(family))
        for hop in range(1, SERVER_HOP):
            chain.lose_one_flow(hop, OLD_PORT)
            for family in FAMILIES:
                lost = [None] * (SERVER_HOP - hop)
                check_sweep(chain, family, OLD_PORT, hop_addresses(family)[:hop] + lost)
                check_sweep(chain, family, OLD_PORT + 1, hop_addresses(family))
            chain.heal(hop)
        running = chain.start_ping("--source-port", OLD_PORT, "-c", "80", "--loss-after", "500ms")
        network.wait_for_probes(running)
        time.sleep(3)
        began = time.time_ns()
        chain.lose_one_path_of_four(2, OLD_PORT)
        change = began, time.time_ns()
        # The first new one is let through although it is of the lost quarter.
        for port, answered in ((24004, True), (24000, False), (24001, True), (24002, True), (24003, True), (24004, True)):
            found = network.finish_ping(chain.start_ping("--source-port", port, "-c", "3", "--loss-after", "500ms"))
            check_equal(len(answered_of(found.probes)), len(in_time(found)) if answered else 0, f"delivered from port {port}")
        before, after = split_by(network.finish_ping(running).probes, change)
        print(f"  one path of four: {len(answered_of(before))} of {len(before)} before,"
              f" {len(answered_of(after))} of {len(after)} after")
        check_equal((len(answered_of(before)), len(answered_of(after))), (len(before), 0), "delivered before and after")
        check(len(before) > 10 and len(after) > 20, "too few probes to prove anything")


CASES = {"chain_loses_what_it_should": chain_loses_what_it_should}
