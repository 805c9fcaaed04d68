# SPDX-License-Identifier: Apache-2.0
"""What an agent needs that is left alone: resident memory and CPU at 1, 100 and 1,000 sessions of two probes a second.

Each session has a host of its own; one reflector in another namespace, over a bare veth, answers for all of them.
Memory is read when the agent has told a window of each session; CPU is that of all its threads from then on. What is
per session is the difference to the agent with one. `sent` is what left of what was due, from the first probe on.
"""

import sys
import time

import rig as rig_module
from load import each_round, median, rounds
from rig import PORT, Rig
from running_agent import RunningAgent, loss, many_reflectors, total

SESSIONS = (1, 100, 1_000)
# Until the first windows of a minute were told: then as many are open as ever will be.
SETTLE_SECONDS, SECONDS = 80, 20


def one_round(sessions):
    with Rig(emulated=False) as rig:
        reflector = rig.reflect("--rate", "0", "--total-rate", "0", listen=[f":{PORT}"])
        many_reflectors(rig)
        agent = RunningAgent(rig, sessions, PORT, "500ms")
        time.sleep(SETTLE_SECONDS)
        before, began = agent.cpu_seconds(), time.monotonic()
        time.sleep(SECONDS)
        used, lasted = agent.cpu_seconds() - before, time.monotonic() - began
        found = {"cpu": used / lasted, "kib": agent.resident_kib(), "own_kib": agent.resident_kib("RssAnon"),
                 "descriptors": agent.descriptors()}
        windows = agent.stop()
        reflector.stop()
    due, sent = total(windows, "scheduled"), total(windows, "sent")
    return found | {"due": due, "sent": sent / due, "loss": loss(windows),
                    "late_us": median([window["schedule_error_ns"]["p50"] for window in windows
                                if window["schedule_error_ns"]["count"]]) / 1e3}


def main():
    rig_module.enter()
    print(f"two probes a second and session, over a bare veth; medians of {rounds(1)} rounds of {SECONDS} s")
    found = {sessions: [] for sessions in SESSIONS}
    for _ in each_round(1):
        for sessions, results in found.items():
            results.append(one_round(sessions))
    print(f"{'':8}{'resident KiB':>26}{'CPU of one core':>26}{'probes':>34}{'late':>8}{'open':>8}")
    print(f"{'sessions':8}{'all':>10}{'own':>8}{'/session':>9}{'%':>13}{'us/probe':>12}"
          f"{'due':>14}{'sent %':>10}{'lost %':>10}{'us p50':>9}{'files':>7}")
    one = None
    for sessions, results in found.items():
        of = {key: median([result[key] for result in results]) for key in results[0]}
        one = one or of
        each = f"{(of['kib'] - one['kib']) / (sessions - 1):9.1f}" if sessions > 1 else f"{'-':>9}"
        print(f"{sessions:8}{of['kib']:10}{of['own_kib']:8}{each}{of['cpu'] * 100:13.2f}"
              f"{of['cpu'] * 1e6 / (2 * sessions):12.1f}{of['due']:14}{of['sent'] * 100:10.3f}{of['loss'] * 100:10.4f}"
              f"{of['late_us']:9.0f}{of['descriptors']:7}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
