# SPDX-License-Identifier: Apache-2.0
"""Where a flow dies, what else an outage may be than a stalled flow, and which ports are on the wire meanwhile."""

import select
import signal
import socket
import time

import chain
from chain import Chain
from course import (BUSY, SECOND, VERDICT, Judgement, Outage, at_ns, check_accounted, check_ends_well, events, findings,
                    port_of, recorded, show, the_only)
from emulator_itself import socket_in
from nat import INTERVAL_NS, OLD_PORT, TARGET, Nat
from rig import PORT, Network, Process, check, check_delivered, check_equal, program

AUTO = ("--port-policy", "auto", "--source-port", OLD_PORT)


# --- a chain of routers ----------------------------------------------------------------------------------


def on_a_chain(lose, probes, judge):
    """Both families at once, on the same fixed port; after two seconds the second router begins to lose it."""
    with Network() as network:
        links = Chain(network, "chain")
        started = {family: links.start_ping("-c", probes, "--loss-after", "1s", *AUTO, family=family)
                   for family in chain.FAMILIES}
        time.sleep(2)
        began = time.time_ns()
        lose(links)
        change = began, time.time_ns()
        judgement = Judgement()
        for family, process in started.items():
            with judgement.of(family):
                measured = network.finish_ping(process)
                show(family, measured)
                check_accounted(measured, probes)
                Outage(measured, change).check_ends_within(5 * SECOND)
                check_ends_well(measured, 10)
                judge(family, measured)
        judgement.end()


def one_path_of_four():
    """New ports answer, but not all: a path among several is broken, and not the state of this one flow."""
    def judge(family, measured):
        verdict = the_only(measured, "verdict")
        check_equal(verdict["finding"], "one_of_several_paths", "finding")
        check_equal((verdict["answered"], verdict["tried"]), (3, 4), "fresh ports answered and tried")
        took = at_ns(verdict) - at_ns(events(measured, "flow_changed")[0])
        check(took <= VERDICT + BUSY, f"the verdict came {took / SECOND:.2f} s after the switch")
    on_a_chain(lambda links: links.lose_one_path_of_four(2, OLD_PORT), 140, judge)


def sweep_names_the_hop():
    """The dead flow is seen as far as the second router, the new one to the end; each hop by its own address."""
    def judge(family, measured):
        hops = chain.hop_addresses(family)
        swept = the_only(measured, "path_swept")
        old, new = ([(hop["distance"], hop["address"]) for hop in swept[path] if hop.get("address")]
                    for path in ("old_path", "new_path"))
        print(f"    old {old}\n    new {new}")
        check_equal(old, list(enumerate(hops, 1))[:2], "answers on the path of the dead flow")
        check_equal(new, list(enumerate(hops, 1)), "answers on the path of the new flow")
        ends = [hop["distance"] for path in ("old_path", "new_path") for hop in swept[path] if hop.get("reflector")]
        check_equal(ends, [chain.SERVER_HOP], "distances at which the reflector itself answered")
        check(hops[1] in swept["text"], f"the text should name the last hop, {hops[1]}: {swept['text']}")
        check_equal(findings(measured), ["stalled_flow"], "findings")
        # Its last router drops them on the way there, and the reflector knows of none since.
        check_equal(the_only(measured, "account_told")["direction"], "forward", "direction told by the reflector")
    on_a_chain(lambda links: links.lose_one_flow(2, OLD_PORT), 140, judge)


# --- what else it may be ---------------------------------------------------------------------------------

ALL = "udp dport 23999"
PROBES = 230
BACK = VERDICT + SECOND  # where only the old flow answers, the verdict brings it back


