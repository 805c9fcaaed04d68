# SPDX-License-Identifier: Apache-2.0
"""What an unprivileged program hears of the network around it, and what it does with that."""

import json
import signal
import time

from rig import (PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, Process, Rig, answered, built_beside_the_emulator, check,
                 check_equal, in_time, poll_until)


class Watch:
    def __init__(self, rig, namespace):
        self.process = Process(rig, namespace, [built_beside_the_emulator("rig_watch")], True, "watch")
        poll_until(lambda: "ready" in self.process.out() or self.process.popen.poll() is not None, PATIENCE, "the watch is ready")
        check(self.process.popen.poll() is None, f"the watch ended: {self.process.err()}")

    def changes(self):
        return [json.loads(line) for line in self.process.out().splitlines() if line.startswith("{")]

    def expect(self, after, **wanted):
        """Waits for a change with these values among those behind the first `after`; returns it."""
        def found():
            return next((change for change in self.changes()[after:]
                         if all(change.get(key, False) == value for key, value in wanted.items())), None)
        try:
            return poll_until(found, PATIENCE, f"a change {wanted}")
        finally:
            print(f"  {wanted}: {self.changes()[after:]}")


def addresses_come_and_go():
    with Rig(emulated=False) as rig:
        watch = Watch(rig, "sender")
        check_equal(watch.changes(), [], "changes of what was there before")
        for address, network, words in (("10.78.0.1", "10.78.0.0/24", ""), ("fd78::1", "fd78::/64", " nodad")):
            seen = len(watch.changes())
            length = network.split("/")[1]
            rig.ip("sender", f"addr add {address}/{length} dev s0{words}")
            watch.expect(seen, kind="address_added", interface="s0", address=address, network=network)
            seen = len(watch.changes())
            rig.ip("sender", f"addr del {address}/{length} dev s0")
            watch.expect(seen, kind="address_removed", interface="s0", address=address, network=network)
        # Tentative until nobody else claims it.
        seen = len(watch.changes())
        rig.ip("sender", "addr add fd78::2/64 dev s0")
        watch.expect(seen, kind="address_added", address="fd78::2", tentative=True)
        watch.expect(seen, kind="address_added", address="fd78::2", tentative=False)
        # Deprecated: it stays, and nothing new should use it. Said again, it is no change.
        seen = len(watch.changes())
        rig.ip("sender", "addr change fd78::2/64 dev s0 preferred_lft 0")
        watch.expect(seen, kind="address_added", address="fd78::2", deprecated=True)
        seen = len(watch.changes())
        for lifetime in (1000, 2000):
            rig.ip("sender", f"addr change fd78::2/64 dev s0 valid_lft {lifetime} preferred_lft 0")
        rig.ip("sender", "addr add 10.78.0.9/24 dev s0")
        watch.expect(seen, kind="address_added", address="10.78.0.9")
        repeated = [change for change in watch.changes()[seen:] if change.get("address") == "fd78::2"
                    and change["kind"] == "address_added"]
        check_equal(repeated, [], "changes of an address whose lifetime alone changed")


def links_go_down_and_up():
    with Rig(emulated=False) as rig:
        watch = Watch(rig, "sender")
        for namespace, device, by_hand in (("sender", "s0", True), ("reflector", "r0", False)):
            seen = len(watch.changes())
            rig.ip(namespace, f"link set {device} down")
            watch.expect(seen, kind="link_down", interface="s0", set_down=by_hand)
            seen = len(watch.changes())
            rig.ip(namespace, f"link set {device} up")
            watch.expect(seen, kind="link_up", interface="s0")
        seen = len(watch.changes())
        rig.ip("sender", "link set s0 mtu 1400")
        rig.ip("sender", "link del s0")
        watch.expect(seen, kind="link_gone", interface="s0")
        check_equal([change["kind"] for change in watch.changes()[seen:] if change["kind"] == "link_up"], [],
                    "changes of a link whose MTU alone changed")


def routes_are_replaced():
    with Rig(emulated=False) as rig:
        rig.ip("sender", f"route add default via {REFLECTOR_V4}")
        rig.ip("sender", f"-6 route add default via {REFLECTOR_V6}")
        watch = Watch(rig, "sender")
        for family, gateway, network in (("-4", "10.77.0.7", "0.0.0.0/0"), ("-6", "fd77::7", "::/0")):
            seen = len(watch.changes())
            rig.ip("sender", f"{family} route replace default via {gateway}")
            watch.expect(seen, kind="route_changed", interface="s0", address=gateway, network=network, removed=False)
            seen = len(watch.changes())
            rig.ip("sender", f"{family} route del default")
            watch.expect(seen, kind="route_changed", network=network, removed=True)
        seen = len(watch.changes())
        rig.ping("-c", "3", "-i", "10ms", target=f"10.77.0.99:{PORT}")
        watch.expect(seen, kind="neighbour_failed", interface="s0", address="10.77.0.99")


def many_changes(rig, namespace, device):
    batch = "".join(f"addr add 10.{100 + n // 250}.{n % 250}.1/24 dev {device}\n"
                    f"addr del 10.{100 + n // 250}.{n % 250}.1/24 dev {device}\n" for n in range(3000))
    rig.run(rig.inside(namespace) + ["ip", "-batch", "-"], input=batch)


