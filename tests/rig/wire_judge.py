# SPDX-License-Identifier: Apache-2.0
"""An independent judge: the distribution's dumpcap sees the packets, its tshark says what is in them.

tshark has no dissector for STAMP; that of TWAMP-Test shows the base packet, which both have in common, and calls the
identifier of the session (RFC 8972) MBZ."""

import calendar
import ctypes
import re
import shutil
import socket
import struct
import subprocess
import time
from collections import namedtuple

import paths
import stalls
from course import Wire, events, port_of
from emulator_itself import socket_in
from nat import CLIENT, OLD_PORT, SERVER
from rig import PATIENCE, PORT, Network, Process, Skipped, check, check_equal, poll_until

FIELDS = {
    "stamp": "frame.time_epoch", "source": "ip.src", "source_port": "udp.srcport", "destination_port": "udp.dstport",
    "sequence": "twamp.test.seq_number", "timestamp": "twamp.test.timestamp", "error": "twamp.test.error_estimate",
    "external": "twamp.test.error_estimate.s", "format": "twamp.test.error_estimate.z",
    "scale": "twamp.test.error_estimate.scale", "multiplier": "twamp.test.error_estimate.multiplier",
    "ssid": "twamp.test.mbz1", "receive": "twamp.test.receive_timestamp",
    "sender_sequence": "twamp.test.sender_seq_number", "sender_timestamp": "twamp.test.sender_timestamp",
    "sender_error": "twamp.test.sender_error_estimate", "sender_ttl": "twamp.test.sender_ttl",
    "malformed": "_ws.malformed",
}
Packet = namedtuple("Packet", FIELDS)
# NTP has steps of a quarter of a nanosecond.
ROUNDING_NS = 1
MARKER = b"the last packet that the capture has to have"


def instant(text):
    """"Nov 25, 2026 21:04:35.402623210 UTC" in ns; the instant 0 of the format is that of Unix here."""
    whole, _, rest = text.partition(".")
    fraction, _, zone = rest.partition(" ")
    try:
        if zone == "UTC":
            return calendar.timegm(time.strptime(whole, "%b %d, %Y %H:%M:%S")) * 10**9 + int(fraction)
    except ValueError:
        pass
    raise Skipped(f"this tshark writes instants in another way: {text}")


