# SPDX-License-Identifier: Apache-2.0
"""A client with two interfaces whose addresses, routes and links change while it measures.

    client                        server
    10.82.0.2, fd82:0::2  c0 ---- s0  10.82.0.1, fd82:0::1     10.99.0.1, fd99::1 on lo
    10.82.1.2, fd82:1::2  c1 ---- s1  10.82.1.1, fd82:1::1

The default route leads over c0, the one over c1 has a worse metric.
"""

import time

from rig import PORT, Network, check_delivered, check_equal

FAMILIES = {"v4": "-4", "v6": "-6"}
SERVER = {"v4": "10.99.0.1", "v6": "fd99::1"}
TARGETS = {"v4": f"{SERVER['v4']}:{PORT}", "v6": f"[{SERVER['v6']}]:{PORT}"}
LENGTH = {"v4": 24, "v6": 64}


def address(family, subnet, host):
    if family == "v4":
        return f"10.82.{subnet}.{host}"
    return f"fd82:{subnet}::{host}" if subnet else f"fd82::{host}"


class TwoWays:
    """One such network; `change` is the name of what will happen in it."""

    def __init__(self, network, change, name=None):
        self.network, self.change, self.name = network, change, name or change
        self.client, self.server = f"{self.name}-client", f"{self.name}-server"
        for namespace in (self.client, self.server):
            network.add_namespace(namespace)
            network.sysctl(namespace, "net/ipv6/conf/default/accept_dad", 0)
            for scope in ("all", "default"):
                network.sysctl(namespace, f"net/ipv4/conf/{scope}/rp_filter", 0)
                network.sysctl(namespace, f"net/ipv4/conf/{scope}/promote_secondaries", 1)
        for family in FAMILIES:
            network.ip(self.server, f"addr add {SERVER[family]} dev lo")
        for way in (0, 1):
            self.connect(way)
        self.reflector = network.reflect("--allow", "0.0.0.0/0", "--allow", "::/0", namespace=self.server,
                                         listen=list(TARGETS.values()))

    def here(self, words):
        self.network.ip(self.client, words)

    def there(self, words):
        self.network.ip(self.server, words)

    def connect(self, way):
        """Joins the interfaces of this number and gives them addresses and the default route."""
        self.network.join(self.client, f"c{way}", self.server, f"s{way}")
        # That an interface is down for a while would take its IPv6 addresses for ever.
        for namespace, device in ((self.client, f"c{way}"), (self.server, f"s{way}")):
            self.network.sysctl(namespace, f"net/ipv6/conf/{device}/keep_addr_on_down", 1)
        for family in FAMILIES:
            self.number(family, way, way)
        self.route(way)

    def number(self, family, subnet, way, host=2):
        self.there(f"addr replace {address(family, subnet, 1)}/{LENGTH[family]} dev s{way} nodad")
        self.here(f"addr replace {address(family, subnet, host)}/{LENGTH[family]} dev c{way} nodad")

    def route(self, way, subnet=None):
        metric = 100 if way == 0 else 2000
        for family, flag in FAMILIES.items():
            gateway = address(family, way if subnet is None else subnet, 1)
            self.here(f"{flag} route replace default via {gateway} dev c{way} metric {metric}")

    def start_pings(self, *flags):
        return {family: self.network.start_ping(FAMILIES[family], "-i", "50ms", *flags, namespace=self.client,
                                                target=TARGETS[family]) for family in FAMILIES}

    def finish_pings(self, started):
        return {family: self.network.finish_ping(process) for family, process in started.items()}


# --- the changes -----------------------------------------------------------------------------------------

GAP = 0.5  # seconds for which nothing works, where a change has such a time


def address_added(ways):
    """To both interfaces. The path stays what it was, and the IPv6 address is no better than the old one."""
    ways.here(f"addr add {address('v4', 0, 3)}/24 dev c0")
    ways.here(f"addr add {address('v4', 5, 2)}/24 dev c1")
    ways.here(f"addr add {address('v6', 5, 2)}/64 dev c1 nodad")


