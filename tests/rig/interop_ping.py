# SPDX-License-Identifier: Apache-2.0
"""What `ping --tlv` asks for (docs/stamp.md), with the reference peer as the reflector: what the peer did of it is what
ping says in words; and Location through a router that translates addresses."""

import signal

from agents import Agent
from interop import V4, V6, check_nothing_wrong, lines, peer_reflects, start
from interop_keys import KEY, key_file
from nat import CLIENT, SERVER, Nat
from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Network, Rig, check, check_equal, in_time, poll_until

COUNT = 5
UNKNOWN = "the peer does not know it (U)"
REFUSED = "not understood, or refused (U)"

# What is asked for, flags of the peer, and for each TLV how it came back and words of the sentence about it.
WISHES = (
    (("location",), (), {"location": ("answered", "as sent: no NAT is between")}),
    (("timestamp-information",), (), {"timestamp-information": ("answered", "free running, software stamps")}),
    (("direct-measurement",), (), {"direct-measurement": ("answered", "since the first reply ")}),
    (("access-report=3gpp:available",), (), {"access-report": ("answered", "3GPP access available")}),
    (("access-report=non-3gpp:unavailable",), (), {"access-report": ("answered", "non-3GPP access unavailable")}),
    (("return-path=same-link",), (), {"return-path": ("answered", "by the link that the request came by")}),
    (("micro-session=17",), (), {"micro-session": ("answered", "member link 17 here is 34 there")}),
    (("micro-session=17:34",), (), {"micro-session": ("answered", "member link 17 here is 34 there")}),
    (("micro-session=17",), ("--micro-id", "none"), {"micro-session": ("not_understood", UNKNOWN)}),
    (("reply-control=400:1",), ("--control",), {"reply-control": ("answered", "in the length and number asked for")}),
    (("reply-control=400:1",), (), {"reply-control": ("not_fulfilled", "the peer could not do it (C)")}),
    (("reply-control=400:9",), ("--control",), {"reply-control": ("not_fulfilled", "could not do it (C)")}),
    (("bit-errors",), ("--drafts",), {"bit-errors": ("answered", "0 bits arrived wrong"),
                                      "error-burst": ("answered", "0 wrong bits in a row")}),
    (("bit-errors=a5",), ("--drafts",), {"bit-pattern": ("answered", "understood"),
                                         "bit-errors": ("answered", "0 bits arrived wrong")}),
    (("bit-errors",), (), {"bit-errors": ("not_understood", UNKNOWN), "error-burst": ("not_understood", UNKNOWN)}),
    (("ip-header=20",), ("--drafts",), {"ip-header": ("not_fulfilled", "could not do it (C)")}),
    (("extension-header=8",), ("--drafts",), {"extension-header": ("not_fulfilled", "could not do it (C)")}),
    (("extension-header=8",), (), {"extension-header": ("not_understood", UNKNOWN)}),
    (("200=0a0b", "1=ffff"), (), {"200": ("not_understood", UNKNOWN), "extra-padding": ("answered", "understood")}),
    (("location", "timestamp-information", "direct-measurement", "access-report=3gpp:available",
      "return-path=same-link", "micro-session=1"), (),
     {name: ("answered", "") for name in ("location", "timestamp-information", "direct-measurement", "access-report",
                                          "return-path", "micro-session", "class-of-service", "follow-up-telemetry")}),
)
# Of these TLVs addresses are part.
PLACES = {
    V4: (REFLECTOR_V4, REFLECTOR_V4, SENDER_V4, "198.51.100.7"),
    V6: (REFLECTOR_V6, REFLECTOR_V6, SENDER_V6, "2001:db8::7"),
}


def places(target):
    """As WISHES, with the address of the reflector, ours, and somebody else's."""
    _, far, own, other = PLACES[target]
    network = "0.0.0.0/0" if target == V4 else "::/0"
    return (
        ((f"destination-node={far}",), (), {"destination-node": ("answered", f"{far} is an address of the reflector")}),
        ((f"destination-node={other}",), (), {"destination-node": ("not_understood", "or the address is not its own (U)")}),
        ((f"return-path={own}",), ("--return-prefix", network), {"return-path": ("answered", f"replies come to {own}")}),
        ((f"return-path={own}",), (), {"return-path": ("not_understood", REFUSED)}),
    )


