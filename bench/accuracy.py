# SPDX-License-Identifier: Apache-2.0
"""How true a round trip is, over a bare veth, idle and with both cores busy; irtt and sockperf in the same run.

(a) Without any capture: what each tool says the round trip is. The true value is about 1 us each way; a tool that
    subtracts the far end's time should say so. sockperf subtracts nothing.
(b) With a capture at both ends: what the tool says minus what the captures say, probe by probe. The capture stamps a
    packet that leaves before the driver does, so even a perfect transmit stamp lies behind it: that offset is printed
    beside the errors. irtt is compared with the net round trip, sockperf with that on the wire.
"""

import json
import shutil
import signal
import sys
import time

import rig as rig_module
from load import busy, each_round, rounds, share
from rig import PORT, REFLECTOR_V4, Process, Rig, poll_until

PROBES = 3_000
SECONDS = PROBES // 1_000


class Taps:
    """The stamps of the captures: for each end the packets that left and those that came in, in their order."""

    def __init__(self, rig):
        self.recorders = [rig.record("sender", "s0"), rig.record("reflector", "r0")]
        self.ways = None

    def stop(self):
        self.ways = []
        for recorder, log in self.recorders:
            recorder.stop()
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            # They are counted off against the probes: one that is missing would shift all behind it.
            rig_module.check_equal(lines.pop(), {"end": True, "missed": 0}, "last line of the recorder")
            for way in ("out", "in"):
                self.ways.append([line["stamp_ns"] for line in lines if line["way"] == way])
        # Nothing is lost on a veth; a client may close its session without waiting for the answer.
        lengths = [len(way) for way in self.ways]
        rig_module.check(max(lengths) - min(lengths) <= 3, f"the captures do not agree: {lengths}")

    def of(self, index):
        sender_out, sender_in, reflector_out, reflector_in = (way[index] for way in self.ways)
        return {"t1": sender_out, "t2": reflector_in, "t3": reflector_out, "t4": sender_in,
                "wire": sender_in - sender_out,
                "net": sender_in - sender_out - (reflector_out - reflector_in)}

    def first_after(self, wall_ns):
        return next(i for i, stamp in enumerate(self.ways[0]) if stamp >= wall_ns)


def with_taps(rig, captured, run):
    """run() between starting and stopping the captures; without captures just run()."""
    taps = Taps(rig) if captured else None
    found = run()
    if taps:
        time.sleep(0.3)
        taps.stop()
    return found, taps


def wirestamp(stamps):
    def run(captured):
        with Rig(emulated=False) as rig:
            rig.reflect("--stamps", stamps, listen=[f"{REFLECTOR_V4}:{PORT}"])
            measured, taps = with_taps(rig, captured, lambda: rig.ping("-c", str(PROBES), "-i", "1ms", "--stamps", stamps))
        delivered = [probe for probe in measured.probes if probe["outcome"] == "delivered"]
        # The last reply's true stamp may be known a moment too late: like is compared with like.
        of_class = [probe for probe in delivered if stamps == "user" or probe["reflector_tx_source"] == "kernel"]
        result = {"said": [probe["rtt_ns"] for probe in of_class]}
        if captured:
            truth = [taps.of(probe["sequence"]) for probe in of_class]
            result["error"] = [probe["rtt_ns"] - true["net"] for probe, true in zip(of_class, truth)]
            result["offset"] = [probe["sender_tx_ns"] - true["t1"] + probe["reflector_tx_ns"] - true["t3"]
                                for probe, true in zip(of_class, truth)]
        return result
    return run


def start(rig, namespace, command, name):
    return Process(rig, namespace, [shutil.which(command[0]), *command[1:]], False, name)


