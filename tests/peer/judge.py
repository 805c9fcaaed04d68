# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a STAMP packet of the other side: a list of sentences, empty when nothing is.

A reply is judged by what the literal reflector would have answered to that request. Only what the far end alone can
know (counters, its clock, its policy) is taken from the reply, and judged for itself.
"""

import ipaddress

import octets
import packets
import tlvs
from octets import number

RETURN_SUBS = {1: "Control Code", 2: "Return Address", 3: "SR-MPLS", 4: "SRv6"}


def described(one, error, near_ns):
    """A TLV in words, for the line that is printed about a packet."""
    value = one.value
    found = {"type": one.kind, "flags": one.flags, "length": one.length, "value": value}
    if one.truncated():
        return found
    if one.kind == tlvs.LOCATION and one.length >= 4:
        found["destination_port"], found["source_port"] = number(value[0:2]), number(value[2:4])
        for sub in tlvs.split(value[4:])[0]:
            if sub.flags & (tlvs.U | tlvs.M):
                continue
            name = {2: "eui48", 3: "eui64", 5: "destination", 6: "destination", 8: "source", 9: "source"}.get(sub.kind)
            if name in ("destination", "source") and sub.length == len(sub.value) == 16:
                found[name] = str(ipaddress.ip_address(sub.value[:4] if sub.kind in (5, 8) else sub.value))
            elif name:
                found[name] = sub.value[:6] if sub.kind == 2 else sub.value
    elif one.kind == tlvs.TIMESTAMP and one.length >= 4:
        found["sync_in"], found["method_in"], found["sync_out"], found["method_out"] = value[:4]
    elif one.kind == tlvs.COS and one.length == 4:
        found["wanted_dscp"], found["dscp"] = value[0] >> 2, (value[0] & 3) << 4 | value[1] >> 4
        found["ecn"], found["refused"] = value[1] >> 2 & 3, bool(value[1] & 3)
    elif one.kind == tlvs.DIRECT and one.length == 12:
        found["sent"], found["received"], found["returned"] = (number(value[at:at + 4]) for at in (0, 4, 8))
    elif one.kind == tlvs.FOLLOW_UP and one.length == 16:
        found["of"], found["method"] = number(value[0:4]), value[12]
        found["left_ns"] = octets.instant(value[4:12], error, near_ns)
    elif one.kind == tlvs.MICRO and one.length == 4:
        found["sender_id"], found["reflector_id"] = number(value[0:2]), number(value[2:4])
    return found


# --- requests ----------------------------------------------------------------------------------------------


def zeros(value, *spans):
    return not any(any(value[first:end]) for first, end in spans)


def wrong_location(value):
    subs, tail = tlvs.split(value[4:])
    lengths = {1: 8, 4: 16, 7: 16}
    return tail or not zeros(value, (0, 4)) or any(
        sub.length != lengths.get(sub.kind) or any(sub.value) or sub.flags != tlvs.U for sub in subs)


def wrong_return_path(value):
    subs, tail = tlvs.split(value)
    kinds = [sub.kind for sub in subs]
    return (tail or len(set(kinds)) != len(kinds) or 1 in kinds and len(kinds) > 1 or {3, 4} <= set(kinds)
            or any(sub.truncated() for sub in subs))


WRONG_IN_REQUEST = {
    tlvs.LOCATION: lambda one: one.length < 4 or wrong_location(one.value),
    tlvs.TIMESTAMP: lambda one: one.length < 4 or not zeros(one.value, (0, 4)),
    tlvs.COS: lambda one: one.length != 4 or one.value[0] & 3 or one.value[1] or one.value[2] & 0x3F or one.value[3],
    tlvs.DIRECT: lambda one: one.length != 12 or not zeros(one.value, (4, 12)),
    tlvs.ACCESS: lambda one: one.length != 4 or one.value[0] not in (0x10, 0x20) or one.value[1] not in (1, 2)
    or not zeros(one.value, (2, 4)),
    tlvs.FOLLOW_UP: lambda one: one.length != 16 or any(one.value),
    tlvs.DESTINATION: lambda one: one.length not in (4, 16),
    tlvs.RETURN_PATH: lambda one: wrong_return_path(one.value),
    tlvs.MICRO: lambda one: one.length != 4 or zeros(one.value, (0, 2)),
    tlvs.CONTROL: lambda one: one.length < 12,
}


def wrong_with_request(payload, key=None, hmac_key=None, hmac_wanted=False):
    """`key`: of the authenticated mode. `hmac_key`: of the HMAC TLV in the other one, which `hmac_wanted` says must be
    there."""
    mode = key is not None
    base, layout = packets.BASE[mode], packets.REQUEST[mode]
    if len(payload) < base:
        return [f"{len(payload)} octets, fewer than the base packet's {base}"]
    wrong = [f"octet {at} must be zero" for at in packets.must_be_zero(layout, payload, base)]
    if mode and not packets.is_authentic(payload, key):
        wrong.append("the HMAC of the base packet")
    if packets.read(layout, payload)["error"][1] == 0:
        wrong.append("an Error Estimate of nothing")
    found, tail = tlvs.split(payload[base:])
    wrong += [f"{len(tail)} octets behind the last TLV"] if tail else []
    for one in found:
        if one.flags != tlvs.U:
            wrong.append(f"flags {one.flags:#04x} of TLV {one.kind}, a sender writes U")
        if one.truncated():
            wrong.append(f"TLV {one.kind} is longer than the packet")
        elif one.kind in WRONG_IN_REQUEST and WRONG_IN_REQUEST[one.kind](one):
            wrong.append(f"TLV {one.kind}: {one.value.hex()}")
    verdict = tlvs.integrity(found, number(payload[:4]), key or hmac_key, mode)
    if verdict == "failed" or hmac_wanted and found and verdict != "good":
        wrong.append(f"the HMAC TLV: {verdict}")
    return wrong


# --- replies -----------------------------------------------------------------------------------------------


def answered(octets_of_tlvs):
    """The TLVs that the reflector looked at: what is behind a malformed one it has only copied."""
    found, _ = tlvs.split(octets_of_tlvs)
    malformed = next((at for at, one in enumerate(found) if one.flags & tlvs.M), len(found))
    return found[:malformed]


def known_by(found, seen):
    """Fills into `seen` what only the reflector knows, as its reply has it."""
    seen.permitted_dscp = frozenset()
    first_path = next((one for one in found if one.kind == tlvs.RETURN_PATH), None)
    for one in found:
        value = one.value
        if one.kind == tlvs.MICRO and one.flags & tlvs.U:
            seen.micro_id = None
        if one.kind == tlvs.RETURN_PATH and one.flags & tlvs.U and one is first_path:
            seen.same_link = False
        if one.truncated() or one.flags & (tlvs.U | tlvs.M | tlvs.I):
            continue
        if one.kind == tlvs.TIMESTAMP and one.length >= 4:
            seen.sync, seen.method_in, seen.method_out = value[0], value[1], value[3]
        elif one.kind == tlvs.COS and one.length == 4:
            if not value[1] & 3:
                seen.permitted_dscp |= {value[0] >> 2}
        elif one.kind == tlvs.DIRECT and one.length == 12:
            seen.received, seen.transmitted = number(value[4:8]), number(value[8:12])
        elif one.kind == tlvs.FOLLOW_UP and one.length == 16 and any(value):
            seen.previous = number(value[0:4]), value[4:12], value[12]
        elif one.kind == tlvs.MICRO and one.length == 4:
            seen.micro_id = number(value[2:4])
        elif one is first_path:
            seen.return_prefixes = ("0.0.0.0/0", "::/0")
        elif one.kind == tlvs.CONTROL:
            seen.control = not one.flags & tlvs.C
        elif one.kind == tlvs.LOCATION:
            seen.mac = described(one, bytes(2), 0).get("eui48")
    return seen


def wrong_with_values(found, error, near_ns):
    wrong = []
    for one in found:
        if one.flags & (tlvs.U | tlvs.M | tlvs.I):
            continue
        words = described(one, error, near_ns)
        if "sync_in" in words:
            sync, methods = {words["sync_in"], words["sync_out"]}, {words["method_in"], words["method_out"]}
            if not sync <= {1, 2, 3, 4, 5} or not methods <= {1, 2, 3}:
                wrong.append(f"Timestamp Information {one.value.hex()}")
        if words.get("left_ns") and abs(words["left_ns"] - near_ns) > 60 * octets.SECOND:
            wrong.append(f"Follow-Up Telemetry {one.value.hex()}: not of this minute")
    return wrong


def comparable(octets_of_tlvs, padded=False):
    """Without what nothing specifies: U and M beside I, U beside M where a TLV is truncated, flags inside of a refused
    Return Path, and the octets of padding that the reflector adds."""
    found, tail = tlvs.split(octets_of_tlvs)
    for one in found:
        if padded and one.kind == tlvs.PADDING:
            one.value = bytes(len(one.value))
        if one.truncated() and one.flags & tlvs.M:
            one.flags = tlvs.M
        if one.flags & tlvs.I:
            one.flags = tlvs.I
        if one.kind == tlvs.RETURN_PATH and one.flags & tlvs.U and not one.truncated():
            subs, rest = tlvs.split(one.value)
            for sub in subs:
                sub.flags &= ~tlvs.U
            one.value = tlvs.joined(subs, rest)
    return tlvs.joined(found, tail)


def wrong_with_tlvs(request, reply, base, seen, error, near_ns):
    if len(request) <= base:
        return [f"{len(reply) - base} octets behind the base packet"] if len(reply) > base else []
    # In the open mode the HMAC TLV is switched on by its key (RFC 8972 4.8); without one U says so, as of any type.
    seen.hmac_known = seen.key is not None or bool(reply[base] & tlvs.I)
    padding = not seen.authenticated and not request[base] & tlvs.U
    found = answered(b"" if padding else reply[base:])
    wanted, effects = tlvs.reflected(request[base:], known_by(found, seen))
    if padding:  # a STAMP sender writes U, so this is a TWAMP Light sender
        wanted = request[base:]
    wrong = wrong_with_values(found, error, near_ns)
    padded = bool(effects.octets)
    if comparable(reply[base:], padded) != comparable(wanted, padded):
        wrong.append(f"TLVs {reply[base:].hex()}, wanted {wanted.hex()}")
    return wrong


def wrong_with_reply(request, reply, seen, near_ns, ttl=255, key=None, hmac_key=None, stateless=None):
    """`seen`: addresses, ports and marks that the request had. `stateless`: whether the reflector's number must be (or
    must not be) that of the request; None: either."""
    mode = key is not None
    base, layout = packets.BASE[mode], packets.REPLY[mode]
    if len(reply) < base:
        return [f"{len(reply)} octets, fewer than the base packet's {base}"]
    asked, got = packets.read(packets.REQUEST[mode], request), packets.read(layout, reply)
    wrong = [f"octet {at} must be zero" for at in packets.must_be_zero(layout, reply, base)]
    if mode and not packets.is_authentic(reply, key):
        return wrong + ["the HMAC of the base packet"]
    for copy, of in (("sender_sequence", "sequence"), ("sender_timestamp", "timestamp"), ("sender_error", "error"),
                     ("ssid", "ssid")):
        if got[copy] != asked[of]:
            wrong.append(f"{copy} is {got[copy]}, the request had {asked[of]}")
    if got["sender_ttl"] != ttl:
        wrong.append(f"Sender TTL {got['sender_ttl']}, wanted {ttl}")
    if got["error"][1] == 0:
        wrong.append("an Error Estimate of nothing")
    if stateless and got["sequence"] != asked["sequence"]:
        wrong.append(f"Sequence Number {got['sequence']} of a stateless reflector")
    receive, sent = (octets.instant(got[name], got["error"], near_ns) for name in ("receive", "timestamp"))
    if receive is None or sent is None or not receive <= sent or abs(sent - near_ns) > 60 * octets.SECOND:
        wrong.append(f"received {receive}, sent {sent}, now {near_ns}")
    seen.sequence, seen.reply_sequence, seen.base = asked["sequence"], got["sequence"], base
    seen.authenticated, seen.key = mode, key or hmac_key
    return wrong + wrong_with_tlvs(request, reply, base, seen, got["error"], near_ns)