class NewPort:
    """Tells when the client first sends from another port than the old one, by looking at the wire."""

    def __init__(self, nat):
        self.socket = socket_in(nat.client, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.socket.bind(("c0", 3))

    def wait(self, seconds):
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not poller.poll(left * 1000):
                break
            packet, where = self.socket.recvfrom(64)
            udp = packet[4 * (packet[0] & 15):]
            if where[2] == socket.PACKET_OUTGOING and packet[9] == 17 and udp[2:4] == PORT.to_bytes(2, "big") \
                    and udp[0:2] != OLD_PORT.to_bytes(2, "big"):
                return
        check(False, f"no new port within {seconds} s")


def refuse_new_ports(nat):
    """As behind a firewall with one rule for one port."""
    nat.network.nft(nat.router, f"flush chain ip block f; add rule ip block f {ALL} udp sport != {OLD_PORT} drop")


def kill_reflector(nat):
    """One that is told to stop says so, and that is no outage."""
    nat.network.sysctl(nat.server, "net/ipv4/icmp_ratelimit", 0)
    nat.reflector.stop(signal.SIGKILL)


def kill_gateway(nat):
    """It answers no ARP, and the client has forgotten its address."""
    chains = ("chain {way} {{ type filter hook {way} device lan priority 0; drop; }}".format(way=way)
              for way in ("ingress", "egress"))
    nat.network.nft(nat.router, f"table netdev dead {{ {' '.join(chains)} }}")
    nat.network.ip(nat.client, "neigh flush dev c0")


# How it is made and mended, whether it is mended as soon as a new port is seen or else after 8 s, and the finding.
OUTAGES = {
    "path_down": (lambda nat: nat.block(ALL), Nat.unblock, False, "peer_or_path_down"),
    "transient": (lambda nat: nat.block(ALL), Nat.unblock, True, "transient_outage"),
    "new_ports_refused": (lambda nat: nat.block(ALL), refuse_new_ports, True, "new_ports_blocked"),
    "reflector_killed": (kill_reflector, Nat.reflect, False, "peer_closed"),
    "gateway_dead": (kill_gateway, lambda nat: nat.network.nft(nat.router, "delete table netdev dead"), False,
                     "local_cause"),
}


def make_and_mend(nats):
    """{name: (when it was made, when it was mended)}, in ns."""
    watchers = {name: NewPort(nats[name]) for name in OUTAGES if OUTAGES[name][2]}
    made, mended = {}, {}
    began = time.monotonic()
    for name, nat in nats.items():
        made[name] = time.time_ns()
        OUTAGES[name][0](nat)
    for name, watcher in watchers.items():
        watcher.wait(8)
        OUTAGES[name][1](nats[name])
        mended[name] = time.time_ns()
    time.sleep(max(0, began + 8 - time.monotonic()))
    for name in nats.keys() - watchers.keys():
        OUTAGES[name][1](nats[name])
        mended[name] = time.time_ns()
    return {name: (made[name], mended[name]) for name in nats}


def judge_outage(name, measured, wire, change):
    made, mended = change
    print(f"    ports on the wire: {wire.ports}")
    check_accounted(measured, PROBES)
    check_equal(set(findings(measured)), {OUTAGES[name][3]}, "findings")
    # Probes go on at full rate, so the first answered one ends the outage.
    resumed = [p for p in measured.probes if p["scheduled_ns"] > mended + BACK]
    check(len(resumed) > 40, f"only {len(resumed)} probes after the end of the outage")
    check_equal({p["outcome"] for p in resumed} - {"late_schedule"}, {"delivered"}, "outcomes after the outage")
    began, ended = (at_ns(events(measured, f"outage_{edge}")[-1]) for edge in ("began", "ended"))
    print(f"    said to begin {(began - made) / SECOND:.2f} s after it was made,"
          f" to end {(ended - mended) / SECOND:.2f} s after it was mended")
    check(began >= made - INTERVAL_NS and ended <= mended + BACK, "the outage was not made then")


def findings_of_an_outage():
    """Which of old and new flow answer after a silence, and what else is known, make the finding."""
    with Network() as network:
        nats = {name: Nat(network, "outage", 30, name) for name in OUTAGES}
        wires = {name: recorded(nat) for name, nat in nats.items()}
        started = {name: nat.start_ping("-c", PROBES, "--loss-after", "1s", *AUTO) for name, nat in nats.items()}
        time.sleep(2)
        changes = make_and_mend(nats)
        judgement = Judgement()
        for name, process in started.items():
            with judgement.of(name):
                measured = network.finish_ping(process)
                show(name, measured)
                judge_outage(name, measured, wires[name](), changes[name])
        judgement.end()


# --- the ports -------------------------------------------------------------------------------------------

RANGE = range(24010, 24018)


def check_ports_dynamic(measured, wire):
    """Each silence one new port: those of the events, in their order, each where and when the event says."""
    changes = events(measured, "flow_changed")
    check(len(changes) >= 2, f"{len(changes)} changes of the flow in an outage of 17 s, wanted at least 2")
    news = [port_of(change["new_flow"]) for change in changes]
    check_equal([port for port in wire.ports if port in news], list(dict.fromkeys(news)), "new ports in their order")
    check_equal(len(set(news)), len(news), "new ports, each once")
    check_equal(wire.ports, [port_of(changes[0]["old_flow"]), *news], "ports on the wire: the first and the new ones")
    for change, port in zip(changes, news):
        check(abs(wire.first(port) - at_ns(change)) <= SECOND, f"{port} is on the wire at another time: {change}")
    first, second = wire.first(news[0]), wire.first(news[1])
    silent = first - wire.last_reply_before(first)
    print(f"    first new port after {silent / SECOND:.2f} s, second {(second - first) / SECOND:.2f} s later")
    check(4.99 * SECOND <= min(silent, second - first) and max(silent, second - first) <= 6 * SECOND,
          "new ports come after 5 s of silence and 5 s later")


def check_ports_range(measured, wire):
    check(set(wire.ports) <= set(RANGE), f"ports on the wire {wire.ports}, allowed are {RANGE}")
    check_ports_dynamic(measured, wire)


def check_ports_fixed(measured, wire):
    check_equal(wire.ports, [OLD_PORT], "ports on the wire")
    check_equal(events(measured, "flow_changed"), [], "changes of the flow")


def check_ports_exhausted(measured, wire):
    check_equal(wire.ports, [RANGE[0]], "ports on the wire")
    check(events(measured, "ports_exhausted"), "nothing was said of the ports that are all taken")


RANGE_WORDS = f"{RANGE[0]}-{RANGE[-1]}"
POLICIES = {
    "dynamic": (["--port-policy", "dynamic"], check_ports_dynamic),
    "range": (["--port-policy", "range", "--port-range", RANGE_WORDS], check_ports_range),
    "fixed": (["--port-policy", "fixed", "--source-port", OLD_PORT, "--heal-after", "never"], check_ports_fixed),
    "exhausted": (["--port-policy", "range", "--port-range", RANGE_WORDS], check_ports_exhausted),
}


def taken(nat, ports):
    held = []
    for port in ports:
        held.append(socket_in(nat.client, socket.AF_INET))
        held[-1].bind(("0.0.0.0", port))
    return held


def through_an_outage(policies, watch, judge):
    """Nothing arrives for 17 s: after 5 s and after 5 more there is a new port, if the policy has one. `watch` looks at
    the wire, and `judge` gets what it saw besides what the policy promises."""
    with Network() as network:
        nats = {policy: Nat(network, "outage", 30, policy) for policy in policies}
        held = taken(nats["exhausted"], RANGE[1:]) if "exhausted" in nats else []
        wires = {policy: watch(nat) for policy, nat in nats.items()}
        started = {policy: nat.start_ping("-c", 260, "--loss-after", "1s", *POLICIES[policy][0])
                   for policy, nat in nats.items()}
        time.sleep(2)
        for nat in nats.values():
            nat.block(ALL)
        time.sleep(17)
        for nat in nats.values():
            nat.unblock()
        judgement = Judgement()
        for policy, process in started.items():
            with judgement.of(policy):
                measured = network.finish_ping(process)
                show(policy, measured)
                wire = wires[policy]()
                print(f"    ports on the wire: {wire.ports}")
                check_accounted(measured, 260)
                check_ends_well(measured, 20)
                POLICIES[policy][1](measured, wire)
                judge(measured, wire)
        for sock in held:
            sock.close()
        judgement.end()


def ports_on_the_wire():
    through_an_outage(POLICIES, recorded, lambda measured, wire: None)


def source_port_taken():
    """A fixed flow cannot be had then; auto measures from another port, and says so."""
    with Network() as network:
        nat = Nat(network, "outage", 30)
        with taken(nat, [OLD_PORT])[0]:
            command = [program(), "ping", TARGET, "-c", "3", "-i", "100ms", "--source-port", str(OLD_PORT)]
            fixed = Process(network, nat.client, [*command, "--port-policy", "fixed"], True, "fixed")
            check_equal(fixed.wait(10), 3, "exit code with a fixed port that is taken")
            check(str(OLD_PORT) in fixed.err(), f"it should say which port is taken: {fixed.err()}")
            measured = network.finish_ping(nat.start_ping("-c", 5, *AUTO))
            check_delivered(measured, 5, "outcomes of auto")
            said = measured.document["notes"]
            check(any(str(OLD_PORT) in note for note in said), f"it should say that {OLD_PORT} is taken: {said}")
            check(measured.document["local"]["port"] != OLD_PORT, f"local is {measured.document['local']}")


CASES = {
    "one_path_of_four": one_path_of_four,
    "sweep_names_the_hop": sweep_names_the_hop,
    "findings_of_an_outage": findings_of_an_outage,
    "ports_on_the_wire": ports_on_the_wire,
    "source_port_taken": source_port_taken,
}
