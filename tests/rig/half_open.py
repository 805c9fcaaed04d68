# SPDX-License-Identifier: Apache-2.0
"""TWAMP-Control connections that strangers open and leave half done: they say nothing, begin to set up and stop, send an
octet now and then, or start sessions that nobody uses. Who measures by STAMP or by TWAMP goes on with its stamps and
numbers, and what a server spends on the others has a bound. `half_open_figures` is what the bench prints
(bench/flood.py)."""

import errno
import os
import pathlib
import random
import re
import selectors
import socket
import sys
import time
from collections import Counter

from emulator_itself import socket_in
from floods import INTERVAL_MS, ask_for_counters, dropped_by_the_socket, octets_of
from interop_twamp import CONTROL, listens_tcp
from rig import PATIENCE, PORT, REFLECTOR_V4, SENDER_V4, Rig, check, check_equal, check_in_time, poll_until
from strangers import resident

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "peer"))
import twamp  # noqa: E402

KINDS = ("silent", "half a set-up", "slow octets", "sessions never stopped")
STRANGERS = "10.88"  # this /16 is private, and so is answered; each connection comes from another address of it
FLOOD_S = 4          # silent connections give way after two seconds
MOST_OPEN = 256      # four times as many as the server has places in all
PLACES, SESSIONS, SESSIONS_OF_ONE = 48, 384, 32  # of strangers: twamp::Limits
GREETING, START, ACCEPTED = 64, 48, 48  # octets
NO_HMAC = bytes(16)  # of open mode
GROWTH = 24 << 20  # all places and all sessions


