# SPDX-License-Identifier: Apache-2.0
"""Ports and devices that cannot be had: the right exit code and one sentence that says what to do. Where nothing was
measured nothing is printed for programs, either."""

import json
import socket

from course import brief, check_accounted, events, port_of
from emulator_itself import socket_in
from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, Process, Rig, check, check_delivered, check_equal, poll_until,
                 program)

V6 = f"[{REFLECTOR_V6}]:{PORT}"
HINT = "  `wirestamp help ping` explains every option"
# Flags, and words of the sentence.
WRONG_VALUES = [
    (("--port-range", "50010-50000"), ("50010-50000", "reversed")),
    (("--port-range", "50000"), ("'50000'", "FIRST-LAST")),
    (("--port-range", "0-10"), ("'0'", "from 1 to 65535")),
    (("--port-range", "50000-65536"), ("'65536'", "from 1 to 65535")),
    (("--port-range", "99999999999999999999-5"), ("99999999999999999999", "from 1 to 65535")),
    (("--port-range", "a-b"), ("'a'", "from 1 to 65535")),
    (("--port-range", "-50000"), ("'-50000'", "FIRST-LAST")),
    (("--port-range", "50000-"), ("empty port", "FIRST-LAST")),
    (("--port-range", ""), ("empty", "FIRST-LAST")),
    (("--port-range", "1-2-3"), ("'2-3'", "FIRST-LAST")),
    (("--port-range", "50000-50003", "--flows", "5"), ("fewer ports", "--flows")),
    (("--port-policy", "range"), ("--port-range FIRST-LAST",)),
    (("--source-port", "0"), ("'0'", "from 1 to 65535")),
    (("--source-port", "65536"), ("'65536'", "from 1 to 65535")),
    (("--source-port", "x"), ("'x'", "not a whole number")),
    (("--source-port", "-1"), ("'-1'", "negative")),
    (("--source-port", "5000", "--port-policy", "dynamic"), ("--port-policy fixed or auto",)),
    (("--source-port", "5000", "--port-range", "50000-50003"), ("--port-policy fixed or auto",)),
    (("--device", ""), ("empty", "such as eth0")),
    (("--device", "x" * 40), ("too long", "such as eth0")),
    (("--device", "s0/1"), ("cannot be an interface name", "such as eth0")),
]


class Bad(Rig):
    """A reflector that answers, and runs of ping that cannot begin or cannot be answered."""

    def __init__(self):
        super().__init__(emulated=False)
        self.reflect()

    def try_ping(self, *flags, target=f"{REFLECTOR_V4}:{PORT}", before=()):
        command = [program(), "ping", target, "--json", "-c", "3", "-i", "100ms", "--loss-after", "500ms", *flags]
        process = Process(self, "sender", [*before, *command], True, f"try-{len(self.processes)}")
        code = process.wait(20)
        print(f"  {' '.join(flags)}: {code} {process.err().strip()}")
        return code, process.out(), process.err()

    def refused(self, code, *flags, words, **options):
        found, out, err = self.try_ping(*flags, **options)
        check_equal(found, code, f"exit code with {flags}")
        check_equal(out, "", f"standard output with {flags}")
        lines = err.splitlines()
        check_equal(lines[1:], [HINT] if code == 2 and HINT in lines else [], f"what follows the sentence: {err}")
        check(lines[0].startswith("wirestamp: "), f"whose sentence is it? {err}")
        for word in words:
            check(word in lines[0], f"with {flags} it should say {word!r}: {err}")

    def unanswered(self, outcome, *flags, words, **options):
        """A run that could begin: one document, and the sentence behind it."""
        code, out, err = self.try_ping(*flags, **options)
        check_equal(code, 1, f"exit code with {flags}")
        document = json.loads(out)
        summary = document["summary"]
        count = summary["lost"]["unknown"] if outcome == "lost" else summary["unsent"]["by_cause"][outcome]
        # A busy machine does not send some.
        check_equal(count + summary["late_schedule"], 3, f"{outcome} with {flags}")
        check(count > 0, f"nothing was sent with {flags}: {summary}")
        for word in words:
            check(word in err or any(word in note for note in document["notes"]),
                  f"with {flags} it should say {word!r}: {err}{document['notes']}")

    def take(self, *ports):
        taken = []
        for port in ports:
            one = socket_in("sender", socket.AF_INET)
            one.bind(("0.0.0.0", port))
            taken.append(one)
        return taken


def wrong_values():
    with Bad() as rig:
        for flags, words in WRONG_VALUES:
            rig.refused(2, *flags, words=words)
        # The same by the environment, which is named.
        done = rig.run(["env", "-i", "WIRESTAMP_PORT_RANGE=9-3", "sh", "-c",
                        f"{program()} ping 127.0.0.1 --json -c 1 2>&1; echo code $?"])
        check("WIRESTAMP_PORT_RANGE" in done and done.endswith("code 2\n"), done)