def irtt(captured):
    with Rig(emulated=False) as rig:
        server = start(rig, "reflector", ["irtt", "server", "-b", f"{REFLECTOR_V4}:{PORT}", "-i", "0"], "irtt-server")
        poll_until(lambda: rig.listens(server.pid), 5, "irtt listens")
        result = rig.directory / "irtt.json"

        def run():
            client = start(rig, "sender", ["irtt", "client", "-Q", "-i", "1ms", "-d", f"{SECONDS}s", "-o", str(result),
                                           f"{REFLECTOR_V4}:{PORT}"], "irtt-client")
            client.wait(SECONDS + 30)
            return json.loads(result.read_text())["round_trips"]
        trips, taps = with_taps(rig, captured, run)
        server.stop(signal.SIGINT)
    trips = [trip for trip in trips if trip["lost"] == "false"]
    found = {"said": [trip["delay"]["rtt"] for trip in trips]}
    if captured:
        # The session is opened by packets of their own before the first probe.
        first = taps.first_after(trips[0]["timestamps"]["client"]["send"]["wall"])
        found["error"] = [trip["delay"]["rtt"] - taps.of(first + i - trips[0]["seqno"])["net"]
                          for i, trip in ((trip["seqno"], trip) for trip in trips)]
    return found


def sockperf(captured):
    with Rig(emulated=False) as rig:
        server = start(rig, "reflector", ["sockperf", "server", "-i", REFLECTOR_V4, "-p", str(PORT)], "sockperf-server")
        poll_until(lambda: rig.listens(server.pid), 5, "sockperf listens")
        log = rig.directory / "sockperf.csv"

        def run():
            client = start(rig, "sender", ["sockperf", "ping-pong", "-i", REFLECTOR_V4, "-p", str(PORT), "-t", str(SECONDS),
                                           "--mps", "1000", "--full-rtt", "--full-log", str(log)], "sockperf-client")
            client.wait(SECONDS + 30)
            rows = log.read_text().partition("packet, txTime")[2].splitlines()[1:]
            return [[float(field) for field in row.split(",")] for row in rows if row.count(",") == 3]
        rows, taps = with_taps(rig, captured, run)
        server.stop(signal.SIGINT)
    found = {"said": [row[3] * 1e3 for row in rows]}
    if captured:
        first = best_shift([row[1] * 1e9 for row in rows], taps.ways[0])
        found["error"] = [row[3] * 1e3 - taps.of(first + i)["wire"] for i, row in enumerate(rows)]
    return found


def best_shift(relative, stamps):
    """sockperf's times count from an instant of its own: the shift with the least spread against the capture."""
    def spread(shift):
        gaps = sorted(stamps[i + shift] - relative[i] for i in range(0, len(relative), 10))
        return gaps[len(gaps) * 9 // 10] - gaps[len(gaps) // 10]
    return min(range(max(1, len(stamps) - len(relative) - 3)), key=spread)


TOOLS = {"wirestamp, kernel stamps": wirestamp("kernel"), "wirestamp, user stamps": wirestamp("user"),
         "irtt": irtt, "sockperf (with its server)": sockperf}


def in_us(values, fractions):
    return "".join(f"{share(values, fraction) / 1e3:10.2f}" for fraction in fractions)


def measure(captured, loaded):
    """All tools in turn, several rounds; the values of all rounds together."""
    found = {name: {} for name in TOOLS}
    for _ in each_round(3):
        for name, tool in TOOLS.items():
            if name.split()[0].strip(",") not in ("wirestamp",) and not shutil.which(name.split()[0]):
                continue
            with busy(loaded):
                for key, values in tool(captured).items():
                    found[name].setdefault(key, []).extend(values)
    return found


def print_errors(found):
    print(f"{'':28}{'p1':>10}{'p50':>10}{'p99':>10}   us")
    for name, values in found.items():
        if "error" in values:
            print(f"{name:28}{in_us(values['error'], (0.01, 0.5, 0.99))}")
    offset = found["wirestamp, kernel stamps"].get("offset")
    if offset:
        print(f"{'offset of the captures':28}{in_us(offset, (0.01, 0.5, 0.99))}   T1 and T3 behind them, summed")


def main():
    rig_module.enter()
    print(f"{PROBES} probes a round, one per ms, {rounds(3)} rounds, over a bare veth")
    for loaded in (False, True):
        state = "both cores busy" if loaded else "idle"
        print(f"\n(a) the round trip as told, no capture, {state}")
        print(f"{'':28}{'p50':>10}{'p90':>10}{'p99':>10}{'p99.9':>10}   us")
        for name, values in measure(False, loaded).items():
            if values:
                print(f"{name:28}{in_us(values['said'], (0.5, 0.9, 0.99, 0.999))}", flush=True)
        print(f"\n(b) signed error against captures at both ends, {state}")
        print_errors(measure(True, loaded))
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