def deprecated_address_added(ways):
    ways.here(f"addr add {address('v4', 5, 2)}/24 dev c1 preferred_lft 0")
    ways.here(f"addr add {address('v6', 5, 2)}/64 dev c1 nodad preferred_lft 0")


def second_address(ways):
    """Both families use host 2 and have host 3 beside it: IPv4 prefers the oldest of its addresses, IPv6 the newest."""
    ways.here(f"addr add {address('v4', 0, 3)}/24 dev c0")
    ways.here(f"addr del {address('v6', 0, 2)}/64 dev c0")
    ways.number("v6", 0, 0, 3)
    ways.number("v6", 0, 0, 2)


def address_removed(ways):
    for family, length in LENGTH.items():
        ways.here(f"addr del {address(family, 0, 2)}/{length} dev c0")


def renumbered(ways):
    for family in FAMILIES:
        ways.number(family, 7, 0)
    ways.route(0, 7)
    address_removed(ways)


def renumbered_with_a_gap(ways):
    ways.here("link set c1 down")
    address_removed(ways)
    time.sleep(GAP)
    for family in FAMILIES:
        ways.number(family, 7, 0)
    ways.route(0, 7)


def route_moved(ways):
    for family, flag in FAMILIES.items():
        ways.here(f"{flag} route replace default via {address(family, 1, 1)} dev c1 metric 100")


def link_down_and_up(ways):
    ways.here("link set c1 down")
    ways.here("link set c0 down")
    time.sleep(GAP)
    ways.here("link set c0 up")
    ways.route(0)


def link_down_for_good(ways):
    ways.here("link set c0 down")


def interface_made_anew(ways):
    ways.here("link set c1 down")
    ways.here("link del c0")
    time.sleep(GAP)
    ways.connect(0)


# What happens, seconds for which nothing works, (subnet, host) of the client afterwards.
CHANGES = {
    "address_added": (address_added, 0, (0, 2)),
    "deprecated_address_added": (deprecated_address_added, 0, (0, 2)),
    "address_removed": (address_removed, 0, (0, 3)),
    "renumbered": (renumbered, 0, (7, 2)),
    "renumbered_with_a_gap": (renumbered_with_a_gap, GAP, (7, 2)),
    "route_moved": (route_moved, 0, (1, 2)),
    "link_down_and_up": (link_down_and_up, GAP, (0, 2)),
    "link_down_for_good": (link_down_for_good, 0, (1, 2)),
    "interface_made_anew": (interface_made_anew, GAP, (0, 2)),
}
PREPARATIONS = {"address_removed": second_address}


def built(network, change, name=None):
    ways = TwoWays(network, change, name)
    PREPARATIONS.get(change, lambda ways: None)(ways)
    return ways


def change_all(networks):
    """{ways: (when the change began, when it had ended)}, in ns."""
    changes = {}
    for ways in networks:
        began = time.time_ns()
        CHANGES[ways.change][0](ways)
        changes[ways] = began, time.time_ns()
    return changes


def address_changes_are_what_they_should_be():
    """The judge is judged first: before and after each change a new measurement has the right address and arrives."""
    with Network() as network:
        networks = [built(network, change) for change in CHANGES]
        for ways in networks:
            check_local(ways, (0, 2))
        running = {ways: ways.start_pings("-c", "120", "--loss-after", "1s") for ways in networks}
        time.sleep(1)
        change_all(networks)
        for ways in networks:
            check_local(ways, CHANGES[ways.change][2])
            for family, measured in ways.finish_pings(running[ways]).items():
                print(f"  {ways.name}, {family}, the running one: {measured.outcomes()}")
                check_equal(len(measured.probes), 120, f"{ways.name}, {family}: lines")


def check_local(ways, where):
    for family, measured in ways.finish_pings(ways.start_pings("-c", "3", "--loss-after", "1s")).items():
        name = f"{ways.name}, {family}"
        check_delivered(measured, 3, f"{name}: outcomes")
        check_equal(measured.document["local"]["address"], address(family, *where), f"{name}: own address")


CASES = {"address_changes_are_what_they_should_be": address_changes_are_what_they_should_be}
