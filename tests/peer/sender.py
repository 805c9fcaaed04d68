# SPDX-License-Identifier: Apache-2.0
"""A STAMP Session-Sender (RFC 8762 4.2), and one of TWAMP Light: a probe, what comes back until the next is
due, a line."""

import ipaddress
import os
import socket
import time

import chance
import octets
import packets
import tlvs
from judge import described, wrong_with_reply
from octets import field
from tlvs import tlv
from udp import Udp, say


def location_value():
    parts = [tlv(1, bytes(8)), tlv(4, bytes(16)), tlv(7, bytes(16))]
    return bytes(4) + tlvs.joined(parts)


def wanted_tlv(words, sent):
    """NAME, or NAME=VALUE, or a TLV in hex. `sent`: probes before this one."""
    name, _, value = words.partition("=")
    if name == "padding":
        return tlv(tlvs.PADDING, os.urandom(int(value)))
    if name == "location":
        return tlv(tlvs.LOCATION, location_value())
    if name == "timestamp":
        return tlv(tlvs.TIMESTAMP, bytes(4))
    if name == "cos":
        return tlv(tlvs.COS, bytes([int(value) << 2, 0, 0, 0]))
    if name == "direct":
        return tlv(tlvs.DIRECT, field(sent + 1, 4) + bytes(8))
    if name == "access":
        kind, code = value.split(",")
        return tlv(tlvs.ACCESS, bytes([int(kind) << 4, int(code), 0, 0]))
    if name == "follow-up":
        return tlv(tlvs.FOLLOW_UP, bytes(16))
    if name == "destination":
        return tlv(tlvs.DESTINATION, ipaddress.ip_address(value).packed)
    if name == "return":  # none, link or an address
        codes = {"none": 0, "link": 1}
        sub = tlv(1, field(codes[value], 4)) if value in codes else tlv(2, ipaddress.ip_address(value).packed)
        return tlv(tlvs.RETURN_PATH, sub.octets())
    if name == "micro":
        own, far = value.split(",")
        return tlv(tlvs.MICRO, field(int(own), 2) + field(int(far), 2))
    if name == "control":
        size, count, interval_ns = (int(part) for part in value.split(","))
        return tlv(tlvs.CONTROL, field(size, 2) + field(count, 2) + field(interval_ns, 4) + bytes(4))
    raw = bytes.fromhex(name)
    return tlvs.Tlv(raw[0], raw[1], octets.number(raw[2:4]), raw[4:])


def extensions(settings, sequence):
    if settings.chance is not None:
        return chance.extensions(settings.chance, sequence, settings.kinds, settings.key or settings.tlv_key)
    found = [wanted_tlv(words, sequence) for words in settings.tlv]
    key = settings.key or settings.tlv_key
    only_padding = all(one.kind == tlvs.PADDING for one in found)
    if settings.tlv_key and found or settings.key and not only_padding:
        value = tlvs.hmac_value(key, sequence, found)
        found.append(tlv(tlvs.HMAC, value if settings.corrupt != "tlv-hmac" else octets.xor(value, b"\1" * 16)))
    return tlvs.joined(found) + settings.raw


def request(settings, sequence, padding):
    timestamp = octets.stamp(time.time_ns(), settings.error)
    if settings.light:
        return field(sequence, 4) + timestamp + settings.error + padding
    base = packets.request(sequence, timestamp, settings.error, settings.ssid, settings.key)
    if settings.corrupt == "base-hmac":
        base = base[:-1] + bytes([base[-1] ^ 1])
    return base + extensions(settings, sequence)


def seen_of(settings, udp, own_address, destination):
    return tlvs.Seen(own_address, udp.port, destination, settings.port, settings.dscp, settings.ecn,
                     hmac_wanted=settings.hmac_wanted, drafts=settings.drafts, own_addresses=tuple(settings.own_address))


def light_told(payload, reply, datagram):
    """RFC 5357 4.2.1: 41 octets, then padding that says nothing."""
    got = packets.read(packets.REPLY[False], reply)
    asked = packets.read(packets.REQUEST[False], payload)
    wrong = []
    if len(reply) < 41:
        wrong.append(f"{len(reply)} octets, fewer than 41")
    for copy, of in (("sender_sequence", "sequence"), ("sender_timestamp", "timestamp"), ("sender_error", "error")):
        if got[copy] != asked[of]:
            wrong.append(f"{copy} is {got[copy]}, the request had {asked[of]}")
    if any(reply[38:40]) or got["error"][1] == 0:
        wrong.append("octets 38-39 are not zero, or the Error Estimate is nothing")
    return got, wrong


def told(settings, payload, datagram, seen):
    reply, mode = datagram.payload, bool(settings.key)
    if settings.light:
        got, wrong = light_told(payload, reply, datagram)
        behind = b""
    else:
        got = packets.read(packets.REPLY[mode], reply)
        behind = reply[packets.BASE[mode]:]
        wrong = wrong_with_reply(payload, reply, seen, datagram.received_ns, settings.ttl, settings.key,
                                 settings.tlv_key)
    error, near = got["error"], datagram.received_ns
    return {
        "octets": len(reply), "arrived_at": datagram.destination, "source": datagram.source, "source_port": datagram.source_port, "ttl": datagram.ttl,
        "dscp": datagram.dscp, "ecn": datagram.ecn, "received_ns": near, "sequence": got["sequence"],
        "sender_sequence": got["sender_sequence"], "sender_ttl": got["sender_ttl"], "ssid": got["ssid"], "error": error,
        "receive_ns": octets.instant(got["receive"], error, near),
        "sent_ns": octets.instant(got["timestamp"], error, near),
        "tlvs": [described(one, error, near) for one in tlvs.split(behind)[0]], "wrong": wrong, "hex": reply}


def own_address(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect((host, port))
        return asked.getsockname()[0]


def run(settings):
    """Prints a line for each probe; it counts as answered by what came before the next one was due."""
    source = settings.source or own_address(settings.host, settings.port)
    with Udp(source, settings.source_port, settings.ttl) as udp:
        sent = {}
        for sequence in range(settings.count):
            payload = request(settings, sequence, os.urandom(settings.padding) if settings.light else b"")
            sent[sequence] = payload
            due = time.monotonic() + settings.interval
            left = udp.send(payload, settings.host, settings.port, "", settings.dscp, settings.ecn)
            replies = []
            while (rest := due - time.monotonic()) > 0 and (datagram := udp.receive(rest)) is not None:
                place = 48 if settings.key else 24
                asked = sent.get(octets.number(datagram.payload[place:place + 4]))
                seen = seen_of(settings, udp, source, settings.host)
                replies.append(told(settings, asked, datagram, seen) if asked else
                               {"wrong": ["a reply to nothing that was sent"], "hex": datagram.payload})
                if settings.go_on and len(replies) == settings.replies:
                    break
            say(event="probe", sequence=sequence, octets=len(payload), left_ns=left, source=source,
                source_port=udp.port, hex=payload, replies=replies)
