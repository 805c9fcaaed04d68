# SPDX-License-Identifier: Apache-2.0
"""Who is not whom he claims to be, or seems not to be: replies from another address, strangers with tokens of others,
sessions that share what should tell them apart, a NAT that changes every packet, thousands that claim one session. What
is measured stays exact or says that it is unknown, and the memory of the reflector has a bound."""

import copy
import pathlib
import re
import socket
import struct
import time
from collections import Counter, namedtuple

from course import Judgement, brief, check_accounted, events, findings
from emulator_itself import socket_in
from hostile_network import reflector_counts
from rig import PATIENCE, PORT, REFLECTOR_V4, SENDER_V4, Rig, Skipped, check, check_equal, check_in_time, poll_until
from truth import Log, Truth, compare_counts

OTHER = "10.77.0.9"  # of the reflector's host
WSTP, ASKING, TOLD, UNKNOWN = 251, 0x04, 0x08, 0x10
WSTP_AT = 48  # of the value, in a request of a base packet and this TLV
PLACES = 5
ALL_ONES = bytes([255]) * 16
ETH_P_IP = 0x0800

Seen = namedtuple("Seen", "source source_port destination destination_port payload")


def resident(process):
    """Memory of a process in octets, now and at most."""
    check(process.popen.poll() is None, f"{process.name} ended: {process.err()}")
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return tuple(int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) << 10 for name in ("VmRSS", "VmHWM"))


def starved_of(measured):
    return measured.outcomes().get("late_schedule", 0)


# --- replies from another address ------------------------------------------------------------------------

# Without conntrack, which would translate the replies back.
ELSEWHERE = f"""table ip elsewhere {{
    chain in {{ type filter hook prerouting priority -300; ip daddr {REFLECTOR_V4} udp dport {PORT} ip daddr set {OTHER} notrack; }}
    chain out {{ type filter hook output priority -300; udp sport {PORT} notrack; }} }}"""


def check_named(measured, counts_from, what):
    """The note that names the address; no probe has a direction; no verdict blames a flow."""
    print(f"  {what}: {measured.outcomes()}", *brief(measured), sep="\n    ")
    named = [note for note in measured.document["notes"] if f"{OTHER}:{PORT}" in note]
    check_equal(len(named), 1, f"notes that name {OTHER} among {measured.document['notes']}")
    check(f"{REFLECTOR_V4}:{PORT}" in named[0], named)
    check_equal(measured.err.count(named[0]), 1, "how often it was said on standard error")
    check_equal(measured.document["counters"]["mismatched_echo"], 0, "counters.mismatched_echo")
    check(measured.document["counters"]["other_address"] >= counts_from, measured.document["counters"])
    lost = measured.summary["lost"]
    check_equal((lost["forward"], lost["backward"]), (0, 0), "losses with a direction")
    check(set(measured.outcomes()) <= {"delivered", "late", "lost_unknown", "late_schedule"}, measured.outcomes())
    check_equal(events(measured, "healing_pause"), [], "pauses to heal a flow that is not stalled")
    check(set(findings(measured)) <= {"peer_or_path_down", "transient_outage"}, f"findings {findings(measured)}")
    for verdict in events(measured, "verdict"):
        check(verdict["finding"] != "peer_or_path_down" or f"replies come from {OTHER}:{PORT} instead" in verdict["text"],
              verdict)


