# SPDX-License-Identifier: Apache-2.0
"""Eight flows beside each other, one of them on a bad path: the emulator spreads flows over eight buckets by a hash of
their addresses and ports, as routers do over equal-cost paths, and treats one bucket worse."""

import json
import re
import socket
import statistics
import zlib

from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Process, Rig, Skipped, answered, check,
                 check_equal, check_in_time, program)
from truth import Log, Truth, compare_probes

FLOWS = BUCKETS = 8
PORTS = range(24016, 24016 + FLOWS)
BAD_PORT = PORTS[5]
# A flow that loses 5 % is named after 15 lost probes, and a slower one within 64 rounds.
ROUNDS_OF_LOSS, ROUNDS_OF_DELAY = 1024, 512
MORE_DELAY_NS = 300_000
LOSS_AFTER_NS = 10**9
V4, V6 = (SENDER_V4, REFLECTOR_V4), (SENDER_V6, REFLECTOR_V6)


def bucket_of(source, source_port, destination, destination_port):
    """Worked out without the emulator."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = [socket.inet_pton(family, address) for address in (source, destination)]
    ports = [port.to_bytes(2, "big") for port in (source_port, destination_port)]
    return zlib.crc32(b"".join(addresses + ports)) % BUCKETS


def bad_bucket(way, hosts):
    """The setting for the bucket of the bad port, which is that of no other flow."""
    here, there = hosts
    buckets = {port: bucket_of(here, port, there, PORT) if way == "forward" else bucket_of(there, PORT, here, port)
               for port in PORTS}
    check_equal([port for port in PORTS if buckets[port] == buckets[BAD_PORT]], [BAD_PORT], "ports in the bad bucket")
    return [f"--{way}-bucket", f"{buckets[BAD_PORT]}/{BUCKETS}"]


def host_text(address):
    return f"[{address}]" if ":" in address else address


class Flow:
    """One of them: its port, the lines of its probes that left, and what the emulator's log has of it."""

    def __init__(self, number, port, probes, log):
        self.number, self.port = number, port
        self.probes = [p for p in probes if p["flow"] == number and p["outcome"] != "late_schedule"]
        self.log = log.part({"direction": "forward", "source_port": port},
                            {"direction": "backward", "destination_port": port})
        self.truth = Truth(self.log, LOSS_AFTER_NS)

    def lost(self):
        """Of the measured probes, by the log alone."""
        return sum(not answered(self.truth.outcome(probe["sequence"])) for probe in self.probes)

    def in_emulator_ns(self):
        """The way there and back, of each round that the emulator let through; keyed by the time it was due."""
        found = {}
        for probe in self.probes:
            of = self.truth.probes[probe["sequence"]]
            for reply in of.arrived_replies():
                found[probe["scheduled_ns"]] = sum(r["exit_ns"] - r["entry_ns"] for r in (of.requests[0], reply))
        return found