def ask(rig, wishes, peer, ours=(), target=V4):
    """(what ping measured, lines of the peer's packets). Nothing is wrong with any request."""
    flags = sum((("--tlv", wish) for wish in wishes), ())
    reflector = peer_reflects(rig, *peer, address=PLACES[target][0])
    measured = rig.ping("-c", str(COUNT), "-i", "200ms", *ours, *flags, target=target)
    reflector.stop(signal.SIGTERM)
    seen = lines(reflector, "packet")
    check_nothing_wrong([line for line in seen if "wrong" in line], f"requests, {wishes}")
    check(len(seen) >= max(1, len(in_time(measured))), f"the peer saw {len(seen)} requests, {wishes}")
    return measured, seen


def check_counters(measured, seen):
    """All that the peer saw since its first reply came back; not the one under way when ping ended."""
    text = next(tlv["text"] for tlv in measured.document["tlvs"] if tlv["name"] == "direct-measurement")
    counted = [int(word) for word in text.split() if word.isdigit()]
    check_equal(len(counted), 4, f"numbers in {text!r}")
    check(counted[0] in (len(seen) - 2, len(seen) - 1) and len(set(counted)) == 1, f"the peer saw {len(seen)}: {text!r}")


def check_answers(measured, answers, what):
    told = {tlv["name"]: tlv for tlv in measured.document["tlvs"]}
    for name, (answer, words) in answers.items():
        check(name in told, f"no word about {name}, {what}: {told}")
        check_equal(told[name]["answer"], answer, f"answer to {name}, {what}: {told[name]}")
        check(words in told[name]["text"], f"{what}: {told[name]['text']!r} has no {words!r}")
    counters = measured.document["counters"]
    for counter in ("malformed", "tlv_malformed", "tlv_integrity", "auth_failed", "other_mode", "wrong_link"):
        check_equal(counters[counter], 0, f"counter {counter}, {what}")


def asks_the_peer(peer, ours):
    with Rig(emulated=False) as rig:
        ours = key_file(rig, KEY) if ours else ()
        for target in (V4, V6):
            for wishes, flags, answers in (*(WISHES if target == V4 else WISHES[:1]), *places(target)):
                measured, seen = ask(rig, wishes, (*peer, *flags), ours, target)
                check_equal(measured.code, 0, f"exit code of ping, {wishes}: {measured.err}")
                for probe in in_time(measured):
                    check_equal(probe["outcome"], "delivered", f"outcome, {wishes}")
                check_answers(measured, answers, f"{wishes} {flags}")
                if "direct-measurement" in answers:
                    check_counters(measured, seen)
                print(f"  {target} {wishes} {flags}: {[tlv['text'] for tlv in measured.document['tlvs'] if tlv['asked']]}",
                      flush=True)


def ping_asks_the_peer():
    asks_the_peer((), False)


def authenticated_ping_asks_the_peer():
    asks_the_peer(("--key", KEY), True)


def ping_asks_the_peer_for_other_replies():
    """None, several, or by another link: what ping counts is what the peer did."""
    with Rig(emulated=False) as rig:
        for peer, ours in (((), ()), (("--key", KEY), key_file(rig, KEY))):
            measured, seen = ask(rig, ("return-path=no-reply",), peer, ours)
            check_equal({line["dropped"] for line in seen}, {"Return Path: no reply"}, "why the peer is silent")
            check_equal(measured.summary["received"], 0, "received where no reply is wanted")
            measured, seen = ask(rig, ("micro-session=17:35",), peer, ours)
            check_equal({line["dropped"] for line in seen}, {"Micro-session ID of another link"}, "why the peer is silent")
            check_equal(measured.summary["received"], 0, "received by another link")
            measured, seen = ask(rig, ("reply-control=400:3:5ms",), (*peer, "--control"), ours)
            check_answers(measured, {"reply-control": ("answered", "in the length and number asked for")}, "a burst")
            for line in seen:
                check_equal([reply["octets"] for reply in line["replies"]], [400] * 3, "octets of the peer's replies")
            check_equal(measured.summary["received"], len(in_time(measured)), "received")
            further = measured.document["counters"]["further_replies"]
            # Some of the last probes' are still under way when ping ends; on a busy machine those of several.
            check(0 < further <= 2 * len(seen), f"{further} further_replies to {len(seen)} requests")
            check_equal(measured.summary["duplicates"], 0, "duplicates: further replies are none")


