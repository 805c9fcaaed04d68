# SPDX-License-Identifier: Apache-2.0
"""TLVs of STAMP (RFC 8972 4, RFC 9503, RFC 9534, drafts): their format, and what a reflector makes of them.

`reflected()` is the procedure of a reflector, one function per type. It knows what it needs from `Seen`: the packet as
it arrived and the state of the session. What it decides about the reply besides its octets goes into `Effects`.
"""

import dataclasses
import ipaddress

from octets import field, hmac_sha256, number, same

U, M, I, C = 0x80, 0x40, 0x20, 0x10
PADDING, LOCATION, TIMESTAMP, COS, DIRECT, ACCESS, FOLLOW_UP, HMAC = range(1, 9)
DESTINATION, RETURN_PATH, MICRO, CONTROL = range(9, 13)
BER_PATTERN, BER_COUNT, BER_BURST, EXTENSION_HEADER, FIXED_HEADER = 240, 241, 242, 246, 247
SYNC_NTP, SYNC_FREE, SW_LOCAL = 1, 5, 2


@dataclasses.dataclass
class Tlv:
    flags: int
    kind: int
    length: int
    value: bytes  # shorter than `length` says when the packet ends before

    def octets(self):
        return bytes([self.flags, self.kind]) + field(self.length, 2) + self.value

    def truncated(self):
        return len(self.value) < self.length


def tlv(kind, value=b"", flags=U):
    return Tlv(flags, kind, len(value), value)


def split(octets):
    """(TLVs, the octets behind the last that are too few for a header). Only the last TLV may be truncated."""
    found = []
    while len(octets) >= 4:
        length = number(octets[2:4])
        found.append(Tlv(octets[0], octets[1], length, octets[4:4 + length]))
        octets = octets[4 + length:]
    return found, octets


def joined(found, tail=b""):
    return b"".join(one.octets() for one in found) + tail


@dataclasses.dataclass
class Seen:
    """A request as it arrived, the state of its session after it was counted, and what is permitted."""
    source: str
    source_port: int
    destination: str
    destination_port: int
    dscp: int = 0
    ecn: int = 0
    mac: bytes = None
    sequence: int = 0             # of the request
    reply_sequence: int = 0
    key: bytes = None
    authenticated: bool = False   # then the HMAC TLV is mandatory
    hmac_wanted: bool = False     # it is in the open mode, too
    hmac_known: bool = True       # False: no key, and the HMAC TLV is not understood, as a reflector may have it
    received: int = 0             # R_RxC, with this request
    transmitted: int = 0          # R_TxC, with its reply
    previous: tuple = None        # (sequence, stamp of 8 octets, method) of the session's previous reply
    stateful: bool = True
    sync: int = SYNC_NTP
    method_in: int = SW_LOCAL
    method_out: int = SW_LOCAL
    permitted_dscp: frozenset = frozenset({0})
    hidden: bool = False          # policy: Location says nothing
    own_addresses: tuple = ()     # besides `destination`
    return_prefixes: tuple = ()
    same_link: bool = True
    micro_id: int = 0             # None: no link has an ID here, which is the same as not to know the TLV
    drafts: bool = False
    control: bool = False         # Reflected Test Packet Control is switched on
    most_packets: int = 8
    most_octets: int = 1472
    base: int = 44


@dataclasses.dataclass
class Effects:
    silent: str = ""              # why there is no reply
    dscp: int = None              # what a Class of Service TLV decides; None: the reflector's rule
    ecn: int = 0
    to_address: str = ""
    from_address: str = ""
    same_link: bool = False
    packets: int = 1
    interval_ns: int = 0
    octets: int = 0               # wanted length of the reply
    stop: bool = False


def location(one, seen, _effects):
    if one.length < 4:
        return None
    ports = bytes(4) if seen.hidden else field(seen.destination_port, 2) + field(seen.source_port, 2)
    subs, tail = split(one.value[4:])
    lengths = {1: 8, 4: 16, 7: 16}
    for sub in subs:
        # As with TLVs: M ends it, and the rest is copied (RFC 8972 4).
        if sub.truncated() or sub.length != lengths.get(sub.kind, sub.length):
            sub.flags = M
            break
        if sub.kind not in lengths:
            sub.flags = U
            continue
        sub.flags = 0
        if sub.kind == 1:
            mac = None if seen.hidden else seen.mac
            sub.kind, sub.value = (2, mac + bytes(2)) if mac else (3, bytes(8))
            continue
        address = ipaddress.ip_address(seen.destination if sub.kind == 4 else seen.source)
        sub.kind += 1 if address.version == 4 else 2
        sub.value = bytes(16) if seen.hidden else address.packed.ljust(16, b"\0")
    return ports + joined(subs, tail)


