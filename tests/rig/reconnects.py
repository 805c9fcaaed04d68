# SPDX-License-Identifier: Apache-2.0
"""The network of the client changes while it measures: the probes go on, none is unaccounted for, and an event says
what happened."""

import time

from addresses import CHANGES, address, built, change_all
from course import SECOND, Judgement, all_events, check_accounted, check_ends_well, events, host_of, show
from nat import moment
from rig import Network, answered, check, check_equal

PROBES, INTERVAL = 300, SECOND // 20
# Of the changes that concern the path: words of which the event has at least one. {old} and {new} are own addresses.
CAUSES = {
    "address_removed": ("{old}",),
    "renumbered": ("{old}", "{new}"),
    "renumbered_with_a_gap": ("{old}", "{new}"),
    "route_moved": ("c1", "{new}"),
    "link_down_and_up": ("c0",),
    "link_down_for_good": ("c0",),
    "interface_made_anew": ("c0",),
}


def measure_through(plan):
    """Both families through every change of the plan, all at once: {name: (change, flags of ping, judge)}."""
    with Network() as network:
        networks = {name: built(network, change, name) for name, (change, _, _) in plan.items()}
        running = {name: ways.start_pings("-c", str(PROBES), "--loss-after", "1s", *plan[name][1])
                   for name, ways in networks.items()}
        for of_name in running.values():
            for started in of_name.values():
                network.wait_for_probes(started)
        time.sleep(2)
        changes = change_all(networks.values())
        judgement = Judgement()
        for name, ways in networks.items():
            for family, started in running[name].items():
                with judgement.of(f"{name}, {family}"):
                    measured = network.finish_ping(started)
                    show(f"{name}, {family}", measured)
                    check_accounted(measured, PROBES)
                    plan[name][2](ways, family, measured, changes[ways])
        judgement.end()


def check_goes_on(measured, change):
    """Before the change and from a second after it every probe is delivered: a change is no silence to wait out."""
    began, ended = change
    sent = [p for p in measured.probes if p["outcome"] != "late_schedule" and not p["burst"]]
    # What was on its way then may meet a broken network, the longer the busier the far end is.
    before = [p["outcome"] for p in sent if moment(p) < began - SECOND]
    after = [p["outcome"] for p in sent if moment(p) > ended + SECOND]
    check(all(map(answered, before)), f"outcomes before the change: {set(before)}")
    check(all(map(answered, after)), f"outcomes from 1 s after the change on ({len(after)} probes): {set(after)}")
    check(len(before) > 10 and len(after) > 40, "too few probes to prove anything")
    lost = sum(p["outcome"] != "delivered" for p in sent)
    print(f"    {lost} not delivered, the change took {(ended - began) / SECOND:.2f} s")
    check_ends_well(measured, 20)


def causes_told(measured):
    return [f"{e['text']} {e.get('reason', '')}" for e in events(measured, "network_changed", "flow_changed")]


def check_cause(ways, family, measured):
    own = {"old": address(family, 0, 2), "new": address(family, *CHANGES[ways.change][2])}
    words, told = [word.format(**own) for word in CAUSES[ways.change]], causes_told(measured)
    check(any(word in text for text in told for word in words), f"no event names the cause, one of {words}: {told}")
    check(events(measured, "network_changed"), "no event network_changed")
    if own["old"] != own["new"]:
        # In a gap the system may have chosen a third one.
        changes = events(measured, "flow_changed")
        check(changes, "no event flow_changed")
        check_equal((host_of(changes[0]["old_flow"]), host_of(changes[-1]["new_flow"])), (own["old"], own["new"]),
                    "own addresses of the first and the last flow")


def judge_change(ways, family, measured, change):
    check_goes_on(measured, change)
    if ways.change in CAUSES:
        check_cause(ways, family, measured)
    else:
        check_equal(events(measured, "flow_changed"), [], "changes of the flow: the path is not concerned")
    check_equal(events(measured, "verdict"), [], "verdicts")


def judge_fixed(ways, family, measured, change):
    judge_change(ways, family, measured, change)
    flows = [event[flow] for event in events(measured, "flow_changed") for flow in ("old_flow", "new_flow")]
    check_equal([flow for flow in flows if ":5000 > " not in flow], [], "flows on another port than the fixed one")


def judge_any_address(ways, family, measured, change):
    """A new address is reason enough; one that is deprecated from the start is not."""
    check_goes_on(measured, change)
    found = events(measured, "flow_changed")
    if ways.change == "deprecated_address_added":
        return check_equal(found, [], "changes of the flow for a deprecated address")
    check(found, f"no flow_changed for a new address: {all_events(measured)}")
    new = [address(family, 5, 2), *([address(family, 0, 3)] if family == "v4" else [])]
    told = causes_told(measured)
    check(any(word in text for text in told for word in new), f"no event names a new address, one of {new}: {told}")


def probes_go_on_through_changes():
    measure_through({change: (change, (), judge_change) for change in CHANGES})


def probes_go_on_with_options():
    plan = {f"{change}-device": (change, ("--device", "c0"), judge_change)
            for change in ("link_down_and_up", "interface_made_anew")}
    fixed = ("--port-policy", "fixed", "--source-port", "5000")
    plan |= {f"{change}-fixed": (change, fixed, judge_fixed)
             for change in ("address_removed", "renumbered", "interface_made_anew")}
    plan["interface_made_anew-device-fixed"] = ("interface_made_anew", ("--device", "c0", *fixed), judge_fixed)
    plan |= {f"{change}-any": (change, ("--reconnect-on", "any-address"), judge_any_address)
             for change in ("address_added", "deprecated_address_added")}
    measure_through(plan)


CASES = {"probes_go_on_through_changes": probes_go_on_through_changes,
         "probes_go_on_with_options": probes_go_on_with_options}
