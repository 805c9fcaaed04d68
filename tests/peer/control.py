# SPDX-License-Identifier: Apache-2.0
"""TWAMP-Control as programs (RFC 5357 3): a server that reflects, and a client that sends. One connection and thread each
at a time; the messages and the cipher are in twamp.py."""

import os
import select
import socket
import threading
import time

import octets
import twamp
from octets import field, number
from udp import Udp, say

FIXED = {twamp.START: 32, twamp.STOP: 32, twamp.REQUEST: 112}
OF_SIDS = (twamp.START_N, twamp.STOP_N)


class Connection:
    """Octets of a TCP connection, and the two directions of its stream once they are known."""

    def __init__(self, made, wait_s=30):
        self.socket = made
        self.socket.settimeout(wait_s)
        self.heard, self.said = twamp.Direction(), twamp.Direction()

    def raw(self, size):
        found = b""
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            if not part:
                raise twamp.Refused(f"closed after {len(found)} of {size} octets")
            found += part
        return found

    def send_raw(self, message, name):
        self.socket.sendall(message)
        say(event="sent", message=name, octets=len(message), hex=message)

    def send(self, plain, name):
        self.send_raw(self.said.sealed_with_hmac(plain), name)

    def receive(self, size, name):
        """A message of known size, its HMAC checked and left out."""
        plain = self.heard.opened(self.raw(size - 16))
        self.heard.check_hmac(self.raw(16))
        say(event="received", message=name, octets=size, hex=plain)
        return plain

    def command(self):
        """The next command of a client; its length is known from its first block (RFC 4656 3.4)."""
        first = self.heard.opened(self.raw(16))
        if first[0] in OF_SIDS:
            size = 16 + 16 * number(first[12:16]) + 16
        else:
            size = FIXED.get(first[0])
        if size is None or size > 16 * 1000:
            raise twamp.Refused(f"command {first[0]}")
        plain = first + self.heard.opened(self.raw(size - 32))
        self.heard.check_hmac(self.raw(16))
        say(event="received", message=f"command {first[0]}", octets=size, hex=plain)
        return plain

    def wrong(self, plain, spans, name):
        """Octets that must be zero and are not."""
        found = [at for first, end in spans for at in range(first, end) if plain[at]]
        return [f"{name}: octet {at} must be zero" for at in found]


# --- server --------------------------------------------------------------------------------------------------


class Session:
    def __init__(self, udp, test, asked, peer, peer_port):
        self.udp, self.test, self.asked, self.peer, self.peer_port = udp, test, asked, peer, peer_port
        self.started, self.stopped_at, self.counter = False, None, 0


