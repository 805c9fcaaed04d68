# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers: a store that outlives a kill."""

import http.client
import json
import signal
import socket

from agents import Agent
from emulator_itself import socket_in
from rig import REFLECTOR_V4, Process, Rig, check, check_equal, poll_until, program

API = ("127.0.0.1", 8080)  # each namespace has a loopback of its own
# Windows are told some 12 s after their end.
DECIDED = 60


class Api:
    """The agent's API, asked from within its namespace."""

    def __init__(self, namespace):
        self.namespace = namespace

    def _connect(self, seconds):
        connection = http.client.HTTPConnection(*API)
        connection.sock = socket_in(self.namespace, socket.AF_INET, socket.SOCK_STREAM)
        connection.sock.settimeout(seconds)
        connection.sock.connect(API)
        return connection

    def ask(self, path, method="GET", token=None):
        """Status and text."""
        connection = self._connect(20)
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def get(self, path):
        status, text = self.ask(path)
        check_equal(status, 200, f"status of {path}: {text}")
        return json.loads(text)

    def events(self, *kinds):
        """What is kept of these kinds, oldest first."""
        return [event for event in self.get("/api/v1/events")["events"] if event["event"]["kind"] in kinds]

    def session(self, name):
        found = [one for one in self.get("/api/v1/sessions")["sessions"] if one["name"] == name]
        return found[0] if found else {}

    def is_up(self, name):
        return self.session(name).get("state") == "up"

    def windows(self, name):
        return self.get(f"/api/v1/sessions/{name}/windows?from=-30m&step=1s")["windows"]


def said_by(rig, *words, code=0, what="out"):
    """Runs the program to its end; what it printed."""
    process = Process(rig, "sender", [program(), *words], True, f"said-{len(rig.processes)}")
    check_equal(process.wait(30), code, f"exit code of {' '.join(words)}: {process.err()}")
    return process.out() if what == "out" else process.err()


# --- a kill ----------------------------------------------------------------------------------------------


def by_begin(windows):
    found = {}
    for window in windows:
        check(window["begin"] not in found, f"two windows begin at {window['begin']}")
        found[window["begin"]] = window
    return found


def nothing_is_lost_by_kill():
    with Rig(emulated=False) as rig:
        rig.reflect()
        store = rig.directory / "agent.db"
        words = (f"office={REFLECTOR_V4} interval=50ms", "--store-flush", "1s")
        api = Api("sender")
        agent = Agent(rig, "sender", *words, store=store, api=f"{API[0]}:{API[1]}")
        poll_until(lambda: len(api.windows("office")) >= 5, DECIDED, "windows are kept")
        said = said_by(rig, "agent", "--listen", ":24003", "--api", "none", "--store", str(store), f"b={REFLECTOR_V4}",
                       code=3, what="err")
        check("another agent" in said and str(store) in said, f"a second agent on the same file was told: {said}")
        before, events = by_begin(api.windows("office")), api.get("/api/v1/events")["events"]
        check(events, "no event is kept")
        agent.process.stop(signal.SIGKILL)
        again = Agent(rig, "sender", *words, store=store, api=f"{API[0]}:{API[1]}")
        newest = max(before)
        poll_until(lambda: max(by_begin(api.windows("office"))) > newest and api.is_up("office"), DECIDED,
                   "it measures and keeps again")
        after = by_begin(api.windows("office"))
        for begin, window in before.items():
            check_equal(after.get(begin), window, f"the window of {begin} after the kill")
        poll_until(lambda: api.get("/api/v1/events")["events"][-1]["id"] > events[-1]["id"], 20, "a new event is kept")
        ids = [event["id"] for event in api.get("/api/v1/events")["events"]]
        print(f"  {len(before)} windows before the kill, {len(after)} after it; ids of events {ids}")
        check_equal(ids[:len(events)], [event["id"] for event in events], "ids of the events before the kill")
        check_equal(sorted(set(ids)), ids, "ids of events, each once and rising")
        check_equal(again.process.stop(), 0, "exit code")


CASES = {case.__name__: case for case in (nothing_is_lost_by_kill,)}