class Run:
    """One measurement of all flows through the emulator, as a document or as a person reads it."""

    def __init__(self, hosts, rounds, settings, as_text=False):
        with Rig() as rig:
            emulator, log_path = rig.emulate(*settings, seed=31)
            rig.reflect()
            words = ["-c", str(rounds), "-i", "15ms", "--flows", str(FLOWS), "--port-policy", "range",
                     "--port-range", f"{PORTS[0]}-{PORTS[-1]}", "--loss-after", f"{LOSS_AFTER_NS // 10**6}ms", "--seed", "7"]
            target = f"{host_text(hosts[1])}:{PORT}"
            jsonl = rig.directory / "text.jsonl"
            if as_text:
                process = Process(rig, "sender", [program(), "ping", target, "--jsonl", str(jsonl), *words], True, "text")
                check_equal(process.wait(60), 0, "exit code of ping")
                self.text, self.live = process.out(), process.err()
                probes = [json.loads(line) for line in jsonl.read_text().splitlines()]
            else:
                measured = rig.ping(*words, target=target)
                check_equal(measured.code, 0, "exit code of ping")
                self.document, self.live = measured.document, measured.err
                probes = measured.probes
            emulator.stop()
            check_equal(len(probes), rounds * FLOWS, "lines in the JSON lines file")
            check_in_time(sum(p["outcome"] == "late_schedule" for p in probes), len(probes))
            ports = self._ports_of_text() if as_text else self._ports_of_document()
            check_equal(sorted(ports), list(PORTS), "ports of the flows")
            log = Log(log_path)
            self.flows = [Flow(number, port, probes, log) for number, port in enumerate(ports)]
        self.bad = next(flow for flow in self.flows if flow.port == BAD_PORT)
        for flow in self.flows:
            print(f"    flow {flow.number}, port {flow.port}:", compare_probes(flow.probes, flow.truth), flush=True)

    def _ports_of_document(self):
        return [int(flow["tuple"].partition(" > ")[0].rpartition(":")[2]) for flow in self.document["flows"]]

    def _ports_of_text(self):
        rows = re.findall(rf"^ +(\d+) +\S+:(\d+) > \S+:{PORT} ", self.text, re.MULTILINE)
        check_equal([int(number) for number, _ in rows], list(range(FLOWS)), "numbers in the table of flows")
        return [int(port) for _, port in rows]

    def said(self, text):
        """The lines that name a flow, whatever for."""
        return [line for line in text.splitlines() if re.search(r" flow \d+ (loses|is) ", line)]

    def check_said(self, text, words, where):
        lines = self.said(text)
        print(f"    {where}: {lines}")
        check_equal(len(lines), 1, f"lines that name a flow in the {where}")
        check(f"flow {self.bad.number} {words}" in lines[0] and f":{BAD_PORT} > " in lines[0],
              f"the {where} should name flow {self.bad.number} on port {BAD_PORT}: {lines[0]}")

    def check_named(self, reason):
        named = [event for event in self.document["events"] if event["kind"] == "flow_differs"]
        check_equal([(event["flow"], event["reason"], event["old_flow"]) for event in named],
                    [(self.bad.number, reason, self.document["flows"][self.bad.number]["tuple"])], "flows named")

    def check_figures(self):
        """flows[] against the log: what left, what came back, and the loss to the last digit."""
        for flow, said in zip(self.flows, self.document["flows"]):
            sent, lost = len(flow.probes), flow.lost()
            check_equal((said["sent"], said["received"], said["loss_ratio"]), (sent, sent - lost, lost / sent),
                        f"sent, received and loss of flow {flow.number}")
        unmeasured = sum(len(flow.truth.probes) - len(flow.probes) for flow in self.flows)
        check_equal(unmeasured, self.document["counters"]["unmeasured"], "packets that are no probes")


def lossy_bucket():
    run = Run(V4, ROUNDS_OF_LOSS, bad_bucket("forward", V4) + ["--forward-bucket-drop", "0.05"])
    run.check_figures()
    check_equal([flow.port for flow in run.flows if flow.lost()], [BAD_PORT], "ports that lost anything, by the log")
    if run.bad.lost() < 25:
        raise Skipped(f"the emulator took only {run.bad.lost()} probes: nothing is proved")
    run.check_named("more_loss")
    run.check_said(run.live, "loses more than the others", "live events")


def check_truly_slower(run):
    """The emulator delays by the kernel's stamp at entry. One that was kept from running for longer than that let all
    go at once, and then there was no bad path to find."""
    transit = {flow.port: flow.in_emulator_ns() for flow in run.flows}
    rounds = set.intersection(*(set(found) for found in transit.values()))
    slower = 0
    for due in rounds:
        others = statistics.median(transit[port][due] for port in PORTS if port != BAD_PORT)
        slower += transit[BAD_PORT][due] > others + MORE_DELAY_NS / 2
    print(f"    by the log the bad flow was slower in {slower} of {len(rounds)} rounds")
    if slower < 0.6 * ROUNDS_OF_DELAY:
        raise Skipped(f"the emulator was too late: the bad flow was slower in only {slower} of {len(rounds)} rounds")


def slow_bucket():
    settings = ["--backward-delay", "2ms", "--backward-bucket-delay", f"{MORE_DELAY_NS}ns"]
    run = Run(V6, ROUNDS_OF_DELAY, bad_bucket("backward", V6) + settings, as_text=True)
    check_truly_slower(run)
    # Twice in the text: as it happens, and in the result.
    run.check_said(run.live, "is slower than the others", "live events")
    run.check_said(run.text, "is slower than the others", "result")


def no_bad_bucket():
    run = Run(V4, ROUNDS_OF_LOSS, [])
    run.check_figures()
    check_equal([flow.lost() for flow in run.flows], [0] * FLOWS, "losses by the log")
    check_equal([event for event in run.document["events"] if event["kind"] == "flow_differs"], [], "flows named")
    check_equal(run.said(run.live), [], "live events that name a flow")


def one_flow_of_eight_is_named():
    """For the loss of one path on the way there, for its delay on the way back, and never without a reason."""
    for judge in (lossy_bucket, slow_bucket, no_bad_bucket):
        print(f"  {judge.__name__}", flush=True)
        judge()


CASES = {"one_flow_of_eight_is_named": one_flow_of_eight_is_named}
