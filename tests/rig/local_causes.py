# SPDX-License-Identifier: Apache-2.0
"""Each way in which a probe never leaves, or finds nobody, and the outcome it must be given.

The table is that of the kernel's behaviour: what sendmsg returns, what the error queue says, which stamps come.
Most cases run a healthy measurement, break something for half a second and mend it: every probe then is either
delivered or has the one wanted outcome, and the measurement goes on.
"""

import json
import pathlib
import signal
import socket
import time

from course import show, the_only
from emulator_itself import socket_in
from nat import moment
from rig import (PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Rig, check, check_all, check_delivered, check_equal,
                 in_time, outcomes_of, poll_until)

ON_THE_WAY_NS = 900_000_000  # what a busy reflector may take to answer
KEPT_NS = 100_000_000  # from when it was due until it left; nothing else keeps a probe for so long
BEYOND = "198.51.100.7"  # an address behind the reflector, reached by a route of its own


def only(measured, wanted, probes):
    """Returns how many of them were sent in time."""
    found = check_all(measured, wanted, probes)
    check_equal(measured.summary["received"], 0, "summary.received")
    check_equal(measured.code, 1, "exit code when there was no reply at all")
    return found


def cause_sum(measured, cause):
    return measured.summary["unsent"]["by_cause"].get(cause, 0)


