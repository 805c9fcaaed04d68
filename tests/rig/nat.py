# SPDX-License-Identifier: Apache-2.0
"""A client behind a router that translates addresses: three ways in which one flow through it dies while every
other lives, and two that look like them and do no harm.

    client           router                                server
    10.80.1.2  c0 -- lan  wan1 198.51.100.2 -- s1 198.51.100.1     10.99.0.1 on lo
                          wan2 203.0.113.2  -- s2 203.0.113.1

A router keeps an entry for each flow and renews it with every packet. An entry that has become wrong therefore stays
as long as the flow goes on, and is forgotten only when the flow has been silent for longer than the time-out.
"""

import re
import time

from rig import PATIENCE, PORT, Failure, Network, answered, check, check_delivered, check_equal, in_time, poll_until

CLIENT, SERVER = "10.80.1.2", "10.99.0.1"
TARGET = f"{SERVER}:{PORT}"
OLD_PORT = 5000
INTERVAL_NS = 100_000_000

# Without it the table of flows is not kept while no translation is asked for.
TRACK = "table ip fw { chain f { type filter hook forward priority 0; ct state established,related,new accept; } }"
NAT = "table ip nat {{ chain post {{ type nat hook postrouting priority srcnat; {rules} }} }}"
SNAT = NAT.format(rules="oifname wan1 snat to 198.51.100.2; oifname wan2 snat to 203.0.113.2;")
MASQUERADE = NAT.format(rules="oifname wan1 masquerade; oifname wan2 masquerade;")
PRIVATE_REFUSED = ("table ip provider { chain in { type filter hook prerouting priority -300; "
                   "ip saddr 10.80.0.0/16 counter drop; } }")


class Nat:
    """One such network. `kind` says how it breaks; several stand side by side, in namespaces of their own names."""

    def __init__(self, network, kind, time_out, name=None):
        self.network, self.kind, self.time_out, self.name = network, kind, time_out, name or kind
        self.client, self.router, self.server = (f"{self.name}-{role}" for role in ("client", "router", "server"))
        for namespace in (self.client, self.router, self.server):
            network.add_namespace(namespace)
        network.join(self.client, "c0", self.router, "lan")
        network.join(self.router, "wan1", self.server, "s1")
        network.join(self.router, "wan2", self.server, "s2")
        for namespace, address in ((self.client, "10.80.1.2/24 dev c0"), (self.router, "10.80.1.1/24 dev lan"),
                                   (self.router, "198.51.100.2/24 dev wan1"), (self.server, "198.51.100.1/24 dev s1"),
                                   (self.router, "203.0.113.2/24 dev wan2"), (self.server, "203.0.113.1/24 dev s2"),
                                   (self.server, f"{SERVER}/32 dev lo")):
            network.ip(namespace, f"addr add {address}")
        for namespace in (self.router, self.server):
            for scope in ("all", "default", *(("wan1", "wan2") if namespace == self.router else ("s1", "s2"))):
                network.sysctl(namespace, f"net/ipv4/conf/{scope}/rp_filter", 0)
        network.sysctl(self.router, "net/ipv4/ip_forward", 1)
        network.ip(self.client, "route add default via 10.80.1.1")
        network.ip(self.router, "route add default via 198.51.100.1 dev wan1")
        # Between two uplinks this router drops without a word, as many do.
        network.ip(self.router, "route add blackhole default metric 4000")
        network.nft(self.router, TRACK)
        for which in ("timeout", "timeout_stream"):
            network.sysctl(self.router, f"net/netfilter/nf_conntrack_udp_{which}", time_out)
        network.nft(self.router, SNAT if kind == "uplink_changed" else MASQUERADE)
        if kind == "born_before_nat":
            network.nft(self.server, PRIVATE_REFUSED)
        self.reflect()

    def reflect(self):
        self.reflector = self.network.reflect("--allow", "0.0.0.0/0", namespace=self.server, listen=[TARGET])

    def start_ping(self, *flags):
        return self.network.start_ping("-i", "100ms", *map(str, flags), namespace=self.client, target=TARGET)

    def record(self):
        return self.network.record(self.client, "c0")

    def block(self, rule):
        """The router drops what the rule matches, until unblock()."""
        self.network.nft(self.router, "table ip block { chain f { type filter hook forward priority -10; "
                                      f"{rule} drop; }} }}")

    def unblock(self):
        self.network.nft(self.router, "delete table ip block")

    def entries(self, port):
        """What the router remembers of a flow; nothing where the kernel does not show it."""
        try:
            table = self.network.run_in(self.router, "cat", "/proc/net/nf_conntrack")
        except Failure:
            return []
        return [" ".join(line.split()[2:]) for line in table.splitlines() if f"sport={port} " in line]

    def change(self):
        """Does to the router what `kind` says, in the middle of a running flow; returns when that began and ended."""
        began = time.time_ns()
        CHANGES[self.kind](self)
        return began, time.time_ns()


def other_uplink(nat):
    nat.network.ip(nat.server, "link set s1 down")
    nat.network.ip(nat.router, "route replace default via 203.0.113.1 dev wan2")