class Server:
    """One client. `settings`: see peer.py."""

    def __init__(self, settings, made, start_time):
        self.settings, self.start_time = settings, start_time
        self.connection = Connection(made)
        self.own, self.peer = made.getsockname()[0], made.getpeername()[0]
        self.sessions, self.mode, self.wrong = {}, 0, []
        self.keys = None

    def set_up(self):
        """Greeting, Set-Up-Response, Server-Start."""
        own = self.settings
        challenge, salt = os.urandom(16), os.urandom(16)
        self.connection.send_raw(twamp.greeting(own.offer, challenge, salt, own.iterations), "Server Greeting")
        said = twamp.read_set_up(self.connection.raw(164))
        say(event="received", message="Set-Up-Response", mode=said["mode"], key_id=said["key_id"])
        self.mode = said["mode"]
        kinds = [bit for bit in (1, 2, 4, 8) if self.mode & bit]
        if self.mode == 0:
            raise twamp.Refused("the client gave up")
        accept = twamp.OK if len(kinds) == 1 and not self.mode & ~own.offer else twamp.UNSUPPORTED
        if accept == twamp.OK and twamp.secured(self.mode):
            derived = octets.key_of_passphrase(own.passphrase, salt, own.iterations)
            opened = octets.cbc_decrypted(derived, bytes(16), said["token"])
            if said["key_id"] != own.key_id or opened[:16] != challenge:
                accept = twamp.FAILURE
            self.keys = opened[16:32], opened[32:64]
        block = self.start_time + bytes(8)
        if accept != twamp.OK:
            self.connection.send_raw(twamp.server_start(accept, bytes(16), bytes(16)), "Server-Start")
            raise twamp.Refused(f"Accept {accept}")
        server_iv = os.urandom(16)
        if self.keys and twamp.secured(self.mode):
            self.connection.heard = twamp.Direction(self.keys[0], said["client_iv"], self.keys[1])
            self.connection.said = twamp.Direction(self.keys[0], server_iv, self.keys[1])
            block = self.connection.said.sealed(block)
        self.connection.send_raw(twamp.server_start(0, server_iv, block), "Server-Start")

    def accept_of(self, asked):
        own = self.settings
        if asked["version"] not in (4, 6) or asked["conf_sender"] or asked["conf_receiver"]:
            return twamp.UNSUPPORTED
        if asked["sender"] not in ("", self.peer) or asked["receiver"] not in ("", self.own):
            return twamp.UNSUPPORTED
        if asked["timeout"] > 60 or asked["type_p"] >> 30:
            return twamp.UNSUPPORTED
        if len(self.sessions) >= own.sessions:
            return twamp.TEMPORARY
        reflected = asked["reflect_length"]
        if self.mode & twamp.REFLECT_OCTETS and reflected and asked["padding"] < 27 + reflected:
            return twamp.UNSUPPORTED
        return twamp.OK

    def request(self, plain):
        asked = twamp.read_request_session(plain)
        spans = [(4, 12), (48, 64), (92, 96)] + ([] if self.mode & twamp.REFLECT_OCTETS else [(88, 92)])
        self.wrong += self.connection.wrong(plain, spans, "Request-TW-Session")
        say(event="request", **asked)
        accept = self.accept_of(asked)
        if accept != twamp.OK:
            self.connection.send(twamp.accept_session(accept), "Accept-Session")
            return
        try:
            udp = Udp(self.own, 0 if self.settings.other_port else asked["receiver_port"])
        except OSError:
            udp = Udp(self.own, 0)
        packed = socket.inet_pton(socket.AF_INET6 if ":" in self.own else socket.AF_INET, self.own)
        sid = packed[-4:] + octets.ntp(time.time_ns()) + os.urandom(4)
        keys = twamp.Test.keys_of(sid, *self.keys) if self.keys else None
        test = twamp.Test(self.mode, keys, self.mode, asked["padding"], asked["reflect_length"])
        self.sessions[sid] = Session(udp, test, asked, self.peer, asked["sender_port"])
        self.connection.send(twamp.accept_session(twamp.OK, udp.port, sid, asked["reflect"]), "Accept-Session")

    def start(self, sids):
        for sid in sids:
            self.sessions[sid].started = True

    def stop(self, sids):
        for sid in sids:
            session = self.sessions[sid]
            session.started, session.stopped_at = False, time.monotonic() + session.asked["timeout"]

    def obey(self, plain):
        command, running = plain[0], [sid for sid, one in self.sessions.items() if one.started]
        individual = self.mode & twamp.INDIVIDUAL
        if command == twamp.REQUEST and (individual or not running):
            self.request(plain)
        elif command == twamp.START and not individual and not running:
            self.wrong += self.connection.wrong(plain, [(1, 16)], "Start-Sessions")
            self.start([sid for sid, one in self.sessions.items() if one.stopped_at is None])
            self.connection.send(twamp.start_ack(), "Start-Ack")
        elif command == twamp.STOP and not individual and running:
            self.wrong += self.connection.wrong(plain, [(2, 4), (8, 16)], "Stop-Sessions")
            if number(plain[4:8]) != len(running):
                raise twamp.Refused(f"Stop-Sessions for {number(plain[4:8])} of {len(running)} sessions")
            self.stop(running)
        elif command in OF_SIDS and individual:
            sids = [plain[at:at + 16] for at in range(16, len(plain), 16)]
            known = all(sid in self.sessions and self.sessions[sid].started == (command == twamp.STOP_N) for sid in sids)
            if known:
                (self.start if command == twamp.START_N else self.stop)(sids)
            ack = twamp.START_N_ACK if command == twamp.START_N else twamp.STOP_N_ACK
            self.connection.send(twamp.of_n_sessions(ack, sids, twamp.OK if known else twamp.FAILURE), "N-Ack")
        else:
            raise twamp.Refused(f"command {command} now")

    def reflect(self, session):
        datagram = session.udp.receive(0)
        if datagram is None:
            return
        asked = "not its sender"
        if (datagram.source, datagram.source_port) == (session.peer, session.peer_port):
            asked = session.test.read_sent(datagram.payload)
        alive = session.started or session.stopped_at is not None and time.monotonic() < session.stopped_at
        if isinstance(asked, str) or not alive:
            say(event="packet", dropped=asked if isinstance(asked, str) else "not started", hex=datagram.payload)
            return
        own_error = b"\x5d\x80" if self.mode & twamp.PTP else b"\x1d\x80"
        wrong = [] if asked["error"][1] else ["an Error Estimate of nothing"]
        if len(datagram.payload) != session.test.sender_header + session.asked["padding"]:
            wrong.append(f"{len(datagram.payload)} octets, with a padding of {session.asked['padding']}")
        if asked["error"][0] & 0x40 and not self.mode & twamp.PTP:
            wrong.append("PTP stamps that nobody agreed on")
        fields = {"sequence": session.counter, "timestamp": octets.stamp(time.time_ns(), own_error), "error": own_error,
                  "receive": octets.stamp(datagram.received_ns, own_error), "sender_sequence": asked["sequence"],
                  "sender_timestamp": asked["timestamp"], "sender_error": asked["error"], "sender_ttl": datagram.ttl}
        reply = session.test.reply(datagram.payload, fields, datagram.dscp << 2 | datagram.ecn)
        left = session.udp.send(reply, datagram.source, datagram.source_port, self.own, session.asked["type_p"] >> 24 & 63)
        say(event="packet", dropped="", sequence=asked["sequence"], reply_sequence=session.counter, ttl=datagram.ttl,
            dscp=datagram.dscp, octets=len(datagram.payload), reply_octets=len(reply), received_ns=datagram.received_ns,
            left_ns=left, sent_ns=octets.instant(asked["timestamp"], asked["error"], datagram.received_ns), wrong=wrong,
            hex=datagram.payload)
        session.counter += 1

    def run(self):
        try:
            self.set_up()
            while True:
                places = {one.udp.socket: one for one in self.sessions.values()}
                for ready in select.select([self.connection.socket, *places], [], [], 60)[0]:
                    if ready in places:
                        self.reflect(places[ready])
                    else:
                        self.obey(self.connection.command())
        except (twamp.Refused, OSError) as error:
            say(event="closed", why=str(error), wrong=self.wrong, running=sum(s.started for s in self.sessions.values()))
        for session in self.sessions.values():
            session.udp.socket.close()
        self.connection.socket.close()


def serve(settings):
    start_time = octets.ntp(time.time_ns())
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.create_server((settings.address, settings.port), family=family) as listening:
        say(event="listening", address=settings.address, port=listening.getsockname()[1])
        while True:
            made, _ = listening.accept()
            threading.Thread(target=Server(settings, made, start_time).run, daemon=True).start()


# --- client --------------------------------------------------------------------------------------------------


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
                "octets": len(datagram.payload), "sequence": got["sequence"], "ttl": datagram.ttl, "dscp": datagram.dscp,
                "sender_ttl": got["sender_ttl"], "receive_ns": octets.instant(got["receive"], got["error"], near),
                "sent_ns": octets.instant(got["timestamp"], got["error"], near), "received_ns": near,
                "error": got["error"], "wrong": wrong, "hex": datagram.payload})
        say(event="probe", session=at, sequence=sequence, octets=len(payload), left_ns=left, hex=payload, replies=replies)


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