def ports_that_cannot_be_had():
    with Bad() as rig:
        code, _, _ = rig.try_ping("--port-range", "50000-50000")
        check_equal(code, 0, "exit code with a range of one port")
        rig.refused(3, "--source-port", "80", words=("80", "privilege", "from 1024 up"))
        rig.refused(3, "--port-range", "80-90", words=("80-90", "privilege", "from 1024 up"))
        rig.sysctl("sender", "net/ipv4/ip_unprivileged_port_start", 3000)
        rig.refused(3, "--source-port", "2000", words=("2000", "privilege", "from 3000 up"))
        # Three of five need a privilege, and where the search begins is a matter of chance.
        for seed in range(1, 11):
            code, _, _ = rig.try_ping("--port-range", "1-5000", "--seed", str(seed))
            check_equal(code, 0, f"exit code with a range of which part is privileged, seed {seed}")
        held = rig.take(*range(50000, 50004))
        rig.refused(3, "--port-range", "50000-50003", words=("50000-50003", "in use", "stop it or choose another"))
        rig.refused(3, "--port-range", "50000-50004", "--flows", "2",
                    words=("50000-50004", "this session has 1 of them itself", "in use"))
        rig.refused(3, "--source-port", "50000", words=("port 50000 is in use", "stop it or choose another"))
        rig.refused(3, "--source-port", "50000", "--port-policy", "fixed", words=("port 50000 is in use",))
        for port, why in ((50000, "port 50000 is in use"), (80, "port 80 needs a privilege")):
            measured = rig.ping("-c", "5", "-i", "10ms", "--port-policy", "auto", "--source-port", str(port))
            check_delivered(measured, 5, f"outcomes of policy auto, whose port {port} cannot be had")
            notes = measured.document["notes"]
            check_equal(len([n for n in notes if why in n and "starting on another port" in n]), 1, f"notes {notes}")
        check_equal(len(held), 4, "ports that were taken")


def devices_that_cannot_be_used():
    with Bad() as rig:
        rig.refused(3, "--device", "nosuch", words=("'nosuch'", "ip link"))
        rig.refused(3, "--device", "s0", words=("'s0'", "CAP_NET_RAW", "leave it out"), before=without_binding())
        rig.run(["ip", "link", "add", "d0", "netns", "sender", "type", "veth", "peer", "name", "d1", "netns", "reflector"])
        rig.unanswered("interface_down", "--device", "d0", words=("no probe left this host", "interface"))
        for namespace, device in (("sender", "d0"), ("reflector", "d1")):
            rig.sysctl(namespace, f"net/ipv6/conf/{device}/disable_ipv6", 1)
            rig.ip(namespace, f"link set {device} up")
        rig.unanswered("no_route", "--device", "d0", words=("no route to", REFLECTOR_V6), target=V6)
        rig.ip("sender", "-4 addr flush dev s0")
        rig.unanswered("lost", "--device", "s0", words=("s0 has no IPv4 address", "give it an address"))
        rig.sysctl("sender", "net/ipv6/conf/s0/disable_ipv6", 1)
        rig.unanswered("no_route", words=("no route to", REFLECTOR_V6), target=V6)


def without_binding():
    """A program that forbids the next one SO_BINDTODEVICE, as kernels before 5.7 do."""
    return ["/usr/bin/python3", "-c", FORBID]


# seccomp(2): EPERM for setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE), everything else is allowed.
FORBID = """
import ctypes, os, struct, sys
number = {"x86_64": 54, "aarch64": 208}[os.uname().machine]
rows = [(0x20, 0, 0, 0), (0x15, 0, 5, number), (0x20, 0, 0, 24), (0x15, 0, 3, 1), (0x20, 0, 0, 32), (0x15, 0, 1, 25),
        (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
program = Program(len(rows), ctypes.cast(code, ctypes.c_void_p))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
"""


def range_exhausted_in_an_outage():
    """Every other port is taken while nothing comes back: it is said once, and the run goes on over its own."""
    with Bad() as rig:
        flags = ("-c", "80", "-i", "100ms", "--silence", "1s", "--loss-after", "500ms")
        started = {ports: rig.start_ping(*flags, "--port-range", ports) for ports in ("50000-50003", "50010-50010")}
        for one in started.values():
            rig.wait_for_probes(one, 5)
        mine = {int(port) for port in range(50000, 50004)} - bound_ports(rig)
        held = rig.take(*mine)
        check_equal(len(held), 3, "ports of the range that the run has not")
        rig.nft("reflector", f"table inet f {{ chain c {{ type filter hook input priority 0; udp dport {PORT} drop; }} }}")
        for process, _ in started.values():
            wait_until(process, lambda process=process: "no new port" in process.err())
        rig.run_in("reflector", "nft", "flush", "ruleset")
        for ports, one in started.items():
            measured = rig.finish_ping(one)
            print(f"  {ports}: {measured.outcomes()}", *brief(measured), sep="\n    ")
            check_accounted(measured, 80)
            check_equal(measured.code, 0, "exit code")
            outcomes = measured.outcomes()
            check(outcomes["delivered"] > 20 and outcomes["lost_forward"] > 5, f"{outcomes}: no outage in the middle")
            told = events(measured, "ports_exhausted")
            check_equal(len(told), 1, "events ports_exhausted")
            check(ports in told[0]["text"] and "this session has 1 of them itself" in told[0]["text"], told)
            check(("in use" in told[0]["text"]) == (ports == "50000-50003"), f"who has the ports? {told}")
            check_equal(len(events(measured, "outage_ended")), 1, "events outage_ended")
            check_equal(events(measured, "flow_changed", "path_swept"), [], "events of new flows")
            check_equal(port_of(events(measured, "outage_began")[0]["old_flow"]), measured.document["local"]["port"],
                        "port of the run")


def wait_until(process, condition):
    poll_until(lambda: process.popen.poll() is not None or condition(), 20, "the run goes on")
    check(process.popen.poll() is None, f"ping ended: {process.err()}")


def bound_ports(rig):
    lines = rig.run_in("sender", "cat", "/proc/net/udp").splitlines()[1:]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}


CASES = {
    "wrong_port_values": wrong_values,
    "ports_that_cannot_be_had": ports_that_cannot_be_had,
    "devices_that_cannot_be_used": devices_that_cannot_be_used,
    "range_exhausted_in_an_outage": range_exhausted_in_an_outage,
}
