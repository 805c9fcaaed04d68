# SPDX-License-Identifier: Apache-2.0
"""TWAMP on a wire: a session is asked for on TCP 862 and measured over UDP, and tshark says what it sees of both."""

import re
import socket
import subprocess

from emulator_itself import socket_in
from rig import PATIENCE, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Process, Rig, check, check_equal, in_time, poll_until
from wire_judge import MARKER, installed

PROBES = 30
SEND = ("--protocol", "twamp", "-c", str(PROBES), "-i", "50ms", "--dscp", "AF11")
KEY_ID = ("--twamp-key-id", "probe1")
FLAGS_OF = {"open": [], "authenticated": ["--twamp-mode", "authenticated"], "encrypted": ["--twamp-mode", "encrypted"],
            "mixed": ["--twamp-mode", "mixed"]}
CONTROL = ["frame.number", "ip.src", "twamp.control.modes", "twamp.control.mode", "twamp.control.command",
           "twamp.control.accept", "twamp.control.numsessions"]


def key_file(rig):
    path = rig.directory / "twamp.key"
    path.write_text("correct horse battery staple\n")
    path.chmod(0o600)
    return ["--twamp-key-file", str(path), *KEY_ID]


def serve(rig, *flags):
    # The port of the service; inside this namespace nobody needs a privilege for it.
    rig.sysctl("reflector", "net/ipv4/ip_unprivileged_port_start", 0)
    return rig.reflect("--twamp", "--require", "kernel", *flags)


def totals(reflector):
    check_equal(reflector.stop(), 0, "exit code of reflect")
    found = re.search(r"TWAMP: .*", reflector.out())
    check(found, f"reflect tells nothing of TWAMP: {reflector.out()}")
    print(f"    {found[0]}", flush=True)
    return found[0]


def judge(measured, mode, octets):
    delivered = check_delivered_in_time(measured)
    for stamp in ("sender_tx", "sender_rx"):
        check_equal({probe[f"{stamp}_source"] for probe in delivered}, {"kernel"}, f"{mode}: source of {stamp}")
    for probe in delivered:
        check_equal(probe["size"], octets, f"{mode}: octets of probe {probe['probe']}")
        check(0 <= probe["rtt_ns"] < 10**9, f"{mode}: round trip of probe {probe['probe']}: {probe['rtt_ns']} ns")
    check(f"{mode} mode" in " ".join(measured.document["notes"]), f"the mode is told: {measured.document['notes']}")


def check_delivered_in_time(measured):
    found = in_time(measured)
    check_equal({probe["outcome"] for probe in found}, {"delivered"}, "outcomes")
    return found


#= RFC5357:control-port
def twamp_has_kernel_stamps():
    """Every mode over IPv4, and open mode over IPv6; one server for all."""
    with Rig(emulated=False) as rig:
        key = key_file(rig)
        reflector = serve(rig, *key)
        for mode, flags in FLAGS_OF.items():
            secret = key if mode != "open" else []
            measured = rig.ping(*SEND, *flags, *secret, target=REFLECTOR_V4)
            judge(measured, mode, 112 if mode in ("authenticated", "encrypted") else 44)
        judge(rig.ping(*SEND, target=REFLECTOR_V6), "open", 44)
        told = totals(reflector)
        check("5 sessions of 5 asked for" in told, told)
        check(int(re.search(r"stamps (\d+)", told)[1]) > 0, "kernel stamps of replies")
        check("wrong" not in told and "strangers" not in told, told)


# --- tshark ----------------------------------------------------------------------------------------------


def dissect(path, display, fields):
    command = [installed("tshark"), "-n", "-r", str(path), "-Y", display, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check_equal(done.returncode, 0, f"exit code of tshark: {done.stderr}")
    return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]


def captured(rig):
    path = rig.directory / "twamp.pcapng"
    command = [installed("dumpcap"), "-q", "-i", "s0", "-f", "tcp or udp", "-w", str(path)]
    process = Process(rig, "sender", command, False, "dumpcap")
    poll_until(lambda: "File:" in process.err() or process.popen.poll() is not None, PATIENCE, "dumpcap is ready")
    check(process.popen.poll() is None, f"dumpcap ended: {process.err()}")

    def whole():
        with socket_in("sender", socket.AF_INET) as marker:
            def flushed():
                marker.sendto(MARKER, (REFLECTOR_V4, 9))
                return MARKER in path.read_bytes()
            poll_until(flushed, PATIENCE, "the capture has the last packet")
        check_equal(process.stop(), 0, "exit code of dumpcap")
        return path
    return whole


#= RFC5357:stop-count
def judge_control(messages):
    ours = [m for m in messages if m["ip.src"] == SENDER_V4]
    theirs = [m for m in messages if m["ip.src"] == REFLECTOR_V4]
    check(theirs and int(theirs[0]["twamp.control.modes"], 0) & 1, f"a greeting that offers open mode: {theirs}")
    check(any(int(m["twamp.control.mode"] or "0", 0) & 1 for m in ours), f"a choice of open mode: {ours}")
    commands = [int(m["twamp.control.command"], 0) for m in ours if m["twamp.control.command"]]
    check_equal(commands, [5, 2, 3], "commands: Request-TW-Session, Start-Sessions, Stop-Sessions")
    check_equal([m["twamp.control.numsessions"] for m in ours if m["twamp.control.command"] in ("3", "0x03")], ["1"],
                "Number of Sessions in Stop-Sessions")
    accepts = [int(m["twamp.control.accept"], 0) for m in theirs if m["twamp.control.accept"]]
    check_equal(accepts, [0, 0, 0], "Accept of Server-Start, Accept-Session and Start-Ack")


#= RFC4656:multiplier
def tshark_reads_our_twamp():
    """The distribution's tshark finds no malformed octet in both conversations, and in them what the ends said."""
    with Rig(emulated=False) as rig:
        reflector = serve(rig)
        whole = captured(rig)
        measured = rig.ping(*SEND, target=REFLECTOR_V4)
        delivered = check_delivered_in_time(measured)
        path = whole()
        totals(reflector)
        check_equal(dissect(path, "_ws.malformed", ["frame.number"]), [], "frames that tshark calls malformed")
        judge_control(dissect(path, "twamp.control", CONTROL))
        multiplier = "twamp.test.error_estimate.multiplier"
        fields = ["ip.src", "twamp.test.seq_number", "twamp.test.sender_seq_number", multiplier]
        # By the conversation that the control session announced: no port is named to tshark.
        packets = dissect(path, "twamp.test", fields)
        sent = {int(p["twamp.test.seq_number"]) for p in packets if p["ip.src"] == SENDER_V4}
        answered = {int(p["twamp.test.sender_seq_number"]) for p in packets if p["ip.src"] == REFLECTOR_V4}
        numbers = {probe["sequence"] for probe in delivered}
        check(numbers <= sent, f"tshark sees the probes: {sorted(numbers - sent)} are missing")
        check(numbers <= answered, f"tshark sees their replies: {sorted(numbers - answered)} are missing")
        check(all(p[multiplier].partition(",")[0] != "0" for p in packets), "a multiplier is 0")
        print(f"    tshark agrees on {len(sent)} requests and {len(answered)} replies", flush=True)


CASES = {"twamp_has_kernel_stamps": twamp_has_kernel_stamps, "tshark_reads_our_twamp": tshark_reads_our_twamp}
