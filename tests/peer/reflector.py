# SPDX-License-Identifier: Apache-2.0
"""A STAMP Session-Reflector (RFC 8762 4.3), and one of TWAMP Light with what real ones do (see Oddities)."""

import dataclasses
import random
import time

import octets
import packets
import tlvs
from judge import described, wrong_with_request
from udp import Udp, say

UNSYNCHRONISED = bytes.fromhex("1d80")


@dataclasses.dataclass
class Oddities:
    cut: int = 0                  # replies have no more octets than this
    swap: bool = False            # T1 and T3 have changed places
    multiplier_0: bool = False
    utc_in_ptp: bool = False      # 37 s behind
    longer: int = 0               # so many octets more than the request
    zero_ssid: bool = False       # no RFC 8972
    random_padding: bool = False
    drop_trailing: bool = False   # the bare base packet, whatever the length of the request


@dataclasses.dataclass
class Session:
    counter: int = 0
    received: int = 0
    transmitted: int = 0
    previous: tuple = None
    highest: int = -1


class Reflector:
    def __init__(self, settings, oddities=None):
        """`settings`: what the command line says; see peer.py."""
        self.settings, self.odd, self.sessions = settings, oddities or Oddities(), {}

    def dropped(self, payload):
        """Why there is no reply at all (RFC 8762 4.3)."""
        key = self.settings.key
        if len(payload) < (112 if key else 14):
            return "too short"
        if key and not packets.is_authentic(payload, key):
            return "HMAC"
        ssid = packets.read(packets.REQUEST[bool(key)], payload)["ssid"]
        if self.settings.ssid and ssid != self.settings.ssid:
            return "SSID of no session"
        if packets.read(packets.REQUEST[bool(key)], payload)["sequence"] in self.settings.lose_request:
            return "lost on the way there"
        return ""

    def is_padding(self, payload):
        """What is behind the base packet: a STAMP sender sets U in every TLV (RFC 8762 4.6, RFC 8972 4)."""
        own, base = self.settings, packets.BASE[bool(self.settings.key)]
        return own.light or len(payload) <= base or not own.key and not payload[base] & tlvs.U

    def _stamp(self, instant_ns, error):
        if self.odd.utc_in_ptp:
            return octets.ptp(instant_ns, 0)
        return octets.stamp(instant_ns, error)

    def _seen(self, datagram, asked, session):
        own = self.settings
        return tlvs.Seen(
            datagram.source, datagram.source_port, datagram.destination, datagram.destination_port, datagram.dscp,
            datagram.ecn, sequence=asked["sequence"], key=own.key or own.tlv_key, authenticated=bool(own.key),
            hmac_wanted=own.hmac_wanted,
            received=session.received, previous=session.previous, stateful=not own.stateless, sync=tlvs.SYNC_FREE,
            permitted_dscp=frozenset(own.permit_dscp), own_addresses=tuple(own.own_address),
            return_prefixes=tuple(own.return_prefix), micro_id=own.micro_id, drafts=own.drafts, control=own.control,
            base=packets.BASE[bool(own.key)])

    def reflect(self, datagram):
        """(replies, Effects): the replies of one request, each made when it is asked for."""
        own, payload = self.settings, datagram.payload
        mode = bool(own.key)
        asked = packets.read(packets.REQUEST[mode], payload)
        place = (datagram.source, datagram.source_port, datagram.destination, 0 if own.light else asked["ssid"])
        session = self.sessions.setdefault(place, Session())
        session.received += 1
        rising, session.highest = asked["sequence"] > session.highest, max(session.highest, asked["sequence"])
        seen = self._seen(datagram, asked, session)
        seen.control = seen.control and rising

        def reply():
            sequence = asked["sequence"] if own.stateless else session.counter
            session.counter += 1
            session.transmitted += 1
            seen.reply_sequence, seen.transmitted = sequence, session.transmitted
            return self._reply(datagram, asked, seen, sequence), session

        if self.is_padding(payload):
            return reply, tlvs.Effects()
        return reply, tlvs.reflected(payload[packets.BASE[mode]:], dataclasses.replace(seen))[1]

    def _reply(self, datagram, asked, seen, sequence):
        own, payload = self.settings, datagram.payload
        base = packets.BASE[bool(own.key)]
        error = own.error
        if self.odd.multiplier_0:
            error = error[:1] + bytes(1)
        behind = b""
        if len(payload) > base:
            behind = payload[base:] if self.is_padding(payload) else tlvs.reflected(payload[base:], seen)[0]
        sent = self._stamp(time.time_ns(), error)
        received = self._stamp(datagram.received_ns, error)
        first, last = (asked["timestamp"], sent) if self.odd.swap else (sent, asked["timestamp"])
        made = packets.reply({
            "sequence": sequence, "timestamp": first, "error": error,
            "ssid": 0 if self.odd.zero_ssid else asked["ssid"],
            "receive": received, "sender_sequence": asked["sequence"], "sender_timestamp": last,
            "sender_error": asked["error"], "sender_ttl": datagram.ttl}, own.key)
        if own.light:
            # RFC 5357 4.2.1: 41 octets and the padding of the request, the last of it left out.
            padding = payload[14:14 + max(0, len(payload) - 41)]
            made = made[:14] + bytes(2) + made[16:41] + padding
            behind = b""
        return self._odd(made + behind, base)

    def _odd(self, made, base):
        odd = self.odd
        if odd.random_padding:
            made = made[:41] + random.randbytes(len(made) - 41)
        if odd.drop_trailing:
            made = made[:base]
        made += bytes(odd.longer)
        return made[:odd.cut] if odd.cut else made

    def told(self, datagram):
        """What is printed about a request."""
        own = self.settings
        layout = packets.REQUEST[bool(own.key)]
        asked = packets.read(layout, datagram.payload)
        error = asked["error"]
        behind = datagram.payload[packets.BASE[bool(own.key)]:]
        return {
            "octets": len(datagram.payload), "source": datagram.source, "source_port": datagram.source_port,
            "destination": datagram.destination, "ttl": datagram.ttl, "dscp": datagram.dscp, "ecn": datagram.ecn,
            "received_ns": datagram.received_ns, "sequence": asked["sequence"], "ssid": asked["ssid"], "error": error,
            "sent_ns": octets.instant(asked["timestamp"], error, datagram.received_ns), "hex": datagram.payload,
            "tlvs": [] if own.light else [described(one, error, datagram.received_ns) for one in tlvs.split(behind)[0]],
            "wrong": [] if own.light else wrong_with_request(datagram.payload, own.key, own.tlv_key, own.hmac_wanted)}


