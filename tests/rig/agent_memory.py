# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers and tells: a configuration that is read again, a store that outlives a kill."""

import http.client
import json
import re
import signal
import socket

from agents import Agent
from emulator_itself import socket_in
from rig import REFLECTOR_V4, REFLECTOR_V6, Process, Rig, check, check_equal, poll_until, program

API = ("127.0.0.1", 8080)  # each namespace has a loopback of its own
TOKEN = "0123456789abcdef0123456789abcdef"
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

    def metrics(self):
        """{"wirestamp_up{session=\"a\"}": 1.0, ...}."""
        status, text = self.ask("/metrics")
        check_equal(status, 200, "status of /metrics")
        return {name: float(value) for name, value in re.findall(r"^(wirestamp_\S+) (\S+)$", text, re.MULTILINE)}


def said_by(rig, *words, code=0, what="out"):
    """Runs the program to its end; what it printed."""
    process = Process(rig, "sender", [program(), *words], True, f"said-{len(rig.processes)}")
    check_equal(process.wait(30), code, f"exit code of {' '.join(words)}: {process.err()}")
    return process.out() if what == "out" else process.err()


# --- a configuration that is read again ------------------------------------------------------------------


def table(name, host, more=""):
    return f'[sessions.{name}]\nhost = "{host}"\n{more}'


STAYS = '[defaults]\ninterval = "50ms"\n' + table("stays", REFLECTOR_V4, "source-port = 24002\n")


class Reloaded:
    """An agent whose file is written anew as editors do it: beside it, then renamed."""

    def __init__(self, rig):
        self.rig, self.file = rig, rig.directory / "agent.toml"
        token = rig.directory / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        self.write(STAYS + table("goes", REFLECTOR_V6))
        self.agent = Agent(rig, "sender", "--config", str(self.file), "--api-token-file", str(token), "--store-flush",
                           "1s", store=rig.directory / "agent.db", api=f"{API[0]}:{API[1]}")
        self.api = Api("sender")

    def write(self, text):
        beside = self.file.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.file)

    def told(self, kind):
        return [event["text"] for event in self.agent.told("") if event["kind"] == kind]

    def wait_told(self, kind, words, count=1):
        poll_until(lambda: sum(words in text for text in self.told(kind)) == count, 10,
                   f"{kind} with '{words}', {count} of them\n{self.agent.process.err()}")

    def reload(self, token=None):
        return self.api.ask("/api/v1/reload", "POST", token)


def check_untouched(agent, api, local):
    """The session that stayed has one flow, every number once, and lost nothing."""
    check_equal(api.session("stays")["local"], local, "address and port of the session that stayed")
    check_equal(len(api.get("/api/v1/sessions/stays/flows")["flows"]), 1, "flows of the session that stayed")
    numbers = [one["probe"] for one in api.get("/api/v1/sessions/stays/samples?from=-30m&limit=10000")["samples"]]
    check(len(numbers) > 100, f"only {len(numbers)} samples")
    # Of the last ones some may be decided before others.
    settled = [number for number in numbers if number < max(numbers) - 20]
    check_equal(sorted(settled), list(range(len(settled))), "numbers of the probes")
    check_equal(agent.process.stop(), 0, "exit code")
    figures = agent.figures("stays")
    sent, received = (sum(window[what] for window in figures) for what in ("sent", "received"))
    print(f"  stays: {sent} sent, {received} received")
    check_equal(received, sent, "answered probes of the session that stayed, of those sent")


def a_reload_touches_only_what_changed():
    with Rig(emulated=False) as rig:
        rig.reflect()
        run = Reloaded(rig)
        api = run.api
        for session in ("stays", "goes"):
            poll_until(lambda name=session: api.is_up(name), 20, f"{session} is measured")
        local = api.session("stays")["local"]
        run.write(STAYS + table("comes", REFLECTOR_V6))
        run.wait_told("configuration_reloaded", "session 'comes' is new")
        run.wait_told("configuration_reloaded", "session 'goes' ends")
        poll_until(lambda: api.is_up("comes"), 20, "the new session is measured")
        poll_until(lambda: not api.session("goes").get("configured"), 20, "the other one is over")
        # Wrong: what ran runs on.
        run.write(STAYS + table("comes", REFLECTOR_V6, 'dscp = "EFF"\n'))
        run.wait_told("configuration_refused", "dscp")
        # It measures: ready it is, but not well.
        check_equal(api.ask("/readyz")[0], 200, "status of /readyz with a wrong file")
        poll_until(lambda: api.metrics()["wirestamp_configuration_last_reload_successful"] == 0, 10, "metrics tell it")
        check(api.is_up("stays") and api.is_up("comes"), "what ran before should run on")
        status, text = run.reload(TOKEN)
        check(status == 422 and "dscp" in text, f"a reload of a wrong file: {status} {text}")
        check_equal(run.reload()[0], 401, "status of a reload without token")
        check_equal(run.reload(TOKEN[::-1])[0], 401, "status of a reload with another token")
        run.write(STAYS + table("comes", REFLECTOR_V6))
        poll_until(lambda: api.metrics()["wirestamp_configuration_last_reload_successful"] == 1, 10, "it is well again")
        check_equal(run.reload(TOKEN)[0], 200, "status of a reload with the token")
        # The mended file, and the reload that was asked for.
        run.wait_told("configuration_reloaded", "nothing changed", 2)
        run.agent.process.popen.send_signal(signal.SIGHUP)
        run.wait_told("configuration_reloaded", "nothing changed", 3)
        poll_until(lambda: len(api.windows("comes")) >= 2, DECIDED, "windows of the new session are kept")
        check_untouched(run.agent, api, local)


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


CASES = {case.__name__: case for case in (a_reload_touches_only_what_changed, nothing_is_lost_by_kill)}