def broken_for_a_while(rig, breaking, mending, wanted, *flags, target=f"{REFLECTOR_V4}:{PORT}", seconds=0.5,
                       before_it_is_noticed=()):
    """`before_it_is_noticed`: outcomes of the probes that the kernel still took for sent. `wanted` may be several, of
    which the kernel chooses."""
    probes = int(450 + 100 * seconds + (200 if before_it_is_noticed else 0))
    started = rig.start_ping("-c", str(probes), "-i", "10ms", "--loss-after", "1s", *flags, target=target)
    rig.wait_for_probes(started)
    time.sleep(1)
    began = time.time_ns()
    breaking()
    ended = time.time_ns()
    time.sleep(seconds)
    mending()
    measured = rig.finish_ping(started)
    check_equal(len(measured.probes), probes, "probes")
    sent = in_time(measured)
    outcomes = outcomes_of(sent)
    print(f"  {outcomes}")
    possible = (wanted,) if isinstance(wanted, str) else wanted
    wanted = max(possible, key=lambda one: outcomes.get(one, 0))
    # A probe that was on its way when the network broke has left, and its reply may find nobody.
    on_the_way = [p for p in sent if began - ON_THE_WAY_NS < moment(p) < ended and p["outcome"].startswith("lost")]
    too_early = [p for p in on_the_way if moment(p) < began]
    check(len(too_early) < ON_THE_WAY_NS // 20_000_000, f"{len(too_early)} probes were lost before the network broke")
    certain = outcomes_of(p for p in sent if p not in on_the_way)
    allowed = {"delivered", *possible, *before_it_is_noticed}
    check(set(certain) <= allowed, f"outcomes {outcomes}, wanted only {sorted(allowed)}")
    # With the carrier the neighbour may be gone: then the kernel keeps probes until both are back, and they leave.
    kept = [p for p in sent if p["outcome"] == "delivered" and p["sender_tx_ns"] - p["scheduled_ns"] > KEPT_NS]
    check(certain.get(wanted, 0) + len(kept) >= 20,
          f"outcomes {outcomes}, {len(kept)} of them kept for a while: hardly any {wanted}")
    check_equal([sent[i]["outcome"] for i in (0, -1)], ["delivered"] * 2, "first and last probe")
    if wanted.startswith("unsent:"):
        check_equal(cause_sum(measured, wanted[7:]), outcomes.get(wanted, 0), f"summary.unsent.by_cause.{wanted[7:]}")
        check_equal(measured.summary["sent"], len(sent) - sum(outcomes.get(one, 0) for one in possible), "summary.sent")
        if not before_it_is_noticed:
            wanted_ratio = len(on_the_way) / measured.summary["sent"]
            check(abs(measured.summary["network_loss_ratio"] - wanted_ratio) < 1e-6,
                  f"summary.network_loss_ratio {measured.summary['network_loss_ratio']}, wanted {wanted_ratio}")
    return measured


def neighbour_unresolved():
    with Rig(emulated=False) as rig:
        for target in (f"10.77.0.99:{PORT}", f"[fd77::99]:{PORT}"):
            measured = rig.ping("-c", "20", "-i", "50ms", target=target)
            unresolved = only(measured, "unsent:neighbour_unresolved", 20)
            check_equal(cause_sum(measured, "neighbour_unresolved"), unresolved, "summary.unsent.by_cause")
            check_equal(measured.summary["loss_ratio"], 1, "summary.loss_ratio")
            check_equal(measured.summary["unreachable_ratio"], 1, "summary.unreachable_ratio")
            check("network_loss_ratio" not in measured.summary, "network_loss_ratio of nothing sent must be absent")
            check_equal(measured.summary["sent"], 0, "summary.sent")


def neighbour_unresolved_in_a_flood():
    """The kernel keeps 256 packets per neighbour and drops the oldest without a word; its errors are rate limited."""
    with Rig(emulated=False) as rig:
        measured = rig.ping("-c", "600", "-i", "2ms", target=f"10.77.0.99:{PORT}")
        check_all(measured, "unsent:neighbour_unresolved", 600)
        check_equal(measured.summary["received"], 0, "summary.received")
        check_equal(measured.summary["loss_ratio"], 1, "summary.loss_ratio")


def late_neighbour_answer():
    """Probes that waited for ARP have waited on this host: that is no network delay."""
    with Rig(emulated=False) as rig:
        rig.reflect(listen=[f"0.0.0.0:{PORT}"])
        # It asks each second, and is not to give up while a busy machine adds the address.
        rig.ip("sender", "ntable change name arp_cache dev s0 mcast_probes 30")
        started = rig.start_ping("-c", "150", "-i", "20ms", target=f"10.77.0.50:{PORT}")
        time.sleep(1.3)
        rig.ip("reflector", "addr add 10.77.0.50/24 dev r0")
        measured = rig.finish_ping(started)
        check_delivered(measured, 150, "outcomes")
        longest = measured.summary["rtt_ns"]["max"]
        print(f"  longest round trip {longest / 1e3:.0f} us")
        check(longest < 100_000_000, f"the wait for ARP shows as a round trip of {longest / 1e6:.0f} ms")


def host_died_after_it_was_known():
    """A stale neighbour entry is used until the probes to it fail: first lost in the network, then unresolved."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        rig.ip("sender", "ntable change name arp_cache dev s0 delay_probe 1000")
        # A new port after 5 s of silence would be another story.
        started = rig.start_ping("-c", "400", "-i", "20ms", "--loss-after", "1s", "--silence", "1h")
        rig.wait_for_probes(started, 20)
        # A dead host asks nothing either: its own ARP request would bring the entry back to life.
        rig.nft("reflector", "table netdev dead { chain in { type filter hook ingress device r0 priority 0; drop; } "
                             "chain out { type filter hook egress device r0 priority 0; drop; } }")
        rig.ip("sender", f"neigh change {REFLECTOR_V4} dev s0 nud stale")
        measured = rig.finish_ping(started)
        sent = in_time(measured)
        outcomes = outcomes_of(sent)
        print(f"  {outcomes}")
        check(set(outcomes) <= {"delivered", "lost_unknown", "unsent:neighbour_unresolved"}, f"outcomes {outcomes}")
        check(min(outcomes.get(name, 0) for name in ("delivered", "lost_unknown", "unsent:neighbour_unresolved")) > 10,
              f"outcomes {outcomes}")
        order = [probe["outcome"] for probe in sent]
        check_equal(order, sorted(order, key=["delivered", "lost_unknown", "unsent"].index), "outcomes in their order")


def no_route():
    with Rig(emulated=False) as rig:
        for target in (f"{BEYOND}:{PORT}", f"[2001:db8::7]:{PORT}"):
            measured = rig.ping("-c", "20", "-i", "10ms", target=target)
            only(measured, "unsent:no_route", 20)


def route_case(kind, cause):
    def run():
        with Rig(emulated=False) as rig:
            rig.ip("reflector", f"addr add {BEYOND}/32 dev lo")
            rig.ip("sender", f"route add {BEYOND}/32 via {REFLECTOR_V4}")
            rig.reflect("--allow", "10.77.0.0/24", listen=[f"{BEYOND}:{PORT}"])
            broken_for_a_while(rig, lambda: rig.ip("sender", f"route replace {kind} {BEYOND}/32"),
                               lambda: mend(rig), f"unsent:{cause}", target=f"{BEYOND}:{PORT}")

    def mend(rig):
        rig.ip("sender", f"route replace {BEYOND}/32 via {REFLECTOR_V4}")
    return run


def interface_down():
    with Rig(emulated=False) as rig:
        rig.reflect()
        broken_for_a_while(rig, lambda: rig.ip("sender", "link set s0 down"),
                           lambda: rig.ip("sender", "link set s0 up"), "unsent:interface_down")


def carrier_lost():
    with Rig(emulated=False) as rig:
        rig.reflect()
        broken_for_a_while(rig, lambda: rig.ip("reflector", "link set r0 down"),
                           lambda: rig.ip("reflector", "link set r0 up"), "unsent:dropped_locally")


def carrier_lost_behind_a_queue():
    """The send succeeds, nothing is reported; the missing stamp is the only sign. The kernel looks at its links
    once a second: until then the driver goes on taking packets, and stamps them. Then it forgets the neighbours of
    the link, unless the route still holds the old entry: it asks for three seconds, or drops what it is given."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        rig.run_in("sender", "tc", "qdisc", "add", "dev", "s0", "root", "pfifo", "limit", "1000")
        broken_for_a_while(rig, lambda: rig.ip("reflector", "link set r0 down"),
                           lambda: rig.ip("reflector", "link set r0 up"), ("unsent:dropped_locally", "unsent:neighbour_unresolved"),
                           seconds=2.5, before_it_is_noticed=["lost_forward"])


def source_address_gone():
    with Rig(emulated=False) as rig:
        rig.reflect()
        rig.ip("sender", "addr add 10.77.0.3/24 dev s0")
        broken_for_a_while(rig, lambda: rig.ip("sender", "addr del 10.77.0.3/24 dev s0"),
                           lambda: rig.ip("sender", "addr add 10.77.0.3/24 dev s0"), "unsent:address_gone",
                           "--source", "10.77.0.3")


def peer_closed():
    with Rig(emulated=False) as rig:
        rig.sysctl("reflector", "net/ipv4/icmp_ratelimit", 0)
        rig.sysctl("reflector", "net/ipv6/icmp/ratelimit", 0)
        for target in (f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"):
            measured = rig.ping("-c", "20", "-i", "10ms", "--loss-after", "1s", target=target)
            closed = only(measured, "peer_closed", 20)
            check_equal(measured.summary["sent"], closed, "summary.sent: they did leave")
            check_equal(measured.summary["loss_ratio"], 1, "summary.loss_ratio")


def peer_closed_with_few_errors():
    """The peer limits its ICMP errors: some probes have proof, the others are lost without direction."""
    with Rig(emulated=False) as rig:
        measured = rig.ping("-c", "60", "-i", "20ms", "--loss-after", "1s")
        outcomes = outcomes_of(in_time(measured))
        print(f"  {outcomes}")
        check(set(outcomes) <= {"peer_closed", "lost_unknown"} and outcomes.get("peer_closed", 0) > 0,
              f"outcomes {outcomes}")
        check_equal(measured.summary["loss_ratio"], 1, "summary.loss_ratio")


def filter_case(rules, table, wanted, namespace="sender"):
    def run():
        with Rig(emulated=False) as rig:
            rig.reflect()
            broken_for_a_while(rig, lambda: rig.nft(namespace, rules),
                               lambda: rig.nft(namespace, f"delete table {table}"), wanted)
    return run


def queue_full():
    """A full shaper refuses; what it delays leaves later, and that wait is no network delay."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        # Its solicitations would go through the same queue.
        rig.sysctl("sender", "net/ipv6/conf/s0/disable_ipv6", 1)
        check_delivered(rig.ping("-c", "5", "-i", "10ms"), 5, "outcomes without the shaper")
        rig.run_in("sender", "tc", "qdisc", "add", "dev", "s0", "root", "tbf", "rate", "200kbit", "burst", "2000",
                   "limit", "4000")
        measured = rig.ping("-c", "300", "-i", "5ms", "--size", "200", "--loss-after", "1s")
        queue = json.loads(rig.run_in("sender", "tc", "-j", "-s", "qdisc", "show", "dev", "s0"))[0]
        outcomes = outcomes_of(in_time(measured))
        print(f"  {outcomes}, the queue dropped {queue['drops']}")
        check_equal(set(outcomes), {"delivered", "unsent:dropped_locally"}, "kinds of outcomes")
        # The unmeasured probes at the end of a run may be among the dropped.
        unmeasured = measured.document["counters"]["unmeasured"]
        check(0 <= queue["drops"] - outcomes["unsent:dropped_locally"] <= unmeasured,
              f"the queue dropped {queue['drops']} packets, {unmeasured} unmeasured ones perhaps among them")
        longest = measured.summary["rtt_ns"]["max"]
        check(longest < 20_000_000, f"the shaper's wait shows as a round trip of {longest / 1e6:.0f} ms")


def larger_than_the_interface_takes():
    with Rig(emulated=False) as rig:
        rig.reflect()
        for namespace, device in (("sender", "s0"), ("reflector", "r0")):
            rig.ip(namespace, f"link set {device} mtu 1300")
        for target in (f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"):
            measured = rig.ping("-c", "20", "-i", "10ms", "--size", "1400", "--loss-after", "1s", target=target)
            only(measured, "too_big", 20)


#= RFC8085:no-fragments
def larger_than_the_path_takes():
    """A router in the middle says so; a probe sent before that is known is lost by the same cause."""
    with Rig() as rig:
        for namespace, device, v4 in (("sender", "s0", "10.77.1.1"), ("reflector", "r0", "10.77.2.2")):
            rig.ip(namespace, f"addr add {v4}/24 dev {device}")
            rig.ip(namespace, f"route add 10.77.{3 - int(v4[6])}.0/24 via {v4[:8]}9")
        rig.ip("middle", "addr add 10.77.1.9/24 dev left")
        rig.ip("middle", "addr add 10.77.2.9/24 dev right")
        rig.sysctl("middle", "net/ipv4/ip_forward", 1)
        rig.sysctl("middle", "net/ipv4/icmp_ratelimit", 0)
        rig.ip("middle", "link set right mtu 1300")
        rig.reflect(listen=[f"0.0.0.0:{PORT}"])
        target = f"10.77.2.2:{PORT}"
        check_delivered(rig.ping("-c", "5", "-i", "10ms", target=target), 5, "outcomes of small ones")
        only(rig.ping("-c", "20", "-i", "10ms", "--size", "1400", "--loss-after", "1s", target=target), "too_big", 20)


def taken_port():
    with Rig(emulated=False) as rig:
        rig.reflect(listen=[f"{REFLECTOR_V4}:{PORT}"])
        second = rig.reflect(listen=[f"{REFLECTOR_V4}:{PORT}"], wait=False)
        check_equal(second.wait(10), 3, "exit code of the second reflect")
        check("use" in second.err() and str(PORT) in second.err(), f"it should say which port is in use: {second.err()}")


OUTPUT = "table inet f {{ chain c {{ type filter hook {hook} priority 0; udp dport 23999 {verdict}; }} }}"
EGRESS = "table netdev f { chain c { type filter hook egress device s0 priority 0; udp dport 23999 drop; } }"

def drops_of(process, port):
    """Datagrams that found no room in the sockets of a port, as the kernel counts them."""
    lines = pathlib.Path(f"/proc/{process.popen.pid}/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines if int(line.split()[1].rpartition(":")[2], 16) == port)


def full_buffer_is_told():
    """What comes to a host that does not run finds no room in the end: it says so, with the kernel's number."""
    own_port = 50_000
    with Rig(emulated=False) as rig:
        rig.reflect()
        started = rig.start_ping("-c", "600", "-i", "20ms", "--source-port", str(own_port), "--loss-after", "1s")
        process = started[0]
        rig.wait_for_probes(started, 10)
        with socket_in("reflector", socket.AF_INET) as flood:
            process.popen.send_signal(signal.SIGSTOP)
            ends = time.monotonic() + 30
            while drops_of(process, own_port) < 100 and time.monotonic() < ends:
                for _ in range(1000):
                    flood.sendto(b"x" * 64, (SENDER_V4, own_port))
            process.popen.send_signal(signal.SIGCONT)
        poll_until(lambda: "no room" in process.err(), 20, "the event")
        full = drops_of(process, own_port)
        check(full >= 100, f"the kernel dropped only {full} datagrams")
        measured = rig.finish_ping(started)
        show("a full buffer", measured)
        check_equal(len(measured.probes), 600, "probes")
        check_equal(measured.document["counters"]["receive_buffer_full"], full, "what the session counted")
        check_equal(the_only(measured, "receive_buffer_full")["lost"], full, "what the event tells")
        check_equal(measured.code, 0, "exit code")


CASES = {
    "full_buffer_is_told": full_buffer_is_told,
    "neighbour_unresolved": neighbour_unresolved,
    "neighbour_unresolved_in_a_flood": neighbour_unresolved_in_a_flood,
    "late_neighbour_answer": late_neighbour_answer,
    "host_died_after_it_was_known": host_died_after_it_was_known,
    "no_route": no_route,
    "blackhole_route": route_case("blackhole", "no_route"),
    "unreachable_route": route_case("unreachable", "no_route"),
    "prohibit_route": route_case("prohibit", "refused_locally"),
    "interface_down": interface_down,
    "carrier_lost": carrier_lost,
    "carrier_lost_behind_a_queue": carrier_lost_behind_a_queue,
    "source_address_gone": source_address_gone,
    "peer_closed": peer_closed,
    "peer_closed_with_few_errors": peer_closed_with_few_errors,
    "filter_drops_output": filter_case(OUTPUT.format(hook="output", verdict="drop"), "inet f",
                                       "unsent:refused_locally"),
    "filter_drops_postrouting": filter_case(OUTPUT.format(hook="postrouting", verdict="drop"), "inet f",
                                            "unsent:refused_locally"),
    "filter_rejects_output": filter_case(OUTPUT.format(hook="output", verdict="reject"), "inet f",
                                         "unsent:refused_locally"),
    "filter_drops_egress": filter_case(EGRESS, "netdev f", "unsent:dropped_locally"),
    "filter_at_the_peer": filter_case(OUTPUT.format(hook="input", verdict="drop"), "inet f", "lost_forward",
                                      "reflector"),
    "queue_full": queue_full,
    "larger_than_the_interface_takes": larger_than_the_interface_takes,
    "larger_than_the_path_takes": larger_than_the_path_takes,
    "taken_port": taken_port,
}
