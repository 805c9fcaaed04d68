# SPDX-License-Identifier: Apache-2.0
"""The program and the reference peer (tests/peer), which was written from the text of the standards alone: each is the
far end of the other. The peer judges every packet of the program octet by octet; what it prints about them is compared
with what the program says."""

import json
import os
import pathlib
import signal
import sys

from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Process, Rig, check, check_equal, in_time, poll_until)

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


def peer_sends(network, *flags, address=REFLECTOR_V4, count=PROBES):
    """The lines of its probes. A probe is answered when a reply came before the next was due."""
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


def stamp_open_from_the_peer():
    with Rig(emulated=False) as rig:
        rig.reflect()
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            for flags in ((), ("--ssid", "0x1234"), ("--error", "5d80", "--dscp", 10, "--ttl", 99)):
                probes = peer_sends(rig, *flags, address=address)
                replies = check_answered(probes)
                print(f"  {address} {flags}: {len(replies)} replies, nothing wrong")
                check_equal([reply["sequence"] for reply in replies], list(range(PROBES)), "the reflector's own numbers")
                check_equal({reply["octets"] for reply in replies}, {44}, "octets of the replies")
                check_equal({reply["dscp"] for reply in replies}, {10 if "--dscp" in flags else 0}, "DSCP of the replies")
                check_equal({(reply["ecn"], reply["ttl"]) for reply in replies}, {(0, 255)}, "ECN and TTL")
                for probe in probes:
                    check(probe["replies"][0]["receive_ns"] <= probe["left_ns"] + 10**9, f"T2 of {probe}")


def stamp_extensions_from_the_peer():
    """What any reflector does with TLVs, known and unknown, whole and broken (RFC 8972 4)."""
    cases = {
        "padding": ("--tlv", "padding=100"), "no padding": ("--tlv", "padding=0"), "location": ("--tlv", "location"),
        "clock": ("--tlv", "timestamp"), "class": ("--tlv", "cos=46", "--dscp", 34, "--ecn", 2), "counters": ("--tlv", "direct"),
        "access": ("--tlv", "access=2,2"), "follow-up": ("--tlv", "follow-up"),
        "all of them": sum((("--tlv", name) for name in ("padding=9", "location", "timestamp", "cos=10", "direct", "access=1,1",
                                                         "follow-up", "padding=4")), ()),
        "unknown in the middle": ("--tlv", "cos=0", "--tlv", "80c8000461626364", "--tlv", "direct"),
        "reserved types": ("--tlv", "80000000", "--tlv", "80ff0002abcd", "--tlv", "timestamp"),
        "bad length": ("--tlv", "800400080000000000000000", "--tlv", "direct"),
        "truncated": ("--tlv", "direct", "--tlv", "8001006400010203"),
        "bad access": ("--tlv", "8006000430010000", "--tlv", "direct"),
        "short tail": ("--tlv", "timestamp", "--raw", "a55a"),
        "a longer clock": ("--tlv", "8003000800000000" "01020304"),
        "follow-up of another length": ("--tlv", "80070008" "0102030405060708", "--tlv", "direct"),
    }
    with Rig(emulated=False) as rig:
        rig.reflect()
        wrong = []
        for name, flags in cases.items():
            probes = peer_sends(rig, "--ssid", 7, "--interval", "0.05", *flags, count=3)
            replies = replies_of(probes)
            check_equal(len(replies), 3, f"replies, {name}")
            wrong += [f"{name}: {reply['wrong']}" for reply in replies[-1:] if reply["wrong"]]
            print(f"  {name}: {[(tlv['type'], tlv['flags']) for tlv in replies[-1]['tlvs']]}")
        check(not wrong, "\n".join(wrong))


def check_location(reply, own, far):
    location = next(tlv for tlv in reply["tlvs"] if tlv["type"] == 2)
    check_equal((location["source"], location["destination"], location["destination_port"]), (own, far, PORT), "Location")


def stamp_location_from_the_peer():
    with Rig(emulated=False) as rig:
        rig.reflect()
        for own, far in ((SENDER_V4, REFLECTOR_V4), (SENDER_V6, REFLECTOR_V6)):
            for probe in peer_sends(rig, "--tlv", "location", address=far, count=3):
                check_equal(len(probe["replies"]), 1, "replies")
                check_location(probe["replies"][0], own, far)


def stamp_short_requests():
    """14 to 43 octets get the base packet, fewer nothing (protocols of TWAMP Light, RFC 5357 appendix I)."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for padding in (0, 1, 2, 27, 29):
            probes = peer_sends(rig, "--light", "--padding", padding, count=3)
            check_nothing_wrong(replies_of(probes), "replies")
            check_equal({reply["octets"] for reply in replies_of(probes)}, {44}, f"octets of replies to {14 + padding}")
            check_equal(len(replies_of(probes)), 3, "replies")


# --- the peer reflects ---------------------------------------------------------------------------------------


def check_requests(reflector, measured):
    """Every request is as it should be, and its T1 is before its arrival."""
    seen = lines(reflector, "packet")
    check_nothing_wrong([line for line in seen if "wrong" in line], "requests")
    dropped = [line["dropped"] for line in seen if line["dropped"]]
    check_equal(dropped, ["lost on the way there"] * len(LOST_THERE), "requests that the peer drops")
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
        check(abs(probe["reflector_rx_ns"] - line["received_ns"]) <= 1, f"reflector_rx_ns: {probe}, {line['received_ns']}")
        check(probe["reflector_rx_ns"] <= probe["reflector_tx_ns"] <= reply["left_ns"] + 1, f"reflector_tx_ns: {probe}")
    return numbered


def ping_and_judge(rig, *flags, reflector, stateful=True, **options):
    measured = rig.ping("-c", str(PROBES), "-i", "50ms", *flags, **options)
    check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
    seen = check_requests(reflector, measured)
    numbered = check_agreement(measured, seen, stateful)
    check(not stateful or numbered > PROBES / 2, f"only {numbered} probes know the number of their reply")
    reflector.stop(signal.SIGTERM)
    return measured, seen


def stamp_open_to_the_peer():
    with Rig(emulated=False) as rig:
        for address, target in ((REFLECTOR_V4, V4), (REFLECTOR_V6, V6)):
            for peer, ours in (((), ()), (("--error", "dd80"), ()), ((), ("--time-format", "ptp")),
                               (("--stateless",), ("--dscp", "AF41", "--size", "300"))):
                reflector = peer_reflects(rig, *peer, *LOSING, address=address)
                measured, seen = ping_and_judge(rig, *ours, reflector=reflector, target=target,
                                                stateful="--stateless" not in peer)
                print(f"  {target} {peer} {ours}: {len(seen)} requests, nothing wrong")
                check_equal({line["error"][0] in "4567cdef" for line in seen}, {"ptp" in ours}, "the Z bit of the requests")


CASES = {
    "stamp_open_from_the_peer": stamp_open_from_the_peer,
    "stamp_open_to_the_peer": stamp_open_to_the_peer,
}
