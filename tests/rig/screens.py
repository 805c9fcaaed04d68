# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows: the live view of a measurement, and what is left behind when it ends."""

import os
import pathlib
import re
import signal
import time

from agents import Agent
from rig import PORT, REFLECTOR_V4, Process, Rig, check, check_equal, poll_until, program
from tmux import Terminal

TARGET = f"{REFLECTOR_V4}:{PORT}"
BRAILLE = re.compile("[\u2801-\u28ff]")
COLOUR = re.compile(rb"\x1b\[[0-9;]*[;\[](?:3[0-7]|9[0-7]|4[0-7]|38|48)[;m]")


def ping(*flags, environment=()):
    return ["env", *environment, program(), "ping", TARGET, "--interval", "50ms", *flags]


def pid_of_ping():
    """Of the program in the terminal: the newest of this name in our own namespaces."""
    ours = os.stat("/proc/self/ns/user").st_ino
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if words[:2] == [program().encode(), b"ping"] and os.stat(path / "ns/user").st_ino == ours:
                found.append(int(path.name))
        except OSError:
            continue
    check_equal(len(found), 1, "measurements that run")
    return found[0]


def check_fits(terminal, columns, rows):
    """The line of keys is the last one, and no line is longer than the terminal."""
    def drawn(seen):
        lines = seen.rstrip("\n").split("\n")
        return len(lines) == rows and "q end" in lines[-1]

    terminal.until(drawn, f"{columns}x{rows} is drawn")
    lines = terminal.lines()
    check(all(len(line) <= columns for line in lines), f"too long for {columns} columns: {lines}")


def a_terminal_gets_a_live_view():
    """Plot, percentiles, losses with their direction; in every size; and the summary stays when it is over."""
    with Rig() as rig:
        rig.reflect()
        rig.emulate("--both-delay", "3ms", "--forward-drop-list", "40-42", "--backward-drop-list", "60")
        terminal = Terminal(rig, "sender")
        # Just shorter than what has bursts, of which the emulator might drop some in their place.
        terminal.run(*ping("--count", "1199"))
        terminal.until(lambda seen: BRAILLE.search(seen), "the plot is drawn")
        seen = terminal.until_text("lost 3 within", "lost 1:", "there 3", "back 1")
        check("on the way there" in seen and "on the way back" in seen, f"directions of the losses:\n{seen}")
        lane = next(line for line in seen.split("\n") if line.strip().startswith("lost "))
        check(">" in lane and "<" in lane, f"marks of the losses: {lane}")
        for text in ("round trip", "p50", "p99", "jitter", "answers", "UTC", TARGET):
            check(text in seen, f"'{text}' is not on the screen:\n{seen}")
        check("\x1b[3" in terminal.coloured(), "no colours")
        for columns, rows in ((120, 40), (40, 12), (40, 10), (20, 5), (80, 24)):
            terminal.resize(columns, rows)
            if columns >= 40:
                check_fits(terminal, columns, rows)
        terminal.type("?")
        terminal.until_text("end the measurement")
        terminal.keys("Escape")
        terminal.until(lambda text: BRAILLE.search(text), "the plot is back")
        terminal.type("q")
        terminal.until_ended(0)
        said = terminal.history()
        for text in (f"measuring {TARGET}", "(interrupted)", "on the way there 3, on the way back 1"):
            check(text in said, f"'{text}' is not left in the terminal:\n{said}")
        check(not BRAILLE.search(said), f"the view is left in the terminal:\n{said}")


