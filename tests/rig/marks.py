# SPDX-License-Identifier: Apache-2.0
"""DSCP and ECN in both address families: as sent, as the reflector saw them, as they came back, and what is told when
somebody on the way changes them."""

import time
from collections import Counter, defaultdict

from chain import FAMILIES, Chain
from chain import target as chain_target
from course import Judgement, events, show
from frames import Tap
from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, SENDER_V6, Network, Rig, check, check_equal, in_time,
                 outcomes_of)

TARGETS = {"v4": f"{REFLECTOR_V4}:{PORT}", "v6": f"[{REFLECTOR_V6}]:{PORT}"}
LISTED = {"v4": SENDER_V4, "v6": SENDER_V6}
UNLISTED = {"v4": "10.77.0.3", "v6": "fd77::3"}  # connected, therefore answered
HIGHEST_OPEN = 47  # above it replies carry the DSCP for listed sources only
ECN = ("not-ect", "ect1", "ect0", "ce")  # by code point
PROBES = 3
FIRST_PORT = 24000
SIDE_BY_SIDE = 4

# --- every value -----------------------------------------------------------------------------------------


class Run:
    """One short measurement from a port of its own, by which its frames are known on the wire."""

    def __init__(self, number, family, source, traffic_class, returned):
        self.port, self.family, self.source = FIRST_PORT + number, family, source
        self.traffic_class, self.returned = traffic_class, returned
        self.refused = returned != traffic_class & ~3
        self.name = f"{family} from {source}, DSCP {traffic_class >> 2}, ECN {ECN[traffic_class & 3]}"

    def start(self, network):
        return network.start_ping("-c", str(PROBES), "-i", "60ms", "--source-port", str(self.port), "--source", self.source,
                                  "--dscp", str(self.traffic_class >> 2), "--ecn", ECN[self.traffic_class & 3],
                                  target=TARGETS[self.family])

    def judge(self, measured, sent_frames, returned_frames):
        check_equal(measured.code, 0, "exit code of ping")
        # What a busy machine sends too late is not sent; one is enough here.
        got = [probe for probe in measured.probes if probe["outcome"] != "late_schedule"]
        check_equal({probe["outcome"] for probe in got}, {"delivered"}, "outcomes")
        for place, wanted in (("sent", self.traffic_class), ("seen", self.traffic_class), ("returned", self.returned)):
            found = {probe[f"{place}_dscp"] << 2 | probe[f"{place}_ecn"] for probe in got}
            check_equal(found, {wanted}, f"traffic class {place}")
        for direction, wanted in (("forward", self.traffic_class), ("backward", self.returned)):
            marks = {"known": len(got), "dscp": {str(wanted >> 2): len(got)}, "ecn": {str(wanted & 3): len(got)}}
            check_equal(measured.summary["marks"][direction], marks, f"summary.marks.{direction}")
        # A refusal is no re-mark, and is said.
        notes = [note for note in measured.document["notes"] if "refuses" in note]
        check_equal(len(notes), int(self.refused), f"notes of a refusal among {measured.document['notes']}")
        check_equal(events(measured, "remarked"), [], "events for marks that nobody changed")
        # At the end of a run the reflector is told; that makes a frame more.
        for frames, wanted in ((sent_frames, self.traffic_class), (returned_frames, self.returned)):
            check(len(frames) >= len(got), f"{len(frames)} frames on the wire for {len(got)} probes")
            check_equal({(f.family, f.traffic_class) for f in frames}, {(self.family, wanted)}, "marks on the wire")


def every_run():
    wanted = []
    for family in TARGETS:
        for dscp in range(64):
            wanted.append((family, LISTED[family], dscp << 2, dscp << 2))
            wanted.append((family, UNLISTED[family], dscp << 2, dscp << 2 if dscp <= HIGHEST_OPEN else 0))
        # Replies are Not-ECT whatever the request was.
        wanted += [(family, LISTED[family], dscp << 2 | ecn, dscp << 2) for dscp in (0, 46) for ecn in range(1, 4)]
    return [Run(number, *values) for number, values in enumerate(wanted)]


#= RFC8972:cos-received RFC2474:octet
def all_dscp_both_ways():
    with Rig(emulated=False) as network:
        network.ip("sender", f"addr add {UNLISTED['v4']}/24 dev s0")
        network.ip("sender", f"addr add {UNLISTED['v6']}/64 dev s0 nodad")
        network.reflect("--allow", f"{SENDER_V4}/32", "--allow", f"{SENDER_V6}/128")
        tap, frames, judgement = Tap("reflector", "r0"), defaultdict(list), Judgement()
        runs, began = every_run(), time.monotonic()
        for first in range(0, len(runs), SIDE_BY_SIDE):
            started = [(run, run.start(network)) for run in runs[first:first + SIDE_BY_SIDE]]
            measured = [(run, network.finish_ping(ping)) for run, ping in started]
            for frame in tap.frames():
                frames[frame.way, frame.own_port].append(frame)
            for run, result in measured:
                with judgement.of(run.name):
                    run.judge(result, frames["in", run.port], frames["out", run.port])
        refused = sum(run.refused for run in runs)
        print(f"  {len(runs)} runs, {refused} of them refused a DSCP above {HIGHEST_OPEN},"
              f" {sum(map(len, frames.values()))} frames, {time.monotonic() - began:.1f} s")
        check_equal(refused, 2 * 16, "runs whose DSCP is refused")
        judgement.end()


