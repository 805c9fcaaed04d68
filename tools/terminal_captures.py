#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the screens of docs/terminal.md anew: terminal_captures.py [ping] [top]. WIRESTAMP_BIN and WIRESTAMP_EMULATOR
name the programs. Each is what tmux saw of a real run in the rig; it stands behind a line `<!-- screen NAME -->`."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "rig"))

import rig  # noqa: E402
from agents import Agent  # noqa: E402
from tmux import Terminal  # noqa: E402

PAGE = ROOT / "docs" / "terminal.md"
TARGET = f"{rig.REFLECTOR_V4}:{rig.PORT}"
API = "127.0.0.1:8080"


def ping(found):
    with rig.Rig() as world:
        world.reflect()
        world.emulate("--both-delay", "4ms", "--both-variation", "1ms", "--forward-drop-list", "150-154,330-355",
                      "--backward-drop-list", "220,222")
        terminal = Terminal(world, "sender")
        terminal.run(rig.program(), "ping", TARGET, "--interval", "100ms", "--silence", "1s")
        terminal.until(lambda seen: "answered again" in seen and re.search(r"there [23]\d ", seen), "an outage is over", 120)
        found["ping"] = terminal.seen()
        terminal.resize(40, 12)
        terminal.until(lambda seen: len(seen.rstrip("\n").split("\n")) == 12 and "q end" in seen, "40x12")
        found["ping-small"] = terminal.seen()
        terminal.type("q")
        terminal.until_ended(0)
        terminal = Terminal(world, "sender", env={"LC_ALL": "C"})
        terminal.run(rig.program(), "ping", TARGET, "--interval", "100ms")
        terminal.until(lambda seen: "+- time" in seen and re.search(r"answers  [34]\ds", seen), "ASCII", 90)
        found["ping-ascii"] = terminal.seen()
        terminal.type("q")
        terminal.until_ended(0)


def top(found):
    with rig.Rig() as world:
        world.reflect()
        world.emulate("--both-delay", "4ms", "--both-variation", "2ms", "--forward-drop-list", "900-930",
                      "--backward-drop", "0.004")
        agent = Agent(world, "sender", f"office={TARGET} interval=100ms silence=1s", f"dc={TARGET} dscp=EF",
                      f"branch={TARGET} interval=200ms", "lab=10.77.0.9 interval=500ms", "--store-flush", "1s",
                      store=str(world.directory / "agent.db"), api=API)
        terminal = Terminal(world, "sender")
        terminal.run(rig.program(), "top", "--api", API)
        terminal.until(lambda seen: len(re.findall(r"up +\w+ +[\d.]+ ms.* [23]m", seen)) >= 2 and "SILENT" in seen,
                       "two minutes of each", 300)
        found["top"] = terminal.seen()
        terminal.type("/office")
        terminal.keys("Enter", "Enter")
        terminal.until(lambda seen: "round trip, last hour" in seen and re.search("[\u2801-\u28ff]", seen), "a session")
        terminal.type("+")
        terminal.until(lambda seen: "last 15 minutes" in seen and re.search("[\u2801-\u28ff]", seen), "15 minutes")
        found["top-session"] = terminal.seen()
        terminal.type("q")
        terminal.until_ended(0)
        agent.process.stop()


def write(found):
    text = PAGE.read_text(encoding="utf-8")
    for name, screen in found.items():
        pattern = re.compile(rf"(<!-- screen {name} -->\n```text\n).*?(```\n)", re.DOTALL)
        rig.check(pattern.search(text), f"{PAGE.name} has no place for the screen {name}")
        lines = "".join(line.rstrip() + "\n" for line in screen.rstrip("\n").split("\n"))
        text = pattern.sub(lambda match, lines=lines: match[1] + lines + match[2], text)
    PAGE.write_text(text, encoding="utf-8")
    print(f"{len(found)} screens", flush=True)


def main():
    rig.enter()
    parts = {"ping": ping, "top": top}
    for part in [parts[name] for name in sys.argv[1:] or parts]:
        found = {}
        part(found)
        write(found)


if __name__ == "__main__":
    main()