def run(settings, oddities):
    reflector = Reflector(settings, oddities)
    with Udp(settings.address, settings.port) as udp:
        say(event="listening", address=settings.address, port=udp.port)
        while True:
            answer(reflector, udp, udp.receive())


def answer(reflector, udp, datagram):
    dropped = reflector.dropped(datagram.payload)
    if dropped:
        say(event="packet", dropped=dropped, **reflector.told(datagram))
        return
    reply, effects = reflector.reflect(datagram)
    asked, replies = reflector.told(datagram), []
    for at in range(0 if effects.silent else effects.packets):
        if at and effects.interval_ns:
            time.sleep(effects.interval_ns / 1e9)
        dscp = datagram.dscp if effects.dscp is None else effects.dscp
        made, session = reply()
        if asked["sequence"] in reflector.settings.lose_reply:
            continue
        left = udp.send(made, effects.to_address or datagram.source, datagram.source_port,
                        effects.from_address or datagram.destination, dscp, effects.ecn,
                        datagram.interface if effects.same_link else 0)
        if not reflector.settings.stateless:
            number = session.counter - 1
            session.previous = number, octets.stamp(left, reflector.settings.error), tlvs.SW_LOCAL
        replies.append({"octets": len(made), "dscp": dscp, "ecn": effects.ecn, "sequence": octets.number(made[:4]),
                        "left_ns": left, "hex": made})
    say(event="packet", dropped=effects.silent, replies=replies, **asked)
