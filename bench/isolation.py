# SPDX-License-Identifier: Apache-2.0
"""Whether measuring is disturbed by what an agent does besides: its API under load, its store on a slow disk, a name
server and a webhook that never answer.

Two agents measure at the same time on the same machine, with the same sessions, a store and an API each. One of them
has the trouble, the other one is a bystander that only shares the machine with it (and with the load generator). What
the trouble costs the machine both pay; what it costs by sharing a process only the first one does.

The slow disk is a library that makes each sync of the store last 0.7 s more and each write 3 ms (slow_disk.cc). The
name server is a socket on loopback that never answers, asked for 20 sessions with names; the webhook is one that
takes connections and is silent, told of a session whose host does not exist. `seen` counts the requests, slow
writes, questions or connections, which shows that there was trouble.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

import rig as rig_module
from load import each_round, median, rounds
from rig import PORT, REFLECTOR_V4, Process, Rig, check, poll_until
from running_agent import RunningAgent, loss, many_reflectors, total

BUILD = pathlib.Path(os.environ["WIRESTAMP_DEV_BUILD"])
SESSIONS, INTERVAL = 20, "50ms"
WINDOW_SECONDS = 10
SETTLE_SECONDS, SECONDS = WINDOW_SECONDS, 2 * WINDOW_SECONDS
HOOK_PORT = 9_000
TROUBLES = {
    "nothing": (),
    "API under load": ("api",),
    "slow disk": ("disk",),
    "silent name server": ("dns",),
    "silent webhook": ("hook",),
    "all of it": ("api", "disk", "dns", "hook"),
}


def use_name_server():
    """In this mount namespace, where the rig is: one at 127.0.0.1."""
    path = pathlib.Path(os.path.realpath("/etc/resolv.conf"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    own = pathlib.Path("/run/resolv.conf.silent")
    own.write_text("nameserver 127.0.0.1\n", encoding="ascii")
    subprocess.run(["mount", "--bind", own, path], check=True)


def silent(rig, namespace, address, port):
    log = rig.directory / f"silent-{port}.log"
    server = pathlib.Path(__file__).with_name("silent_server.py")
    command = ["/usr/bin/python3", str(server), address, str(port), str(log)]
    Process(rig, namespace, command, False, f"silent-{port}")
    poll_until(lambda: log.exists() and log.read_text(encoding="ascii"), 5, "the silent server is there")
    return lambda: log.read_text(encoding="ascii").count("\n") - 1


class Trouble:
    """Of one kind or several, from before its agent starts until the round is over."""

    def __init__(self, rig, kinds):
        self.rig, self.kinds, self.seen, self.load = rig, kinds, {}, None
        self.words, self.env, self.more = [], {}, ""
        if "disk" in kinds:
            log = rig.directory / "slow-disk.log"
            self.env = {"LD_PRELOAD": str(BUILD / "bench" / "libslow_disk.so"), "SLOW_DISK_LOG": str(log)}
            self.seen["slow writes"] = lambda: log.stat().st_size if log.exists() else 0
        if "dns" in kinds:
            self.seen["questions"] = silent(rig, "sender", "127.0.0.1", 53)
            self.more += "".join(f'[sessions.name{i}]\nhost = "host-{i}.example.com"\n' for i in range(20))
        if "hook" in kinds:
            self.seen["connections"] = silent(rig, "reflector", REFLECTOR_V4, HOOK_PORT)
            self.words += ["--webhook", f"http://{REFLECTOR_V4}:{HOOK_PORT}/in"]
            self.more += '[sessions.dead]\nhost = "10.77.0.99"\nsilence = "1s"\n'

    def begin(self, agent, seconds):
        if "api" in self.kinds:
            url = f"http://127.0.0.1:{agent.api}/api/v1/sessions"
            self.load = subprocess.Popen(self.rig.inside("sender") + ["wrk", "-t1", "-c8", f"-d{seconds}s", url],
                                         stdout=subprocess.PIPE, text=True)

    def end(self):
        """What was seen of it; each kind must have been there."""
        found = {what: count() for what, count in self.seen.items()}
        if self.load:
            said = self.load.communicate(timeout=30)[0]
            check("Non-2xx" not in said, f"the API refuses the load: {said}")
            found["requests"] = int(re.search(r"(\d+) requests in", said).group(1))
        for what, count in found.items():
            check(count > 0, f"there was no trouble: no {what}")
        return found


def figures(windows):
    check(windows, "an agent told no whole window")
    late = [window["schedule_error_ns"] for window in windows]
    return {"p50": median([one["p50"] for one in late]) / 1e3, "p99": median([one["p99"] for one in late]) / 1e3,
            "max": max(one["max"] for one in late) / 1e3, "due": total(windows, "scheduled"),
            "unsent": total(windows, "scheduled") - total(windows, "sent"), "loss": loss(windows) * 100}


def one_round(kinds):
    with Rig(emulated=False) as rig:
        reflector = rig.reflect("--rate", "0", "--total-rate", "0", listen=[f":{PORT}", f":{PORT + 1}"])
        many_reflectors(rig)
        trouble = Trouble(rig, kinds)
        flush, every = ["--store-flush", "1s"], f"{WINDOW_SECONDS}s"
        agents = [RunningAgent(rig, SESSIONS, PORT, INTERVAL, flush + trouble.words, trouble.env, trouble.more, every),
                  RunningAgent(rig, SESSIONS, PORT + 1, INTERVAL, flush, result_every=every)]
        trouble.begin(agents[0], SETTLE_SECONDS + SECONDS)
        time.sleep(SETTLE_SECONDS + SECONDS)
        seen = trouble.end()
        found = [figures(agent.stop(parts=False)) for agent in agents]
        reflector.stop()
    return found, seen


def print_row(name, of, seen):
    print(f"{name:34}{of['p50']:9.0f}{of['p99']:9.0f}{of['max']:9.0f}{of['due']:10}{of['unsent']:8}"
          f"{of['loss']:10.4f}  " + ", ".join(f"{count} {what}" for what, count in seen.items()), flush=True)


def main():
    rig_module.enter()
    use_name_server()
    print(f"{SESSIONS} sessions with a probe every {INTERVAL} in each of two agents; medians of {rounds(3)} rounds of "
          f"{SETTLE_SECONDS + SECONDS} s")
    print(f"{'':34}{'schedule error, us':>27}{'probes':>18}{'lost %':>10}")
    print(f"{'':34}{'p50':>9}{'p99':>9}{'max':>9}{'due':>10}{'unsent':>8}{'':>10}  seen")
    results = {name: [] for name in TROUBLES}
    for _ in each_round(3):
        for name, kinds in TROUBLES.items():
            results[name].append(one_round(kinds))
    for name, found in results.items():
        seen = {what: median([one[1][what] for one in found]) for what in found[0][1]}
        for index, who in enumerate((name, "    bystander")):
            agents = [one[0][index] for one in found]
            print_row(who, {key: median([one[key] for one in agents]) for key in agents[0]}, {} if index else seen)


if __name__ == "__main__":
    sys.exit(main())
