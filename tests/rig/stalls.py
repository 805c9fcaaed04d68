# SPDX-License-Identifier: Apache-2.0
"""One flow dies in a NAT router while every other lives: what each port policy makes of it.

Within five seconds and a bit a flow that may change its port measures again, within two more it says why; what it left
behind is tried after growing gaps, and the one after which it answers brackets the router's time-out. A fixed flow
has only the last of these: to fall silent for long enough.
"""

import time

from course import (BUSY, SECOND, VERDICT, Judgement, Outage, at_ns, check_accounted, check_ends_well, events, findings,
                    port_of, recorded, show, the_only)
from nat import CLIENT, CONTROLS, INTERVAL_NS, OLD_PORT, STALLS, TARGET, Nat, answered_of, split_by
from rig import Network, check, check_equal

SHORT, LONG = 10, 25  # time-outs of the router in seconds: found by the first gap of 20 s, by the second of 35 s
SILENCE = 5 * SECOND
SWEEP = 5 * SECOND  # until then a sweep of both paths is over, whose packets the router counts like any others


class Run:
    """A measurement through one NAT network that is changed after three seconds, with somebody to `watch` the wire."""

    def __init__(self, network, kind, time_out, probes, *flags, name=None, watch=recorded):
        self.nat = Nat(network, kind, time_out, name)
        self.name = self.nat.name
        self.seen = watch(self.nat)
        self.probes, self.flags = probes, flags

    def start(self):
        self.started = self.nat.start_ping("-c", self.probes, "--loss-after", "1s", *self.flags)

    def finish(self):
        self.measured = self.nat.network.finish_ping(self.started, 100)
        self.wire = self.seen()
        show(self.name, self.measured)
        check_accounted(self.measured, self.probes)

    def check_bracket(self):
        event = the_only(self.measured, "timeout_measured")
        least, most = event.get("at_least_ns", 0), event["at_most_ns"]
        print(f"    time-out between {least / SECOND:.2f} and {most / SECOND:.2f} s, truly {self.nat.time_out} s")
        check(least < self.nat.time_out * SECOND <= most, f"not the time-out of {self.nat.time_out} s: {event}")
        return least, most


def run_all(runs, judge):
    """Changes each three seconds after its start, then has `judge` look at each."""
    for run in runs:
        run.start()
    time.sleep(3)
    for run in runs:
        process, _ = run.started
        check(process.popen.poll() is None, f"{run.name}: the measurement ended at once: {process.err()}")
        run.change = run.nat.change()
    judgement = Judgement()
    for run in runs:
        with judgement.of(run.name):
            run.finish()
            judge(run)
    judgement.end()


# --- flows that may change their port --------------------------------------------------------------------


