# SPDX-License-Identifier: Apache-2.0
"""The course of a measurement: what it says happened to its flows, and what its probes and the wire say."""

import calendar
import contextlib
import json
import time

from nat import INTERVAL_NS, moment
from rig import PORT, Failure, answered, check, check_equal

SECOND = 10**9
KINDS = {"outage_began", "outage_ended", "flow_changed", "verdict", "timeout_measured", "healing_pause",
         "network_changed", "reflector_restarted", "remarked", "hops_changed", "path_swept", "flow_differs",
         "ports_exhausted", "receive_buffer_full", "account_told", "rate_reduced", "rate_restored", "peer_stopping",
         "session_up"}
# Bounds the program promises, and what a machine that is busy with other things may add to each.
SWITCH, VERDICT, BUSY = SECOND, 2 * SECOND, SECOND // 2


def at_ns(event):
    """RFC 3339 in UTC, with any number of decimals."""
    whole, _, fraction = event["at"].removesuffix("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * SECOND + int((fraction or "0").ljust(9, "0")[:9])


def all_events(measured):
    check("events" in measured.document, "the document has no events")
    found = measured.document["events"]
    for event in found:
        check(event["kind"] in KINDS, f"unknown kind of event: {event}")
        check(event["text"] and "\n" not in event["text"], f"an event wants one line of text: {event}")
    return found


def events(measured, *kinds):
    return [event for event in all_events(measured) if event["kind"] in kinds]


def findings(measured):
    return [event["finding"] for event in events(measured, "verdict")]


def the_only(measured, kind, **wanted):
    found = [event for event in events(measured, kind) if wanted.items() <= event.items()]
    check_equal(len(found), 1, f"events {kind} {wanted or ''} among {brief(measured)}")
    return found[0]


def port_of(flow):
    """Own port of a flow as events write it: "10.80.1.2:5000 > 10.99.0.1:23999"."""
    own, _, peer = flow.partition(" > ")
    check(peer.endswith(f":{PORT}"), f"not a flow: {flow!r}")
    return int(own.rpartition(":")[2])


def host_of(flow):
    return flow.partition(" > ")[0].rpartition(":")[0].strip("[]")


def brief(measured):
    """The events in a line each, with seconds since the start."""
    began = at_ns({"at": measured.document["began"]})
    return [f"{(at_ns(event) - began) / SECOND:.1f} {event['kind']}: {event['text']}" for event in all_events(measured)]


def show(name, measured):
    print(f"  {name}: {measured.outcomes()}", *brief(measured), sep="\n    ", flush=True)


# --- the probes ------------------------------------------------------------------------------------------


def check_accounted(measured, at_least):
    """Every probe that was due has one line and one outcome."""
    due = [probe for probe in measured.probes if not probe["burst"]]
    check_equal(len(due), measured.summary["scheduled"], "lines against summary.scheduled")
    check(len(due) >= at_least, f"{len(due)} probes, wanted at least {at_least}")
    numbers = [probe["probe"] for probe in measured.probes]
    check_equal(len(set(numbers)), len(numbers), "numbers of the probes, each once")


class Outage:
    """The gap that the probes show after `change`: the last answered before it, the first lost, the first answered
    after it. Probes of the dead flow that were sent beside the new one belong to neither side."""

    def __init__(self, measured, change):
        sent = sorted((p for p in measured.probes if p["outcome"] not in ("late_schedule", "withheld")), key=moment)
        good = [probe for probe in sent if answered(probe["outcome"])]
        lost = [probe for probe in sent if not answered(probe["outcome"]) and moment(probe) >= change[0]]
        check(lost, "nothing was lost after the change")
        self.first_lost = lost[0]
        before = [probe for probe in good if moment(probe) < moment(self.first_lost)]
        check(before, "nothing was answered before the change")
        self.last_good = before[-1]
        self.after = [probe for probe in good if moment(probe) > moment(self.first_lost)]
        self.first_good = self.after[0] if self.after else None
        through = [p for p in good if change[1] + 3 * INTERVAL_NS < moment(p) < moment(self.first_lost)]
        check(not through, f"the first loss is not that of the change: {len(through)} came through after it")

    def length(self):
        check(self.first_good, "nothing was answered any more")
        return moment(self.first_good) - moment(self.first_lost)

    def check_ends_within(self, silence, interval=INTERVAL_NS):
        found, bound = self.length(), silence + SWITCH + interval
        what = f"answered again {found / SECOND:.2f} s after the first loss, bound {bound / SECOND:.1f} s"
        print(f"    {what}")
        check(found <= bound, what)

    def check_edges(self, event, interval=INTERVAL_NS):
        """An outage_ended event tells the edges within a probe interval."""
        for edge in ("last_good", "first_lost", "first_good"):
            wrong = abs(event[edge]["left_ns"] - moment(getattr(self, edge)))
            check(wrong <= interval, f"{edge} of the outage is {wrong / SECOND:.2f} s off: {event}")


def check_ends_well(measured, count):
    sent = sorted((p for p in measured.probes if p["outcome"] != "late_schedule" and not p["burst"]), key=moment)
    last = [p["outcome"] for p in sent[-count:]]
    check(len(last) == count and all(map(answered, last)), f"the last {count} outcomes: {last}")


# --- the wire --------------------------------------------------------------------------------------------


def recorded(nat):
    """Has link_recorder look at the client's wire from now on. Returns what tells the Wire when all is over."""
    recorder, log = nat.record()

    def wire():
        recorder.stop()
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        check_equal(lines.pop(), {"end": True, "missed": 0}, "last line of the recorder")
        return Wire([(line["stamp_ns"], line["source_port"]) for line in lines if line["way"] == "out"],
                    [(line["stamp_ns"], line["destination_port"]) for line in lines if line["way"] == "in"])
    return wire


class Wire:
    """What was seen at the client: requests and replies, each with the kernel's stamp and the client's port."""

    def __init__(self, requests, replies):
        self.requests, self.replies = requests, replies
        self.ports = list(dict.fromkeys(port for _, port in self.requests))  # in order of appearance

    def first(self, port):
        return next(stamp for stamp, found in self.requests if found == port)

    def times(self, port):
        return [stamp for stamp, found in self.requests if found == port]

    def last_reply_before(self, when):
        return max(stamp for stamp, _ in self.replies if stamp < when)


class Judgement:
    """Several networks are measured at once: all are judged before the case fails."""

    def __init__(self):
        self.failures = []

    @contextlib.contextmanager
    def of(self, name):
        try:
            yield
        except Failure as failure:
            self.failures.append(f"{name}: {failure}")
        except KeyError as key:
            self.failures.append(f"{name}: the field {key} is missing")

    def end(self):
        check(not self.failures, "\n  ".join(["", *self.failures]))
