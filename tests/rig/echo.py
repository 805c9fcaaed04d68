# SPDX-License-Identifier: Apache-2.0
"""ICMP echo where nobody reflects. The reflector's namespace answers echo by its kernel alone, whose own counters
(/proc/net/snmp, snmp6) are the truth about what was asked and answered. The program stays without capabilities: what
permits the socket is net.ipv4.ping_group_range."""

import signal
import time

from rig import PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, Rig, check, check_equal, poll_until

V4, V6 = f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"
DROP_PROBES = f"table inet silent {{ chain in {{ type filter hook input priority 0; udp dport {PORT} drop; }} }}"
NOBODY = "no reflector answers on"
STARTED, STOPPED = "measuring by ICMP echo", "a reflector answers on"


def permit(rig):
    rig.sysctl("sender", "net/ipv4/ping_group_range", "0 0")


def forbid(rig):
    first, last = rig.run_in("sender", "cat", "/proc/sys/net/ipv4/ping_group_range").split()
    if int(first) <= int(last):
        rig.sysctl("sender", "net/ipv4/ping_group_range", "1 0")


def echoes_answered(rig, namespace="reflector"):
    """By the kernels of that namespace: (IPv4, IPv6)."""
    lines = [line.split() for line in rig.run_in(namespace, "cat", "/proc/net/snmp").splitlines()]
    names, values = [line for line in lines if line[0] == "Icmp:"]
    of_v6 = dict(line.split() for line in rig.run_in(namespace, "cat", "/proc/net/snmp6").splitlines())
    return int(values[names.index("OutEchoReps")]), int(of_v6["Icmp6OutEchoReplies"])


def interrupted_after(rig, seconds, *targets, flags=("-i", "100ms")):
    """Runs side by side, ended by Ctrl-C; otherwise each would wait ten seconds for its last probes."""
    runs = [rig.start_ping(*flags, target=target) for target in targets]
    time.sleep(seconds)
    for process, _ in runs:
        process.popen.send_signal(signal.SIGINT)
    return [rig.finish_ping(run) for run in runs]


def saying(measured, what):
    return [note for note in measured.document["notes"] if what in note]


def has_echo(measured, answered, reason, stamps="kernel"):
    check_equal(measured.code, 1, "exit code of ping without a STAMP reply")
    check_equal(measured.summary["received"], 0, "summary.received")
    echo = measured.document["icmp_echo"]
    print(f"  {echo['reason']}: {echo['sent']} sent, p50 {echo['rtt_ns']['p50']} ns")
    check(reason in echo["reason"], f"reason {echo['reason']!r}")
    check_equal(echo["sent"] + echo["withheld"], answered, "echoes that the peer's kernel answered")
    check_equal((echo["received"], echo["lost"], echo["duplicates"], echo["unsent"]), (echo["sent"], 0, 0, 0),
                "received, lost, duplicates and unsent")
    check(echo["sent"] >= 10, f"only {echo['sent']} echoes: too few to prove anything")
    check_equal(echo["loss_ratio"], 0, "icmp_echo.loss_ratio")
    check_equal(echo["rtt_class"], stamps, "icmp_echo.rtt_class")
    check_equal(echo["rtt_ns"]["count"], echo["sent"], "icmp_echo.rtt_ns.count")
    check(0 < echo["rtt_ns"]["min"] and echo["rtt_ns"]["p50"] < 5_000_000, f"round trip {echo['rtt_ns']}")
    for stamp in ("tx", "rx"):
        check_equal(echo["stamps"][stamp]["counts"], {stamps: echo["sent"]}, f"icmp_echo.stamps.{stamp}")
    check_equal(len(saying(measured, NOBODY)), 1, f"notes that nobody reflects in {measured.document['notes']}")
    check_equal(len(saying(measured, STARTED)), 1, "notes that echo measures")


def without_reflector():
    """Closed: the peer says so at once, and echo begins. Silent: after three seconds. Both families at once."""
    with Rig(emulated=False) as rig:
        permit(rig)
        measured = interrupted_after(rig, 3, V4, V6)
        answered = echoes_answered(rig)
        for one, count in zip(measured, answered):
            has_echo(one, count, "port unreachable")
        rig.nft("reflector", DROP_PROBES)
        measured = interrupted_after(rig, 6, V4, V6)
        for one, before, count in zip(measured, answered, echoes_answered(rig)):
            has_echo(one, count - before, "no STAMP reply within 3 s")
            # A tenth of a second apart at least, from the third second on.
            check(count - before <= 45, f"{count - before} echoes within 3.5 s")


def with_options():
    """The echoes look like the probes: their length, mark and hops; the backends without kernel stamps say so."""
    with Rig(emulated=False) as rig:
        permit(rig)
        rig.nft("reflector", "table inet marks { chain in { type filter hook input priority 0; "
                             "icmp type echo-request ip dscp 46 ip ttl 9 ip length 328 counter; "
                             "icmp type echo-request counter; } }")
        measured, = interrupted_after(rig, 3, V4, flags=("-i", "20ms", "--dscp", "EF", "--ttl", "9", "--size", "300"))
        answered, _ = echoes_answered(rig)
        has_echo(measured, answered, "port unreachable")
        check(answered <= 45, f"{answered} echoes within 3.5 s: the probes' 20 ms are too often")
        counted = rig.run_in("reflector", "nft", "list", "table", "inet", "marks")
        check_equal(counted.count(f"counter packets {answered} "), 2, f"packets as asked for in {counted}")
        measured, = interrupted_after(rig, 3, V6, flags=("-i", "100ms", "--stamps", "user"))
        answered_v6 = echoes_answered(rig)[1]
        has_echo(measured, answered_v6, "port unreachable", stamps="user")
        # Hears no ICMP error, so only the silence tells.
        measured, = interrupted_after(rig, 6, V6, flags=("-i", "100ms", "--backend", "portable"))
        has_echo(measured, echoes_answered(rig)[1] - answered_v6, "no STAMP reply within 3 s", stamps="user")