#= RFC8085:source-checked
def replies_from_another_address():
    with Rig(emulated=False) as rig:
        rig.ip("reflector", f"addr add {OTHER}/24 dev r0")
        reflector = rig.reflect(listen=[f"0.0.0.0:{PORT}"])
        flags = ("-i", "50ms", "--silence", "1s", "--loss-after", "500ms")
        policies = {"dynamic": (), "fixed": ("--port-policy", "fixed", "--source-port", "5000", "--heal-after", "3s")}
        passing = rig.start_ping("-c", "200", *flags)
        rig.wait_for_probes(passing)
        time.sleep(1)
        rig.nft("reflector", ELSEWHERE)
        running = {name: rig.start_ping("-c", "140", *flags, *policy) for name, policy in policies.items()}
        for process, _ in (passing, *running.values()):
            poll_until(lambda process=process: f"{OTHER}:{PORT}" in process.err(), PATIENCE, "a foreign reply is told")
        time.sleep(2)
        rig.run_in("reflector", "nft", "flush", "ruleset")
        measured = rig.finish_ping(passing)
        check_named(measured, 20, "for two seconds")
        check_accounted(measured, 200)
        check_equal(measured.code, 0, "exit code")
        check(measured.outcomes()["delivered"] > 80, f"{measured.outcomes()}: it should go on afterwards")
        for name, started in running.items():
            measured = rig.finish_ping(started)
            check_named(measured, 20, f"from the start, policy {name}")
            check(measured.outcomes()["delivered"] > 40, f"{measured.outcomes()}: it should go on afterwards")
        rig.nft("reflector", ELSEWHERE)
        running = {name: rig.start_ping("-c", "140", *flags, *policy) for name, policy in policies.items()}
        for name, started in running.items():
            measured = rig.finish_ping(started)
            check_named(measured, 140 - starved_of(measured), f"for good, policy {name}")
            check_equal(measured.code, 1, "exit code where nothing is counted")
            check_equal(measured.summary["received"], 0, "summary.received")
            check_equal(findings(measured), ["peer_or_path_down"], "findings")
        counts = reflector_counts(reflector)
        check_equal(counts.get("refused_source", 0), 0, "requests that the reflector refused")


# --- strangers -------------------------------------------------------------------------------------------


