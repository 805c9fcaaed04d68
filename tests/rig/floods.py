# SPDX-License-Identifier: Apache-2.0
"""Floods of a reflector: forged sources, garbage, valid requests at full speed, more sessions than its table has. Who
measured before goes on with the same session, numbers and stamps; memory has a bound; no flood gets out more octets
than it sent in. `flood_figures` is what the bench prints (bench/flood.py)."""

import json
import os
import random
import re
import signal
import socket
import struct
import time
from collections import Counter

from emulator_itself import socket_in
from hostile_network import reflector_counts
from rig import PATIENCE, PORT, REFLECTOR_V4, SENDER_V4, Rig, check, check_equal, poll_until
from strangers import resident

WARM_UP_S = 11   # a session is established after ten seconds
FLOOD_S = 3
PER_BURST = 64
INTERVAL_MS = 20
LOUD = "10.77.0.66"  # is there, and has nobody who waits for replies: its kernel says so by ICMP
GROWTH = 32 << 20  # a full table of sessions, and more than that never
HOST = struct.Struct("!BBHHHBBH4s4s")


def datagram(source, source_port, payload):
    udp = struct.pack("!HHHH", source_port, PORT, 8 + len(payload), 0) + payload
    return HOST.pack(0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, socket.inet_aton(REFLECTOR_V4)) + udp


def request(sequence=0, ssid=0, size=44):
    return struct.pack("!IQHH", sequence, 0xe8d4a51000000000 + sequence, 0x8001, ssid) + bytes(size - 16)


def forged_sources(dice):
    """Each packet of another host of 10/8, which is private and so is answered: as many sessions as packets."""
    while True:
        yield datagram(bytes([10, 100 + dice.randrange(100)]) + dice.randbytes(2), 1024 + dice.randrange(60_000), request())


def garbage(dice):
    """Any octets of any size from anywhere, some that look like replies, some with TLVs that do not fit."""
    while True:
        size = dice.randrange(600)
        octets = bytearray(dice.randbytes(size))
        kind = dice.randrange(4)
        if kind == 0 and size > 44:
            octets[16:44] = bytes(28)
            octets[44] = 0x80
        if kind == 1 and size > 24:
            octets[16:24] = octets[4:12]
        source = bytes([dice.choice((10, 10, 172, 203, 224, 255, 0)), 128 + dice.randrange(128), dice.randrange(256), 7])
        yield datagram(source, dice.randrange(65_536) if kind != 2 else 0, bytes(octets))


def valid_at_full_speed(dice):
    """Default probes of one host, eight sessions."""
    source, sequence = socket.inet_aton(LOUD), 0
    tlvs = struct.pack("!BBH", 0x80, 251, 176) + b"WSTP" + bytes([1]) + bytes(171)
    while True:
        sequence += 1
        yield datagram(source, 5000, request(sequence, 1 + dice.randrange(8)) + tlvs)


def every_session_of_one_network(dice):
    """Ports, SSIDs and hosts of one /24: what one attacker truly has."""
    while True:
        yield datagram(bytes([10, 66, 0, dice.randrange(1, 255)]), dice.randrange(1, 65_536),
                       request(0, dice.randrange(65_536)))


FLOODS = {"forged sources": forged_sources, "garbage": garbage, "valid, full speed": valid_at_full_speed,
          "sessions of one /24": every_session_of_one_network}


def octets_of(rig):
    """In and out of the reflector's device, ARP and headers included."""
    stats = json.loads(rig.ip("reflector", "-s -j link show r0"))[0]["stats64"]
    return stats["rx"]["bytes"], stats["tx"]["bytes"]


def kernel_count(rig, protocol, name):
    """Of the reflector's host."""
    lines = rig.run_in("reflector", "cat", "/proc/net/snmp").splitlines()
    names, values = [line.split() for line in lines if line.startswith(f"{protocol}:")]
    return int(values[names.index(name)])


def dropped_by_the_socket(rig):
    return kernel_count(rig, "Udp", "RcvbufErrors")


def ask_for_counters(reflector):
    """What SIGUSR1 makes a running reflector tell."""
    before = reflector.out().count("counters")
    os.kill(reflector.pid, signal.SIGUSR1)
    poll_until(lambda: reflector.out().count("path_errors") > before, PATIENCE, "the reflector tells its counters")