def dead_host():
    """Neither a neighbour that is not there nor a host that drops everything has a round trip."""
    with Rig(emulated=False) as rig:
        permit(rig)
        rig.nft("reflector", "table inet dead { chain in { type filter hook input priority 0; "
                             f"udp dport {PORT} drop; icmp type echo-request drop; icmpv6 type echo-request drop; }} }}")
        missing = (f"10.77.0.99:{PORT}", f"[fd77::99]:{PORT}")
        found = interrupted_after(rig, 9, V4, V6, *missing)
        unsent = 0
        for measured, target in zip(found, (V4, V6, *missing)):
            check_equal(measured.code, 1, f"exit code for {target}")
            echo = measured.document["icmp_echo"]
            print(f"  {target}: {({name: echo[name] for name in ('sent', 'lost', 'unsent', 'withheld')})}")
            check_equal((echo["received"], echo["rtt_ns"]), (0, {"count": 0}), f"echo of {target}")
            check("rtt_class" not in echo, f"rtt_class of {target}")
            if target in missing:
                # The kernel may fall silent about a neighbour for longer than this run: such an echo is lost, its
                # departure unconfirmed, but never one that was seen to leave.
                check_equal(echo["stamps"]["tx"]["counts"].get("kernel", 0), 0, f"echoes that left for {target}")
                check_equal(echo["lost"], echo["sent"], f"lost echoes to {target}")
                unsent += echo["unsent"]
            else:
                check(echo["lost"] == echo["sent"] > 10, f"lost echoes to {target}")
                check_equal(echo["loss_ratio"], 1, f"loss_ratio of {target}")
            check_equal(len(saying(measured, NOBODY)), 1, f"notes in {measured.document['notes']}")
        check(unsent > 10, f"{unsent} unsent echoes to hosts without a neighbour")


def reflector_that_starts_later():
    """Its first reply ends the echo, and the probes go on as if nothing had been."""
    with Rig(emulated=False) as rig:
        permit(rig)
        started = rig.start_ping("-c", "150", "-i", "100ms")
        process, _ = started
        poll_until(lambda: STARTED in process.err(), PATIENCE, "echo begins")
        time.sleep(2)
        rig.reflect()
        poll_until(lambda: STOPPED in process.err(), PATIENCE, "echo ends")
        answered, _ = echoes_answered(rig)
        measured = rig.finish_ping(started)
        check_equal(echoes_answered(rig)[0], answered, "echoes asked for after the reflector answered")
        check_equal(measured.code, 0, "exit code of ping")
        check(measured.summary["received"] > 30, f"{measured.summary['received']} probes answered")
        echo = measured.document["icmp_echo"]
        print(f"  {echo['sent']} echoes, then {measured.summary['received']} probes answered")
        check_equal((echo["sent"], echo["received"], echo["withheld"]), (answered, answered, 0), "echoes")
        check_equal(len(saying(measured, STOPPED)), 1, f"notes in {measured.document['notes']}")
        check_equal(measured.summary["stamps"]["sender_tx"]["weakest"], "kernel", "stamps of the probes")


def not_permitted():
    """One note says how to permit it; nothing is asked and the document has no echo."""
    with Rig(emulated=False) as rig:
        forbid(rig)
        for measured in interrupted_after(rig, 2, V4, V6):
            check_equal(measured.code, 1, "exit code of ping")
            check("icmp_echo" not in measured.document, "the document tells of echoes")
            notes = saying(measured, NOBODY)
            print(f"  {notes}")
            check_equal(len(notes), 1, f"notes in {measured.document['notes']}")
            check("sysctl -w net.ipv4.ping_group_range" in notes[0], f"advice in {notes[0]}")
        check_equal(echoes_answered(rig), (0, 0), "echoes asked for")


def with_reflector():
    """Where probes are answered nothing is asked by echo."""
    with Rig(emulated=False) as rig:
        permit(rig)
        rig.reflect()
        measured = rig.ping("-c", "45", "-i", "100ms")
        check_equal(measured.code, 0, "exit code of ping")
        check("icmp_echo" not in measured.document, "the document tells of echoes")
        check_equal(saying(measured, NOBODY), [], "notes that nobody reflects")
        check_equal(echoes_answered(rig), (0, 0), "echoes asked for")


CASES = {
    "echo_without_reflector": without_reflector,
    "echo_with_options": with_options,
    "echo_to_a_dead_host": dead_host,
    "echo_ends_when_a_reflector_starts": reflector_that_starts_later,
    "echo_not_permitted": not_permitted,
    "echo_not_beside_a_reflector": with_reflector,
}
