# SPDX-License-Identifier: Apache-2.0
"""The extensions of STAMP (RFC 8972, RFC 9503, RFC 9534) between the program and the reference peer, see interop.py."""

from collections import Counter

from interop import check_answered, peer_sends, replies_of
from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Rig, check, check_equal

U, M, C = 0x80, 0x40, 0x10
KINDS = "1,3,4,7"
NAMES = ("padding=9", "location", "timestamp", "cos=10", "direct", "access=1,1", "follow-up", "padding=4")
KEY = "8f0c41d2a3b4c5d6e7f8091a2b3c4d5e"

# What any reflector does with TLVs, known and unknown, whole and broken (RFC 8972 4). A word, or a TLV in hex.
REQUESTS = {
    "padding": ("padding=100",), "no padding": ("padding=0",), "location": ("location",), "clock": ("timestamp",),
    "class": ("cos=46",), "counters": ("direct",), "access": ("access=2,2",), "follow-up": ("follow-up",),
    "all of them": NAMES, "twice the same": ("direct", "direct", "timestamp", "timestamp"),
    "unknown in the middle": ("cos=0", "80c8000461626364", "direct"),
    "reserved types": ("80000000", "80ff0002abcd", "timestamp"),
    "of a vendor": ("80fc000800000009aabbccdd", "timestamp"),
    "bad length of class": ("800400080000000000000000", "direct"),
    "bad length of counters": ("800500080000000000000000", "direct"),
    "bad length of clock": ("80030003010203", "direct"), "bad length of location": ("800200020102", "direct"),
    "bad length of follow-up": ("800700080102030405060708", "direct"),
    "bad length of destination": ("800900080102030405060708", "direct"),
    "bad length of micro-session": ("800b00020011", "direct"), "bad length of control": ("800c000400000000", "direct"),
    "truncated": ("direct", "8001006400010203"), "bad access": ("8006000430010000", "direct"),
    "a longer clock": ("8003000800000000" "01020304",), "location without parts": ("8002000400000000", "direct"),
    "location with a strange part": ("8002000c00000000" "80c80004" "01020304", "direct"),
    "control, which is off": ("control=200,3,1000000", "direct"),
    "a label stack": ("800a000c8003000803e810ff05dc21ff", "direct"),
}


def stamp_extensions_from_the_peer():
    with Rig(emulated=False) as rig:
        rig.reflect()
        wrong = []
        for name, words in REQUESTS.items():
            flags = sum((("--tlv", word) for word in words), ())
            probes = peer_sends(rig, "--ssid", 7, "--interval", "0.05", "--dscp", 34, "--ecn", 2, *flags, count=3)
            replies = replies_of(probes)
            check_equal(len(replies), 3, f"replies, {name}")
            wrong += [f"{name}: {reply['wrong']}" for reply in replies[-1:] if reply["wrong"]]
            print(f"  {name}: {[(tlv['type'], tlv['flags']) for tlv in replies[-1]['tlvs']]}", flush=True)
        check(not wrong, "\n".join(wrong))


def replies_by_chance():
    """Whatever a sender writes behind the base packet, the reply is what the literal reflector would have answered."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for seed, address in enumerate((REFLECTOR_V4, REFLECTOR_V6)):
            probes = peer_sends(rig, "--ssid", 7, "--interval", 5, "--go-on", "--chance", seed, "--kinds", KINDS,
                                address=address, count=1000)
            replies = check_answered(probes)
            flags = Counter(tlv["flags"] for reply in replies for tlv in reply["tlvs"])
            print(f"  seed {seed}: {len(replies)} replies, TLVs answered {flags[0]}, unknown {flags[U]}, malformed {flags[M]}")
            check(min(flags[0], flags[U], flags[M]) > 50, f"flags {flags}: too few to prove anything")


def tlvs_of(rig, *words, address=REFLECTOR_V4, **options):
    """Those of the last of three replies; nothing is wrong with any of them."""
    flags = sum((("--tlv", word) for word in words), ())
    probes = peer_sends(rig, "--ssid", 7, "--interval", "0.05", *flags, address=address, count=3, **options)
    return check_answered(probes)[-1]["tlvs"]


def stamp_data_of_the_extensions():
    """What a reflector says is so: addresses and ports, counters, marks, and when the reply before left."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for own, far in ((SENDER_V4, REFLECTOR_V4), (SENDER_V6, REFLECTOR_V6)):
            flags = sum((("--tlv", name) for name in NAMES), ())
            probes = peer_sends(rig, "--dscp", 34, "--ecn", 2, *flags, address=far)
            replies = check_answered(probes)
            before = None
            for sequence, (probe, reply) in enumerate(zip(probes, replies)):
                found = {tlv["type"]: tlv for tlv in reply["tlvs"]}
                location, counters = found[2], found[5]
                check_equal((location["source"], location["source_port"]), (own, probe["source_port"]), "source")
                check_equal((location["destination"], location["destination_port"]), (far, PORT), "destination")
                check_equal((found[4]["dscp"], found[4]["ecn"], found[4]["wanted_dscp"]), (34, 2, 10), "class")
                check_equal(reply["dscp"], 34 if found[4]["refused"] else 10, "DSCP of the reply")
                counted = counters["sent"], counters["received"], counters["returned"]
                check_equal(counted, (sequence + 1,) * 3, "counters")
                if before and found[7]["left_ns"]:
                    check_equal(found[7]["of"], before["sequence"], "Sequence Number of the follow-up")
                    order = [before["sent_ns"], found[7]["left_ns"], before["received_ns"]]
                    check(order == sorted(order), f"written, left, arrived: {order}")
                before = reply
            check(found[7]["left_ns"], "no follow-up was told")


def stamp_paths_and_places():
    """Destination Node Address and Return Path (RFC 9503), Micro-session ID (RFC 9534), what is off by default."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for own, far, other in ((SENDER_V4, REFLECTOR_V4, "192.0.2.20"), (SENDER_V6, REFLECTOR_V6, "2001:db8::20")):
            for words, flags in ((f"destination={far}", 0), (f"destination={other}", U), (f"return={other}", U)):
                check_equal([tlv["flags"] for tlv in tlvs_of(rig, words, address=far)], [flags], words)
            tlvs_of(rig, "return=link", address=far)
            probes = peer_sends(rig, "--ssid", 7, "--tlv", "return=none", "--tlv", "direct", address=far, count=3)
            check_equal(replies_of(probes), [], "replies where none is wanted")
        check_equal([tlv["flags"] for tlv in tlvs_of(rig, "control=1000,50,1000")], [C], "a burst")


CASES = {"replies_by_chance": replies_by_chance}
PREPARED = {
    "stamp_extensions_from_the_peer": stamp_extensions_from_the_peer,
    "stamp_data_of_the_extensions": stamp_data_of_the_extensions,
    "stamp_paths_and_places": stamp_paths_and_places,
}
