# SPDX-License-Identifier: Apache-2.0
"""The extensions of STAMP (RFC 8972, RFC 9503, RFC 9534) between the program and the reference peer, see interop.py."""

from collections import Counter

from interop import check_answered, peer_sends, replies_of
from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Rig, check, check_equal

U, M, C = 0x80, 0x40, 0x10
KINDS = ",".join(str(kind) for kind in range(1, 13))
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


#= RFC8972:unknown-gets-u
def stamp_extensions_from_the_peer():
    with Rig(emulated=False) as rig:
        rig.reflect()
        wrong = []
        for name, words in REQUESTS.items():
            flags = sum((("--tlv", word) for word in words), ())
            probes = peer_sends(rig, "--ssid", 7, "--dscp", 34, "--ecn", 2, *flags, count=3)
            replies = replies_of(probes)
            check_equal(len(replies), 3, f"replies, {name}")
            wrong += [f"{name}: {reply['wrong']}" for reply in replies[-1:] if reply["wrong"]]
            print(f"  {name}: {[(tlv['type'], tlv['flags']) for tlv in replies[-1]['tlvs']]}", flush=True)
        check(not wrong, "\n".join(wrong))


#= RFC8972:never-dropped RFC8972:any-order
def replies_by_chance():
    """Whatever a sender writes behind the base packet, the reply is what the literal reflector would have answered: where
    links have IDs, and where they have none."""
    for links in ((), ("--micro-session", "34")):
        with Rig(emulated=False) as rig:
            rig.reflect(*links)
            for seed, address in enumerate((REFLECTOR_V4, REFLECTOR_V6)):
                probes = peer_sends(rig, "--ssid", 7, "--chance", seed, "--kinds", KINDS,
                                    address=address, count=1000)
                found = [tlv for reply in check_answered(probes) for tlv in reply["tlvs"]]
                flags = Counter(tlv["flags"] for tlv in found)
                print(f"  {links}, seed {seed}: answered {flags[0]}, unknown {flags[U]}, malformed {flags[M]}, not done"
                      f" {flags[C]}", flush=True)
                check(min(flags[flag] for flag in (0, U, M, C)) > 50, f"flags {flags}: too few to prove anything")
                done = {tlv["type"] for tlv in found if tlv["flags"] == 0}
                wanted = set(range(1, 8)) | {10} | ({11} if links else set())
                check(wanted <= done, f"types that were never understood: {wanted - done}")


def tlvs_of(rig, *words, address=REFLECTOR_V4, **options):
    """Those of the last of three replies; nothing is wrong with any of them."""
    flags = sum((("--tlv", word) for word in words), ())
    probes = peer_sends(rig, "--ssid", 7, *flags, address=address, count=3, **options)
    return check_answered(probes)[-1]["tlvs"]


#= RFC8972:location-ports RFC8972:direct-reflector RFC8972:follow-up
def stamp_data_of_the_extensions():
    """What a reflector says is so: addresses and ports, counters, marks, and when the reply before left."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for own, far in ((SENDER_V4, REFLECTOR_V4), (SENDER_V6, REFLECTOR_V6)):
            flags = sum((("--tlv", name) for name in NAMES), ())
            # Not so fast that a reply leaves before it is known when the one before it left.
            probes = peer_sends(rig, "--interval", "0.5", "--dscp", 34, "--ecn", 2, *flags, address=far, count=10)
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


#= RFC9503:node-is-source
def stamp_paths_and_places():
    """Destination Node Address and Return Path (RFC 9503), Micro-session ID (RFC 9534), what is off by default."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        for own, far, other in ((SENDER_V4, REFLECTOR_V4, "192.0.2.20"), (SENDER_V6, REFLECTOR_V6, "2001:db8::20")):
            for words, flags in ((f"destination={far}", 0), (f"destination={other}", U), (f"return={other}", U)):
                check_equal([tlv["flags"] for tlv in tlvs_of(rig, words, address=far)], [flags], words)
            tlvs_of(rig, "return=link", address=far)
            probes = peer_sends(rig, "--ssid", 7, "--tlv", "return=none", "--tlv", "direct", address=far, count=3,
                                replies=0)
            check_equal(replies_of(probes), [], "replies where none is wanted")
        check_equal([tlv["flags"] for tlv in tlvs_of(rig, "control=1000,50,1000")], [C], "a burst")


