# SPDX-License-Identifier: Apache-2.0
"""Runs one scenario file: the emulator takes its [link...] tables, this takes [run].

    seeds     one run per seed; odd ones over IPv4, even ones over IPv6
    probes, interval, loss_after_ms, options   of `wirestamp ping`
    restart   after so many seconds the reflector is stopped and at once started again
    dscp      [sent, seen by the reflector, seen on the reply]
    at_least  what must have happened in each run at least once, so that the scenario proves something
"""

import time
import tomllib

from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, Failure, Rig, check, check_equal, in_time
from truth import ATTEMPTS, DelayErrors, Log, Truth, compare_counts, compare_stamps


def run(path):
    text = tomllib.loads(path.read_text())
    print(text["title"])
    for _ in range(ATTEMPTS):
        errors = DelayErrors()
        for seed in text["run"]["seeds"]:
            with Rig() as rig:
                print(f"  seed {seed}:", _run_seed(rig, path, text["run"], seed, errors), flush=True)
        told, within = errors.judge()
        print(" ", told, flush=True)
        if within:
            return
    raise Failure(f"{told}; tolerance 5 at p50, 50 at p99 for each passage of the emulator, {ATTEMPTS} times")


def _run_seed(rig, path, settings, seed, errors):
    emulator, log_path = rig.emulate(scenario=path, seed=seed)
    reflector = rig.reflect()
    address = REFLECTOR_V4 if seed % 2 else f"[{REFLECTOR_V6}]"
    started = rig.start_ping("-c", str(settings["probes"]), "-i", settings.get("interval", "10ms"),
                             "--loss-after", f"{settings.get('loss_after_ms', 1000)}ms", *settings.get("options", []),
                             target=f"{address}:{PORT}")
    if "restart" in settings:
        time.sleep(settings["restart"])
        reflector.stop()
        rig.reflect()
    measured = rig.finish_ping(started)
    emulator.stop()
    truth = Truth(Log(log_path), settings.get("loss_after_ms", 1000) * 1_000_000)
    counts = _judge(measured, truth, settings)
    errors.add(measured, truth)
    return counts


def _judge(measured, truth, settings):
    if "restart" in settings:
        return _judge_restart(measured, truth, settings)
    check_equal(measured.code, 0, "exit code of ping")
    counts = compare_counts(measured, truth, settings["probes"])
    compare_stamps(measured, truth)
    if "dscp" in settings:
        _compare_dscp(measured, settings["dscp"])
    happened = {**counts, "reordered": measured.summary["reordered"],
                "duplicates": measured.summary["duplicates"]}
    _check_happened(happened, truth, settings)
    return happened


def _check_happened(happened, truth, settings):
    actions = {record["action"] for record in truth.log.requests + truth.log.replies}
    for what in settings.get("at_least", []):
        check(happened.get(what) or what in actions, f"nothing happened: no {what} in this run")


def _compare_dscp(measured, wanted):
    for probe in measured.probes:
        if probe["outcome"] == "delivered":
            found = [probe["sent_dscp"], probe["seen_dscp"], probe["returned_dscp"]]
            check_equal(found, wanted, f"DSCP sent, seen and returned of probe {probe['sequence']}")


def _judge_restart(measured, truth, settings):
    """While nobody listens a probe is unanswered: peer closed (an ICMP error is rate limited) or lost."""
    check_equal(len(measured.probes), settings["probes"], "lines in the JSON lines file")
    counts = {"delivered": 0, "unanswered": 0}
    for probe in in_time(measured):
        outcome = truth.outcome(probe["sequence"])
        counts[outcome] = counts.get(outcome, 0) + 1
        allowed = {"delivered": {"delivered"},
                   "unanswered": {"peer_closed", "lost_forward", "lost_unknown"}}[outcome]
        check(probe["outcome"] in allowed, f"probe {probe['sequence']}: {probe['outcome']}, truly {outcome}")
    check_equal(measured.summary["received"], counts["delivered"], "summary.received")
    check(counts["delivered"] > 0, "nothing was delivered")
    numbers = [record["sequence"] for record in truth.log.replies]
    check(numbers.count(0) == 2, "the reflector's counter did not start again: nothing was proved")
    return counts
