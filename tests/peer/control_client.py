# SPDX-License-Identifier: Apache-2.0
"""A TWAMP-Control client that sends: one connection, and what its sessions get back."""

import os
import socket
import time

import octets
import twamp
from control import Connection
from octets import field
from udp import Udp, say


class Client:
    def __init__(self, settings):
        self.settings = settings
        self.connection = Connection(socket.create_connection((settings.host, settings.port), 30))
        self.own = self.connection.socket.getsockname()[0]
        self.mode = settings.mode
        for feature in settings.feature:
            self.mode |= twamp.FEATURES[feature]
        self.keys, self.wrong, self.tests = None, [], []

    def set_up(self):
        own, link = self.settings, self.connection
        raw = link.raw(64)
        greeting = twamp.read_greeting(raw)
        say(event="received", message="Server Greeting", hex=raw, modes=greeting["modes"], count=greeting["count"])
        self.wrong += link.wrong(raw, [(52, 64)], "Server Greeting")
        count = greeting["count"]
        if count < 1024 or count & (count - 1):
            self.wrong.append(f"Count {count}")
        if self.mode & ~greeting["modes"] and not own.insist:
            link.send_raw(twamp.set_up(0), "Set-Up-Response")
            raise twamp.Refused(f"the server offers {greeting['modes']}, not {self.mode}")
        key_id, sealed, client_iv = "", bytes(64), bytes(16)
        if twamp.secured(self.mode):
            self.keys, client_iv, key_id = (os.urandom(16), os.urandom(32)), os.urandom(16), own.key_id
            sealed = twamp.token(own.passphrase, greeting["salt"], count, greeting["challenge"], *self.keys)
        link.send_raw(twamp.set_up(self.mode, key_id, sealed, client_iv), "Set-Up-Response")
        raw = link.raw(48)
        say(event="received", message="Server-Start", accept=raw[15], hex=raw)
        self.wrong += link.wrong(raw, [(0, 15)], "Server-Start")
        if raw[15] != twamp.OK:
            raise twamp.Refused(f"Server-Start: Accept {raw[15]}")
        if self.keys:
            link.said = twamp.Direction(self.keys[0], client_iv, self.keys[1])
            link.heard = twamp.Direction(self.keys[0], raw[16:32], self.keys[1])
        block = link.heard.opened(raw[32:48])
        started = octets.from_ntp(block[:8], time.time_ns())
        if any(block[8:]) or not 0 <= time.time_ns() - started < 10**9 * 86400 * 1000:
            self.wrong.append(f"Start-Time {block.hex()}")

    def session(self):
        own, v6 = self.settings, ":" in self.own
        udp = Udp(self.own, 0, own.ttl)
        port = own.receiver_port or udp.port
        reflect = own.reflect_length if self.mode & twamp.REFLECT_OCTETS else 0
        self.connection.send(twamp.request_session(
            6 if v6 else 4, udp.port, port, "" if own.zero_addresses else self.own,
            "" if own.zero_addresses else own.host, own.padding, octets.ntp(time.time_ns()), own.timeout, own.dscp,
            0x0A0B if reflect else 0, reflect), "Request-TW-Session")
        plain = self.connection.receive(48, "Accept-Session")
        said = twamp.read_accept_session(plain)
        say(event="accept", accept=said["accept"], port=said["port"], sid=said["sid"])
        zero = [(1, 2), (24, 32)] + ([] if self.mode & twamp.REFLECT_OCTETS else [(20, 24)])
        self.wrong += self.connection.wrong(plain, zero, "Accept-Session")
        if self.mode & twamp.REFLECT_OCTETS and reflect and said["reflected"] != 0x0A0B and said["accept"] == 0:
            self.wrong.append(f"Accept-Session: reflected octets {said['reflected']:#x}")
        if said["accept"] != twamp.OK:
            self.wrong += [f"Accept {said['accept']} with a port"] if said["port"] else []
            raise twamp.Refused(f"Accept-Session: Accept {said['accept']}")
        if own.receiver_port and said["port"] != own.receiver_port:
            say(event="note", text=f"port {said['port']} instead of {own.receiver_port}")
        keys = twamp.Test.keys_of(said["sid"], *self.keys) if self.keys else None
        test = twamp.Test(self.mode, keys, self.mode, own.padding, reflect)
        self.tests.append((said, udp, test))

    def start(self):
        if self.mode & twamp.INDIVIDUAL:
            sids = [said["sid"] for said, _, _ in self.tests]
            self.connection.send(twamp.of_n_sessions(twamp.START_N, sids), "Start-N-Sessions")
            plain = self.connection.receive(32 + 16 * len(sids), "Start-N-Ack")
            if plain[0] != twamp.START_N_ACK or plain[1] or plain[12:] != field(len(sids), 4) + b"".join(sids):
                raise twamp.Refused(f"Start-N-Ack {plain.hex()}")
            return
        self.connection.send(twamp.start_sessions(), "Start-Sessions")
        plain = self.connection.receive(32, "Start-Ack")
        self.wrong += self.connection.wrong(plain, [(1, 16)], "Start-Ack")
        if plain[0] != twamp.OK:
            raise twamp.Refused(f"Start-Ack: Accept {plain[0]}")

    def stop(self):
        if self.mode & twamp.INDIVIDUAL:
            sids = [said["sid"] for said, _, _ in self.tests]
            self.connection.send(twamp.of_n_sessions(twamp.STOP_N, sids), "Stop-N-Sessions")
            plain = self.connection.receive(32 + 16 * len(sids), "Stop-N-Ack")
            if plain[0] != twamp.STOP_N_ACK or plain[1]:
                raise twamp.Refused(f"Stop-N-Ack {plain.hex()}")
            return
        self.connection.send(twamp.stop_sessions(self.settings.stop_count or len(self.tests)), "Stop-Sessions")

    def judged(self, sequence, payload, asked, got, datagram, at):
        said, _, test = self.tests[at]
        wrong = []
        wanted = (sequence, asked[0], asked[1], self.settings.ttl)
        found = (got["sender_sequence"], got["sender_timestamp"], got["sender_error"], got["sender_ttl"])
        if found != wanted:
            wrong.append(f"copies {found}, wanted {wanted}")
        if len(datagram.payload) != max(test.reply_header, len(payload)):
            wrong.append(f"{len(datagram.payload)} octets for {len(payload)}")
        if got["error"][1] == 0:
            wrong.append("an Error Estimate of nothing")
        if bool(got["error"][0] & 0x40) != bool(self.mode & twamp.PTP):
            wrong.append(f"Error Estimate {got['error'].hex()}: not the agreed format")
        if datagram.dscp != self.settings.dscp or datagram.ecn or datagram.ttl != 255:
            wrong.append(f"DSCP {datagram.dscp}, ECN {datagram.ecn}, TTL {datagram.ttl} of the reply")
        if got.get("dscp_ecn", self.settings.dscp << 2) != self.settings.dscp << 2:
            wrong.append(f"S-DSCP-ECN {got['dscp_ecn']:#x}")
        if test.reflect_length:
            start = test.reply_header if test.features & twamp.SYMMETRICAL else test.sender_header
            part = payload[start:start + test.reflect_length]
            if datagram.payload[test.reply_header:test.reply_header + len(part)] != part:
                wrong.append("the octets to be reflected")
        if (datagram.source, datagram.source_port) != (self.settings.host, said["port"]):
            wrong.append(f"from {datagram.source}:{datagram.source_port}")
        return wrong

    def zero_places(self, test, payload):
        """MBZ of an open reply, which nobody encrypts."""
        if test.closed:
            return []
        return [f"octet {at} must be zero" for at in (14, 15, 38, 39) if payload[at]]

    def probe(self, at, sequence):
        own, (said, udp, test) = self.settings, self.tests[at]
        error = b"\x5d\x80" if self.mode & twamp.PTP else b"\x1d\x80"
        stamp = octets.stamp(time.time_ns(), error)
        padding = bytearray(test.padding_of(os.urandom(own.padding)))
        if test.reflect_length and said["server_octets"]:
            first = test.reply_header - test.sender_header if test.features & twamp.SYMMETRICAL else 0
            padding[first:first + 2] = field(said["server_octets"], 2)
        payload = test.sent(sequence, stamp, error, bytes(padding))
        if own.corrupt:
            payload = payload[:40] + bytes([payload[40] ^ 1]) + payload[41:]
        due = time.monotonic() + own.interval
        left = udp.send(payload, own.host, said["port"], "", own.dscp)
        replies = []
        while (rest := due - time.monotonic()) > 0 and (datagram := udp.receive(rest)) is not None:
            got = test.read_reply(datagram.payload)
            if isinstance(got, str):
                replies.append({"wrong": [got], "hex": datagram.payload})
                continue
            near = datagram.received_ns
            wrong = self.judged(sequence, payload, (stamp, error), got, datagram, at)
            wrong += self.zero_places(test, datagram.payload)
            replies.append({
                "octets": len(datagram.payload), "sequence": got["sequence"], "ttl": datagram.ttl,
                "dscp": datagram.dscp,
                "sender_ttl": got["sender_ttl"], "receive_ns": octets.instant(got["receive"], got["error"], near),
                "sent_ns": octets.instant(got["timestamp"], got["error"], near), "received_ns": near,
                "error": got["error"], "wrong": wrong, "hex": datagram.payload})
            if own.go_on:
                break
        say(event="probe", session=at, sequence=sequence, octets=len(payload), left_ns=left, hex=payload,
            replies=replies)


def run_client(settings):
    """0: all went well; 1: the server refused, or broke a rule: the last line says what."""
    client = Client(settings)
    refused = ""
    try:
        client.set_up()
        for _ in range(settings.sessions):
            client.session()
        client.start()
        for sequence in range(settings.count):
            for at in range(len(client.tests)):
                client.probe(at, sequence)
        client.stop()
        if settings.again:  # a new session on the same connection
            client.tests.clear()
            client.session()
            client.start()
            client.probe(0, 0)
            client.stop()
    except (twamp.Refused, OSError) as error:
        refused = str(error)
    say(event="end", refused=refused, wrong=client.wrong)
    return 1 if refused or client.wrong else 0