def too_many_changes():
    """More than the socket holds while the program does not run: it is told to look again."""
    with Rig(emulated=False) as rig:
        watch = Watch(rig, "sender")
        watch.process.popen.send_signal(signal.SIGSTOP)
        many_changes(rig, "sender", "s0")
        rig.ip("sender", "addr add 10.78.0.1/24 dev s0")
        watch.process.popen.send_signal(signal.SIGCONT)
        poll_until(lambda: any(change["kind"] == "unknown" for change in watch.changes()), PATIENCE, "a change `unknown`")
        # It knows the present: what is there already is no news, what goes is.
        seen = len(watch.changes())
        rig.ip("sender", "addr del 10.78.0.1/24 dev s0")
        watch.expect(seen, kind="address_removed", address="10.78.0.1")


def check_answered(rig, target, wanted, what):
    """All of the probes to this target are answered, or none."""
    sent = in_time(rig.ping("-c", "20", "-i", "10ms", "--loss-after", "300ms", target=target))
    check_equal(sum(answered(probe["outcome"]) for probe in sent), len(sent) if wanted else 0, what)


def reflector_before_its_network():
    """Public networks are answered when they are connected, whenever they came up."""
    with Rig(emulated=False) as rig:
        reflector = rig.reflect(listen=[f"0.0.0.0:{PORT}", f"[::]:{PORT}"])
        for here, there, brackets in (("198.51.100.1", "198.51.100.2", "{}"), ("2001:db8:1::1", "2001:db8:1::2", "[{}]")):
            length, nodad = (64, " nodad") if ":" in here else (24, "")
            rig.ip("sender", f"addr add {here}/{length} dev s0{nodad}")
            # A route back, but no network of ours: refused.
            rig.ip("reflector", f"route add {here} dev r0")
            rig.ip("sender", f"route add {REFLECTOR_V6 if nodad else REFLECTOR_V4} dev s0 src {here}")
            target = f"{brackets.format(REFLECTOR_V6 if nodad else REFLECTOR_V4)}:{PORT}"
            check_answered(rig, target, False, f"answers to {here}, not connected yet")
            rig.ip("reflector", f"addr add {there}/{length} dev r0{nodad}")
            check_answered(rig, target, True, f"answers to {here} once it is connected")
            rig.ip("reflector", f"addr del {there}/{length} dev r0")
            rig.ip("reflector", f"route replace {here} dev r0")
            time.sleep(0.2)
            check_answered(rig, target, False, f"answers to {here}, connected no more")
        # The same when the news were too many to be read.
        reflector.popen.send_signal(signal.SIGSTOP)
        many_changes(rig, "reflector", "r0")
        rig.ip("reflector", "addr add 198.51.100.2/24 dev r0")
        reflector.popen.send_signal(signal.SIGCONT)
        check_answered(rig, f"{REFLECTOR_V4}:{PORT}", True, "answers after too many changes")


def a_moved_address_is_named_at_once():
    """The list of our own addresses is not asked for each error, and still is never out of date."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        rig.ip("sender", "addr add 10.77.0.3/24 dev s0")
        started = rig.start_ping("-c", "600", "-i", "5ms", "--source", "10.77.0.3", "--loss-after", "500ms")
        rig.wait_for_probes(started)
        for _ in range(4):
            time.sleep(0.15)
            # First an error with the address there, so that the list is read, then one without it.
            rig.ip("sender", f"route add blackhole {REFLECTOR_V4}/32")
            time.sleep(0.05)
            rig.ip("sender", f"route del blackhole {REFLECTOR_V4}/32")
            rig.ip("sender", "addr del 10.77.0.3/24 dev s0")
            time.sleep(0.05)
            rig.ip("sender", "addr add 10.77.0.3/24 dev s0")
        measured = rig.finish_ping(started)
        outcomes = measured.outcomes()
        print(f"  {outcomes}")
        check(set(outcomes) <= {"delivered", "unsent:no_route", "unsent:address_gone", "late_schedule",
                                 "lost_backward", "lost_unknown"}, outcomes)  # a reply to an address just removed
        gone = [n for n, probe in enumerate(measured.probes)
                if probe["outcome"] == "unsent" and probe["cause"] == "address_gone"]
        check(len(gone) >= 4 * 5, f"only {len(gone)} probes found the address gone")


def a_device_made_anew_is_followed():
    """Both ends are bound to an interface which is deleted and made again: the same ports go on."""
    with Rig(emulated=False) as rig:
        rig.reflect("--device", "r0")
        flags = ("-c", "240", "-i", "50ms", "--device", "s0", "--loss-after", "500ms")
        fixed = ("--port-policy", "fixed", "--source-port", "5000")
        started = {"v4": rig.start_ping(*flags, *fixed),
                   "v6": rig.start_ping(*flags, *fixed, target=f"[{REFLECTOR_V6}]:{PORT}")}
        for ping in started.values():
            rig.wait_for_probes(ping)
        time.sleep(1)
        rig.ip("sender", "link del s0")
        time.sleep(0.5)
        rig.join("sender", "s0", "reflector", "r0")
        rig.number()
        for family, ping in started.items():
            measured = rig.finish_ping(ping)
            outcomes = [probe["outcome"] for probe in in_time(measured)]
            print(f"  {family}: {measured.outcomes()}")
            check(all(map(answered, outcomes[-40:])), f"outcomes of the last probes, {family}: {outcomes[-40:]}")
            check("delivered" in outcomes[:10] and set(outcomes) != {"delivered"}, f"nothing is proved: {outcomes}")


CASES = {
    "addresses_come_and_go": addresses_come_and_go,
    "links_go_down_and_up": links_go_down_and_up,
    "routes_are_replaced": routes_are_replaced,
    "too_many_changes": too_many_changes,
    "reflector_before_its_network": reflector_before_its_network,
    "a_moved_address_is_named_at_once": a_moved_address_is_named_at_once,
    "a_device_made_anew_is_followed": a_device_made_anew_is_followed,
}