def timestamp_information(one, seen, _effects):
    if one.length < 4:
        return None
    return bytes([seen.sync, seen.method_in, seen.sync, seen.method_out]) + one.value[4:]


def class_of_service(one, seen, effects):
    if one.length != 4:
        return None
    wanted = one.value[0] >> 2
    refused = wanted not in seen.permitted_dscp and wanted != seen.dscp
    effects.dscp = seen.dscp if refused else wanted
    third = 0
    if seen.drafts and one.value[2] & 0xC0:  # draft-ietf-ippm-stamp-cos-ecn-01: EC1 wanted, RPE says that it was used
        effects.ecn = one.value[2] >> 6
        third = one.value[2] & 0xC0 | 3 << 4
    first = wanted << 2 | seen.dscp >> 4
    second = (seen.dscp & 15) << 4 | seen.ecn << 2 | refused
    return bytes([first, second, third, 0])


def direct_measurement(one, seen, _effects):
    if one.length != 12:
        return None
    return one.value[0:4] + field(seen.received, 4) + field(seen.transmitted, 4)


def access_report(one, _seen, _effects):
    if one.length != 4 or one.value[0] >> 4 not in (1, 2):
        return None
    return bytes([one.value[0] & 0xF0, one.value[1], 0, 0])


def follow_up(one, seen, _effects):
    if one.length != 16:
        return None
    if not seen.stateful or seen.previous is None:
        return bytes(16)
    sequence, stamp, method = seen.previous
    return field(sequence, 4) + stamp + bytes([method, 0, 0, 0])


def destination_node(one, seen, effects):
    if one.length not in (4, 16):
        return None
    address = str(ipaddress.ip_address(one.value))
    if address != seen.destination and address not in seen.own_addresses:
        one.flags |= U
        return one.value
    effects.from_address = address
    return one.value


def permitted_return(address, seen):
    return any(address in ipaddress.ip_network(prefix) for prefix in seen.return_prefixes)


def return_path(one, seen, effects):
    if one.length < 4:  # no sub-TLV is that short
        return None
    subs, tail = split(one.value)
    kinds = [sub.kind for sub in subs]
    understood = not tail and bool(subs)
    for sub in subs:
        fits = {1: sub.length == 4, 2: sub.length in (4, 16), 3: sub.length % 4 == 0 and sub.length > 0,
                4: sub.length % 16 == 0 and sub.length > 0}
        if sub.truncated() or not fits.get(sub.kind, True):
            sub.flags, understood = M, False
            break
        sub.flags = 0 if sub.kind in fits else U
    control = next((sub for sub in subs if sub.kind == 1 and not sub.flags), None)
    if control is not None and number(control.value) & 1 == 0:
        effects.silent = "Return Path: no reply"
        return one.value
    usable = understood and len(set(kinds)) == len(kinds)
    if usable and kinds == [1] and seen.same_link:
        effects.same_link = True
    elif usable and kinds == [2] and permitted_return(ipaddress.ip_address(subs[0].value), seen):
        effects.to_address = str(ipaddress.ip_address(subs[0].value))
    else:
        one.flags |= U
    return joined(subs, tail)


def micro_session(one, seen, effects):
    if one.length != 4:
        return None
    wanted = number(one.value[2:4])
    if wanted not in (0, seen.micro_id):
        effects.silent = "Micro-session ID of another link"
    return one.value[0:2] + field(seen.micro_id, 2)


def outside_of_group(sub, seen):
    if sub.kind == 10 and sub.length in (4, 12, 16):
        half = sub.length // 2
        mask, group, mac = sub.value[:half], sub.value[half:], seen.mac or b""
        return bytes(a & b for a, b in zip(mac.ljust(half, b"\0"), mask)) != group
    if sub.kind == 11 and sub.length in (8, 20):
        network = ipaddress.ip_network((sub.value[4:], sub.value[0]), strict=False)
        return not any(ipaddress.ip_address(own) in network for own in (seen.destination, *seen.own_addresses))
    return False


