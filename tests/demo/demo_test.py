# SPDX-License-Identifier: Apache-2.0
"""The demonstration: demo_test.py month|live|wrong_words WIRESTAMP MAKE_DEMO_STORE DEMO_PATHS.

`month`: each incident that docs/demo.md prepares is told by `wirestamp report` of the month, at the time and of the
session it stands under there. `live`: the sessions go on over paths like those of the month.
"""

import json
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

# The month ends on a Wednesday at 02:00 UTC.
UNTIL = 1_700_013_600
DAY = 86_400
# Session, days before the last midnight, time (UTC), what is said of it.
PREPARED = [
    ("office-vpn", 3, "10:42", "stalled flow: "),
    ("dc-east-west", 6, "23:30", "peer closed: "),
    ("transatlantic", 12, "03:17", "latency 14"),
    ("voip-berlin", 4, "13:05", "jitter "),
    ("customer-link", 1, "22:14", "peer or path down: "),
    ("branch-west", 8, "09:2", "loss "),
    ("branch-west", 0, "01:1", "loss "),
    ("hq-old", 15, "14:28", "one of several paths is broken: "),
]
EVENINGS = 20  # of 31, in which the 5G site was slow
SESSIONS = 9


def check(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=1100)
    return result.returncode, result.stdout, result.stderr


def date_of(days):
    code, date, _ = run("date", "-u", "-d", f"@{UNTIL - UNTIL % DAY - days * DAY}", "+%Y-%m-%d")
    check(code == 0, "date")
    return date.strip()


def report(wirestamp, store, session):
    code, told, problem = run(wirestamp, "report", "--store", store, session, "--format", "json", "--from",
                              f"{date_of(31)}T00:00Z", "--to", f"{date_of(0)}T02:00Z")
    check(code == 0, f"report {session}: exit code {code}: {problem}")
    return json.loads(told)["period"]


def month(wirestamp, make, _):
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "demo.db"
        code, _, problem = run(make, store, "--until", UNTIL)
        check(code == 0, f"make_demo_store: {problem}")
        check(store.stat().st_size < 256 << 20, f"{store.stat().st_size} octets")
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as file:
            check(file.execute("PRAGMA integrity_check").fetchone() == ("ok",), "the file is broken")
            names = [name for (name,) in file.execute("SELECT name FROM sessions")]
        check(len(names) == SESSIONS, f"sessions: {names}")
        periods = {name: report(wirestamp, store, name) for name in names}
        for session, days, time, words in PREPARED:
            opened = f"{date_of(days)}T{time}"
            found = [one for one in periods[session]["incidents"]
                     if one["opened"].startswith(opened) and one["title"].startswith(words)]
            check(found, f"no incident of {session} at {opened}: {words}\n{periods[session]['incidents']}")
        evenings = [one for one in periods["branch-5g"]["incidents"] if re.search("T(1[89]|2[0-3]):", one["opened"])]
        check(len(evenings) >= EVENINGS, f"{len(evenings)} evenings of branch-5g")
        check(periods["transatlantic"]["figures"]["marks"]["forward"]["hop_limit"] == 248, "the path is as it was")
        check(periods["voip-berlin"]["figures"]["marks"]["forward"]["remarked"] > 1_000, "nothing was re-marked")
        check(periods["lab-3"]["figures"]["forward_ns"]["percentiles"]["p50"] < 0, "the lab's clock is right")
        lost = periods["branch-west"]["figures"]["lost"]
        check(lost["forward"] > 5 * lost["backward"], f"branch-west lost {lost}")
        for name, period in periods.items():
            if name != "hq-old":
                check(any(gap["from"].startswith(date_of(17)) for gap in period["gaps"]), f"{name}: no gap of the night")
        print(f"{len(PREPARED)} incidents and {len(evenings)} evenings, {store.stat().st_size >> 20} MiB")


