# SPDX-License-Identifier: Apache-2.0
"""A TWAMP-Control server that reflects: one thread for each connection and its sessions."""

import os
import select
import socket
import threading
import time

import octets
import twamp
from control import OF_SIDS, Connection
from octets import number
from udp import Udp, say


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
            runs = command == twamp.STOP_N
            known = all(sid in self.sessions and self.sessions[sid].started == runs for sid in sids)
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
        dscp = session.asked["type_p"] >> 24 & 63
        left = session.udp.send(reply, datagram.source, datagram.source_port, self.own, dscp)
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
            running = sum(session.started for session in self.sessions.values())
            say(event="closed", why=str(error), wrong=self.wrong, running=running)
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
