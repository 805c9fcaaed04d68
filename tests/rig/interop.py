# SPDX-License-Identifier: Apache-2.0
"""The program and the reference peer (tests/peer), which was written from the text of the standards alone: each is the
far end of the other. The peer judges every packet of the program octet by octet; what it prints about them is compared
with what the program says."""

import json
import os
import pathlib
import signal
import sys

from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, Process, Rig, check, check_equal, in_time, poll_until)

PEER = pathlib.Path(__file__).resolve().parent.parent / "peer" / "peer.py"
V4, V6 = f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"
PROBES = 20
LOST_THERE, LOST_BACK = (4, 11), (7, 15)
LOSING = sum((("--lose-request", n) for n in LOST_THERE), ()) + sum((("--lose-reply", n) for n in LOST_BACK), ())


def lines(process, event):
    found = [json.loads(line) for line in process.out().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in found if line["event"] == event]


def start(network, namespace, *words):
    """The peer as a program; see peer.py --help."""
    name = f"peer-{len(network.processes)}"
    return Process(network, namespace, [os.path.realpath(sys.executable), str(PEER), *map(str, words)], True, name)


def peer_reflects(network, *flags, address=REFLECTOR_V4):
    process = start(network, "reflector", "reflect", *flags, address, PORT)
    poll_until(lambda: lines(process, "listening") or process.popen.poll() is not None, 30, "the peer listens")
    check(process.popen.poll() is None, f"the peer ended: {process.err()}")
    return process


def peer_sends(network, *flags, address=REFLECTOR_V4, count=PROBES, replies=1):
    """The lines of its probes. Each is sent when the one before has so many replies; with an --interval of its own it is
    answered when a reply came before the next was due."""
    if "--interval" not in flags:
        flags += ("--interval", 5, "--go-on", "--replies", replies) if replies else ("--interval", "0.05")
    process = start(network, "sender", "send", address, PORT, "--count", count, *flags)
    check_equal(process.wait(120), 0, f"exit code of the peer: {process.err()}")
    found = lines(process, "probe")
    check_equal(len(found), count, "probes of the peer")
    return found


def replies_of(probes):
    return [reply for probe in probes for reply in probe["replies"]]


def check_nothing_wrong(packets, what):
    wrong = [(packet["wrong"], packet["hex"]) for packet in packets if packet["wrong"]]
    check(not wrong, f"{len(wrong)} of {len(packets)} {what} are wrong, the first: {wrong[:1]}")


def check_answered(probes, replies_each=1):
    """Every probe has its replies, and nothing is wrong with any of them."""
    found = replies_of(probes)
    check_nothing_wrong(found, "replies")
    check_equal(len(found), len(probes) * replies_each, "replies")
    for reply in found:
        check(reply["receive_ns"] <= reply["sent_ns"] <= reply["received_ns"], f"order of the stamps: {reply}")
    return found


# --- the peer sends ------------------------------------------------------------------------------------------


#= RFC8762:reflector-layout-open RFC8762:stateful-number RFC5357:ttl-255
def stamp_open_from_the_peer():
    with Rig(emulated=False) as rig:
        rig.reflect()
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            for flags in ((), ("--ssid", "0x1234"), ("--error", "5d80", "--dscp", 10, "--ttl", 99)):
                probes = peer_sends(rig, *flags, address=address)
                replies = check_answered(probes)
                print(f"  {address} {flags}: {len(replies)} replies, nothing wrong")
                check_equal([reply["sequence"] for reply in replies], list(range(PROBES)), "the reflector's numbers")
                check_equal({reply["octets"] for reply in replies}, {44}, "octets of the replies")
                dscp = 10 if "--dscp" in flags else 0
                check_equal({reply["dscp"] for reply in replies}, {dscp}, "DSCP of the replies")
                check_equal({(reply["ecn"], reply["ttl"]) for reply in replies}, {(0, 255)}, "ECN and TTL")
                for probe in probes:
                    check(probe["replies"][0]["receive_ns"] <= probe["left_ns"] + 10**9, f"T2 of {probe}")


