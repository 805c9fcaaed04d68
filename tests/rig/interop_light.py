# SPDX-License-Identifier: Apache-2.0
"""TWAMP Light (RFC 5357 appendix I): the program and peers as they are found, see interop.py and tests/peer/peer.py."""

import signal

from interop import PROBES, V4, V6, check_nothing_wrong, lines, peer_reflects, peer_sends, replies_of
from rig import REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Rig, check, check_equal, in_time

# Flags of the peer, and those of ping: what real reflectors answer.
REFLECTORS = {
    "own numbers": ((), ()), "a copy of the number": (("--stateless",), ()), "41 octets": (("--cut", 41), ()),
    "43 octets": (("--cut", 43), ()), "no more than 1,024 octets": (("--cut", 1024), ("--size", "1400")),
    "more than was asked with": (("--longer", 100), ()), "padding of its own": (("--random-padding",), ()),
    "trailing octets dropped": (("--drop-trailing",), ()), "stamps of PTP": (("--error", "dd80"), ()),
    "stamps of PTP, ours of NTP": (("--error", "5d80"), ("--time-format", "ntp")),
    "no error estimate": (("--multiplier-0",), ()),
}


#= RFC8762:light-nothing-behind RFC5357:light-stateless
def light_reflectors():
    """Every reply counts, whatever its length and padding; what cannot be in it is missing and not made up."""
    with Rig(emulated=False) as rig:
        for address, target in ((REFLECTOR_V4, V4), (REFLECTOR_V6, V6)):
            for name, (flags, ours) in REFLECTORS.items():
                reflector = peer_reflects(rig, "--light", *flags, address=address)
                measured = rig.ping("-c", str(PROBES), "-i", "20ms", *ours, target=target)
                check_equal(measured.code, 0, f"exit code of ping, {name}: {measured.err}")
                seen = {line["sequence"]: line for line in lines(reflector, "packet")}
                for probe in in_time(measured):
                    check_equal(probe["outcome"], "delivered", f"outcome, {name}")
                    line = seen[probe["sequence"]]
                    check(abs(probe["reflector_rx_ns"] - line["received_ns"]) <= 1, f"reflector_rx_ns, {name}: {probe}")
                    check_equal(probe["seen_ttl"], line["ttl"], f"seen_ttl, {name}")
                    check("seen_dscp" not in probe, f"DSCP that no TWAMP Light reflector tells, {name}: {probe}")
                counters = measured.document["counters"]
                check_equal(counters["zero_ssid"], counters["replies"], f"replies without SSID, {name}")
                missing = counters["replies"] if name == "no error estimate" else 0
                check_equal(counters["error_estimate_missing"], missing, f"error_estimate_missing, {name}")
                check_equal((counters["malformed"], counters["tlv_malformed"]), (0, 0), f"malformed, {name}")
                reflector.stop(signal.SIGTERM)
                print(f"  {target} {name}: {len(seen)} packets", flush=True)


#= RFC8762:light-padding-copied RFC8762:light-ntp-reflector
def light_senders():
    """Random padding comes back as it came, whatever its first octet looks like: octets 16 to 43 are not those of STAMP.
    The reply is as long as the request."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        like_tlvs = 0
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            for padding in (30, 31, 32, 100, 1400):
                probes = peer_sends(rig, "--light", "--padding", padding, address=address,
                                    count=5)
                replies = replies_of(probes)
                check_nothing_wrong(replies, f"replies to a padding of {padding}")
                check_equal([reply["octets"] for reply in replies], [14 + padding] * 5, "octets of the replies")
                for probe in probes:
                    asked, got = (bytes.fromhex(packet["hex"]) for packet in (probe, probe["replies"][0]))
                    like_tlvs += len(asked) > 44 and asked[44] >> 7
                    check_equal(got[44:].hex(), asked[44:].hex(), "padding")
        check(like_tlvs > 0, "no padding began as a TLV: it proves nothing")


#= RFC8762:light-short-request
def light_short_senders():
    """14 to 43 octets from a listed source get the base packet of STAMP; strangers, for whom it would be more than they
    sent, get nothing."""
    with Rig(emulated=False) as rig:
        rig.reflect("--allow", f"{SENDER_V4}/32")
        for padding in (0, 1, 2, 27, 29):
            replies = replies_of(peer_sends(rig, "--light", "--padding", padding, count=5))
            check_nothing_wrong(replies, "replies")
            check_equal([reply["octets"] for reply in replies], [44] * 5, f"octets of replies to {14 + padding}")
            probes = peer_sends(rig, "--light", "--padding", padding, address=REFLECTOR_V6, count=5, replies=0)
            check_equal(replies_of(probes), [], f"replies to {14 + padding} octets of a stranger")


def light_odd_reflectors():
    """Replies that cannot be used as they are: counted, named, and never a figure that is wrong."""
    with Rig(emulated=False) as rig:
        for name, flags in (("36 octets", ("--cut", 36)), ("40 octets", ("--cut", 40)), ("T1 and T3 swapped", ("--swap",)),
                            ("UTC in PTP", ("--utc-in-ptp", "--error", "dd80"))):
            reflector = peer_reflects(rig, "--light", *flags)
            measured = rig.ping("-c", str(PROBES), "-i", "20ms")
            notes, counters = measured.document["notes"], measured.document["counters"]
            print(f"  {name}: {measured.summary['received']}, {notes}, {counters}")
            check_equal(measured.summary["received"], len(in_time(measured)), f"received, {name}")
            check_equal([probe for probe in measured.probes if "seen_ttl" in probe and "octets" in name], [], "TTL")
            check(notes or any(counters.values()), f"nothing was told, {name}")
            reflector.stop(signal.SIGTERM)


CASES = {
    "light_reflectors": light_reflectors,
    "light_senders": light_senders,
    "light_short_senders": light_short_senders,
    "light_odd_reflectors": light_odd_reflectors,
}
