# SPDX-License-Identifier: Apache-2.0
"""Scapy's STAMP layer as the far end, live: base packets that it makes and reads, in both directions."""

import json
import os
import pathlib
import sys

from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, Process, Rig, Skipped, check, check_equal, in_time, poll_until

SCAPY = pathlib.Path(__file__).resolve().parent.parent / "peer" / "scapy_peer.py"
PROBES = 20
NO_LAYER = 77


def scapy(network, namespace, what, address):
    name = f"scapy-{len(network.processes)}"
    command = [os.path.realpath(sys.executable), str(SCAPY), what, address, str(PORT), str(PROBES)]
    # It writes into its home when it is imported.
    return Process(network, namespace, command, True, name, {"HOME": str(network.directory)})


def skip_without_layer(process):
    if process.popen.poll() == NO_LAYER:
        raise Skipped(process.out().strip())


def exchanges(process):
    found = [json.loads(line) for line in process.out().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in found if "request" in line]


def judge_base(line):
    """What Scapy writes again of what it has read is what came, and the reply repeats the request."""
    request, reply = line["request"], line["reply"]
    check(request["same"] and reply["same"], f"Scapy writes it in another way: {line}")
    check_equal((reply["seq_sender"], reply["ts_sender"], reply["err_estimate_sender"], reply["ssid"]),
                (request["seq"], request["ts"], request["err_estimate"], request["ssid"]), "what the reply repeats")
    check_equal((request["mbz"], reply["mbz1"], reply["mbz2"]), (0, 0, 0), "what must be zero")
    check_equal(reply["ttl_sender"] in (64, 255), True, f"Sender TTL of {line}")
    for packet in (request, reply):
        check(packet["err_estimate"]["multiplier"] > 0, f"an error of nothing: {packet}")
    check(request["ts"] <= reply["ts_rx"] <= reply["ts"], f"order of the stamps: {line}")


def scapy_sends_to_the_reflector():
    with Rig(emulated=False) as rig:
        rig.reflect()
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            process = scapy(rig, "sender", "send", address)
            code = process.wait(60)
            skip_without_layer(process)
            check_equal(code, 0, f"exit code of Scapy: {process.err()}")
            found = exchanges(process)
            check_equal([line["reply"]["seq"] for line in found], list(range(PROBES)), "numbers of the replies")
            check_equal({line["reply"]["octets"] for line in found}, {44}, "octets of the replies")
            for line in found:
                judge_base(line)


def scapy_answers_ping():
    with Rig(emulated=False) as rig:
        for address, target in ((REFLECTOR_V4, f"{REFLECTOR_V4}:{PORT}"), (REFLECTOR_V6, f"[{REFLECTOR_V6}]:{PORT}")):
            process = scapy(rig, "reflector", "reflect", address)
            poll_until(lambda: "listening" in process.out() or process.popen.poll() is not None, 60, "Scapy listens")
            skip_without_layer(process)
            measured = rig.ping("-c", str(PROBES), "-i", "50ms", target=target)
            check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
            found = {line["request"]["seq"]: line for line in exchanges(process)}
            for probe in in_time(measured):
                check_equal(probe["outcome"], "delivered", "outcome")
                line = found[probe["sequence"]]
                judge_base(line)
                received_ns = (line["reply"]["ts_rx"] * 10**9 + 2**31 >> 32) - 2208988800 * 10**9
                check_equal(probe["reflector_rx_ns"], received_ns, "T2")
            process.stop()


CASES = {"scapy_sends_to_the_reflector": scapy_sends_to_the_reflector, "scapy_answers_ping": scapy_answers_ping}
