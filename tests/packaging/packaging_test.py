# SPDX-License-Identifier: Apache-2.0
"""What is packed beside the program: packaging_test.py unit|example PROGRAM. Exit code 77 is a skip."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
# Of 100; 0 is no exposure. What is left is the network, which is what the agent is for.
MOST_EXPOSURE = 18


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=100)
    return result.returncode, result.stdout + result.stderr


def check(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def with_program(program, folder):
    """The unit as it is installed where the program is."""
    text = (PACKAGING / "wirestamp.service").read_text(encoding="utf-8")
    check("ExecStart=/usr/bin/wirestamp agent" in text, "the unit starts another program")
    unit = folder / "wirestamp.service"
    unit.write_text(text.replace("/usr/bin/wirestamp", str(program)), encoding="utf-8")
    return unit


def unit(program):
    if not shutil.which("systemd-analyze"):
        print("skipped: there is no systemd-analyze on this machine")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = with_program(program, folder)
        code, told = run("systemd-analyze", "verify", "--man=no", path)
        told = "\n".join(line for line in told.splitlines() if "wirestamp" in line)
        check(code == 0 and not told, f"systemd-analyze verify: exit code {code}\n{told}")
        security = ("systemd-analyze", "security", "--offline=true", "--no-pager")
        code, told = run(*security, f"--threshold={MOST_EXPOSURE}", path)
        check(code == 0, f"the unit is more exposed than {MOST_EXPOSURE / 10}:\n{told}")
        print(told.strip().splitlines()[-1])
        # The judge judges: without its walls the same unit is refused.
        bare = re.sub(r"^(CapabilityBoundingSet|System|Protect|Private|Restrict)\w*=.*\n", "",
                      path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(bare, encoding="utf-8")
        code, _ = run(*security, f"--threshold={MOST_EXPOSURE}", path)
        check(code != 0, "systemd-analyze security takes a unit without walls")
        path.write_text(bare.replace("Type=notify", "Type=notfy"), encoding="utf-8")
        _, told = run("systemd-analyze", "verify", "--man=no", path)
        check("notfy" in told, f"systemd-analyze verify sees no wrong value: {told}")


def no_capability():
    """The promise of the unit's text."""
    text = (PACKAGING / "wirestamp.service").read_text(encoding="utf-8")
    for line in ("CapabilityBoundingSet=", "AmbientCapabilities=", "NoNewPrivileges=yes", "DynamicUser=yes",
                 "Type=notify"):
        check(re.search(rf"^{re.escape(line)}$", text, re.MULTILINE), f"the unit has no line {line}")
    # Without them no clock would be known as synchronised: no one-way delay would have a bound.
    for line in ("ProtectClock=no", "SystemCallFilter=adjtimex clock_adjtime"):
        check(re.search(rf"^{re.escape(line)}$", text, re.MULTILINE), f"the unit has no line {line}")
    check(text.rindex("SystemCallFilter=~") < text.index("SystemCallFilter=adjtimex"), "what is permitted is taken back")
    check(len(re.findall(r"^CapabilityBoundingSet=", text, re.MULTILINE)) == 1, "a second line adds a capability")


def example(program):
    no_capability()
    path = PACKAGING / "wirestamp.toml"
    code, told = run(program, "config", "agent", "--config", path)
    check(code == 0, f"the example is refused: {told}")
    for expected in ("self", "127.0.0.1", "wirestamp.toml"):
        check(expected in told, f"'{expected}' is not in what the example comes to:\n{told}")
    # Each line that is commented out is one that may be used: all of them together.
    text = re.sub(r"^# (?=\[|[a-z-]+ = )", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    check("\n[sessions.router]" in text and "\nrate = " in text, "nothing is commented out in the example")
    with tempfile.TemporaryDirectory() as name:
        whole = pathlib.Path(name) / "whole.toml"
        whole.write_text(text, encoding="utf-8")
        code, told = run(program, "config", "agent", "--config", whole)
        check(code == 0, f"what the example has in comments is refused: {told}")
        for expected in ("office", "router", "192.0.2.1:862"):
            check(expected in told, f"'{expected}' is not in what it comes to:\n{told}")


if __name__ == "__main__":
    {"unit": unit, "example": example}[sys.argv[1]](pathlib.Path(sys.argv[2]).resolve())
    print("passed")