def packet_control(one, seen, effects):
    # Length 8 of older revisions is malformed here.
    if one.length < 12:
        return None
    if not seen.control:
        one.flags |= C
        return one.value
    octets, packets = number(one.value[0:2]), number(one.value[2:4])
    if packets == 0 or any(outside_of_group(sub, seen) for sub in split(one.value[8:])[0]):
        effects.silent = "Reflected Test Packet Control: no reply wanted"
    elif octets > seen.most_octets:
        one.flags |= C
        effects.octets = seen.most_octets
    elif packets > seen.most_packets:
        one.flags |= C
    else:
        effects.octets, effects.packets = -(-octets // 4) * 4, packets
        effects.interval_ns = number(one.value[4:8])
    return one.value


def copied(one, _seen, _effects):
    return one.value


def cannot_fulfil(one, _seen, _effects):
    """The headers of the packet, which a socket does not see (draft-ietf-ippm-stamp-ext-hdr)."""
    one.flags |= C
    return one.value


KNOWN = {PADDING: copied, LOCATION: location, TIMESTAMP: timestamp_information, COS: class_of_service,
         DIRECT: direct_measurement, ACCESS: access_report, FOLLOW_UP: follow_up, DESTINATION: destination_node,
         RETURN_PATH: return_path, MICRO: micro_session, CONTROL: packet_control}
DRAFTS = {BER_PATTERN: copied, BER_COUNT: copied, BER_BURST: copied, EXTENSION_HEADER: cannot_fulfil,
          FIXED_HEADER: cannot_fulfil}


def hmac_value(key, sequence, before):
    return hmac_sha256(key, field(sequence, 4) + joined(before))


def integrity(found, sequence, key, mandatory):
    """"absent", "good" or "failed", of the TLVs of a packet with that Sequence Number (RFC 8972 4.8)."""
    places = [at for at, one in enumerate(found) if one.kind == HMAC]
    if not places:
        wanted = mandatory and any(one.kind != PADDING for one in found)
        return "failed" if wanted else "absent"
    at = places[0]
    one = found[at]
    if one.truncated() and not mandatory:
        return "absent"
    if len(places) > 1 or one.truncated() or one.length != 16 or key is None:
        return "failed"
    if any(other.kind != PADDING for other in found[at + 1:]):
        return "failed"
    return "good" if same(one.value, hmac_value(key, sequence, found[:at])) else "failed"


def count_errors(found):
    """Bit errors of the padding against the pattern (draft-gandhi-ippm-stamp-ber-07)."""
    pattern = next((one.value for one in found if one.kind == BER_PATTERN and one.value), b"\xff\x00")
    padding = [one for one in found if one.kind == PADDING]
    if not padding or len(padding[0].value) % len(pattern):
        return
    wanted = pattern * (len(padding[0].value) // len(pattern))
    bits = "".join(f"{a ^ b:08b}" for a, b in zip(padding[0].value, wanted))
    for one in found:
        if one.kind == BER_COUNT and one.length == 4:
            one.value = field(bits.count("1"), 4)
        if one.kind == BER_BURST and one.length == 4:
            one.value = field(max(len(run) for run in bits.split("0")), 4)
    padding[0].value = wanted


def enlarged(found, tail, base, wanted):
    """Padding as asked for: what came is dropped, what is missing is appended (type 12)."""
    found = [one for one in found if one.kind != PADDING]
    missing = wanted - base - len(joined(found, tail))
    if missing > 0:
        found.append(Tlv(0, PADDING, max(missing - 4, 0), bytes(max(missing - 4, 0))))
    return found


def processed(found, seen, effects):
    known = {**KNOWN, **(DRAFTS if seen.drafts else {})}
    if seen.micro_id is None:
        del known[MICRO]
    paths = 0
    for one in found:
        if one.kind == HMAC and seen.hmac_known:
            one.flags = M if one.truncated() else 0
            if one.flags:
                return
            continue
        if one.truncated():
            one.flags = M if one.kind in known else U | M
            return
        paths += one.kind == RETURN_PATH
        if one.kind not in known or one.kind == RETURN_PATH and paths > 1:
            one.flags = U
            continue
        one.flags = 0
        value = known[one.kind](one, seen, effects)
        if value is None:
            if one.kind == FOLLOW_UP:  # erratum 8339
                one.value = bytes(min(12, one.length)) + one.value[12:]
            one.flags = M
            return
        one.value = value
    if seen.drafts:
        count_errors(found)


def reflected(octets, seen):
    """(what stands behind the base packet of the reply, Effects)."""
    found, tail = split(octets)
    effects = Effects()
    wanted = seen.authenticated or seen.hmac_wanted
    verdict = integrity(found, seen.sequence, seen.key, wanted) if seen.hmac_known else "absent"
    if verdict == "failed":
        for one in found:
            one.flags = I
        return joined(found, tail), effects
    processed(found, seen, effects)
    if effects.octets:
        found = enlarged(found, tail, seen.base, effects.octets)
    if verdict == "good":
        at = next(at for at, one in enumerate(found) if one.kind == HMAC)
        found[at].value = hmac_value(seen.key, seen.reply_sequence, found[:at])
    return joined(found, tail), effects
