# SPDX-License-Identifier: Apache-2.0
"""Two agents that measure each other and reflect, all on one port: STAMP packets carry no type, so each end has to tell
the other's requests from its replies by what is in them."""

import json

from one_socket import flows, start_together, wait_decided
from rig import PORT, REFLECTOR_V4, SENDER_V4, Rig, check, check_equal, check_in_time
from truth import Log, Truth, compare_probes, left

PROBES, INTERVAL_US = 10_000, 2_000
LOSS_AFTER_NS = 10**9  # of rig_node
LINK = ["--both-delay", "2ms", "--both-variation", "3ms", "--both-drop", "0.02", "--both-duplicate", "0.02",
        "--both-hold", "0.02", "--both-hold-past", "3"]


class Side:
    """One of the two. Whose measurement a packet belongs to, the emulator's log tells by the identifier in it
    (RFC 8972), which the reply repeats; whether it is a request, by its direction. The agents do not look at either."""

    def __init__(self, rig, namespace, own, other, ssid, ways):
        self.namespace, self.ssid, self.ways = namespace, ssid, ways
        self.file = rig.directory / f"{namespace}.jsonl"
        self.words = namespace, own, "reflect", PROBES, INTERVAL_US, f"{other}:{PORT}={self.file}"

    def finish(self):
        check_equal(self.node.stop(), 0, f"exit code of {self.namespace}")
        told, reflector = flows(self.node)
        (self.told,) = told.values()
        self.reflector = reflector["reflector"]
        self.probes = [json.loads(line) for line in self.file.read_text().splitlines()]
        check_equal(len(self.probes), PROBES, f"lines of {self.namespace}")
        self.sent = [probe for probe in self.probes if probe["outcome"] != "late_schedule"]
        check_in_time(PROBES - len(self.sent), PROBES)

    def read(self, log):
        there, back = self.ways
        self.log = log.part({"direction": there, "ssid": self.ssid}, {"direction": back, "ssid": self.ssid})
        self.truth = Truth(self.log, LOSS_AFTER_NS)

    def judge(self, other):
        """`other` is whom it measures, and who measures it."""
        counters, name = self.told["counters"], self.namespace
        print(f"  {name}: {compare_probes(self.sent, self.truth)}, reordered "
              f"{self.truth.reordered([probe['sequence'] for probe in self.sent])}", flush=True)
        check_equal(len(self.truth.probes), len(self.sent) + counters["unmeasured"], f"requests of {name}")
        # A reply taken for a request, or a request for a reply, is one more or one less of these.
        # The last question about what was lost is no probe, and nobody waits for its answer.
        came = len(left(self.log.replies))
        check(came - counters["unmeasured"] <= counters["replies"] <= came,
              f"{name} took {counters['replies']} replies, {came} came, {counters['unmeasured']} of them to no probe")
        # Whoever is asked that last question may have ended before.
        asked, reflected = len(left(self.log.requests)), other.reflector["requests"]
        check(asked - counters["unmeasured"] <= reflected <= asked, f"{asked} requests of {name}, {reflected} reflected")
        check_equal(other.reflector["replies"], len(original(self.log.replies)), f"replies to {name}")
        wrong = {counter: counters[counter] for counter in
                 ("malformed", "other_address", "other_ssid", "zero_ssid", "future_sequence", "expired",
                  "mismatched_echo", "bad_reflector_stamps", "bad_timestamp", "reflector_restarts") if counters[counter]}
        check_equal(wrong, {}, f"packets that {name} took for replies to it and should not have")
        wrong = {counter: value for counter, value in self.reflector.items()
                 if value and counter not in ("requests", "replies", "stamps", "sessions_created", "octets_received", "octets_sent")}
        # Whoever asked that last question may be gone when it is answered.
        if wrong.get("path_errors", 0) <= other.told["counters"]["unmeasured"]:
            wrong.pop("path_errors", None)
        check_equal(wrong, {}, f"what the reflector of {name} did not answer")
        check_equal(self.reflector["sessions_created"], 1, f"sessions at the reflector of {name}")


def original(records):
    """What was sent; without the copies that the link made."""
    return [record for record in records if not record["copy"]]


def check_happened(sides):
    actions = {record["action"] for side in sides for record in side.log.requests + side.log.replies}
    check({"drop", "duplicate"} <= actions, f"nothing happened on the link: {actions}")
    for side in sides:
        sequences = [probe["sequence"] for probe in side.sent]
        check(side.truth.reordered(sequences)["round_trip"] > 0, f"nothing was reordered for {side.namespace}")


def two_agents_measure_each_other():
    with Rig() as rig:
        emulator, log_path = rig.emulate(*LINK, seed=12)
        # The identifiers that rig_node gives to the first flow of a host whose address ends in 1, and of another one.
        sides = [Side(rig, "sender", SENDER_V4, REFLECTOR_V4, 104, ("forward", "backward")),
                 Side(rig, "reflector", REFLECTOR_V4, SENDER_V4, 4, ("backward", "forward"))]
        for side, node in zip(sides, start_together(rig, *(side.words for side in sides))):
            side.node = node
        for side in sides:
            wait_decided(side.node)
        for side in sides:
            side.finish()
        emulator.stop()
        log = Log(log_path)
        for side in sides:
            side.read(log)
        check_equal(sum(len(side.log.requests) + len(side.log.replies) for side in sides), len(log.records),
                    "packets of either measurement on the wire")
        sides[0].judge(sides[1])
        sides[1].judge(sides[0])
        check_happened(sides)
        sent = sum(len(side.truth.probes) for side in sides)
        entered = len(original(log.records))
        copies = sum(record["copy"] for side in sides for record in side.log.requests)
        print(f"  {sent} requests sent, {copies} copied by the link, {entered} packets on the wire")
        check(entered <= 2 * sent + copies, f"{entered} packets for {sent} requests and {copies} copies of them")


CASES = {"two_agents_measure_each_other": two_agents_measure_each_other}
