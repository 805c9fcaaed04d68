# SPDX-License-Identifier: Apache-2.0
"""What a neighbour may do to a measurement that is not its own: nothing. Multicasts, requests in the name of hosts
that are not there, forged ICMP errors."""

import re
import socket
import struct
import time

from emulator_itself import socket_in
from one_socket import send_forged
from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Rig, check, check_delivered, check_equal,
                 kernel_stamps_wanted)

SOURCE_PORT = 24000
ROUTER = "10.77.0.5"  # whoever claims to have something to say about our packets
PROBES = 3000


def reflector_counts(reflector):
    """What the reflector says at its end: {"answered": 5, "stamps": 5, ...}."""
    check_equal(reflector.stop(), 0, "exit code of the reflector")
    said = reflector.out().splitlines()[-1]
    print(f"  reflector: {said}")
    counts = {name: int(value) for name, value in re.findall(r", (\w+) (\d+)", said)}
    counts["answered"] = int(re.match(r"answered (\d+)", said).group(1))
    return counts


def flood_to_many(rig):
    """More than the budget of a socket, to every socket on the port: a subnet broadcast and a multicast."""
    with socket_in("sender", socket.AF_INET) as v4, socket_in("sender", socket.AF_INET6) as v6:
        v4.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        index = int(rig.ip("sender", "-o link show s0").split(":")[0])
        for size, count in ((1400, 6000), (44, 3000)):
            for n in range(count):
                v4.sendto(bytes(size), ("10.77.0.255", PORT))
                v6.sendto(bytes(size), ("ff02::1", PORT, 0, index))
                if n % 50 == 0:
                    time.sleep(0.002)


def multicast_does_not_cost_stamps():
    """The kernel copies a multicast to each socket of a port, also to the one that only sends."""
    with Rig(emulated=False) as rig:
        reflector = rig.reflect(listen=[f"0.0.0.0:{PORT}", f"[::]:{PORT}"])
        flood_to_many(rig)
        for target in (f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"):
            measured = rig.ping("-c", "100", "-i", "5ms", target=target)
            delivered = check_delivered(measured, 100)
            found = measured.summary["stamps"]["reflector_tx"]["counts"]
            print(f"  {target}: {found}")
            check(found.get("kernel", 0) >= kernel_stamps_wanted("reflector_tx", delivered), f"stamps reflector_tx: {found}")
        counts = reflector_counts(reflector)
        # Some may find the socket full.
        check(counts.get("refused_destination", 0) > 15_000, f"{counts}: multicasts and broadcasts are not answered")
        check_equal(counts.get("send_failed", 0), 0, "answers to a broadcast that could not be sent")


def unresolved_requesters_stop_nobody():
    """Replies to a host that is not there wait in the kernel for three seconds, charged to the reflector's socket."""
    with Rig(emulated=False) as rig:
        reflector = rig.reflect("--rate", "0", "--total-rate", "0", listen=[f"0.0.0.0:{PORT}"])
        started = rig.start_ping("-c", "400", "-i", "10ms", "--loss-after", "1s")
        with socket_in("sender", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
            begin, sent = time.monotonic(), 0
            while (passed := time.monotonic() - begin) < 4:
                while sent < 3000 * passed:  # however busy the machine is
                    for host in (97, 98, 99):
                        send_forged(forger, f"10.77.0.{host}", REFLECTOR_V4, bytes(44))
                        sent += 1
                time.sleep(0.001)
        measured = rig.finish_ping(started)
        print(f"  {measured.outcomes()}")
        counts = reflector_counts(reflector)
        check_delivered(measured, 400, "outcomes of the host that is there")
        check_equal(counts.get("send_buffer_full", 0), 0, "replies that found the buffer full")
        check(counts["answered"] > 3000, f"{counts}: too few requests of nobody to prove anything")


def forged_error(kind, code, info, destination):
    """An ICMP error about a datagram of ours that never was."""
    udp = struct.pack("!HHHH", SOURCE_PORT, PORT, 8 + 252, 0) + bytes(20)
    quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + 8 + 252, 1, 0x4000, 64, 17, 0, socket.inet_aton(SENDER_V4),
                         socket.inet_aton(destination)) + udp
    body = struct.pack("!BBHI", kind, code, 0, info) + quoted
    total = sum(struct.unpack(f"!{len(body) // 2}H", body))
    total = (total & 0xffff) + (total >> 16)
    return body[:2] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + body[4:]


def forged_errors_change_nothing():
    """Each one sets the pending error of the socket it names, and asks whether its sender is this host."""
    with Rig(emulated=False) as rig:
        rig.reflect(listen=[f"{REFLECTOR_V4}:{PORT}"])
        # A host with many addresses: listing them takes long.
        for n in range(2, 250):
            rig.ip("sender", f"addr add 10.99.{n}.1/24 dev lo")
        rig.ip("reflector", f"addr add {ROUTER}/24 dev r0")
        error = forged_error(3, 4, 1400, REFLECTOR_V4)
        started = rig.start_ping("-c", str(PROBES), "-i", "1ms", "--loss-after", "1s", "--source-port", str(SOURCE_PORT))
        process = started[0]
        time.sleep(0.3)
        with socket_in("reflector", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as forger:
            forger.bind((ROUTER, 0))
            begin, sent = time.monotonic(), 0
            while (passed := time.monotonic() - begin) < 3:
                for _ in range(20):
                    forger.sendto(error, (SENDER_V4, 0))
                    sent += 1
                time.sleep(max(0, sent / 20_000 - passed))
        used = [int(word) for word in open(f"/proc/{process.pid}/stat", encoding="ascii").read().split()[13:15]]
        measured = rig.finish_ping(started)
        print(f"  {sent} forged errors in 3 s, {measured.outcomes()}, {sum(used) * 10} ms of processor time")
        check(sent > 10_000, f"only {sent} errors were forged: too few to prove anything")
        check_delivered(measured, PROBES)


CASES = {
    "multicast_does_not_cost_stamps": multicast_does_not_cost_stamps,
    "unresolved_requesters_stop_nobody": unresolved_requesters_stop_nobody,
    "forged_errors_change_nothing": forged_errors_change_nothing,
}