def a_terminal_is_left_as_it_was():
    """After Ctrl-C, a stop and its end, signals that end the process, and a crash."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        terminal = Terminal(rig, "sender")

        def start():
            terminal.type("clear")
            terminal.keys("Enter")
            terminal.until(lambda text: "ended=" not in text, "the screen is clear")
            terminal.run(*ping())
            terminal.until(lambda text: BRAILLE.search(text), "the plot is drawn")
            check_equal(terminal.state("alternate_on", "cursor_flag"), ["1", "0"], "other screen and cursor")

        start()
        terminal.keys("C-c")
        terminal.until_ended(0)
        for number, code in ((signal.SIGTERM, 0), (signal.SIGQUIT, 131), (signal.SIGABRT, 134), (signal.SIGSEGV, 139),
                             (signal.SIGUSR1, 138), (signal.SIGALRM, 142)):
            start()
            os.kill(pid_of_ping(), number)
            terminal.until_ended(code)
        start()
        terminal.keys("C-s")
        terminal.type("q")
        time.sleep(2)  # it has tried twice by now, and waits
        terminal.keys("C-q")
        terminal.until_ended(0)
        start()
        terminal.keys("C-z")
        terminal.until(lambda text: "topped" in text and "tty=" in text, "it is stopped")
        terminal.until_ended(148)
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.until(lambda text: BRAILLE.search(text) and "q end" in text, "it draws again")
        check_equal(terminal.state("alternate_on", "cursor_flag"), ["1", "0"], "other screen and cursor after fg")
        terminal.type("q")
        terminal.until(lambda text: "(interrupted)" in text, "the summary")
        check_equal(terminal.state("alternate_on", "cursor_flag"), ["0", "1"], "other screen and cursor at the end")


def a_terminal_that_goes_away_ends_it():
    with Rig(emulated=False) as rig:
        rig.reflect()
        terminal = Terminal(rig, "sender")
        terminal.run(*ping())
        terminal.until(lambda text: BRAILLE.search(text), "the plot is drawn")
        pid = pid_of_ping()
        terminal.keys("C-s")
        terminal.server.stop()
        poll_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 60, "the measurement ended")


def raw_of(rig, name, words, env=None, wait=None):
    """Every octet that a run in a terminal wrote, and what was seen at its end."""
    terminal = Terminal(rig, "sender", env=env)
    path = rig.directory / f"{name}.raw"
    terminal.raw_to(path)
    terminal.run(*words)
    if wait:
        terminal.until(wait, f"{name} is drawn")
        terminal.type("q")
    terminal.until_ended(0)
    said = terminal.history()
    check_equal(terminal.server.stop(), 0, "exit code of tmux")
    return path.read_bytes().partition(b"ping")[2], said


def terminals_that_can_show_less():
    """No colours, no UTF-8, nothing but lines."""
    with Rig(emulated=False) as rig:
        rig.reflect()

        def drawn(text):
            return "q end" in text and "answers" in text

        raw, _ = raw_of(rig, "colours", ping(), wait=drawn)
        check(COLOUR.search(raw), "no colours where there may be some")
        raw, _ = raw_of(rig, "no-color", ping(environment=["NO_COLOR=1"]), wait=drawn)
        check(not COLOUR.search(raw) and "⣀".encode()[:1] in raw, f"colours with NO_COLOR: {COLOUR.findall(raw)[:5]}")
        raw, _ = raw_of(rig, "never", ping("--color", "never"), wait=drawn)
        check(not COLOUR.search(raw), "colours with --color never")
        raw, _ = raw_of(rig, "always", ping("--color", "always", environment=["NO_COLOR=1"]), wait=drawn)
        check(COLOUR.search(raw), "no colours with --color always")
        raw, _ = raw_of(rig, "ascii", ping(environment=["LC_ALL=C"]),
                        wait=lambda text: drawn(text) and re.search(r"\|.*[.:']", text))
        check(raw.isascii(), "characters beyond ASCII with LC_ALL=C")
        raw, said = raw_of(rig, "dumb", ping("-c", "10", environment=["TERM=dumb"]))
        check("10 probes" in said and "round trip" in said, f"no summary: {said}")
        before = raw.partition(b"ended=0")[0]
        check(b"\x1b[" not in before.partition(b"measuring")[2], f"a dumb terminal is steered: {before[-800:]}")
        raw, said = raw_of(rig, "plain", ping("-c", "60", "--plain"))
        check(b"\x1b[?1049h" not in raw and b" left | " in raw and b" %, " in raw, f"--plain: {raw[-800:]}")
        check("60 probes" in said, f"no summary: {said}")


# --- top -------------------------------------------------------------------------------------------------

API = "127.0.0.1:8080"  # each namespace has a loopback of its own


def agent_of(rig):
    """Measures the reflector, and an address where nobody is."""
    return Agent(rig, "sender", f"office={TARGET} interval=50ms silence=1s", "lab=10.77.0.9 interval=500ms silence=1s",
                 "--store-flush", "1s", store=str(rig.directory / "agent.db"), api=API)


def top(*flags):
    return [program(), "top", "--api", API, *flags]


def top_shows_an_agent():
    """All sessions, one of them, and what becomes of the screen when the agent goes and comes again."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        agent = agent_of(rig)
        terminal = Terminal(rig, "sender")
        terminal.run(*top())
        terminal.until(lambda seen: re.search(r"up +office +[\d.]+ [mu]s", seen) and "SILENT" in seen,
                       "both sessions are shown", 150)
        seen = terminal.seen()
        check(seen.index("lab") < seen.index("office"), f"the silent one is not the first:\n{seen}")
        check("2 sessions: 1 silent, 1 up" in seen, f"no count of sessions:\n{seen}")
        for columns, rows in ((120, 40), (40, 12), (80, 24)):
            terminal.resize(columns, rows)
            terminal.until(lambda text, rows=rows: len(text.rstrip("\n").split("\n")) == rows, f"{columns}x{rows}")
        terminal.type("/off")
        terminal.until(lambda text: "office" in text and "lab " not in text, "the filter works")
        terminal.keys("Enter", "Enter")
        terminal.until(lambda text: "round trip, last hour" in text and BRAILLE.search(text), "one session is shown")
        terminal.type("f")
        terminal.until_text(f"> {TARGET}")
        terminal.keys("Escape")
        terminal.until_text("LAST HOUR")
        check_equal(agent.process.stop(), 0, "exit code of the agent")
        terminal.until_text("not reachable since", "?")
        terminal.keys("Escape")
        agent = agent_of(rig)
        terminal.until(lambda text: "not reachable" not in text and "2 sessions" in text, "it is reached again")
        terminal.type("?")
        terminal.until_text("choose a session")
        terminal.type("q")
        terminal.until_ended(0)
        check_equal(agent.process.stop(), 0, "exit code of the other agent")