def free_port():
    """A port that nobody has, and the reflector's arguments for it. Not every host has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.bind(("::1", 0))
            port = one.getsockname()[1]
            return port, ["--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}"]
    except OSError:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            return port, ["--listen", f"127.0.0.1:{port}"]


def until_it_listens(reflector, said):
    while "listening on" not in (text := said.read_text(encoding="utf-8")):
        check(reflector.poll() is None, f"the reflector ended: {text}")
        time.sleep(0.05)


def live(wirestamp, _, paths):
    """Each path takes at least what it is to take, and passes on the marks of packets."""
    port, listen = free_port()
    relay = subprocess.Popen([paths, str(port), str(UNTIL)], stdout=subprocess.PIPE, text=True)
    said = tempfile.NamedTemporaryFile()
    reflector = subprocess.Popen([wirestamp, "reflect", *listen], stdout=said, stderr=subprocess.STDOUT)
    try:
        until_it_listens(reflector, pathlib.Path(said.name))
        sessions = {}
        for line in relay.stdout:
            if line == "ready\n":
                break
            name, where = re.match(r"([a-z0-9-]+)=(\S+) interval=", line).groups()
            sessions[name] = where
        check(len(sessions) == SESSIONS - (2 if len(listen) == 4 else 3), f"paths: {sessions}")
        for name, least_ms in (("office-vpn", 18.1), ("transatlantic", 85.8), ("branch-west", 39.8)):
            if name not in sessions:
                continue
            code, told, problem = run(wirestamp, "ping", sessions[name], "--dscp", "46", "--count", "40",
                                      "--interval", "50ms", "--json")
            check(code in (0, 1), f"ping {name}: exit code {code}: {problem}")
            judge_path(name, json.loads(told)["summary"], least_ms)
    finally:
        for program in (relay, reflector):
            program.terminate()
            program.wait()
        said.close()


def judge_path(name, summary, least_ms):
    """What the machine adds has no bound; that it is not faster than its path has."""
    check(summary["delivered"] >= 20, f"{name}: {summary['delivered']} of {summary['sent']} are answered")
    check(summary["rtt_ns"]["min"] >= least_ms * 1e6, f"{name}: {summary['rtt_ns']['min']} ns")
    for direction, marks in summary["marks"].items():
        check(set(marks["dscp"]) == {"46"}, f"{name}, {direction}: {marks}")
    print(f"{name}: {summary['rtt_ns']['min'] / 1e6:.3f} ms at least")


def wrong_words(_, make, paths):
    for words in (["--days", "0"], ["--days", "x"], ["--until", "-1"], ["--sessions", "3"], ["--wrong", "1"], ["a", "b"], []):
        code, _, problem = run(make, *(["no.db"] if words and words[0].startswith("--") else []), *words)
        check(code == 2 and problem.startswith("usage: make_demo_store"), f"{words}: exit code {code}: {problem}")
    code, _, problem = run(make, "/dev/null/no.db", "--hours", "1")
    check(code == 1 and "/dev/null" in problem, f"a folder that cannot be: exit code {code}: {problem}")
    code, _, problem = run(make, "no.db", "--only", "nobody")
    check(code == 2 and "there is no session nobody" in problem, f"a session that is not: exit code {code}: {problem}")
    for words in ([], ["0", "1"], ["65536", "1"], ["24000", "x"]):
        code, _, problem = run(paths, *words)
        check(code == 2 and problem.startswith("usage: demo_paths"), f"{words}: exit code {code}: {problem}")
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(folder) / "there.db"
        there.write_bytes(b"")
        code, _, problem = run(make, there, "--hours", "1")
        check(code == 1 and "is there already" in problem, f"a file that is there: exit code {code}: {problem}")


CASES = {"month": month, "live": live, "wrong_words": wrong_words}
CASES[sys.argv[1]](*(pathlib.Path(word).resolve() for word in sys.argv[2:5]))