# --- changed on the way ----------------------------------------------------------------------------------

ROUTER = 2  # the middle one of the chain
SENT = 46 << 2 | 2
# Source port: (direction, statement of the packet filter, traffic class octet before and after).
REMARKS = {
    5001: ("forward", "{ip} dscp set 10", SENT, 10 << 2 | 2),
    5002: ("forward", "{ip} dscp set 0", SENT, 2),
    5003: ("forward", "{ip} ecn set ce", SENT, 46 << 2 | 3),
    5004: ("backward", "{ip} dscp set 10", 46 << 2, 10 << 2),
    5005: ("backward", "{ip} dscp set 0", 46 << 2, 0),
    5006: None,  # nobody touches it
}


# One measurement over all of these ports at once: two of its four flows are re-marked.
PARALLEL = {5100: None, 5101: REMARKS[5002], 5102: None, 5103: REMARKS[5002]}


def remark(chain):
    for ip in ("ip", "ip6"):
        rules = ""
        for port, plan in (REMARKS | PARALLEL).items():
            if plan:
                match = f"udp sport {port}" if plan[0] == "forward" else f"udp sport {PORT} udp dport {port}"
                rules += f"{match} {plan[1].format(ip=ip)}; "
        chain.network.nft(chain.nodes[ROUTER],
                          f"table {ip} remark {{ chain f {{ type filter hook forward priority 0; {rules} }} }}")


def unmark(chain):
    for ip in ("ip", "ip6"):
        chain.network.nft(chain.nodes[ROUTER], f"delete table {ip} remark")


def counted(values):
    return {str(value): times for value, times in Counter(values).items()}


def told(events_found):
    return [(event["direction"], event["before"], event["after"]) for event in events_found]


def judge_remarks(measured, plan):
    check_equal(set(outcomes_of(in_time(measured))), {"delivered"}, "outcomes")
    found = events(measured, "remarked")
    if plan is None:
        return check_equal(found, [], "events for a flow that nobody touched")
    direction, _, before, after = plan
    check_equal(told(found), [(direction, before, after), (direction, after, before)], "re-marks told, begin and end")
    check_equal([event.get("flow") for event in found], [0, 0], "flows of the events")
    # The probes say the same, in one stretch.
    place = "seen" if direction == "forward" else "returned"
    marks = [p[f"{place}_dscp"] << 2 | p[f"{place}_ecn"] for p in measured.probes if p["outcome"] == "delivered"]
    stretches = [mark for i, mark in enumerate(marks) if i == 0 or mark != marks[i - 1]]
    check_equal(stretches, [before, after, before], f"traffic class {place}, each change of it")
    check(marks.count(after) >= 10, f"only {marks.count(after)} probes were re-marked")
    summary = measured.summary["marks"][direction]
    check_equal(summary["dscp"], counted(mark >> 2 for mark in marks), f"summary.marks.{direction}.dscp")
    check_equal(summary["ecn"], counted(mark & 3 for mark in marks), f"summary.marks.{direction}.ecn")


def judge_parallel(measured):
    """Two events for each of the two flows, not two for every round of probes."""
    direction, _, before, after = REMARKS[5002]
    touched = {p["flow"] for p in measured.probes if p.get("seen_dscp") == after >> 2}
    check_equal(len(touched), 2, "flows that were re-marked")
    found = events(measured, "remarked")
    for flow in touched:
        check_equal(told(event for event in found if event.get("flow") == flow),
                    [(direction, before, after), (direction, after, before)], f"re-marks told of flow {flow}")
    check_equal(len(found), 4, "events")
    ports = {int(event["text"].split(" > ")[0].rpartition(":")[2]) for event in found}
    check_equal(ports, {port for port, plan in PARALLEL.items() if plan}, "ports that the texts name")


def remark_is_told():
    """The middle one of three routers changes marks for a second, for each flow in its own way."""
    with Network() as network:
        chain, running = Chain(network, "chain"), {}
        ways = {("--source-port", str(port)): lambda m, plan=plan: judge_remarks(m, plan)
                for port, plan in REMARKS.items()}
        ways["--port-range", f"{min(PARALLEL)}-{max(PARALLEL)}", "--port-policy", "range", "--flows", "4"] = judge_parallel
        for family in FAMILIES:
            for flags in ways:
                running[family, flags] = network.start_ping(
                    "-c", "200", "-i", "50ms", "--dscp", str(SENT >> 2), "--ecn", ECN[SENT & 3], *flags,
                    namespace=chain.client, target=chain_target(family))
        for started in running.values():
            network.wait_for_probes(started)
        time.sleep(1.5)
        remark(chain)
        time.sleep(1)
        unmark(chain)
        judgement = Judgement()
        for (family, flags), started in running.items():
            with judgement.of(f"{family} {' '.join(flags)}"):
                measured = network.finish_ping(started)
                show(f"{family} {' '.join(flags[:2])}", measured)
                ways[flags](measured)
        judgement.end()


CASES = {"all_dscp_both_ways": all_dscp_both_ways, "remark_is_told": remark_is_told}
