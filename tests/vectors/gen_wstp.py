#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generates wstp.json: vectors of the WSTP TLV (docs/wstp.md), made without the program.

Only the standard library is used.  Run:  python3 gen_wstp.py > wstp.json
A `tlv` vector is one TLV with its header, a `packet` vector a whole UDP payload. What `write` says holds of writers
and readers; `read` only of readers: a conforming writer never writes it, and `fields` is what they make of it.
"""
import ipaddress
import json
import struct

SECOND = 10**9
UNIX_TO_NTP = 2208988800
CLASSES = {"unknown": 0, "user": 1, "scheduler": 2, "kernel": 3, "hardware": 4}
U = 0x80
ASKING, TOLD, UNKNOWN_TOKEN = 0x04, 0x08, 0x10
TOKEN = bytes(range(0xA0, 0xB0))
ASKED = bytes(range(0xC0, 0xD0))  # the token of another session of the same reflector
EPOCH = 0x0123456789ABCDEF
T1, T2, T3 = 1700000000123456789, 1700000000135802467, 1700000000135952467  # Unix, ns

vectors = []


def ntp(unix_ns):
    seconds, ns = divmod(unix_ns, SECOND)
    fraction = (ns * 2**32 + SECOND // 2) // SECOND
    return ((seconds + UNIX_TO_NTP) << 32 | fraction) & (2**64 - 1)


def estimate(ns, synchronised=True):
    """The Error Estimate of RFC 4656 4.1.2, never smaller than the error."""
    value, scale = max(1, -(-ns * 2**32 // SECOND)), 0
    while value > 255:
        value, scale = (value + 1) // 2, scale + 1
    return synchronised << 15 | scale << 8 | value


def tlv(kind, value, flags=0):
    return bytes([flags, kind]) + struct.pack(">H", len(value)) + value


def place_pair(account):
    """The two places that an account takes; an IPv4 address stands as RFC 4291 2.5.5.2 maps it into IPv6."""
    address = ipaddress.ip_address(account["address"])
    octets = bytes(10) + b"\xff\xff" + address.packed if address.version == 4 else address.packed
    return struct.pack(">IIIHH", account["seen"], account["sent"], account["last"], account["port"],
                       account.get("reserved", 0)) + octets


def value(places, *, version=1, flags=0, received=0, transmitted=0, count=None, receive_error=0, transmit_error=0,
          dropped=0, token=bytes(16), epoch=0, entries_error=0, reserved=0, entries=(), account=None, rest=0):
    """The octets in order; `places` is the room for entries that the request left, `rest` fills what is not used."""
    count = len(entries) if count is None else count
    classes = 0
    for number, entry in enumerate(entries):
        classes |= entry["class"] << (28 - 4 * number)
    out = b"WSTP" + bytes([version, flags, received << 4 | transmitted, count])
    out += struct.pack(">HHI", receive_error, transmit_error, dropped)
    out += token + struct.pack(">QHHI", epoch, entries_error, reserved, classes)
    for entry in entries:
        out += struct.pack(">IIQ", entry["sender"], entry["reflector"], entry["departed"])
    end = b"" if account is None else place_pair(account)
    return out + bytes([rest]) * (48 + 16 * places - len(out) - len(end)) + end


def question(places):
    """The value of a request that asks what became of the session ASKED."""
    return value(places, flags=ASKING, token=ASKED)


def add(name, description, hexed, kind="tlv", use="write", **fields):
    fields = {key: item.hex() if isinstance(item, bytes) else item for key, item in fields.items()}
    vectors.append(dict(name=name, description=description, kind=kind, use=use, fields=fields, hex=hexed.hex()))


def add_reply(name, description, places, use="write", told=None, flags=0, asked=None, **given):
    """`told` replaces what a reader makes of the octets where that differs from what they say; `asked` is the token
    in the question of the request."""
    entries = given.get("entries", [])
    flags |= TOLD if "account" in given else 0
    fields = dict(places=places, stopping=bool(flags & 1), stateless=bool(flags & 2),
                  received=given.get("received", 0), transmitted=given.get("transmitted", 0),
                  receive_error=given.get("receive_error", 0), transmit_error=given.get("transmit_error", 0),
                  dropped=given.get("dropped", 0), token=given.get("token", bytes(16)), epoch="%016x" % given.get("epoch", 0),
                  entries_error=given.get("entries_error", 0),
                  entries=[dict(sender=e["sender"], reflector=e["reflector"], departed="%016x" % e["departed"],
                                **{"class": e["class"]}) for e in entries])
    fields |= {} if asked is None else dict(asked=asked)
    fields |= dict(account=given["account"]) if "account" in given else {}
    fields |= dict(unknown_token=True) if flags & UNKNOWN_TOKEN else {}
    add(name, description, tlv(251, value(places, flags=flags, **given)), use=use, **(fields | (told or {})))


def replies(newest_sender, newest_reflector, number, missing=()):
    """The last replies, newest first, half a second apart, each gone 20 us after its Timestamp."""
    return [dict(sender=newest_sender - i, reflector=newest_reflector - i,
                 departed=0 if i in missing else ntp(T3 + 20_000 - (i + 1) * SECOND // 2),
                 **{"class": CLASSES["unknown"] if i in missing else CLASSES["kernel"]}) for i in range(number)]


KNOWN = dict(received=CLASSES["kernel"], transmitted=CLASSES["user"], receive_error=estimate(1_000),
             transmit_error=estimate(60_000), token=TOKEN, epoch=EPOCH)

for room in (0, 1, 8):
    add(f"wstp-request-{room}", f"Request with room for {room} entries: all behind the version is zero",
        tlv(251, value(room), U), places=room)

for room in (2, 5):
    add(f"wstp-request-asking-{room}", f"A question about another session in a request with {room} places",
        tlv(251, question(room), U), places=room, asked=ASKED)

add_reply("wstp-reply-first", "First reply of a session: room for eight, nothing to tell yet", 8,
          entries_error=estimate(0), **KNOWN)
add_reply("wstp-reply-no-room", "Reply to a request without room for entries", 0, entries_error=estimate(0), **KNOWN)
add_reply("wstp-reply-eight", "The last eight replies, newest first, all with a kernel stamp", 8,
          entries=replies(7, 7, 8), entries_error=estimate(1_000), **KNOWN)
add_reply("wstp-reply-two-of-eight", "Two replies so far: the other places are zero", 8, entries=replies(41, 1, 2),
          entries_error=estimate(1_000), **KNOWN)
add_reply("wstp-reply-not-stamped", "The newest reply has no stamp yet: class unknown, transmit stamp zero", 3,
          entries=replies(9, 8, 3, missing={0}), entries_error=estimate(1_000), **KNOWN)
add_reply("wstp-reply-mixed-classes", "Entries stamped by user, scheduler, kernel and hardware; T2 and T3 by hardware", 4,
          entries=[dict(e, **{"class": i + 1}) for i, e in enumerate(replies(3, 3, 4))], entries_error=estimate(50_000),
          **(KNOWN | dict(received=CLASSES["hardware"], transmitted=CLASSES["hardware"], receive_error=estimate(8),
                          transmit_error=estimate(8))))
add_reply("wstp-reply-wrapped", "Sequence numbers at the end of their range, 2^32 - 1 requests dropped", 2,
          entries=[dict(sender=0, reflector=0, departed=2**64 - 1, **{"class": 3}),
                   dict(sender=2**32 - 1, reflector=2**32 - 1, departed=2**64 - 2, **{"class": 3})],
          dropped=2**32 - 1, entries_error=0xFFFF, **KNOWN)
add_reply("wstp-reply-dropped-stopping", "Three requests dropped by policy; the reflector is about to stop", 1, flags=1,
          dropped=3, entries=replies(12, 8, 1), entries_error=estimate(1_000), **KNOWN)
add_reply("wstp-reply-stateless", "No room for a session: classes and errors of this reply alone", 8, flags=2,
          received=CLASSES["kernel"], transmitted=CLASSES["user"], receive_error=estimate(1_000),
          transmit_error=estimate(60_000))

SILENT = dict(seen=100, sent=100, last=99, address="198.51.100.7", port=61234)
REFUSED = dict(seen=2**32 - 1, sent=2**32 - 4, last=2**32 - 2, address="2001:db8::1", port=23999)
add_reply("wstp-reply-told", "Told what became of the session asked about; the account takes the last two of five places", 5,
          asked=ASKED, entries=replies(2, 2, 3, missing={0}), entries_error=estimate(1_000), account=SILENT, **KNOWN)
add_reply("wstp-reply-told-two-places", "Two places: the account, with an IPv6 source and three drops, and no entries", 2,
          asked=ASKED, entries_error=estimate(1_000), account=REFUSED, **KNOWN)
add_reply("wstp-reply-told-stateless", "A reply without a session of its own tells of the one asked about", 8, flags=2,
          asked=ASKED, received=CLASSES["kernel"], transmitted=CLASSES["user"], receive_error=estimate(1_000),
          transmit_error=estimate(60_000), account=SILENT)
add_reply("wstp-reply-unknown-token", "No session has the token asked about: the entries keep all places", 8, flags=UNKNOWN_TOKEN,
          asked=ASKED, entries=replies(7, 7, 8), entries_error=estimate(1_000), **KNOWN)

# What a reader meets and no writer of version 1 writes.
add_reply("wstp-read-count-beyond-room", "Number of entries 200 with room for two: there are two", 2, use="read",
          count=200, entries=replies(9, 8, 2), entries_error=estimate(1_000), **KNOWN)
add_reply("wstp-read-class-of-later-version", "Classes 9 and 15 are not defined: unknown", 1, use="read",
          told=dict(received=0, transmitted=0, entries=[dict(sender=1, reflector=1, departed="%016x" % ntp(T3), **{"class": 0})]),
          entries=[dict(sender=1, reflector=1, departed=ntp(T3), **{"class": 15})],
          **(KNOWN | dict(received=9, transmitted=15)))
add_reply("wstp-read-reserved", "Flags, octets and places that are not defined are ignored", 2, use="read", flags=0xE4,
          reserved=0xFFFF, rest=0xFF, entries=replies(9, 8, 1), entries_error=estimate(1_000), **KNOWN)

add_reply("wstp-read-told-count", "Number of entries 8 in eight places, and told: there are six", 8, use="read", count=8,
          entries=replies(7, 7, 6), entries_error=estimate(1_000), account=SILENT, **KNOWN)
add_reply("wstp-read-told-reserved", "What is not defined in an account is ignored, and so are octets between", 4, use="read",
          count=2, rest=0xFF, entries=replies(7, 7, 2), account=SILENT | dict(reserved=0xFFFF), **KNOWN)
add_reply("wstp-read-told-too-small", "Told, with one place: there is no account, and the place is an entry's", 1, use="read",
          flags=TOLD, entries=replies(7, 7, 1), **KNOWN)
add_reply("wstp-read-told-and-unknown", "Told and unknown at once: no answer, and the places are entries'", 2, use="read",
          flags=TOLD | UNKNOWN_TOKEN, entries=replies(7, 7, 2), told=dict(unknown_token=False), **KNOWN)

# Requests to which a reflector finds no question in it.
add("wstp-deaf-too-small", "A question in a request with one place, where no account fits: answered as if nothing was asked",
    tlv(251, question(1), U), use="read", places=1)
add("wstp-deaf-no-flag", "A token without the flag that asks", tlv(251, value(8, token=ASKED), U), use="read", places=8)

for name, description, octets in [
        ("magic", "Type 251 of somebody else: not ours, so unrecognised", b"WSTX" + value(0)[4:]),
        ("version", "Version 2: unrecognised by a reader of version 1", value(0, version=2)),
        ("short", "Four octets: too short to tell whose it is", b"WSTP"),
        ("length", "49 octets: ours, and malformed", value(0) + b"\0"),
        ("nine", "Room for nine entries: ours, and malformed", value(9))]:
    add(f"wstp-bad-{name}", description, tlv(251, octets, U), use="read",
        answer="unrecognised" if name in ("magic", "version", "short") else "malformed")



def add_packets(suffix, description, told, asking, entries, **answer):
    """A request and the reply to it. `asking` is the value of its WSTP TLV, `answer` what the reply's says to that."""
    request = struct.pack(">IQHH28x", 7, ntp(T1), estimate(1_000_000), 0x1234)
    request += tlv(4, struct.pack(">I", 46 << 26), U) + tlv(7, bytes(16), U) + tlv(251, asking, U)
    asked = dict(asked=ASKED) if answer else {}
    add("wstp-packet-request" + suffix, description, request, kind="packet", sequence=7, timestamp="%016x" % ntp(T1),
        error_estimate=estimate(1_000_000), ssid=0x1234, dscp=46, **asked)
    reply = struct.pack(">IQHHQIQHxxBxxx", 5, ntp(T3), estimate(1_000), 0x1234, ntp(T2), 7, ntp(T1), estimate(1_000_000), 61)
    reply += tlv(4, struct.pack(">I", 46 << 26 | 46 << 20))
    reply += tlv(7, struct.pack(">IQI", entries[0]["reflector"], entries[0]["departed"], 2 << 24))
    reply += tlv(251, value(8, entries=entries, entries_error=estimate(1_000), flags=TOLD if answer else 0, **answer, **KNOWN))
    add("wstp-packet-reply" + suffix, told, reply, kind="packet",
        request="wstp-packet-request" + suffix, sequence=5, timestamp="%016x" % ntp(T3), error_estimate=estimate(1_000),
        ssid=0x1234, receive_timestamp="%016x" % ntp(T2), hop_limit=61, traffic_class=46 << 2, received=KNOWN["received"],
        transmitted=KNOWN["transmitted"], receive_error=KNOWN["receive_error"], transmit_error=KNOWN["transmit_error"],
        token=TOKEN, epoch="%016x" % EPOCH, entries_error=estimate(1_000),
        entries=[dict(sender=e["sender"], reflector=e["reflector"], departed="%016x" % e["departed"], **{"class": e["class"]})
                 for e in entries], **asked, **answer)


add_packets("", "The default probe: base, Class of Service, Follow-Up Telemetry, WSTP with eight places",
            "A reply to it: the sixth of its session, five replies told", value(8), replies(6, 4, 5))
add_packets("-asking", "The default probe with a question about another session",
            "A reply to it: the account of that session, and the five replies of this one", question(8), replies(6, 4, 5),
            account=SILENT)

print(json.dumps(dict(
    format="hex: kind tlv is one TLV with its header, kind packet a whole UDP payload; use read: only for readers; "
    "error estimates are raw, departed and timestamps are raw in hex",
    vectors=vectors), indent=1))