class Sniffer:
    """The UDP from and to the port under test on the sender's device."""

    def __init__(self):
        self.socket = socket_in("sender", socket.AF_PACKET, socket.SOCK_DGRAM)
        self.socket.bind(("s0", ETH_P_IP))

    def seen(self):
        found = []
        while True:
            try:
                data = self.socket.recv(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            if data[9] != 17:
                continue
            at = (data[0] & 15) * 4
            source_port, destination_port = struct.unpack_from("!HH", data, at)
            if source_port == PORT:  # a packet socket of one protocol sees what comes in
                found.append(Seen(socket.inet_ntoa(data[12:16]), source_port, socket.inet_ntoa(data[16:20]),
                                  destination_port, data[at + 8:]))


def wstp_of(payload):
    """The value of the WSTP TLV, behind the others."""
    at = 44
    while at + 4 <= len(payload):
        kind, size = payload[at + 1], struct.unpack_from("!H", payload, at + 2)[0]
        if kind == WSTP:
            return payload[at + 4:at + 4 + size]
        at += 4 + size
    return None


def request_asking(sequence, ssid, token):
    size = 48 + 16 * PLACES
    base = struct.pack("!IQHH", sequence, 0xe8d4a51000000000 + sequence, 0x8001, ssid) + bytes(28)
    value = b"WSTP" + bytes([1, ASKING]) + bytes(10) + token + bytes(size - 32)
    return base + struct.pack("!BBH", 0x80, WSTP, size) + value


class Stranger:
    """Asks from an address of its own about a token, in a session whose SSID is that of others."""

    def __init__(self, address, ssid, token):
        self.address, self.ssid, self.token = address, ssid, token
        self.socket = socket_in("sender", socket.AF_INET)
        self.socket.bind((address, 0))
        self.sent = 0

    def ask(self):
        self.socket.sendto(request_asking(self.sent, self.ssid, self.token), (REFLECTOR_V4, PORT))
        self.sent += 1

    def check_answers(self, flag, source=None):
        answers = 0
        while True:
            try:
                reply = self.socket.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            answers += 1
            value = wstp_of(reply)
            check(len(reply) == len(request_asking(0, 0, ALL_ONES)) and value, f"{self.address} got {reply.hex()}")
            check_equal(struct.unpack_from("!H", reply, 14)[0], self.ssid, "SSID of the reply")
            check_equal(value[5] & (TOLD | UNKNOWN), flag, f"answer to {self.address}, token {self.token.hex()}")
            told = (socket.inet_ntoa(value[-4:]), struct.unpack_from("!H", value, len(value) - 20)[0])
            check_equal(told if flag == TOLD else None, source, "the source that was told")
            check(value[16:32] != self.token, "the stranger's own session has the token it asked about")
        check(answers > self.sent * 0.7, f"{self.address}: {answers} answers to {self.sent} questions")
        return answers


class Claim(namedtuple("Claim", "address port dscp")):
    """A true session, told apart in the emulator's log by its DSCP alone."""

    def flags(self):
        return ("--source", self.address, "--source-port", str(self.port), "--dscp", str(self.dscp), "--seed", "7")

    def truth(self, log):
        own = copy.copy(log)
        own.requests = [record for record in log.requests if record["dscp_in"] == self.dscp]
        own.replies = [record for record in log.replies if record["dscp_in"] == self.dscp]
        return Truth(own, 1_000_000_000)


# Two behind one address, two of one port, all of one SSID.
TRUE_SESSIONS = [Claim(SENDER_V4, 5000, 10), Claim(SENDER_V4, 5001, 20), Claim("10.77.0.3", 5000, 30)]
PROBES = 400


def session_of(seen, claim):
    """SSID and token of a true session, as whoever sits on its path reads them."""
    for one in seen:
        if (one.destination, one.destination_port) == (claim.address, claim.port) and (value := wstp_of(one.payload)):
            return struct.unpack_from("!H", one.payload, 14)[0], value[16:32]
    return None


def tokens_of_strangers_redirect_nothing():
    with Rig() as rig:
        for n in (3, 101, 102, 103, 104):
            rig.ip("sender", f"addr add 10.77.0.{n}/24 dev s0")
        emulator, log_path = rig.emulate("--both-drop", "0.05", seed=5)
        reflector = rig.reflect(listen=[f"{REFLECTOR_V4}:{PORT}"])
        sniffer = Sniffer()
        started = [rig.start_ping("-c", str(PROBES), "-i", "10ms", "--loss-after", "1s", *claim.flags())
                   for claim in TRUE_SESSIONS]
        seen = []
        while not all(session_of(seen, claim) for claim in TRUE_SESSIONS):
            check(started[0][0].popen.poll() is None, f"no session was seen: {started[0][0].err()}")
            seen += sniffer.seen()
            time.sleep(0.005)
        (ssid, token), *others = [session_of(seen, claim) for claim in TRUE_SESSIONS]
        check_equal({other[0] for other in others}, {ssid}, "SSIDs of the other two sessions")
        check_equal(len({token, *(other[1] for other in others)}), 3, "tokens of three sessions")
        guessed = bytes([token[0] ^ 1]) + token[1:]  # differs in one bit
        late = token[:15] + bytes([token[15] ^ 1])   # and in the half that is no hash
        strangers = [Stranger("10.77.0.101", ssid, guessed), Stranger("10.77.0.102", ssid, token),
                     Stranger("10.77.0.103", ssid, ALL_ONES), Stranger("10.77.0.104", ssid, late)]
        before = resident(reflector)
        for _ in range(200):
            for stranger in strangers:
                stranger.ask()
            time.sleep(0.01)
        measured = [rig.finish_ping(one) for one in started]
        seen += sniffer.seen()
        after = resident(reflector)
        emulator.stop()
        log = Log(log_path)
        for claim, run in zip(TRUE_SESSIONS, measured):
            check_equal(run.code, 0, "exit code of ping")
            print(f"  {claim}: {compare_counts(run, claim.truth(log), PROBES)}")
            odd = {name: run.document["counters"][name] for name in
                   ("other_address", "other_ssid", "future_sequence", "expired", "mismatched_echo", "reflector_restarts")}
            check_equal(set(odd.values()), {0}, f"counters of what is not ours: {odd}")
        for stranger in strangers:
            known = stranger.token == token
            stranger.check_answers(TOLD if known else UNKNOWN, (SENDER_V4, 5000) if known else None)
        ends = Counter((one.destination, one.destination_port) for one in seen)
        check_equal(set(ends), {(c.address, c.port) for c in TRUE_SESSIONS} | {s.socket.getsockname() for s in strangers},
                    "ends that the reflector sent to")
        counts = reflector_counts(reflector)
        check_equal(counts["sessions_created"], len(TRUE_SESSIONS) + len(strangers), "sessions_created")
        print(f"  memory of the reflector: {before[0] >> 10} kB before, {after[0] >> 10} kB after")
        check(after[0] - before[0] < 1 << 20, "the reflector grew by more than 1 MiB for four strangers")


# --- a NAT of every packet -------------------------------------------------------------------------------


def nat_rules(ports):
    """Each packet of port 5000 gets the next of so many ports; replies to any of them go back to it."""
    table = ", ".join(f"{n} : {30000 + n}" for n in range(ports))
    return f"""table ip shuffle {{
        chain in {{ type filter hook prerouting priority -300; iifname "r0" udp dport {PORT} udp sport set numgen inc mod {ports} map {{ {table} }} notrack; }}
        chain out {{ type filter hook output priority -300; udp sport {PORT} udp dport set 5000 notrack; }} }}"""


def check_directions(measured, truth):
    """Who came back is known exactly; who did not has the true direction or none. Returns how many have none."""
    wrong, unknown = [], 0
    for probe in measured.probes:
        if probe["outcome"] == "late_schedule":
            continue
        truly = truth.outcome(probe["sequence"])
        # The log has no reply that was sent to a port of which it knows nothing.
        unknown += probe["outcome"] == "lost_unknown"
        allowed = {truly} if truly in ("delivered", "late") else {truly, "lost_unknown"}
        if probe["outcome"] not in allowed:
            wrong.append(f"probe {probe['sequence']}: {probe['outcome']}, truly {truly}")
    check(not wrong, f"{len(wrong)} wrong directions:\n  " + "\n  ".join(wrong[:10]))
    lost = measured.summary["lost"]
    truly = Counter(truth.outcome(p["sequence"]) for p in measured.probes if p["outcome"] != "late_schedule")
    check(lost["forward"] <= truly["lost_forward"] and lost["backward"] <= truly["lost_backward"],
          f"sums {lost}, truly {truly}")
    check(truly["lost_forward"] > 5 and truly["lost_backward"] > 5, f"{truly}: too few losses to prove anything")
    return unknown


def through_nat_of(ports, probes, interval):
    with Rig() as rig:
        emulator, log_path = rig.emulate("--both-drop", "0.1", seed=ports)
        reflector = rig.reflect("--rate", "0", listen=[f"{REFLECTOR_V4}:{PORT}"])
        rig.nft("reflector", nat_rules(ports))
        before = resident(reflector)
        measured = rig.ping("-c", str(probes), "-i", interval, "--loss-after", "500ms", "--source-port", "5000")
        after = resident(reflector)
        emulator.stop()
        told = events(measured, "reflector_restarted")
        print(f"  {ports} ports: {measured.outcomes()}, sums {measured.summary['lost']},"
              f" reflector {before[0] >> 10} kB before, {after[0] >> 10} kB after")
        check_equal(measured.code, 0, "exit code")
        check_in_time(starved_of(measured), probes)
        unknown = check_directions(measured, Truth(Log(log_path), 500_000_000))
        notes = [note for note in measured.document["notes"] if "several flows" in note]
        # A state that answers again gives it away; of one that is new with each packet the events say so, once.
        again = [event for event in told if "again and again" in event["text"]]
        check(len(notes) <= 1 and len(again) <= 1 and notes + again,
              f"the NAT should be told once, among {measured.document['notes']} and {told}")
        check(1 <= len(told) <= 2, f"{len(told)} events reflector_restarted: it should be said, and not each time")
        check(len(measured.err) < 2_000, f"{len(measured.err)} octets on standard error")
        counts = reflector_counts(reflector)
        check_equal(counts["sessions_created"], min(ports, 1024), "sessions_created")
        check((counts.get("stateless_replies", 0) > 0) == (ports > 1024), f"stateless_replies in {counts}")
        check(after[1] - before[0] < 2 << 20, "the reflector grew by more than 2 MiB")
        if ports > 2:
            check(unknown > 0, "no loss is unknown: where does the knowledge come from?")


def nat_of_every_packet():
    judgement = Judgement()
    for ports, probes, interval in ((2, 300, "10ms"), (3, 300, "10ms"), (16, 300, "10ms"), (3000, 2000, "2ms")):
        with judgement.of(f"{ports} ports"):
            through_nat_of(ports, probes, interval)
    judgement.end()


# --- thousands -------------------------------------------------------------------------------------------

TABLE = 16_384  # sessions of a reflector
PER_WAVE = 20_000


def claim_from_many(second_octet, ssid, token, sniffer):
    """One question from each of so many addresses, with the source port of the true session. What was answered."""
    seen = []
    payload = request_asking(0, ssid, token)
    udp = struct.pack("!HHHH", 5000, PORT, 8 + len(payload), 0) + payload
    destination = socket.inet_aton(REFLECTOR_V4)
    with socket_in("sender", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
        for n in range(PER_WAVE):
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                                 bytes([10, second_octet, n >> 8, n & 255]), destination)
            forger.sendto(header + udp, (REFLECTOR_V4, 0))
            if n % 20 == 19:
                time.sleep(0.005)
                seen += sniffer.seen()
    return seen


def thousands_claim_one_session():
    """Each gets a session of its own until there is no more room, and none the one it claims."""
    with Rig(emulated=False) as rig:
        reflector = rig.reflect(listen=[f"{REFLECTOR_V4}:{PORT}"])
        for n in (88, 89):
            rig.ip("reflector", f"route add 10.{n}.0.0/16 via {SENDER_V4}")
        sniffer = Sniffer()
        probes = 2500
        started = rig.start_ping("-c", str(probes), "-i", "10ms", "--loss-after", "1s", "--source-port", "5000",
                                 "--seed", "7")
        claim, seen = Claim(SENDER_V4, 5000, 0), []
        while not (true := session_of(seen, claim)):
            check(started[0].popen.poll() is None, f"no session was seen: {started[0].err()}")
            seen += sniffer.seen()
            time.sleep(0.005)
        memory = [resident(reflector)]
        answered = Counter()
        for wave in (88, 89):
            seen = claim_from_many(wave, *true, sniffer)
            memory.append(resident(reflector))
            for one in seen:
                if one.destination == SENDER_V4:
                    continue
                value = wstp_of(one.payload)
                answered[one.destination.split(".")[1], "stateless" if value[5] & 2 else "session"] += 1
                check_equal(one.destination_port, 5000, "port that was answered")
                check(value[16:32] != true[1], f"{one.destination} was given the true session's token as its own")
        check(started[0].popen.poll() is None, "the measurement was over before the last stranger came")
        measured = rig.finish_ping(started)
        texts = [f"{now >> 10} kB (at most {most >> 10})" for now, most in memory]
        print(f"  {measured.outcomes()}, {dict(answered)}\n  reflector: {', '.join(texts)}")
        starved = starved_of(measured)
        check_equal(measured.outcomes(), {"delivered": probes - starved, **({"late_schedule": starved} if starved else {})},
                    "outcomes of the true session")
        check_in_time(starved, probes)
        check_equal(measured.summary["duplicates"], 0, "duplicates")
        odd = {name: count for name, count in measured.document["counters"].items() if count}
        check_equal(set(odd) - {"replies", "unmeasured"}, set(), f"counters of the true session {odd}")
        check_equal({p["reflector_sequence"] for p in measured.probes if p["outcome"] == "delivered"},
                    {p["sequence"] for p in measured.probes if p["outcome"] == "delivered"},
                    "reply numbers of the true session, which nobody else's request took")
        counts = reflector_counts(reflector)
        # Who is silent for ten seconds makes room for the next.
        without = counts.get("stateless_replies", 0)
        if without == 0:
            raise Skipped("the machine was too busy: the strangers came too slowly to fill the table")
        strangers = counts["answered"] - odd["replies"]
        check(strangers > 1.9 * PER_WAVE, f"only {strangers} strangers were answered")
        check_equal(counts["sessions_created"] - 1 + without, strangers, "those with a session and those without")
        check_equal(counts["sessions_created"] - counts.get("sessions_evicted", 0), TABLE, "sessions at the end")
        check(memory[2][1] - memory[0][0] < 24 << 20, "the reflector grew by more than 24 MiB")
        check(memory[2][1] - memory[1][1] < 2 << 20, "the second wave made the reflector grow further")


CASES = {
    "replies_from_another_address": replies_from_another_address,
    "tokens_of_strangers_redirect_nothing": tokens_of_strangers_redirect_nothing,
    "nat_of_every_packet": nat_of_every_packet,
    "thousands_claim_one_session": thousands_claim_one_session,
}
