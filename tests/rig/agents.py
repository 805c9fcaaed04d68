# SPDX-License-Identifier: Apache-2.0
"""Agents that measure each other and reflect, on one port each, with sessions from a file and from variables."""

import re
import socket
import time

from emulator_itself import socket_in
from rig import (PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Process, Rig, check, check_equal, json_lines,
                 kernel_stamps_wanted, poll_until, program)

SECONDS = 4
CONFIG = f"""
result-every = "10s"
[defaults]
interval = "50ms"
silence = "1s"
[sessions.there]
host = "{REFLECTOR_V4}"
dscp = "EF"
[sessions.there-v6]
host = "{REFLECTOR_V6}"
"""


class Agent:
    """One that keeps nothing and answers nobody but what is measured, unless it is told otherwise."""

    def __init__(self, rig, namespace, *words, env=None, store="none", api="none"):
        self.results, self.events = (rig.directory / f"{namespace}-{what}.jsonl" for what in ("results", "events"))
        command = [program(), "agent", *words, "--results", str(self.results), "--events", str(self.events),
                   "--store", str(store), "--api", api]
        self.process = Process(rig, namespace, command, True, f"agent-{namespace}-{len(rig.processes)}", env)
        poll_until(lambda: self.process.popen.poll() is not None or rig.listens(self.process.pid), 20, "the agent listens")
        check(self.process.popen.poll() is None, f"the agent ended: {self.process.err()}")
        if api != "none":
            poll_until(lambda: "API on" in self.process.err(), 20, "the agent serves its API")

    def figures(self, session):
        """The summaries of the windows of a session."""
        return [line["summary"] for line in json_lines(self.results) if line["session"] == session]

    def told(self, session):
        return [line["event"] for line in json_lines(self.events) if line.get("session", "") == session]


def check_measured(agent, session, dscp):
    windows = agent.figures(session)
    check(windows, f"{session}: no result line\n{agent.process.err()}")
    sent, received = (sum(window[what] for window in windows) for what in ("sent", "received"))
    print(f"  {session}: {sent} sent, {received} received in {len(windows)} windows")
    check(sent >= SECONDS * 5, f"{session}: only {sent} probes were sent")
    # The other agent may have begun later.
    check(received >= 20, f"{session}: {received} of {sent} answered")
    answered = [window for window in windows if window["received"] > 0]
    for place in answered[0]["stamps"]:
        # When a reply truly left only later ones tell; and nobody, once their sender is gone.
        kernel = sum(window["stamps"][place]["counts"].get("kernel", 0) for window in answered)
        wanted = kernel_stamps_wanted(place, received - 2 * len(answered))
        check(kernel >= wanted, f"{session}: stamps {place}: {kernel} of {received} are the kernel's")
    for window in answered:
        check_equal(set(window["marks"]["forward"]["dscp"]), {str(dscp)}, f"{session}: DSCP seen there")


def agents_measure_each_other():
    with Rig(emulated=False) as rig:
        config = rig.directory / "agent.toml"
        config.write_text(CONFIG)
        there = Agent(rig, "reflector", env={"WIRESTAMP_SESSIONS": f"back={SENDER_V4} interval=50ms silence=1s"})
        here = Agent(rig, "sender", "--config", str(config))
        time.sleep(SECONDS)  # they measure each other
        check_equal(there.process.stop(), 0, "exit code of the agent that was stopped")
        for session in ("there", "there-v6"):
            poll_until(lambda name=session: [event for event in here.told(name) if event["kind"] == "peer_stopping"], PATIENCE,
                       f"{session}: the other agent is told that this one stops")
        check_equal(here.process.stop(), 0, "exit code of the other agent")
        check_measured(there, "back", 0)
        check_measured(here, "there", 46)
        check_measured(here, "there-v6", 0)
        # Both roles on one port, and the flow is the fixed one.
        for agent, sessions in ((here, 2), (there, 1)):
            told = agent.process.err()
            fixed = re.findall(rf"measuring \S+:{PORT} from \S+:{PORT}\b", told)
            check_equal(len(fixed), sessions, f"sessions with both ends on port {PORT}, in: {told}")


