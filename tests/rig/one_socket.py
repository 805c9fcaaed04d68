# SPDX-License-Identifier: Apache-2.0
"""Many peers on one socket, and both roles on one port."""

import json
import os
import socket
import struct
import time

from emulator_itself import socket_in
from rig import (PATIENCE, PORT, REFLECTOR_V4, SENDER_V4, Process, Rig, answered, built_beside_the_emulator, check,
                 check_equal, check_in_time, poll_until)

PROBES = 10_000


def start_node(rig, namespace, listen, *words, **options):
    command = [built_beside_the_emulator("rig_node"), f"{listen}:{PORT}", *map(str, words)]
    node = Process(rig, namespace, command, True, f"node-{len(rig.processes)}", **options)
    poll_until(lambda: "ready" in node.out() or node.popen.poll() is not None, PATIENCE, "the node is ready")
    check(node.popen.poll() is None, f"the node ended: {node.err()}")
    return node


def start_together(rig, *nodes):
    """Each begins when the ports of all are open."""
    waiting, start = os.pipe()
    started = [start_node(rig, *words, stdin=waiting) for words in nodes]
    os.close(waiting)
    os.close(start)
    return started


def wait_decided(node):
    poll_until(lambda: "decided" in node.out() or node.popen.poll() is not None, 60, f"{node.name}: all is decided")


def flows(node):
    lines = [json.loads(line) for line in node.out().splitlines() if line.startswith("{")]
    return {line["peer"]: line for line in lines if "peer" in line}, lines[-1]


def sent_of(flow):
    return PROBES - flow["outcomes"].get("late_schedule", 0)


def closed_unresolved_and_healthy():
    """A pending ICMP error fails the next send on a socket, to anyone: none may be charged to the healthy peer."""
    with Rig(emulated=False) as rig:
        rig.sysctl("reflector", "net/ipv4/icmp_ratelimit", 0)
        rig.reflect("--rate", "0", listen=[f"{REFLECTOR_V4}:{PORT}"])
        healthy, closed, unresolved = f"{REFLECTOR_V4}:{PORT}", f"{REFLECTOR_V4}:9", f"10.77.0.99:{PORT}"
        node = start_node(rig, "sender", SENDER_V4, "only_send", PROBES, 1000, healthy, closed, unresolved)
        check_equal(node.wait(60), 0, "exit code of the node")
        found, _ = flows(node)
        print(f"  {found}")
        of_healthy = found[healthy]["outcomes"]
        # What a busy machine sends too late is not sent, and not lost.
        starved = of_healthy.pop("late_schedule", 0)
        check_equal(of_healthy, {"delivered": PROBES - starved}, "outcomes at the healthy peer")
        check_in_time(starved, PROBES)
        check(set(found[closed]["outcomes"]) <= {"peer_closed", "lost_unknown", "late_schedule"}, found[closed])
        check(found[closed]["outcomes"].get("peer_closed", 0) > sent_of(found[closed]) / 2, found[closed])
        check(set(found[unresolved]["outcomes"]) <= {"unsent:neighbour_unresolved", "unsent:dropped_locally",
                                                     "late_schedule"}, found[unresolved])
        check(found[unresolved]["outcomes"]["unsent:neighbour_unresolved"] > sent_of(found[unresolved]) / 2,
              found[unresolved])


def forged_packets():
    """Requests and replies of all kinds that claim to come from the other node."""
    zeros = struct.pack("!IQH", 7, 0xe8d4a51000000000, 0x8001) + bytes(30)
    now = int((time.time() + 2208988800) * 2**32)
    reply = struct.pack("!IQHHQI", 7, now, 0x8001, 0, now - 2**20, 3) + struct.pack("!QHHB", now, 0x8001, 0, 64) + bytes(3)
    noise = bytes(range(1, 45))
    return [zeros, reply, noise, zeros + bytes(208), reply + bytes(208), noise[:20]]


def two_reflecting_senders_and_a_forger():
    """Both measure each other and reflect on the same port; a reply must never be reflected."""
    with Rig() as rig:
        emulator, log_path = rig.emulate("--both-duplicate", "0.1", seed=4)
        probes = 2_000
        here, there = start_together(rig, ("sender", SENDER_V4, "reflect", probes, 2000, f"{REFLECTOR_V4}:{PORT}"),
                                     ("reflector", REFLECTOR_V4, "reflect", probes, 2000, f"{SENDER_V4}:{PORT}"))
        time.sleep(1)  # then there are probes that a forged reply may seem to answer
        forged = forged_packets()
        with socket_in("reflector", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
            for payload in forged:
                send_forged(forger, REFLECTOR_V4, SENDER_V4, payload)
        for node in (here, there):
            wait_decided(node)
        for node in (here, there):
            check_equal(node.stop(), 0, "exit code of the node")
        emulator.stop()
        of_here, of_there = flows(here), flows(there)
        print(f"  {of_here}\n  {of_there}")
        starved = 0
        for found in (of_here, of_there):
            outcomes = list(found[0].values())[0]["outcomes"]
            starved += outcomes.get("late_schedule", 0)
            check_in_time(outcomes.pop("late_schedule", 0), probes)
            check(all(map(answered, outcomes)), f"outcomes in {outcomes}")
        lines = [json.loads(line) for line in log_path.read_text().splitlines()]
        packets = [line for line in lines if line.get("source_port") == PORT and line.get("destination_port") == PORT]
        unmeasured = sum(list(found[0].values())[0]["counters"]["unmeasured"] for found in (of_here, of_there))
        sent = 2 * probes - starved + unmeasured
        # Each request and each copy of one is answered once; replies are never answered.
        copies = sum(line["copy"] for line in packets)
        entered = len(packets) - copies
        check(entered <= 2 * sent + copies + 2 * len(forged),
              f"{entered} packets on the wire for {sent} probes, {copies} copies and {len(forged)} forged ones")
        check(entered >= 1.9 * sent, f"only {entered} packets for {sent} probes: the log proves nothing")


def send_forged(raw, source, destination, payload):
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    raw.sendto(header + udp, (destination, 0))


CASES = {
    "closed_unresolved_and_healthy": closed_unresolved_and_healthy,
    "two_reflecting_senders_and_a_forger": two_reflecting_senders_and_a_forger,
}