def flood(_rig, made, seconds, per_second):
    """How many packets left."""
    sent, begin = 0, time.monotonic()
    with socket_in("sender", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
        while (passed := time.monotonic() - begin) < seconds:
            if per_second and sent > per_second * passed:
                time.sleep(0.001)
                continue
            for _ in range(PER_BURST):
                try:
                    forger.sendto(made[sent % len(made)], (REFLECTOR_V4, 0))
                except OSError:  # the queue of the device is full
                    pass
                sent += 1
    return sent


def flood_figures(per_second, seconds=FLOOD_S, send=flood):
    """One row for each flood, and the measurement that went on through all of them."""
    dice = random.Random(20261126)
    rows = []
    with Rig(emulated=False) as rig:
        reflector = rig.reflect("--stats", listen=[f"{REFLECTOR_V4}:{PORT}"])
        rig.ip("sender", f"addr add {LOUD}/24 dev s0")
        # Where replies to forged sources go, and are dropped.
        rig.ip("reflector", f"route add default via {SENDER_V4}")
        probes = int((WARM_UP_S + len(FLOODS) * (seconds + 2) + 2) * 1000 / INTERVAL_MS)
        started = rig.start_ping("-c", str(probes), "-i", f"{INTERVAL_MS}ms", "--loss-after", "1s", "--seed", "7")
        time.sleep(WARM_UP_S)
        ask_for_counters(reflector)
        before, icmp = resident(reflector), kernel_count(rig, "Icmp", "OutMsgs")
        for name, make in FLOODS.items():
            packets = make(dice)
            made = [next(packets) for _ in range(20_000)]  # Python makes fewer than it sends
            (rx, tx), dropped, begin = octets_of(rig), dropped_by_the_socket(rig), time.monotonic()
            sent = send(rig, made, seconds, per_second)
            lasted = time.monotonic() - begin
            time.sleep(0.2)
            (rx2, tx2) = octets_of(rig)
            rows.append({"flood": name, "sent": sent, "per_second": sent / lasted, "in": rx2 - rx, "out": tx2 - tx,
                         "socket_full": dropped_by_the_socket(rig) - dropped, "memory": resident(reflector)[1] - before[0]})
        check(started[0].popen.poll() is None, "the measurement was over before the floods")
        check_equal(kernel_count(rig, "Icmp", "OutMsgs"), icmp, "ICMP messages of the reflector's host")
        ask_for_counters(reflector)
        measured = rig.finish_ping(started, seconds=120)
        table = reflector.out
        counts = reflector_counts(reflector)
        return rows, measured, counts, probes, table()


def check_went_on(measured, rows, probes):
    """The session kept its state, its numbers and its stamps; what it lost found the socket full."""
    outcomes = measured.outcomes()
    lost = outcomes.get("lost_forward", 0) + outcomes.get("lost_unknown", 0)
    check_equal(set(outcomes) - {"delivered", "lost_forward", "lost_unknown", "late_schedule", "late"}, set(), "other outcomes")
    check(lost <= sum(row["socket_full"] for row in rows), f"{outcomes}: lost without a full socket")
    check(outcomes["delivered"] > 0.5 * probes, f"{outcomes}")
    odd = {name: measured.document["counters"][name] for name in
           ("reflector_restarts", "requests_refused_by_peer", "other_token", "mismatched_echo", "future_sequence")}
    check_equal(set(odd.values()), {0}, f"counters of the session {odd}")
    answered = [p for p in measured.probes if p["outcome"] == "delivered"]
    check_equal({p["reflector_rx_source"] for p in answered}, {"kernel"}, "sources of T2")
    numbers = sorted(p["reflector_sequence"] for p in answered)
    check_equal(len(set(numbers)), len(numbers), "reply numbers")
    check(numbers[-1] <= probes + 10, f"the newest reply has number {numbers[-1]} of {probes} probes")
    departed = Counter(p["reflector_tx_source"] for p in answered)
    check(departed["kernel"] > 0.5 * len(answered), f"sources of T3 {departed}")
    return f"{outcomes}; T3 by {dict(departed)}"


#= RFC8085:replies-limited
def floods_leave_the_established_alone():
    # As fast as a busy machine sends: what is above the rates is refused.
    rows, measured, counts, probes, table = flood_figures(per_second=40_000)
    for row in rows:
        print(f"  {row}")
    print(table)
    print(f"  {check_went_on(measured, rows, probes)}")
    for row in rows:
        check(row["out"] <= row["in"], f"{row}: more octets out than in")
        check(row["memory"] < GROWTH, f"{row}: grew too much")
    check(counts["octets_sent"] <= counts["octets_received"], counts)
    full = sum(row["socket_full"] for row in rows)
    check(counts.get("receive_buffer_full", 0) >= full, f"the kernel dropped {full}, the reflector counted {counts}")
    check(counts["sessions_created"] - counts.get("sessions_evicted", 0) <= 16_384, counts)
    for name in ("refused_source", "refused_prefix", "replies_ignored", "too_short", "refused_rate_source", "path_errors"):
        check(counts.get(name, 0) > 0, f"{name} of {counts}: the flood was not what it should be")
    refused = sum(counts.get(f"refused_rate_{of}", 0) for of in ("source", "network", "total"))
    check(refused > 1000, f"{counts}: no flood was faster than the rates")
    # At the beginning, after the floods and at the end; the later ones with what was added.
    check_equal(table.count("counters:\n") + table.count("counters, and what the last"), 3, "tables")
    told = re.findall(r"^  (\w+) +\d+ .*[a-z]", table.rpartition("counters")[2], re.MULTILINE)
    check(len(told) > 25 and {"refused_rate_total", "stateless_replies"} <= set(told), f"--stats told {told}")


CASES = {"floods_leave_the_established_alone": floods_leave_the_established_alone}