def judge_switch(run, silence=SILENCE):
    """A new port after the silence; the verdict soon after; the edges as the probes have them. Returns the change."""
    outage = Outage(run.measured, run.change)
    outage.check_ends_within(silence)
    change = events(run.measured, "flow_changed")[0]
    old, new = port_of(change["old_flow"]), port_of(change["new_flow"])
    check_equal(change["old_flow"], f"{CLIENT}:{run.wire.ports[0]} > {TARGET}", "old flow")
    check_equal(run.wire.ports[1], new, "the first other port on the wire")
    silent = run.wire.first(new) - run.wire.last_reply_before(run.wire.first(new))
    check(silent >= silence - SECOND // 100, f"{new} was taken after a silence of only {silent / SECOND:.2f} s")
    verdict = the_only(run.measured, "verdict")
    check_equal(verdict["finding"], "stalled_flow", "finding")
    check_equal((verdict["answered"], verdict["tried"]), (4, 4), "fresh ports answered and tried")
    check_equal(port_of(verdict["old_flow"]), old, "the flow that is said to be stalled")
    if "direction" in verdict:
        check_equal(verdict["direction"], STALLS[run.nat.kind], "direction")
    took = at_ns(verdict) - at_ns(change)
    print(f"    verdict {took / SECOND:.2f} s after the switch")
    check(took <= VERDICT + BUSY, f"the verdict came {took / SECOND:.2f} s after the switch")
    ended = the_only(run.measured, "outage_ended")
    outage.check_edges(ended)
    edges = outage.first_lost["probe"], outage.first_good["probe"]
    between = sum(edges[0] <= p["probe"] < edges[1] and p["outcome"] != "late_schedule" for p in run.measured.probes if not p["burst"])
    check(abs(ended["lost"] - between) <= 6, f"{ended}: the probes show {between} lost in a row")
    check_fresh_block(run, old, new)
    return old, new


def check_fresh_block(run, old, new):
    """Besides the two flows there are four ports on the wire: an aligned block, so that each residue occurs once."""
    fresh = sorted(set(run.wire.ports) - {old, new})
    check_equal(fresh, [fresh[0] + i for i in range(4)] if fresh else "four ports", "fresh ports")
    check_equal(fresh[0] % 4, 0, f"remainder of the first of {fresh}")


def check_left_alone(run, old):
    """Packets keep the stall alive: after comparison and sweep the old flow is silent until it is tried after 20 s."""
    times = run.wire.times(old)
    verdict = at_ns(the_only(run.measured, "verdict"))
    later = [stamp for stamp in times if stamp > verdict + SWEEP]
    check(later, "the stalled flow was never tried again")
    gap = later[0] - max(stamp for stamp in times if stamp < later[0])
    print(f"    the stalled flow was silent for {gap / SECOND:.2f} s, then tried")
    # Its last packet may have left late, and the trial with it: 20 s is what was planned, the wire is a little off it.
    check(abs(gap - 20 * SECOND) <= BUSY, f"the stalled flow was silent for {gap / SECOND:.3f} s, wanted 20 s")


def judge_control(run):
    before, after = split_by(run.measured.probes, run.change)
    check_equal(len(answered_of(before)), len(before), "delivered before the change")
    # The kernel takes a moment to forget the old entries: what is under way then has none any more.
    check(len(answered_of(after)) >= len(after) - 1, f"delivered after the change: {len(answered_of(after))} of {len(after)}")
    check_equal(events(run.measured, "flow_changed", "verdict", "timeout_measured", "path_swept"), [], "events")
    check_equal(len(run.wire.ports), 1, "ports on the wire")


def judge_dynamic(run):
    if run.nat.kind in CONTROLS:
        return judge_control(run)
    old, new = judge_switch(run)
    check_left_alone(run, old)
    run.check_bracket()
    check_ends_well(run.measured, 20)
    # What comes at the very end may close the run on either flow.
    check_equal(len(events(run.measured, "flow_changed")), 1, "changes of the flow")
    check(run.wire.times(new)[-1] > run.wire.requests[-1][0] - SECOND, "the run did not stay on its new port")


def judge_auto(run):
    check_equal(run.wire.ports[0], OLD_PORT, "first port on the wire")
    if run.nat.kind in CONTROLS:
        return judge_control(run)
    old, _ = judge_switch(run)
    check_left_alone(run, old)
    least, most = run.check_bracket()
    if run.nat.time_out == LONG:
        # The first trial comes too early, and renews the wrong entry; the second finds it gone.
        check(least >= 20 * SECOND - BUSY and most <= 35 * SECOND + 2 * BUSY,
              f"the bracket is {least / SECOND:.2f} to {most / SECOND:.2f} s, not that of the gaps of 20 and 35 s")
    judge_return(run)


def judge_return(run):
    """Three answers a second apart, then the fixed flow again, and no other."""
    healed = the_only(run.measured, "flow_changed", reason="healed")
    check_equal(healed["new_flow"], f"{CLIENT}:{OLD_PORT} > {TARGET}", "the flow that was returned to")
    tried = [stamp for stamp in run.wire.times(OLD_PORT) if at_ns(healed) - 4 * SECOND < stamp < at_ns(healed)]
    check(len(tried) >= 3, f"{len(tried)} packets on the fixed port in the 4 s before the return, wanted 3")
    took = tried[-1] - tried[0]
    check(took >= 2 * SECOND - BUSY, f"the three trials took {took / SECOND:.2f} s, wanted 2 s")
    check_equal({port for stamp, port in run.wire.requests if stamp > at_ns(healed) + SECOND}, {OLD_PORT},
                "ports on the wire after the return")
    check_ends_well(run.measured, 20)


def stalls_dynamic():
    with Network() as network:
        flags = ("--port-policy", "dynamic")
        run_all([Run(network, kind, SHORT, 390, *flags) for kind in (*STALLS, *CONTROLS)], judge_dynamic)


def stalls_auto():
    """One of them behind a router with a longer time-out than the first gap."""
    with Network() as network:
        flags = ("--port-policy", "auto", "--source-port", OLD_PORT)
        runs = [Run(network, kind, SHORT, 420, *flags) for kind in (*STALLS, *CONTROLS)]
        run_all([*runs, Run(network, "uplink_changed", LONG, 780, *flags, name="long")], judge_auto)


def silence_of_one_second():
    """Nobody has to wait five seconds; three unanswered probes it must be."""
    def judge(run):
        judge_switch(run, SECOND)
        check_ends_well(run.measured, 20)

    with Network() as network:
        flags = ("--port-policy", "dynamic", "--silence", "1s")
        run_all([Run(network, kind, SHORT, 100, *flags) for kind in STALLS], judge)


# --- fixed flows -----------------------------------------------------------------------------------------


def judge_fixed_dead(run):
    """Its own packets keep the wrong entry alive; without another flow beside it the stall can only be suspected."""
    _, after = split_by(run.measured.probes, run.change)
    check_equal(len(answered_of(after)), 0, "delivered after the change")
    check(len(after) > 10 * run.nat.time_out, f"only {len(after)} probes after the change")
    check_equal(set(findings(run.measured)), {"stalled_flow_suspected"}, "findings")
    check_equal(events(run.measured, "flow_changed", "healing_pause", "outage_ended"), [], "events")
    check_equal(run.wire.ports, [OLD_PORT], "ports on the wire")


def judge_fixed_healing(run):
    """Silent for 5 s, then it pauses for 35 s, longer than the time-out: the first probe after that is answered."""
    the_only(run.measured, "healing_pause")
    _, most = run.check_bracket()
    check(35 * SECOND - BUSY <= most <= 35 * SECOND + 2 * BUSY, f"upper end {most / SECOND:.2f} s, the pause being 35 s")
    withheld = [p for p in run.measured.probes if p["outcome"] == "withheld"]
    check(340 <= len(withheld) <= 360, f"{len(withheld)} probes withheld in a pause of 35 s")
    last_withheld = max(p["scheduled_ns"] for p in withheld)
    resumed = [p for p in run.measured.probes if p["scheduled_ns"] > last_withheld and p["outcome"] != "late_schedule"]
    check_equal({p["outcome"] for p in resumed}, {"delivered"}, "outcomes after the pause")
    check(len(resumed) > 20, f"only {len(resumed)} probes after the pause")
    stamps = [stamp for stamp, _ in run.wire.requests]
    longest = max(later - earlier for earlier, later in zip(stamps, stamps[1:]))
    check(longest >= 35 * SECOND - INTERVAL_NS, f"the longest silence on the wire was {longest / SECOND:.2f} s")
    check_equal(events(run.measured, "flow_changed"), [], "changes of the flow")
    check_equal(run.wire.ports, [OLD_PORT], "ports on the wire")
    check_equal(set(findings(run.measured)) - {"stalled_flow_suspected", "stalled_flow"}, set(), "findings")


def stalls_fixed():
    def judge(run):
        (judge_fixed_dead if "never" in run.flags else judge_fixed_healing)(run)

    with Network() as network:
        flags = ("--port-policy", "fixed", "--source-port", OLD_PORT, "--heal-after")
        runs = [Run(network, kind, LONG, 500, *flags, "5s", name=f"{kind}-healing") for kind in STALLS]
        runs += [Run(network, kind, LONG, 320, *flags, "never", name=f"{kind}-never") for kind in STALLS]
        run_all(runs, judge)


CASES = {
    "stalls_dynamic": stalls_dynamic,
    "stalls_auto": stalls_auto,
    "stalls_fixed": stalls_fixed,
    "silence_of_one_second": silence_of_one_second,
}
