# SPDX-License-Identifier: Apache-2.0
"""The judge is judged first: plain UDP datagrams through the emulator, seen by plain sockets with kernel stamps,
against the emulator's log. Nothing of the program under test takes part."""

import json
import os
import socket
import struct
import time

from rig import PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, Failure, Rig, check, check_equal, poll_until
from truth import ATTEMPTS, TOLERANCE_P50_NS, TOLERANCE_P99_NS, Log, left, percentile

SO_TIMESTAMPING, RX_SOFTWARE, SOFTWARE = 37, 1 << 3, 1 << 4
CLONE_NEWNET = 0x40000000


def socket_in(namespace, family, kind=socket.SOCK_DGRAM, protocol=0):
    """A socket of another namespace: a socket keeps the namespace it was made in."""
    # setns() entered Python in 3.12.
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", encoding="ascii") as home, open(f"/run/netns/{namespace}", encoding="ascii") as there:
        check(libc.setns(there.fileno(), CLONE_NEWNET) == 0, "cannot enter", namespace, os.strerror(ctypes.get_errno()))
        made = socket.socket(family, kind, protocol)
        check(libc.setns(home.fileno(), CLONE_NEWNET) == 0, "cannot come back")
    return made


def drain(sock):
    """(number, kernel receive stamp in ns, traffic class) of all that is there."""
    found = []
    while True:
        try:
            data, control, _, _ = sock.recvmsg(2048, 512, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return found
        stamp = mark = None
        for level, kind, value in control:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING:
                seconds, ns = struct.unpack("qq", value[:16])
                stamp = seconds * 10**9 + ns
            elif level in (socket.IPPROTO_IP, socket.IPPROTO_IPV6):
                mark = value[0]
        check(stamp, "the kernel gave no receive stamp")
        found.append((struct.unpack("!I", data[:4])[0], stamp, mark))


def wait_for_stamps(receiver, namespace, address):
    """Receive stamping is switched on a moment after it was asked for. Over loopback, where no judge looks."""
    def stamped():
        sender.sendto(b"none", (address, PORT))
        _, control, _, _ = receiver.recvmsg(2048, 512)
        return any(level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING for level, kind, _ in control)

    with socket_in(namespace, receiver.family) as sender:
        poll_until(stamped, PATIENCE, "receive stamps")


def exchange(family, address, flags, count, interval=0.002):
    with Rig() as rig:
        emulator, log = rig.emulate(*flags, seed=11)
        receiver, sender = socket_in("reflector", family), socket_in("sender", family)
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RX_SOFTWARE | SOFTWARE)
        if family == socket.AF_INET:
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2)
        else:
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 46 << 2)
        receiver.bind((address, PORT))
        wait_for_stamps(receiver, "reflector", address)
        got = []
        for number in range(count):
            sender.sendto(struct.pack("!I40x", number), (address, PORT))
            time.sleep(interval)
            got += drain(receiver)
        time.sleep(0.3)  # most of what is held back or delayed comes in that time, the rest is cut
        emulator.stop()
        truth = Log(log)
        departed = len(left(truth.requests))
        poll_until(lambda: got.extend(drain(receiver)) or len(got) >= departed, PATIENCE, f"{departed} datagrams arrive")
        return got, truth


def compare(family, address, flags):
    for _ in range(ATTEMPTS):
        departed, log, within = compare_once(family, address, flags)
        if within:
            return departed, log
    raise Failure(f"the log is not the truth, {ATTEMPTS} times")


def compare_once(family, address, flags, count=500):
    got, log = exchange(family, address, flags, count)
    check_equal(len(log.requests) - sum(r["copy"] for r in log.requests), count, "datagrams that reached the emulator")
    departed = sorted(left(log.requests), key=lambda record: record["exit_ns"])
    check_equal([number for number, _, _ in got], [r["sequence"] for r in departed], "datagrams, in their order")
    check_equal([mark >> 2 for _, _, mark in got], [r["dscp_out"] for r in departed], "DSCP")
    sizes = [abs(stamp - record["exit_ns"]) for (_, stamp, _), record in zip(got, departed)]
    p50, p99 = percentile(sizes, 0.5), percentile(sizes, 0.99)
    print(f"  {' '.join(flags)}: {len(got)} of {count}; stamp at arrival against the log in us:"
          f" p50 {p50 / 1e3:.1f} p99 {p99 / 1e3:.1f}")
    return departed, log, p50 <= TOLERANCE_P50_NS and p99 <= TOLERANCE_P99_NS


def emulator_log_is_the_truth():
    v4 = (socket.AF_INET, REFLECTOR_V4)
    v6 = (socket.AF_INET6, REFLECTOR_V6)
    compare(*v4, [])
    compare(*v4, ["--forward-drop", "0.1", "--forward-duplicate", "0.1"])
    compare(*v6, ["--forward-hold", "0.1", "--forward-hold-past", "3", "--forward-remark", "46:10"])
    departed, _ = compare(*v4, ["--forward-delay", "5ms", "--forward-variation", "2ms", "--forward-remark", "*:8"])
    held = [record["exit_ns"] - record["entry_ns"] for record in departed]
    check(min(held) >= 5_000_000, "a packet left before its time")
    late = sorted(h - r["wanted_ns"] for h, r in zip(held, departed))
    print(f"  late against the delay decided on, in us: p50 {percentile(late, 0.5) / 1e3:.0f}"
          f" p99 {percentile(late, 0.99) / 1e3:.0f} (known, therefore harmless)")


def emulator_repeats_itself():
    flags = ["--forward-drop", "0.2", "--forward-duplicate", "0.2"]
    fates = []
    for _ in range(2):
        _, log = exchange(socket.AF_INET, REFLECTOR_V4, flags, 200, 0.001)
        fates.append(sorted((r["packet"], r["copy"], r["action"]) for r in log.requests))
    check_equal(fates[0], fates[1], "fates with the same seed")


def recorder_sees_what_the_socket_sees():
    """The stamp of an incoming frame in a capture is the one the receiving socket gets, to the nanosecond."""
    with Rig(emulated=False) as rig:
        recorder, log = rig.record("reflector", "r0")
        receiver, sender = socket_in("reflector", socket.AF_INET), socket_in("sender", socket.AF_INET)
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RX_SOFTWARE | SOFTWARE)
        receiver.bind((REFLECTOR_V4, PORT))
        wait_for_stamps(receiver, "reflector", REFLECTOR_V4)
        for number in range(100):
            sender.sendto(struct.pack("!I40x", number), (REFLECTOR_V4, PORT))
            time.sleep(0.001)
        time.sleep(0.1)
        recorder.stop()
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        check_equal(lines.pop(), {"end": True, "missed": 0}, "last line of the recorder")
        check_equal([(line["sequence"], line["stamp_ns"]) for line in lines if line["way"] == "in"],
                    [(number, stamp) for number, stamp, _ in drain(receiver)], "recorded datagrams and stamps")


CASES = {"emulator_log_is_the_truth": emulator_log_is_the_truth, "emulator_repeats_itself": emulator_repeats_itself,
         "recorder_sees_what_the_socket_sees": recorder_sees_what_the_socket_sees}