def whole_ns(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def installed(name):
    path = shutil.which(name)
    if path is None:
        raise Skipped(f"there is no {name}: install the package tshark")
    return path


def dissect(path):
    command = [installed("tshark"), "-n", "-r", str(path), "-d", f"udp.port=={PORT},twamp.test", "-Y", f"udp.port=={PORT}",
               "-T", "fields"]
    for field in FIELDS.values():
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check_equal(done.returncode, 0, f"exit code of tshark: {done.stderr}")
    # Some names stand for the same field of both ends' error estimate; the packet's own comes first.
    return [Packet(*(value.partition(",")[0] if name not in ("timestamp", "receive", "sender_timestamp") else value
                     for name, value in zip(FIELDS, line.split("\t")))) for line in done.stdout.splitlines()]


class Captured(Wire):
    """What tshark makes of a capture: by port and sequence number of the request, each once."""

    def __init__(self, packets):
        for packet in packets:
            check_equal(packet.malformed, "", f"tshark calls it malformed: {packet}")
        self.sent = {(int(p.source_port), int(p.sequence)): p for p in packets if p.source == CLIENT}
        self.answers = {(int(p.destination_port), int(p.sender_sequence)): p for p in packets if p.source == SERVER}
        check_equal(len(self.sent) + len(self.answers), len(packets), "requests and replies, each once")
        super().__init__([(whole_ns(p.stamp), key[0]) for key, p in self.sent.items()],
                         [(whole_ns(p.stamp), key[0]) for key, p in self.answers.items()])


def captured(nat):
    """Has dumpcap capture the client's wire from now on, all UDP of it; as course.recorded()."""
    path = nat.network.directory / f"{nat.name}.pcapng"
    command = [installed("dumpcap"), "-q", "-i", "c0", "-f", "udp", "-w", str(path)]
    process = Process(nat.network, nat.client, command, False, f"dumpcap-{nat.name}")
    poll_until(lambda: "File:" in process.err() or process.popen.poll() is not None, PATIENCE, "dumpcap is ready")
    check(process.popen.poll() is None, f"dumpcap ended: {process.err()}")

    def wire():
        # What waits in its ring when it is stopped would be missing; a packet that is in the file has all before it there.
        with socket_in(nat.client, socket.AF_INET) as marker:
            def flushed():
                marker.sendto(MARKER, (SERVER, 9))
                return MARKER in path.read_bytes()
            poll_until(flushed, PATIENCE, "the capture has the last packet")
        check_equal(process.stop(), 0, "exit code of dumpcap")
        dropped = re.search(r"received/dropped on interface 'c0': \d+/(\d+)", process.err())
        check(dropped and dropped[1] == "0", f"the capture is not whole: {process.err()}")
        return Captured(dissect(path))
    return wire


# --- the ports -------------------------------------------------------------------------------------------


def port_by_flow(measured):
    ports = {event["flow"]: port_of(event["new_flow"]) for event in events(measured, "flow_changed")}
    changes = events(measured, "flow_changed")
    ports[0] = port_of(changes[0]["old_flow"]) if changes else measured.document["local"]["port"]
    return ports


# --- the packets -----------------------------------------------------------------------------------------


def kernel_clock():
    """Whether it is synchronised, and the most that it may be wrong, in s (adjtimex)."""
    timex = ctypes.create_string_buffer(512)
    check(ctypes.CDLL(None).adjtimex(timex) >= 0, "adjtimex failed")
    (most_us,), (status,) = struct.unpack_from("q", timex, 24), struct.unpack_from("i", timex, 40)
    return status & 0x40 == 0, most_us / 1e6


#= RFC4656:multiplier
def judge_error(packet, clock):
    """S, Z, scale and multiplier (RFC 8186, RFC 4656 4.1.2)."""
    synchronised, most = clock
    check_equal(packet.format, "0", f"Z of an NTP timestamp: {packet}")
    check(int(packet.multiplier) > 0, f"an error of nothing: {packet}")
    check_equal(packet.external, "1" if synchronised else "0", f"S, the clock being {clock}: {packet}")
    if most == 16:  # the kernel's bound of a clock that nobody sets: it does not change
        error = int(packet.multiplier) * 2.0 ** (int(packet.scale) - 32)
        check(16 <= error < 16.2, f"the error is {error} s, the kernel's bound being 16 s: {packet}")


def near(found, wanted, what):
    check(abs(found - wanted) <= ROUNDING_NS, f"{what}: tshark says {found}, the probe {wanted}")


#= RFC8762:timestamp-late
def judge_request(packet, probe, clock):
    judge_error(packet, clock)
    stamp, written = whole_ns(packet.stamp), instant(packet.timestamp)
    order = [probe["scheduled_ns"] - ROUNDING_NS, written, probe["sender_user_ns"] + ROUNDING_NS, stamp]
    check(order == sorted(order), f"due, timestamp, handed over, on the wire: {order}, {probe}")
    check(stamp <= probe["sender_tx_ns"], f"the tap is before the driver: {stamp}, {probe}")
    check_equal((instant(packet.receive), packet.sender_sequence, instant(packet.sender_timestamp), packet.sender_error,
                 packet.sender_ttl), (0, "0", 0, "0", "0"), "what only a reply has, in a request")


#= RFC8762:receive-timestamp RFC8762:fields-copied
def judge_reply(packet, request, probe):
    near(instant(packet.receive), probe["reflector_rx_ns"], "Receive Timestamp")
    order = [instant(packet.receive), instant(packet.timestamp), probe["reflector_tx_ns"] + ROUNDING_NS]
    check(order == sorted(order), f"received, timestamp, sent by the reflector: {order}, {probe}")
    check_equal(whole_ns(packet.stamp), probe["sender_rx_ns"], "stamp of the reply at the client")
    check_equal(packet.sequence, str(probe["reflector_sequence"]), "Sequence Number of the reply")
    check_equal((packet.sender_timestamp, packet.sender_error, packet.ssid),
                (request.timestamp, request.error, request.ssid), "what the reply repeats")
    check_equal(packet.sender_ttl, str(probe["seen_ttl"]), "Sender TTL")


def judge_packets(measured, wire, clock):
    """Every probe is one packet on the port of its flow, and says what the program says."""
    ports = port_by_flow(measured)
    left = [probe for probe in measured.probes if probe["outcome"] not in ("late_schedule", "withheld")]
    answered = 0
    for probe in left:
        key = ports[probe["flow"]], probe["sequence"]
        check(key in wire.sent, f"tshark does not see probe {probe['probe']}, port and sequence {key}")
        judge_request(wire.sent[key], probe, clock)
        came = probe["outcome"] in ("delivered", "late")
        check_equal(key in wire.answers, came, f"whether tshark sees a reply to probe {probe['probe']}")
        if came:
            judge_reply(wire.answers[key], wire.sent[key], probe)
            answered += 1
    check(answered > 50, f"only {answered} probes were answered: nothing is proved")
    more = len(wire.sent) - len(left)
    check_equal(more, measured.document["counters"]["unmeasured"], "requests that are no probes")
    print(f"    tshark agrees on {len(left)} requests and {answered} replies; {more} requests are no probes", flush=True)


def tshark_sees_the_promised_ports():
    """fixed keeps one, dynamic and range take a new one after each silence, auto goes from the fixed one to another and
    back."""
    clock = kernel_clock()

    def judge(measured, wire):
        if kernel_clock()[0] != clock[0]:
            raise Skipped("the system's clock was synchronised meanwhile, or is no more")
        judge_packets(measured, wire, clock)

    paths.through_an_outage(["fixed", "dynamic", "range"], captured, judge)

    def judge_auto(run):
        print(f"    ports on the wire: {run.wire.ports}")
        stalls.judge_auto(run)
        judge(run.measured, run.wire)

    with Network() as network:
        flags = ("--port-policy", "auto", "--source-port", OLD_PORT)
        stalls.run_all([stalls.Run(network, "uplink_changed", stalls.SHORT, 420, *flags, watch=captured)], judge_auto)


CASES = {"tshark_sees_the_promised_ports": tshark_sees_the_promised_ports}
