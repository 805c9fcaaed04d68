# SPDX-License-Identifier: Apache-2.0
"""Several interfaces, or several network namespaces, measured at once by one process (S9)."""

import json
import re

from addresses import TARGETS, TwoWays
from rig import (PORT, Network, Process, check, check_delivered, check_equal, check_kernel_stamps, json_lines,
                 program)

DEVICES = ("c0", "c1")
BY_BOTH = ("--device", "c0", "--device", "c1")
PROBES = 200


def interface_index(network, namespace, device):
    return json.loads(network.ip(namespace, f"-j link show dev {device}"))[0]["ifindex"]


def several_devices_at_once():
    """One process, two uplinks, both families; one uplink breaks and the other measures on."""
    with Network() as network:
        ways = TwoWays(network, "uplinks")
        index = {device: interface_index(network, ways.client, device) for device in DEVICES}
        for family, target in TARGETS.items():
            both = network.start_ping("-c", str(PROBES), "-i", "10ms", *BY_BOTH, namespace=ways.client, target=target)
            for device, measured in zip(DEVICES, network.finish_several(both), strict=True):
                check_equal(measured.code, 0, "exit code")
                check_equal(measured.document["interface"], device, "interface of the document")
                check_kernel_stamps(measured.summary, check_delivered(measured, PROBES, f"outcomes by {device}, {family}"))
                check_equal({probe.get("interface") for probe in measured.probes
                             if probe["outcome"] == "delivered"}, {index[device]}, f"interface of the samples, {device}")
        ways.here("link set c1 down")
        both = network.start_ping("-c", "50", "-i", "10ms", *BY_BOTH, namespace=ways.client, target=TARGETS["v4"])
        good, bad = network.finish_several(both)
        check_equal(bad.code, 1, "exit code where one of two was never answered")
        check_delivered(good, 50, "outcomes by the uplink that works")
        print(f"  by the one that is down: {bad.outcomes()}")
        check_equal(set(bad.outcomes()) - {"late_schedule"}, {"unsent:interface_down"}, "outcomes by the one that is down")
        check("c1: " in bad.err, f"what to try should name the interface: {bad.err}")


def start_with_rights(network, name, *words):
    """Entering a namespace needs rights over it: these are the rig's own, within its user namespace."""
    return Process(network, "home", [program(), *words], False, name)


def several_namespaces_at_once():
    """Two networks with the same addresses, one reflector process and one sender process that are in neither."""
    with Network() as network:
        network.add_namespace("home")
        sides, left = {}, {}
        for name in ("red", "blue"):
            sides[name] = f"{name}-near", f"{name}-far"
            for namespace in sides[name]:
                network.add_namespace(namespace)
            near, far = sides[name]
            network.join(near, "n0", far, "f0")
            network.ip(near, "addr add 10.83.0.1/24 dev n0")
            network.ip(far, "addr add 10.83.0.2/24 dev f0")
        far = [word for _, namespace in sides.values() for word in ("--netns", namespace)]
        near = [word for namespace, _ in sides.values() for word in ("--netns", namespace)]
        reflector = start_with_rights(network, "reflector", "reflect", "--listen", f"10.83.0.2:{PORT}", *far)
        network.wait_for_reflect(reflector, len(sides))
        logs = {name: network.record(namespace, "f0") for name, (_, namespace) in sides.items()}

        jsonl = network.directory / "both.jsonl"
        sender = start_with_rights(network, "sender", "ping", f"10.83.0.2:{PORT}", "-c", str(PROBES), "-i", "10ms",
                                   "--json", "--jsonl", str(jsonl), *near)
        for name, measured in zip(sides, network.finish_several((sender, jsonl)), strict=True):
            check_equal(measured.document["netns"], sides[name][0], "namespace of the document")
            sent = check_delivered(measured, PROBES, f"outcomes in {name}")
            check_kernel_stamps(measured.summary, sent)
            recorder, log = logs[name]
            recorder.stop()
            port = measured.document["local"]["port"]
            requests = sum(line.get("source_port") == port for line in json_lines(log))
            check(requests >= sent, f"{name}: {requests} requests of this measurement were on its wire, of {sent}")
            left[sides[name][1]] = sent
        reflector.stop()
        for namespace, sent in left.items():
            answered = re.search(rf"^{namespace}: answered (\d+)", reflector.out(), re.MULTILINE)
            check(answered and int(answered[1]) >= sent, f"the counters of {namespace}, {sent} in: {reflector.out()}")


def namespaces_that_cannot_be_entered():
    with Network() as network:
        network.add_namespace("home")
        network.add_namespace("uplink")
        for words, code, told in (
                (("--netns", "uplnik"), 3, "uplink"),
                (("--netns", "/proc/self/ns/uts"), 3, "not a network namespace"),
                (("--netns", "/proc/self/no"), 3, "/proc/self/no"),
                (("--netns", "uplink", "--device", "eth9"), 3, "eth9"),
                (("--netns", ""), 2, "netns")):
            for command in (("ping", "127.0.0.1:9"), ("reflect", "--listen", "127.0.0.1:0")):
                process = start_with_rights(network, f"wrong-{len(network.processes)}", *command, *words)
                check_equal(process.wait(20), code, f"exit code of {command} {words}: {process.err()}")
                check(told in process.err(), f"{words}: '{told}' should be in: {process.err()}")
                print(f"  {process.err().strip()}")
        powerless = Process(network, "home", [program(), "ping", "127.0.0.1:9", "--netns", "uplink"], True, "powerless")
        check_equal(powerless.wait(20), 3, "exit code without rights")
        check("CAP_SYS_ADMIN" in powerless.err(), f"what is missing should be said: {powerless.err()}")
        print(f"  {powerless.err().strip()}")


CASES = {case.__name__: case for case in (several_devices_at_once, several_namespaces_at_once,
                                          namespaces_that_cannot_be_entered)}
