# SPDX-License-Identifier: Apache-2.0
"""A terminal that is looked at: tmux draws what a program writes, and tells what is seen then."""

import os
import re
import shlex
import shutil
import subprocess

from rig import Process, Skipped, check, poll_until

UTF8 = {"LC_ALL": "C.UTF-8"}
PATIENCE = 60


class Terminal:
    """One window of one tmux server, in a namespace of the rig. A shell runs in it, and in the shell what is typed."""

    def __init__(self, rig, namespace, columns=80, rows=24, env=None):
        if not shutil.which("tmux"):
            raise Skipped("there is no tmux")
        self.socket = rig.directory / f"tmux-{len(rig.processes)}"
        self.base = ["tmux", "-u", "-S", str(self.socket), "-f", "/dev/null"]
        environment = {"TERM": "xterm-256color", "NO_COLOR": "", **UTF8}
        # -D: a server that stays a child of ours and ends with us.
        self.server = Process(rig, namespace, [shutil.which("tmux"), *self.base[1:], "-D"], False,
                              f"tmux-{len(rig.processes)}", environment)
        # Its socket is there a moment before it listens.
        first = ("set-option", "-g", "default-terminal", "tmux-256color")
        poll_until(lambda: self.server.popen.poll() is not None or self._asked(*first).returncode == 0, 20, "tmux listens")
        check(self.server.popen.poll() is None, f"tmux ended: {self.server.err()}")
        inner = {"TERM": "tmux-256color", "LC_ALL": "C.UTF-8", "PS1": "$ ", **(env or {})}
        shell = ["env", "-u", "NO_COLOR", *(f"{name}={value}" for name, value in inner.items()), "sh", "-i"]
        self._tmux("new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(rows), shlex.join(shell))
        self.until(lambda seen: "$" in seen, "the shell waits")

    def _asked(self, *words):
        return subprocess.run([*self.base, *words], capture_output=True, text=True, env={**os.environ, **UTF8}, check=False)

    def _tmux(self, *words):
        done = self._asked(*words)
        check(done.returncode == 0, f"tmux {' '.join(words)}: {done.stderr}")
        return done.stdout

    def raw_to(self, path):
        """From now on every octet that is written to the terminal goes there as well."""
        self._tmux("pipe-pane", "-t", "t", f"cat > {shlex.quote(str(path))}")

    def type(self, text):
        self._tmux("send-keys", "-t", "t", "-l", text)

    def keys(self, *names):
        self._tmux("send-keys", "-t", "t", *names)

    def run(self, *words):
        """Types a command, and behind it one that tells how it ended and how the terminal is."""
        self.type(f"{shlex.join(words)}; echo ended=$?; stty -a | grep -o -e '-*icanon' -e '-*echo ' | xargs echo tty=")
        self.keys("Enter")

    def seen(self):
        return self._tmux("capture-pane", "-p", "-t", "t")

    def coloured(self):
        """The same with the sequences that it takes to draw it."""
        return self._tmux("capture-pane", "-p", "-e", "-t", "t")

    def history(self):
        return self._tmux("capture-pane", "-p", "-J", "-S", "-500", "-t", "t")

    def lines(self):
        return self.seen().rstrip("\n").split("\n")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def state(self, *names):
        return self._tmux("display-message", "-p", "-t", "t", " ".join(f"#{{{name}}}" for name in names)).split()

    def until(self, condition, what, seconds=PATIENCE):
        """Waits until what is seen is so; returns it."""
        last = []

        def look():
            last[:] = [self.seen()]
            return condition(last[0])

        try:
            poll_until(look, seconds, what)
        finally:
            if last and os.environ.get("WIRESTAMP_RIG_SCREENS"):
                print(f"--- {what}\n{last[0]}")
        return last[0]

    def until_text(self, *texts, seconds=PATIENCE):
        return self.until(lambda seen: all(text in seen for text in texts), f"{texts} on the screen", seconds)

    def until_ended(self, code):
        """The program is over and the terminal as it was before: a shell again, with cursor, echo and lines."""
        seen = self.until(lambda text: re.search(r"^tty=", text, re.MULTILINE), "the program ended")
        check(f"ended={code}" in seen, f"it should have ended with {code}:\n{seen}")
        check("tty= icanon echo" in seen, f"the terminal is not as it was:\n{seen}")
        alternate, cursor = self.state("alternate_on", "cursor_flag")
        check((alternate, cursor) == ("0", "1"), f"other screen on: {alternate}, cursor: {cursor}")
        return seen
