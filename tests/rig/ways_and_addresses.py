# SPDX-License-Identifier: Apache-2.0
"""Link-local addresses, addresses of another interface, and a host whose loopback is down."""

import json

from no_privilege import PROBES, four_kernel_stamps
from rig import PATIENCE, PORT, REFLECTOR_V4, SENDER_V6, Rig, check, check_delivered, check_equal, poll_until


def link_local(rig, namespace, device):
    def usable():
        found = json.loads(rig.ip(namespace, f"-j -6 addr show dev {device} scope link -tentative"))
        return [info["local"] for link in found for info in link.get("addr_info", [])
                if "local" in info]
    return poll_until(usable, PATIENCE, f"{device} has a link-local address")[0]


def link_local_target():
    """The same addresses may be on every interface: which one is meant stands behind the %."""
    with Rig(emulated=False) as rig:
        rig.run(["ip", "link", "add", "a0", "netns", "sender", "type", "veth", "peer", "name", "a1", "netns", "reflector"])
        rig.ip("sender", "link set a0 up")
        rig.ip("reflector", "link set a1 up")
        rig.reflect(listen=[f"[::]:{PORT}"])
        for here, there in (("s0", "r0"), ("a0", "a1")):
            own, target = link_local(rig, "sender", here), link_local(rig, "reflector", there)
            measured = rig.ping("-c", "20", "-i", "10ms", target=f"[{target}%{here}]:{PORT}")
            check_delivered(measured, 20, f"outcomes over {here}")
            check_equal(measured.document["interface"], here, "the interface named")
            check_equal(measured.document["local"]["address"].split("%")[0], own, "the local address named")
            # From a global address to a link-local one: the answer leaves by the interface of the request.
            if here == "s0":
                measured = rig.ping("-c", "20", "-i", "10ms", "--source", SENDER_V6,
                                    target=f"[{target}%{here}]:{PORT}")
                check_delivered(measured, 20, f"outcomes from {SENDER_V6} over {here}")


def source_of_another_interface():
    with Rig(emulated=False) as rig:
        rig.run(["ip", "link", "add", "a0", "netns", "sender", "type", "veth", "peer", "name", "a1", "netns", "reflector"])
        rig.ip("sender", "link set a0 up")
        rig.ip("sender", "addr add 10.79.0.1/24 dev a0")
        rig.ip("reflector", "route add 10.79.0.1 dev r0")
        rig.reflect()
        notes = rig.ping("-c", "5", "-i", "10ms", "--source", "10.79.0.1").document["notes"]
        print(f"  {notes}")
        check_equal(sum("10.79.0.1" in note and "a0" in note and "s0" in note for note in notes), 1,
                    f"notes that name both interfaces in {notes}")
        notes = rig.ping("-c", "5", "-i", "10ms", "--source", "10.77.0.1").document["notes"]
        check(not any("--device" in note for note in notes), f"notes {notes}")


def loopback_down(features):
    """So is it in a new namespace; the stamps can then not be tried, and they are there."""
    def run():
        env = {"WIRESTAMP_KERNEL_FEATURES": features}
        with Rig(emulated=False) as rig:
            for namespace in ("sender", "reflector"):
                rig.ip(namespace, "link set lo down")
            reflector = rig.reflect(env=env)
            measured = rig.ping("-c", str(PROBES), "-i", "5ms", target=f"{REFLECTOR_V4}:{PORT}", env=env)
            four_kernel_stamps(measured)
            stamping = measured.document["stamping"]
            print(f"  {stamping}")
            check("loopback" in stamping["reason"], f"the document should say what was not tried: {stamping}")
            check("loopback" in reflector.out(), f"the reflector should say what was not tried: {reflector.out()}")
            check_equal(stamping["own_ids"], features == "full", "own ids")
    return run


CASES = {
    "link_local_target": link_local_target,
    "source_of_another_interface": source_of_another_interface,
    "loopback_down": loopback_down("full"),
    "loopback_down_debian12": loopback_down("debian12"),
}
