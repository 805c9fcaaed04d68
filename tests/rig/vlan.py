# SPDX-License-Identifier: Apache-2.0
"""A wire with 802.1Q tags on it without the kernel's VLAN module: a packet filter tags what leaves a device, and one at
the other end takes the tag off before the IP layer sees the frame.

Beside it an untagged wire, so that the interface of a sample says something:

    sender  10.77.0.1  s0 ======= tagged ======= r0  10.77.0.2  reflector
            10.78.0.1  s1 ------- untagged ----- r1  10.78.0.2

The filters are eBPF: loading them needs CAP_BPF and CAP_NET_ADMIN in the initial user namespace, so this runs as root
or not at all. They are five and three instructions, put together here; no compiler takes part.
"""

import ctypes
import os
import platform
import struct

from frames import Tap
from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Rig, Skipped, check, check_equal, in_time, kernel_stamps_wanted

TCI = 5 << 13 | 100  # priority 5, VLAN 100
ETH_P_8021Q = 0x8100
PLAIN = {"sender": ("10.78.0.1", "fd78::1"), "reflector": ("10.78.0.2", "fd78::2")}

# --- eBPF ------------------------------------------------------------------------------------------------

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
BPF_PROG_LOAD, BPF_OBJ_PIN = 5, 6
BPF_PROG_TYPE_SCHED_CLS = 3
SKB_VLAN_PUSH, SKB_VLAN_POP = 18, 19  # functions of the kernel (linux/bpf.h)
MOV, CALL, EXIT = 0xb7, 0x85, 0x95


def instruction(code, register=0, value=0):
    return struct.pack("=BBhi", code, register, 0, value)


def program_of(*instructions):
    """Register 1 is the packet, as it was handed to us; 0 (TC_ACT_OK) lets the packet go on."""
    return b"".join((*instructions, instruction(MOV, 0, 0), instruction(EXIT)))


def push(tci):
    return program_of(instruction(MOV, 2, int.from_bytes(struct.pack("!H", ETH_P_8021Q), "little")),
                      instruction(MOV, 3, tci), instruction(CALL, 0, SKB_VLAN_PUSH))


def pop():
    return program_of(instruction(CALL, 0, SKB_VLAN_POP))


def bpf(command, attributes):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, 128)  # the rest is zeros, which asks for nothing
    result = libc.syscall(SYS_BPF[platform.machine()], command, buffer, len(buffer))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def load(code):
    instructions, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"Apache-2.0")
    return bpf(BPF_PROG_LOAD, struct.pack("=IIQQ", BPF_PROG_TYPE_SCHED_CLS, len(code) // 8,
                                          ctypes.addressof(instructions), ctypes.addressof(licence)))


def pin(descriptor, path):
    name = ctypes.create_string_buffer(str(path).encode())
    bpf(BPF_OBJ_PIN, struct.pack("=QI", ctypes.addressof(name), descriptor))


class Filters:
    """The two programs, where tc finds them: on a bpffs of this mount namespace."""

    def __init__(self, network):
        check(platform.machine() in SYS_BPF, f"the number of bpf() on {platform.machine()} is not known here")
        self.network, self.directory = network, network.directory / "bpf"
        try:
            loaded = {"push": load(push(TCI)), "pop": load(pop())}
        except PermissionError as error:
            raise Skipped(f"a tagged wire needs eBPF, which this system does not let us load: {error}") from None
        self.directory.mkdir()
        network.run(["mount", "-t", "bpf", "rig", str(self.directory)])
        for name, descriptor in loaded.items():
            pin(descriptor, self.directory / name)
            os.close(descriptor)

    def attach(self, namespace, device):
        self.network.run_in(namespace, "tc", "qdisc", "add", "dev", device, "clsact")
        for way, name in (("egress", "push"), ("ingress", "pop")):
            self.network.run_in(namespace, "tc", "filter", "add", "dev", device, way, "bpf", "direct-action",
                                "object-pinned", str(self.directory / name))

    def detach(self, namespace, device, way):
        self.network.run_in(namespace, "tc", "filter", "del", "dev", device, way)

    def close(self):
        self.network.run(["umount", str(self.directory)])


# --- the case --------------------------------------------------------------------------------------------