class Stranger:
    """One connection, as far as its kind takes it."""

    def __init__(self, kind, address):
        self.kind, self.heard, self.said, self.accepted = kind, b"", 0, 0
        self.sock = socket_in("sender", socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.bind((address, 0))
        error = self.sock.connect_ex((REFLECTOR_V4, CONTROL))
        check(error in (0, errno.EINPROGRESS), f"connect: {os.strerror(error)}")

    def hear(self):
        """False: the server closed it."""
        try:
            octets = self.sock.recv(4096)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.heard += octets
        return bool(octets) and self.answer()

    def refused(self):
        return len(self.heard) >= GREETING and twamp.read_greeting(self.heard[:GREETING])["modes"] == 0

    def answer(self):
        if len(self.heard) < GREETING or self.refused() or self.kind in ("silent", "slow octets"):
            return True
        if self.kind == "half a set-up":
            return self.say(twamp.set_up(1)[:82])
        if self.said == 0:
            requests = [twamp.request_session(4, 1024 + n, 30_000 + n) + NO_HMAC for n in range(SESSIONS_OF_ONE)]
            return self.say(twamp.set_up(1) + b"".join(requests))
        answers = self.heard[GREETING + START:GREETING + START + SESSIONS_OF_ONE * ACCEPTED]
        if len(answers) == SESSIONS_OF_ONE * ACCEPTED and not self.accepted:
            self.accepted = sum(twamp.read_accept_session(answers[n:n + ACCEPTED])["accept"] == twamp.OK
                                for n in range(0, len(answers), ACCEPTED))
            return self.say(twamp.start_sessions() + NO_HMAC)
        return True

    def say_an_octet(self):
        if self.kind == "slow octets" and GREETING <= len(self.heard) and self.said < 160:
            self.say(b"\0")

    def say(self, octets):
        if self.kind == "half a set-up" and self.said:
            return True
        try:
            self.said += self.sock.send(octets)
        except OSError:
            return False
        return True


def half_open(_rig, kind, seconds, per_second):
    """Opens connections for so long, again and again where the server closes them. What became of them."""
    dice, counts, begin = random.Random(20261126), Counter(), time.monotonic()
    opened = {}
    with selectors.DefaultSelector() as ready:
        while (passed := time.monotonic() - begin) < seconds:
            while len(opened) < MOST_OPEN and counts["opened"] < per_second * passed:
                one = Stranger(kind, f"{STRANGERS}.{dice.randrange(256)}.{dice.randrange(1, 255)}")
                opened[one.sock] = one
                ready.register(one.sock, selectors.EVENT_READ)
                counts["opened"] += 1
            for key, _ in ready.select(0.02):
                one = opened[key.fileobj]
                if one.hear():
                    continue
                counts["refused" if one.refused() else "closed"] += 1
                counts["sessions"] += one.accepted
                ready.unregister(one.sock)
                del opened[one.sock]
                one.sock.close()
            for one in opened.values():
                one.say_an_octet()
        counts["held"] = sum(len(one.heard) >= GREETING and not one.refused() for one in opened.values())
        counts["sessions"] += sum(one.accepted for one in opened.values())
        for one in opened.values():
            one.sock.close()
    return counts


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def half_open_figures(per_second, seconds=FLOOD_S, send=half_open):
    """One row for each kind, the measurements that went on through all of them, and the counters at the end."""
    rows = []
    with Rig(emulated=False) as rig:
        rig.ip("sender", f"route add local {STRANGERS}.0.0/16 dev lo")
        rig.ip("reflector", f"route add {STRANGERS}.0.0/16 via {SENDER_V4}")
        reflector = rig.reflect("--stats", "--twamp", f"{REFLECTOR_V4}:{CONTROL}", listen=[f"{REFLECTOR_V4}:{PORT}"])
        poll_until(lambda: listens_tcp(reflector.pid), PATIENCE, "the TWAMP server listens")
        probes = int((len(KINDS) * (seconds + 2) + 2) * 1000 / INTERVAL_MS)
        flags = ("-c", str(probes), "-i", f"{INTERVAL_MS}ms", "--loss-after", "1s", "--seed", "7")
        running = {"STAMP": rig.start_ping(*flags),
                   "TWAMP": rig.start_ping("--protocol", "twamp", *flags, target=f"{REFLECTOR_V4}:{CONTROL}")}
        time.sleep(1)
        ask_for_counters(reflector)
        before, full = resident(reflector), dropped_by_the_socket(rig)
        for kind in KINDS:
            (rx, tx), begin = octets_of(rig), time.monotonic()
            counts = send(rig, kind, seconds, per_second)
            lasted = time.monotonic() - begin
            time.sleep(0.5)
            (rx2, tx2) = octets_of(rig)
            rows.append({"kind": kind, "per_second": counts["opened"] / lasted, **counts, "in": rx2 - rx, "out": tx2 - tx,
                         "memory": resident(reflector)[1] - before[0], "descriptors": descriptors(reflector)})
        for name, (process, _) in running.items():
            check(process.popen.poll() is None, f"the measurement by {name} was over before the floods")
        measured = {name: rig.finish_ping(started, seconds=120) for name, started in running.items()}
        full = dropped_by_the_socket(rig) - full
        check_equal(reflector.stop(), 0, "exit code of the reflector")
        told = reflector.out().rpartition("counters")[2]
        counters = {name: int(value) for name, value in re.findall(r"^  (\w+) +(\d+) ", told, re.MULTILINE)}
        return rows, measured, counters, probes, full


def check_unharmed(name, measured, probes, full):
    """The session kept its numbers and its stamps; what it lost found the socket full."""
    outcomes = measured.outcomes()
    lost = sum(count for outcome, count in outcomes.items() if outcome.startswith("lost"))
    check(set(outcomes) <= {"delivered", "late_schedule", "late", "lost_forward", "lost_unknown"}, f"{name}: {outcomes}")
    check(lost <= full, f"{name}: {outcomes}: lost without a full socket")
    check_in_time(outcomes.get("late_schedule", 0), probes)
    check(outcomes["delivered"] > 0.9 * (probes - outcomes.get("late_schedule", 0)), f"{name}: {outcomes}")
    odd = {one: measured.document["counters"][one] for one in
           ("reflector_restarts", "requests_refused_by_peer", "other_token", "mismatched_echo", "future_sequence")}
    check_equal(set(odd.values()), {0}, f"{name}: counters of the session {odd}")
    answered = [p for p in measured.probes if p["outcome"] == "delivered"]
    for stamp in ("sender_tx", "sender_rx"):
        check_equal({p[f"{stamp}_source"] for p in answered}, {"kernel"}, f"{name}: sources of {stamp}")
    # The document has no reply numbers of TWAMP: what they tell are the losses, of which there are none.
    numbers = [p["reflector_sequence"] for p in answered] if name == "STAMP" else []
    check_equal(len(set(numbers)), len(numbers), f"{name}: reply numbers")
    check(max(numbers, default=0) <= probes + 10, f"{name}: the newest reply has number {max(numbers, default=0)} of {probes} probes")
    # TWAMP has no words for the source of a stamp.
    wanted = {"STAMP": "kernel", "TWAMP": "unknown"}[name]
    check_equal({p["reflector_rx_source"] for p in answered}, {wanted}, f"{name}: sources of T2")
    departed = Counter(p["reflector_tx_source"] for p in answered)
    check(departed[wanted] > 0.5 * len(answered), f"{name}: sources of T3 {departed}")
    return f"{outcomes}; T3 by {dict(departed)}"


def half_open_connections_leave_the_established_alone():
    rows, measured, counters, probes, full = half_open_figures(per_second=400)
    for row in rows:
        print(f"  {row}")
    of_twamp = {name: count for name, count in counters.items() if name.startswith("twamp") and count}
    print(f"  {of_twamp}")
    for name, one in measured.items():
        print(f"  {name}: {check_unharmed(name, one, probes, full)}")
    for row in rows:
        # A handshake proves the address, so this is what one gets who asked for it.
        check(row["out"] <= 1.5 * row["in"], f"{row}: much more octets out than in")
        check(row["memory"] < GROWTH, f"{row}: grew too much")
        check(row["descriptors"] < 2 * PLACES + 64, f"{row}: connections that are gone still have descriptors")
        check(row["held"] <= PLACES, f"{row}: more connections than places")
        check(row.get("sessions", 0) <= SESSIONS, f"{row}: more sessions than there may be")
    check(rows[-1]["sessions"] > SESSIONS_OF_ONE, f"{rows[-1]}: nobody got sessions")
    for name in ("over_limit", "gave_way", "closed_by_client", "accepted", "refused", "started"):
        check(counters.get(f"twamp_control_{name}", 0) > 0, f"twamp_control_{name} of {of_twamp}: the flood was not what it should be")
    check_equal(counters["twamp_control_wrong_key"], 0, "wrong keys")
    # Its own measurement alone: nobody of the others sends a packet.
    answered = measured["TWAMP"].outcomes()["delivered"]
    check(counters["twamp_test_replies"] >= answered, of_twamp)
    check(counters["twamp_test_stamps"] >= 0.9 * counters["twamp_test_replies"], of_twamp)
    check_equal(counters["twamp_test_octets_sent"], counters["twamp_test_octets_received"], "octets of TWAMP-Test")


CASES = {"half_open_connections_leave_the_established_alone": half_open_connections_leave_the_established_alone}