def stamp_wishes_granted():
    """What is off by default, switched on: links with IDs, several and longer replies, replies to another address, drafts."""
    places = (SENDER_V4, REFLECTOR_V4, "10.77.0.3", "0.0.0.0"), (SENDER_V6, REFLECTOR_V6, "fd77::3", "::")
    with Rig(emulated=False) as rig:
        rig.ip("sender", "addr add 10.77.0.3/24 dev s0")
        rig.ip("sender", "addr add fd77::3/64 dev s0 nodad preferred_lft 0")
        rig.reflect("--micro-session", "34", "--reply-control", "5", "--allow", f"{SENDER_V4}/32", "--allow",
                    f"{SENDER_V6}/128", "--return-to", "10.77.0.3/32", "--return-to", "fd77::3/128", "--drafts")
        for own, far, other, wildcard in places:
            for words in ("micro=17,0", "micro=17,34"):
                found = tlvs_of(rig, words, address=far)[0]
                check_equal((found["flags"], found["sender_id"], found["reflector_id"]), (0, 17, 34), words)
            probes = peer_sends(rig, "--tlv", "micro=17,35", address=far, count=3, replies=0)
            check_equal(replies_of(probes), [], "replies by another link")
            check_equal([tlv["flags"] for tlv in tlvs_of(rig, "800b00020011", "direct", address=far)], [M, U], "a short ID")
            probes = peer_sends(rig, "--source", wildcard, "--tlv", f"return={other}", address=far, count=3)
            for reply in check_answered(probes):
                check_equal((reply["arrived_at"], reply["tlvs"][0]["flags"]), (other, 0), "where the reply came to")
            check_equal([tlv["flags"] for tlv in tlvs_of(rig, f"return={own}", address=far)], [0], "to the source itself")
            for control, sizes in (("control=400,3,2000000", [400] * 3), ("control=44,1,0", [60]),
                                   ("control=100,6,2000000", [60])):
                probes = peer_sends(rig, "--tlv", control, address=far, count=3, replies=len(sizes))
                for probe, reply in zip(probes, check_answered(probes, len(sizes))[::len(sizes)]):
                    check_equal([one["octets"] for one in probe["replies"]], sizes, f"octets, {control}")
                    check_equal(reply["tlvs"][0]["flags"], C if "6" in control else 0, f"flags, {control}")
            drafts = peer_sends(rig, "--drafts", "--tlv", "80040004b8004000", "--tlv", "80f00002ff00",
                                "--tlv", "80f1000400000000", "--tlv", "80f2000400000000", "--tlv", "padding=64",
                                "--tlv", "80f60008" + "00" * 8, "--tlv", "80f70014" + "00" * 20, address=far, count=3)
            for reply in check_answered(drafts):
                check_equal([tlv["flags"] for tlv in reply["tlvs"]], [0] * 5 + [C, C], "flags of the drafts")
                check_equal(reply["ecn"], 1, "ECN of the reply")
                check(int(reply["tlvs"][2]["value"], 16) > 0, "wrong bits of random padding")


CASES = {
    "replies_by_chance": replies_by_chance,
    "stamp_extensions_from_the_peer": stamp_extensions_from_the_peer,
    "stamp_data_of_the_extensions": stamp_data_of_the_extensions,
    "stamp_paths_and_places": stamp_paths_and_places,
    "stamp_wishes_granted": stamp_wishes_granted,
}