PROBES = 50
STAMPS = ("sender_tx", "reflector_rx", "reflector_tx", "sender_rx")
MARK = 46
DEBIAN12 = {"WIRESTAMP_KERNEL_FEATURES": "debian12"}
# How the interface is chosen, with each way to get stamps and ports: (flags, environment, weakest stamp of ours).
WAYS = (
    ((), {}, "kernel"),
    ((), DEBIAN12, "kernel"),
    (("--source-port", "24000"), {}, "kernel"),
    (("--source-port", "24000"), DEBIAN12, "kernel"),
    (("--device", "{device}"), {}, "kernel"),
    (("--source", "{source}"), {}, "kernel"),
    (("--stamps", "user"), {}, "user"),
    (("--backend", "portable"), {}, "user"),
)
TARGETS = {  # (own device, own address): host
    ("s0", SENDER_V4): REFLECTOR_V4,
    ("s0", "fd77::1"): f"[{REFLECTOR_V6}]",
    ("s1", PLAIN["sender"][0]): PLAIN["reflector"][0],
    ("s1", PLAIN["sender"][1]): f"[{PLAIN['reflector'][1]}]",
}


def two_wires(network):
    network.join("sender", "s1", "reflector", "r1")
    for namespace, device in (("sender", "s1"), ("reflector", "r1")):
        v4, v6 = PLAIN[namespace]
        network.ip(namespace, f"addr add {v4}/24 dev {device}")
        network.ip(namespace, f"addr add {v6}/64 dev {device} nodad")
    network.reflect(listen=[f"{host}:{PORT}" for host in TARGETS.values()])


def judge(measured, index, weakest, what):
    check_equal(measured.code, 0, f"{what}: exit code of ping")
    delivered = in_time(measured)
    check_equal({probe["outcome"] for probe in delivered}, {"delivered"}, f"{what}: outcomes")
    for stamp in STAMPS:
        wanted = weakest if stamp.startswith("sender") else "kernel"
        found = [p[f"{stamp}_source"] for p in delivered].count(wanted)
        check(found >= kernel_stamps_wanted(stamp, len(delivered)),
              f"{what}: {stamp}_source is {wanted} of {found} among {len(delivered)}")
    check_equal({p["interface"] for p in delivered}, {index}, f"{what}: interface of the samples")
    marks = {(p["sent_dscp"], p["seen_dscp"], p["returned_dscp"]) for p in delivered}
    check_equal(marks, {(MARK,) * 3}, f"{what}: DSCP sent, seen and returned")


def judge_frames(taps, device, family, what):
    """All of it went over this wire, with its tag or without one, and nothing over the other."""
    for tap in taps:
        found = tap.frames()
        if tap.device[1:] != device[1:]:
            check_equal(found, [], f"{what}: frames on {tap.device}")
            continue
        check(len([f for f in found if f.way == "in"]) >= PROBES / 2, f"{what}: too few frames on {tap.device}")
        tags = {(f.way, f.family, f.tci) for f in found}
        tci = TCI if device == "s0" else None
        check_equal(tags, {(way, family, tci) for way in ("in", "out")}, f"{what}: tags on {tap.device}")


def measure(network, taps, flags, env, weakest):
    for (device, source), host in TARGETS.items():
        what = " ".join((device, source, *flags, *env.values()))
        index = int(network.ip("sender", f"-o link show {device}").split(":")[0])
        chosen = [flag.format(device=device, source=source) for flag in flags]
        measured = network.ping("-c", str(PROBES), "-i", "5ms", "--dscp", str(MARK), *chosen,
                                target=f"{host}:{PORT}", env=env)
        judge(measured, index, weakest, what)
        judge_frames(taps, device, "v6" if ":" in source else "v4", what)


def tagged_wire():
    with Rig(emulated=False) as network:
        filters = Filters(network)
        try:
            for namespace, device in (("sender", "s0"), ("reflector", "r0")):
                filters.attach(namespace, device)
            two_wires(network)
            taps = [Tap(namespace, f"{end}{wire}") for namespace, end in (("sender", "s"), ("reflector", "r"))
                    for wire in (0, 1)]
            for way in WAYS:
                measure(network, taps, *way)
            # Frames with a tag that nobody takes off are not for the IP layer: it was the filter that let them in.
            filters.detach("reflector", "r0", "ingress")
            measured = network.ping("-c", "5", "-i", "20ms", "--loss-after", "300ms")
            check_equal(measured.summary["received"], 0, "replies when the tag stays on")
            print(f"  {len(WAYS)} ways over {len(TARGETS)} wires and families; tag left on: {measured.outcomes()}")
        finally:
            filters.close()


CASES = {"tagged_wire": tagged_wire}