def said_by_top(rig, *flags, code):
    process = Process(rig, "sender", top(*flags), True, f"top-{len(rig.processes)}", {"LC_ALL": "C.UTF-8"})
    check_equal(process.wait(60), code, f"exit code: {process.err()}")
    return process.out(), process.err()


def top_without_a_terminal():
    """One table; and what is wrong in words, with its exit code."""
    with Rig(emulated=False) as rig:
        rig.reflect()
        out, err = said_by_top(rig, code=3)
        check(not out and API in err, f"nobody serves there: {out}{err}")
        agent = agent_of(rig)
        poll_until(lambda: "office" in said_by_top(rig, code=0)[0], 60, "a table")
        out, _ = said_by_top(rig, code=0)
        lines = out.rstrip("\n").split("\n")
        check("\x1b" not in out, f"a file is steered: {out}")
        check(len(lines) == 4 and lines[1].split()[:3] == ["STATE", "SESSION", "P50"], f"no table: {out}")
        token = rig.directory / "token"
        token.write_text("0123456789abcdef\n")
        token.chmod(0o644)
        for wrong in ("none", "ftp://127.0.0.1", "127.0.0.1", "http://"):
            process = Process(rig, "sender", [program(), "top", "--api", wrong], True, f"wrong-{len(rig.processes)}")
            check_equal(process.wait(60), 2, f"exit code of --api {wrong}: {process.err()}")
            check("api" in process.err(), f"--api {wrong}: {process.err()}")
        _, err = said_by_top(rig, "--api-token-file", str(token), code=2)
        check(str(token) in err, f"a token that all may read: {err}")
        token.chmod(0o600)
        _, err = said_by_top(rig, "--api-token-file", str(token), code=3)
        check("no token" in err and "--api-token-file" in err, f"a token that the agent does not know: {err}")
        check_equal(agent.process.stop(), 0, "exit code of the agent")


CASES = {
    "top_shows_an_agent": top_shows_an_agent,
    "top_without_a_terminal": top_without_a_terminal,
    "a_terminal_gets_a_live_view": a_terminal_gets_a_live_view,
    "a_terminal_is_left_as_it_was": a_terminal_is_left_as_it_was,
    "a_terminal_that_goes_away_ends_it": a_terminal_that_goes_away_ends_it,
    "terminals_that_can_show_less": terminals_that_can_show_less,
}
