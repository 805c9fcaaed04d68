# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers and tells: incidents, reports and metrics against the emulator's log, a configuration that is
read again, a store that outlives a kill."""

import html.parser
import http.client
import json
import re
import signal
import socket
import threading

from agents import Agent
from emulator_itself import socket_in
from rig import (PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Process, Rig, check, check_equal, poll_until,
                 program)
from truth import Log

API = ("127.0.0.1", 8080)  # each namespace has a loopback of its own
OWN_PORT = 24001
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

    def live(self, path):
        return Live(self._connect(None), path)


class Live:
    """The messages of a stream, as they come: (kind, object)."""

    def __init__(self, connection, path):
        self.messages = []
        self.connection = connection
        connection.request("GET", path)
        answer = connection.getresponse()
        check_equal(answer.status, 200, f"status of {path}")
        threading.Thread(target=self._read, args=(answer,), daemon=True).start()

    def _read(self, answer):
        kind = None
        for line in answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                self.messages.append((kind, json.loads(value)))

    def of(self, kind):
        return [message for told, message in list(self.messages) if told == kind]

    def outages(self):
        """Ids of the events of outages."""
        return [message["id"] for message in self.of("event") if message["event"]["kind"].startswith("outage")]


def metric(metrics, name, session, **labels):
    """The sum over all series with these labels."""
    wanted = {f'{label}="{value}"' for label, value in {"session": session, **labels}.items()}
    found = [value for series, value in metrics.items()
             if series.partition("{")[0] == name and wanted <= set(re.findall(r'\w+="[^"]*"', series))]
    check(found, f"no metric {name} with {wanted}")
    return int(sum(found))


def said_by(rig, *words, code=0, what="out"):
    """Runs the program to its end; what it printed."""
    process = Process(rig, "sender", [program(), *words], True, f"said-{len(rig.processes)}")
    check_equal(process.wait(30), code, f"exit code of {' '.join(words)}: {process.err()}")
    return process.out() if what == "out" else process.err()


# --- an outage -------------------------------------------------------------------------------------------


class TrueOutage:
    """What the emulator threw away, and what it let through beside it. Bursts have counts of their own: no outage tells
    of them."""

    def __init__(self, log, bursts):
        self.seen = log.requests
        self.thrown = sum("exit_ns" not in record for record in self.seen)
        self.requests = [record for record in self.seen if record["sequence"] not in bursts]
        thrown = [i for i, record in enumerate(self.requests) if "exit_ns" not in record]
        check(thrown, "the emulator threw nothing away")
        check_equal(thrown, list(range(thrown[0], thrown[-1] + 1)), "requests that were thrown away, in one row")
        check(0 < thrown[0] and thrown[-1] + 1 < len(self.requests), "requests before and after those thrown away")
        self.lost = len(thrown)
        self.last_good, self.first_lost, self.last_lost, self.first_good = (
            self.requests[i]["entry_ns"] for i in (thrown[0] - 1, thrown[0], thrown[-1], thrown[-1] + 1))

    def previous(self, entry_ns):
        """When the request before this one was seen."""
        return max((record["entry_ns"] for record in self.seen if record["entry_ns"] < entry_ns), default=0)

    def check_bounds(self, event):
        """Each edge is the very probe: it left after the one before it was seen here, and not after itself was."""
        for edge in ("last_good", "first_lost", "first_good"):
            told, true = event[edge]["left_ns"], getattr(self, edge)
            print(f"  {edge}: left {(true - told) / 1000:.0f} us before the emulator saw it")
            check(self.previous(true) < told <= true, f"{edge} is told as {told}, the emulator saw it at {true}")
        check_equal(event["lost"], self.lost, "probes lost in the outage")
        check(event["at_least_ns"] <= self.first_good - self.first_lost and
              self.last_lost - self.first_lost <= event["at_most_ns"],
              f"{event['at_least_ns']} to {event['at_most_ns']} ns do not contain the true outage")


class Page(html.parser.HTMLParser):
    """The text of a page, and what it would run or load."""

    def __init__(self, text):
        super().__init__()
        self.words, self.active = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "link", "img"):
            self.active.append(tag)
        self.active += [name for name, _ in attributes if name.startswith("on") or name == "src"]

    def handle_data(self, data):
        self.words.append(data)

    def text(self):
        return " ".join(" ".join(self.words).split())


def check_told_once(agent, api, live):
    """One incident with one begin and one end, wherever they are asked for; returns it and its end."""
    incidents = api.get("/api/v1/incidents?session=office")["incidents"]
    check_equal([one["severity"] for one in incidents], ["error"], "incidents")
    incident = incidents[0]
    edges = api.events("outage_began", "outage_ended")
    check_equal([one["event"]["kind"] for one in edges], ["outage_began", "outage_ended"], "edges of outages")
    check_equal([one["incident"] for one in edges], [incident["id"]] * 2, "the incident they belong to")
    one = api.get(f"/api/v1/incidents/{incident['id']}")
    check([event for event in one["events"] if event["id"] == edges[1]["id"]], f"the incident lacks its end: {one}")
    told = [event["kind"] for event in agent.told("office") if event["kind"].startswith("outage")]
    check_equal(told, ["outage_began", "outage_ended"], "outages in the file of --events")
    check_equal(live.outages(), [edge["id"] for edge in edges], "outages in the live stream")
    streamed = {message["id"] for message in live.of("incident") if message["session"] == "office"}
    check_equal(streamed, {incident["id"]}, "incidents in the live stream")
    return incident, edges[1]["event"]


def check_reports(rig, store, incident, event):
    """The commands that read the store, while the agent writes to it."""
    table = said_by(rig, "report", "--store", store)
    row = next((line.split() for line in table.splitlines() if line.startswith("office")), None)
    check(row, f"no line of the session in: {table}")
    report = said_by(rig, "report", "office", "--store", store)
    check(f"#{incident['id']} " in report, f"the incident is not named in: {report}")
    document = json.loads(said_by(rig, "report", "office", "--store", store, "--format", "json"))
    outages = document["period"]["outages"]
    check_equal([(one["ended"], one["incident"], one["lost"]) for one in outages],
                [(True, incident["id"], event["lost"])], "outages of the report")
    number = str(incident["id"])
    evidence = json.loads(said_by(rig, "evidence", number, "--store", store, "--json"))
    check_equal(evidence["incident"]["id"], incident["id"], "incident of the evidence")
    check_equal([(one["over"], one["lost"]) for one in evidence["outages"]], [(True, event["lost"])],
                "outages of the evidence")
    check_equal([evidence["outages"][0][edge]["probe"] for edge in ("last_good", "first_lost", "first_good")],
                [event[edge]["probe"] for edge in ("last_good", "first_lost", "first_good")], "probes that bound it")
    page = Page(said_by(rig, "evidence", number, "--store", store))
    check_equal(page.active, [], "what the page would run or load")
    for words in (f"{SENDER_V4}:{OWN_PORT}", f"{REFLECTOR_V4}:{PORT}", incident["title"]):
        check(words in page.text(), f"'{words}' is not in the page: {page.text()[:2000]}")


def stop_sending(rig):
    """A filter of this host: what is not sent is not counted as sent, and what was sent is still answered."""
    rig.nft("sender", "table ip quiet { chain out { type filter hook output priority 0; "
                      f"udp dport {PORT} drop; }} }}")


def an_outage_is_an_incident():
    with Rig() as rig:
        rig.reflect()
        emulator, log = rig.emulate("--forward-drop-list", "60-99")
        store = str(rig.directory / "agent.db")
        agent = Agent(rig, "sender", f"office={REFLECTOR_V4} interval=100ms source-port={OWN_PORT} silence=1s "
                      "loss-after=1s heal-after=never", "--store-flush", "1s", store=store, api=f"{API[0]}:{API[1]}")
        api = Api("sender")
        live = api.live("/api/v1/live?kind=event&kind=incident&session=office")
        poll_until(lambda: api.events("outage_ended") and len(live.outages()) >= 2, 30, "the end of the outage is told")
        incident, event = check_told_once(agent, api, live)
        # Windows with the whole outage.
        poll_until(lambda: metric(api.metrics(), "wirestamp_probes_total", "office", outcome="lost") >= event["lost"],
                   DECIDED, "the losses are counted")
        poll_until(lambda: sum(sum(one["lost"].values()) for one in api.windows("office")) >= event["lost"], PATIENCE,
                   "the losses are kept")
        check_reports(rig, store, incident, event)
        stop_sending(rig)
        # Unsent ones are decided after all that was sent.
        poll_until(lambda: metric(api.metrics(), "wirestamp_probes_total", "office", outcome="unsent") >= 20, DECIDED,
                   "probes that were not sent are counted")
        check_equal(emulator.stop(), 0, "exit code of the emulator")
        samples = api.get("/api/v1/sessions/office/samples?from=-10m&limit=10000")["samples"]
        true = TrueOutage(Log(log), {sample["sequence"] for sample in samples if sample.get("burst")})
        true.check_bounds(event)
        counted = api.metrics()
        sent, lost = (sum(metric(counted, name, "office", **labels) for name, labels in both) for both in (
            (("wirestamp_probes_sent_total", {}), ("wirestamp_burst_probes_sent_total", {})),
            (("wirestamp_probes_total", {"outcome": "lost"}), ("wirestamp_burst_probes_lost_total", {}))))
        print(f"  {sent} sent, {lost} lost; the emulator saw {len(true.seen)} and threw {true.thrown} away")
        check_equal(sent, len(true.seen), "probes sent, against the emulator's log")
        check_equal(lost, true.thrown, "probes lost, against the emulator's log")
        check_equal(agent.process.stop(), 0, "exit code")


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
        poll_until(lambda: sum(words in text for text in self.told(kind)) == count, PATIENCE,
                   f"{kind} with '{words}', {count} of them\n{self.agent.process.err()}")

    def reload(self, token=None):
        return self.api.ask("/api/v1/reload", "POST", token)


def check_untouched(agent, api, local):
    """The session that stayed has one flow, every number once, and lost nothing."""
    check_equal(api.session("stays")["local"], local, "address and port of the session that stayed")
    check_equal(len(api.get("/api/v1/sessions/stays/flows")["flows"]), 1, "flows of the session that stayed")
    def numbers(upto=None):
        samples = api.get("/api/v1/sessions/stays/samples?from=-30m&limit=10000")["samples"]
        return sorted(one["probe"] for one in samples if upto is None or one["probe"] <= upto)
    last = numbers()[-1]
    check(last > 100, f"only {last} samples")
    # Some are decided before others that are older.
    poll_until(lambda: len(numbers(last)) > last, DECIDED, "what was sent before the last one is decided")
    check_equal(numbers(last), list(range(last + 1)), "numbers of the probes")
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
        poll_until(lambda: api.metrics()["wirestamp_configuration_last_reload_successful"] == 0, PATIENCE, "metrics tell it")
        check(api.is_up("stays") and api.is_up("comes"), "what ran before should run on")
        status, text = run.reload(TOKEN)
        check(status == 422 and "dscp" in text, f"a reload of a wrong file: {status} {text}")
        check_equal(run.reload()[0], 401, "status of a reload without token")
        check_equal(run.reload(TOKEN[::-1])[0], 401, "status of a reload with another token")
        run.write(STAYS + table("comes", REFLECTOR_V6))
        poll_until(lambda: api.metrics()["wirestamp_configuration_last_reload_successful"] == 1, PATIENCE, "it is well again")
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
        poll_until(lambda: api.ask("/api/v1/sessions/office/windows?from=-1m")[0] == 200, DECIDED, "the store knows the session")
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
        check_lives(Agent(rig, "sender", *words, store=store, api=f"{API[0]}:{API[1]}"), api)


def check_lives(third, api):
    """What is told of the three agents: one was killed, one stopped, this one runs."""
    poll_until(lambda: len(api.events("agent_started")) == 3, DECIDED, "the third start is kept")
    lives = [event["event"] for event in api.events("agent_started", "agent_stopped")]
    check_equal([life["kind"].removeprefix("agent_") for life in lives], ["started", "started", "stopped", "started"],
                "starts and stops")
    first, after_kill, _, after_stop = lives
    check("change_ns" not in first and "without a word" not in first["text"], f"the first start: {first}")
    check("change_ns" not in after_kill and "without a word" in after_kill["text"], f"the start after a kill: {after_kill}")
    check(after_stop.get("change_ns", -1) >= 0 and "after it was stopped" in after_stop["text"],
          f"the start after a stop: {after_stop}")
    check_equal(third.process.stop(), 0, "exit code of the third")


CASES = {case.__name__: case for case in (an_outage_is_an_incident, a_reload_touches_only_what_changed,
                                          nothing_is_lost_by_kill)}