def an_agent_waits_for_what_is_not_there_yet():
    """A device that comes later is no reason not to start, and neither is a configuration without sessions."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        agent = Agent(rig, "sender", f"later={REFLECTOR_V4} interval=50ms device=d9")
        poll_until(lambda: "d9" in agent.process.err(), PATIENCE, "the agent says what is missing")
        rig.ip("sender", "link set s0 down")
        rig.ip("sender", "link set s0 name d9")
        rig.ip("sender", "link set d9 up")
        poll_until(lambda: "later: measuring" in agent.process.err(), 20, "the agent begins to measure")
        time.sleep(1)  # it measures
        check_equal(agent.process.stop(), 0, "exit code")
        received = sum(window["received"] for window in agent.figures("later"))
        check(received > 0, f"nothing was received: {agent.process.err()}")


def once(rig, port, *sessions):
    """Starts an agent that measures one window and ends."""
    command = [program(), "agent", "--once", "--result-every", "10s", "--listen", f":{port}", "--store", "none"]
    return Process(rig, "sender", command + list(sessions), True, f"once-{port}")


def an_agent_once():
    """One line for each session, and the exit code says whether all were answered."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        v4, v6, dead = f"v4={REFLECTOR_V4} interval=50ms", f"v6=[{REFLECTOR_V6}] interval=50ms", "dead=10.77.0.99"
        started = [(once(rig, 24001, v4, v6), 0), (once(rig, 24002, v4, dead), 1)]
        for process, wanted in started:
            code = process.wait(60)
            print(process.out(), end="")
            check_equal(code, wanted, f"exit code\n{process.err()}")
            found = re.findall(r"^\S+ (\S+): (\d+) sent", process.out(), re.MULTILINE)
            names = ["v4", "v6"] if wanted == 0 else ["dead", "v4"]
            check_equal(sorted(name for name, _ in found), names, f"sessions, a line each, in: {process.out()}")
            check_equal(len(process.out().splitlines()), 2, "lines")
            for name, sent in found:
                check(name == "dead" or int(sent) > 50, f"{name}: only {sent} were sent in 10 s")


def refused(rig, code, words, *flags):
    process = Process(rig, "sender", [program(), "agent", f"office={REFLECTOR_V4}", *flags], True,
                      f"refused-{len(rig.processes)}")
    check_equal(process.wait(20), code, f"exit code of {flags}: {process.err()}")
    lines = process.err().splitlines()
    print(f"  {' '.join(flags)}\n    {lines[-1:]}")
    check_equal([line.startswith("wirestamp: ") for line in lines], [False] * (len(lines) - 1) + [True],
                f"lines that complain, the last alone, of {flags}: {process.err()}")
    check(all(word in lines[-1] for word in words), f"{flags} want {words} in: {lines[-1]}")


def an_agent_refuses_bad_input():
    """Each names what is wrong and what would be taken."""
    with Rig(emulated=False) as rig:
        store = str(rig.directory / "agent.db")
        open_token, short_token, token = (rig.directory / name for name in ("open", "short", "token"))
        for path, text, mode in ((open_token, "a" * 32, 0o644), (short_token, "abc", 0o600), (token, "a" * 32, 0o600)):
            path.write_text(text + "\n")
            path.chmod(mode)
        (rig.directory / "file").write_text("no folder")
        for option, value, allowed in (("--store-size", "1KiB", "4"), ("--store-size", "many", "MiB"),
                                       ("--store-flush", "0s", "1s"), ("--keep-samples", "5s", "1m"),
                                       ("--loss-warning", "200%", "100"),
                                       ("--maintenance", "funday 02:00-04:00", "sat"),
                                       ("--webhook", "ftp://example.net/", "http"), ("--api", "127.0.0.1", "port"),
                                       ("--api-clients", "1", "4"), ("--log", "xml", "json"),
                                       ("--incident-quiet", "1s", "1m")):
            refused(rig, 2, [option, value, allowed], "--store", "none", option, value)
        with_store = ("--store", store)
        refused(rig, 2, [str(open_token), "chmod 600"], *with_store, "--api-token-file", str(open_token))
        refused(rig, 2, [str(short_token), "16"], *with_store, "--api-token-file", str(short_token))
        refused(rig, 3, ["nosuchfile"], *with_store, "--api-token-file", "/nosuchfile")
        for flags in ((), ("--api-token-file", str(token))):
            refused(rig, 2, ["loopback", "--api-token-file", "--api-certificate", "--api-key"], *with_store, "--api",
                    "10.77.0.1:8080", *flags)
        refused(rig, 2, ["--api-certificate", "--api-key"], *with_store, "--api-certificate", str(token))
        refused(rig, 3, ["folder", "cannot be made", str(rig.directory / "file")], "--api", "none", "--store",
                str(rig.directory / "file" / "agent.db"))
        with socket_in("sender", socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
            refused(rig, 3, ["127.0.0.1:8080", "--api"], *with_store, "--api", "127.0.0.1:8080")
        # What was refused left the file to the next one.
        agent = Agent(rig, "sender", f"office={REFLECTOR_V4}", store=store, api="127.0.0.1:8080")
        check_equal(agent.process.stop(), 0, "exit code of one that is right")


CASES = {case.__name__: case for case in (agents_measure_each_other, an_agent_waits_for_what_is_not_there_yet,
                                          an_agent_once, an_agent_refuses_bad_input)}