# --- a router that translates addresses ----------------------------------------------------------------------

TRANSLATED = "table ip shown {{ chain pre {{ type nat hook prerouting priority dstnat; ip daddr {shown} dnat to {meant}; }} }}"
SHOWN = "198.51.100.77"


def check_location(nat, target, words, absent=(), port=5000):
    measured = nat.network.ping("-c", str(COUNT), "-i", "200ms", "--tlv", "location", "--source-port", str(port),
                                namespace=nat.client, target=target)
    check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
    told = {tlv["name"]: tlv for tlv in measured.document["tlvs"]}["location"]
    print(f"  {target}: {told['text']}", flush=True)
    check_equal(told["answer"], "answered", f"answer: {told}")
    for word in words:
        check(word in told["text"], f"{told['text']!r} has no {word!r}")
    for word in absent:
        check(word not in told["text"], f"{told['text']!r} has {word!r}")
    check(any(words[0] in note for note in measured.document["notes"]), f"no note says so: {measured.document['notes']}")


def location_shows_the_nat():
    """Our reflector and the peer's behind a router that masquerades, and behind one that translates their address, too."""
    with Network() as network:
        nat = Nat(network, "uplink_changed", 30)
        network.nft(nat.router, TRANSLATED.format(shown=SHOWN, meant=SERVER))
        source = ("the reflector saw 198.51.100.2:", f"we sent from {CLIENT}:5000: a NAT is between")
        moved = f"it was reached at {SERVER}:{PORT}: its address is translated, too"
        for reflector in (nat.reflector, None):
            if reflector is None:
                reflector = start(network, nat.server, "reflect", SERVER, PORT)
                poll_until(lambda: lines(reflector, "listening") or reflector.popen.poll() is not None, 30, "the peer listens")
            check_location(nat, f"{SERVER}:{PORT}", source, ("its address is translated",))
            check_location(nat, f"{SHOWN}:{PORT}", (*source, moved))
            reflector.stop(signal.SIGTERM)
        nat.reflect()
        agent = Agent(network, nat.client, f"there={SERVER} interval=50ms tlv=location port-policy=fixed source-port=5002")
        poll_until(lambda: [event for event in agent.told("there") if event["kind"] == "network_changed"], 20,
                   "the agent tells of the NAT")
        check_equal(agent.process.stop(), 0, f"exit code of the agent: {agent.process.err()}")
        told = [event for event in agent.told("there") if event["kind"] == "network_changed"]
        check_equal([event["reason"] for event in told], ["address translation"], f"events of the agent: {told}")
        check(f"we sent from {CLIENT}:5002: a NAT is between" in told[0]["text"], f"event of the agent: {told[0]}")
        network.nft(nat.router, "delete table ip nat")
        network.ip(nat.server, f"route add {CLIENT}/32 via 198.51.100.2")
        # The router remembers the flow from port 5000.
        check_location(nat, f"{SERVER}:{PORT}", (f"the reflector saw {CLIENT}:5001, as sent: no NAT is between",), port=5001)


CASES = {
    "ping_asks_the_peer": ping_asks_the_peer,
    "authenticated_ping_asks_the_peer": authenticated_ping_asks_the_peer,
    "ping_asks_the_peer_for_other_replies": ping_asks_the_peer_for_other_replies,
    "location_shows_the_nat": location_shows_the_nat,
}