def restart_with_late_nat(nat):
    """The line comes back before the firewall has its rules: the flow's first packet passes untranslated."""
    nat.network.ip(nat.router, "link set wan1 down")
    nat.network.nft(nat.router, "delete table ip nat")
    nat.network.ip(nat.router, "link set wan1 up")
    nat.network.ip(nat.router, "route replace default via 198.51.100.1 dev wan1")
    poll_until(lambda: untranslated(nat) > 0, PATIENCE, "a packet of the flow passes untranslated")
    nat.network.nft(nat.router, MASQUERADE)


def untranslated(nat):
    rules = nat.network.run_in(nat.server, "nft", "list", "table", "ip", "provider")
    return int(re.search(r"counter packets (\d+)", rules)[1])


def renumber(*order):
    steps = {"add": [("server", "addr add 198.51.101.1/24 dev s1"), ("router", "addr add 198.51.101.2/24 dev wan1"),
                     ("router", "route replace default via 198.51.101.1 dev wan1")],
             "remove at the provider": [("server", "addr del 198.51.100.1/24 dev s1")],
             "remove at the router": [("router", "addr del 198.51.100.2/24 dev wan1")]}

    def change(nat):
        for step in order:
            for role, words in steps[step]:
                nat.network.ip(getattr(nat, role), words)
    return change


# What is done, and whether the running flow must die of it. The provider's view: in the first and the third its
# requests arrive from an address that has no way back, in the second nothing arrives.
STALLS = {"uplink_changed": "backward", "born_before_nat": "forward", "renumbered": "backward"}
CONTROLS = ("uplink_changed_masquerade", "renumbered_old_first")
CHANGES = {
    "uplink_changed": other_uplink,
    "born_before_nat": restart_with_late_nat,
    "renumbered": renumber("add", "remove at the provider"),
    "uplink_changed_masquerade": other_uplink,
    "renumbered_old_first": renumber("remove at the router", "remove at the provider", "add"),
}


def together(worlds, *flags, seconds=60):
    """The same measurement in all of them at once: {world: measured}."""
    started = {world: world.start_ping(*flags) for world in worlds}
    return {world: world.network.finish_ping(process, seconds) for world, process in started.items()}


def moment(probe):
    return probe.get("sender_tx_ns", probe["scheduled_ns"])


def answered_of(probes):
    return [probe for probe in probes if answered(probe["outcome"])]


ON_THE_WAY_NS = 900_000_000  # what a busy far end may take to answer


def split_by(probes, change):
    """The probes before the change and those after it. What was under way, or left while it went on, is in neither;
    nor is what a busy machine did not send in time."""
    began, ended = change
    sent = [probe for probe in probes if probe["outcome"] != "late_schedule"]
    return ([probe for probe in sent if moment(probe) < began - ON_THE_WAY_NS],
            [probe for probe in sent if moment(probe) > ended + INTERVAL_NS])


def check_dead_since(world, measured, change):
    before, after = split_by(measured.probes, change)
    print(f"  {world.name}: {len(answered_of(before))} of {len(before)} delivered before, {len(answered_of(after))} of"
          f" {len(after)} after; the router has {world.entries(OLD_PORT)}")
    check(len(before) > 20 and len(after) > 50, f"{world.name}: too few probes to prove anything")
    check_equal(len(answered_of(before)), len(before), f"{world.name}: delivered before the change")
    if world.kind in STALLS:
        check_equal(len(answered_of(after)), 0, f"{world.name}: delivered after it")
    else:
        # The kernel takes a moment to forget the old entries: what is under way then has none any more.
        check(len(answered_of(after)) >= len(after) - 1, f"{world.name}: {len(answered_of(after))} of {len(after)} after it")


def nat_stalls_are_what_they_should_be():
    """The judge is judged first: one fixed flow without any healing dies where it should, and only there; a fresh
    port is answered; the old one is when, and only when, it was silent for longer than the router's time-out."""
    time_out = 10
    with Network() as network:
        worlds = [Nat(network, kind, time_out) for kind in CHANGES]
        # Longer after the change than the time-out: packets keep the wrong entry alive.
        started = {world: world.start_ping("--source-port", OLD_PORT, "--duration", "18s", "--loss-after", "500ms")
                   for world in worlds}
        for process in started.values():
            network.wait_for_probes(process)
        time.sleep(4)
        changes = {world: world.change() for world in worlds}
        time.sleep(1)
        for world, measured in together(worlds, "--source-port", OLD_PORT + 1, "-c", "5").items():
            check_delivered(measured, 5, f"{world.name}: outcomes of a fresh port")
        for world, process in started.items():
            check_dead_since(world, network.finish_ping(process), changes[world])
        old_port = ("--source-port", OLD_PORT, "-c", "3", "--loss-after", "500ms")
        for pause, alive in ((time_out - 5, False), (time_out + 1, True)):
            time.sleep(pause)
            for world, measured in together([w for w in worlds if w.kind in STALLS], *old_port).items():
                print(f"  {world.name}: after {pause} s of silence {measured.outcomes()}")
                check_equal(len(answered_of(measured.probes)), len(in_time(measured)) if alive else 0,
                            f"{world.name}: delivered after {pause} s of silence, the time-out being {time_out} s")


CASES = {"nat_stalls_are_what_they_should_be": nat_stalls_are_what_they_should_be}