# --- the peer reflects ---------------------------------------------------------------------------------------


#= RFC4656:ttl-255
def check_requests(reflector, measured, lost=len(LOST_THERE)):
    """Every request is as it should be, and its T1 is before its arrival."""
    in_time(measured)
    seen = lines(reflector, "packet")
    check_nothing_wrong([line for line in seen if "wrong" in line], "requests")
    dropped = [line["dropped"] for line in seen if line["dropped"]]
    check_equal(dropped, ["lost on the way there"] * lost, "requests that the peer drops")
    for line in seen:
        check(line.get("sent_ns", 0) <= line["received_ns"], f"T1 is after the arrival: {line}")
        check_equal(line["ttl"], 255, "TTL of a request")
    check(len(seen) >= len(in_time(measured)), f"the peer saw {len(seen)} requests")
    return seen


def check_agreement(measured, seen, stateful):
    """What ping says of each probe is what the peer said of it. Returns how many had the reflector's number."""
    lost = {"total": len(LOST_THERE + LOST_BACK), "forward": 0, "backward": 0, "unknown": len(LOST_THERE + LOST_BACK)}
    if stateful:
        lost |= {"forward": len(LOST_THERE), "backward": len(LOST_BACK), "unknown": 0}
    if len(in_time(measured)) == PROBES:
        check_equal(measured.summary["lost"], lost, "summary.lost")
    by_sequence = {line["sequence"]: line for line in seen}
    numbered = 0
    for probe in in_time(measured):
        line = by_sequence[probe["sequence"]]
        if probe["sequence"] in LOST_THERE or probe["sequence"] in LOST_BACK:
            # Which one it was is known for sure only of a reflector that tells of its last replies; the sums are told.
            check(probe["outcome"] in ("lost_forward", "lost_backward", "lost_unknown"), f"outcome {probe}")
            continue
        check_equal(probe["outcome"], "delivered", f"outcome of probe {probe['sequence']}")
        reply = line["replies"][0]
        if "reflector_sequence" in probe:
            numbered += 1
            check_equal(probe["reflector_sequence"], reply["sequence"], "reflector_sequence")
        check(abs(probe["reflector_rx_ns"] - line["received_ns"]) <= 1, f"reflector_rx_ns: {probe}, {line}")
        check(probe["reflector_rx_ns"] <= probe["reflector_tx_ns"] <= reply["left_ns"] + 1, f"reflector_tx_ns: {probe}")
    return numbered


def ping_and_judge(rig, *flags, reflector, stateful=True, **options):
    measured = rig.ping("-c", str(PROBES), "-i", "50ms", *flags, **options)
    check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
    seen = check_requests(reflector, measured)
    numbered = check_agreement(measured, seen, stateful)
    check(not stateful or numbered > len(in_time(measured)) / 2, f"only {numbered} probes know the number of their reply")
    reflector.stop(signal.SIGTERM)
    return measured, seen


#= RFC8762:ntp-default RFC8762:ptp RFC8972:follow-up-format
def stamp_open_to_the_peer():
    with Rig(emulated=False) as rig:
        for address, target in ((REFLECTOR_V4, V4), (REFLECTOR_V6, V6)):
            for peer, ours in (((), ()), (("--error", "dd80"), ()), ((), ("--time-format", "ptp")),
                               (("--stateless",), ("--dscp", "AF41", "--size", "300"))):
                reflector = peer_reflects(rig, *peer, *LOSING, address=address)
                measured, seen = ping_and_judge(rig, *ours, reflector=reflector, target=target,
                                                stateful="--stateless" not in peer)
                print(f"  {target} {peer} {ours}: {len(seen)} requests, nothing wrong")
                with_z = {bool(int(line["error"], 16) & 0x4000) for line in seen}
                check_equal(with_z, {"ptp" in ours}, "the Z bit of the requests")


CASES = {
    "stamp_open_from_the_peer": stamp_open_from_the_peer,
    "stamp_open_to_the_peer": stamp_open_to_the_peer,
}
