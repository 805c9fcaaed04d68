# SPDX-License-Identifier: Apache-2.0
"""What the benches of the agent share: one in a namespace with sessions from a file, and the figures it told."""

import os
import pathlib
import re

from load import cpu_seconds
from rig import REFLECTOR_V4, Process, check, json_lines, poll_until, program

def many_reflectors(rig):
    """A host of its own for each session, as agents have them: one reflector that answers for a whole network."""
    rig.ip("reflector", "route add local 10.78.0.0/16 dev lo")
    rig.ip("sender", f"route add 10.78.0.0/16 via {REFLECTOR_V4}")


def host(number):
    return f"10.78.{number // 250}.{1 + number % 250}"


class RunningAgent:
    """Measures `port` of that many hosts from the same port of its own, which it reflects on too. The store is in the
    rig's directory, the API on the TCP port `api` of loopback."""

    def __init__(self, rig, sessions, port, interval, words=(), env=None, more="", result_every="1m"):
        self.results = rig.directory / f"results-{len(rig.processes)}.jsonl"
        config = rig.directory / f"agent-{len(rig.processes)}.toml"
        config.write_text(f'result-every = "{result_every}"\n[defaults]\ninterval = "{interval}"\n' + "".join(
            f'[sessions.s{i:04}]\nhost = "{host(i)}:{port}"\n' for i in range(sessions)) + more)
        self.api = 8_000 + len(rig.processes)
        command = [program(), "agent", "--config", str(config), "--listen", f":{port}", "--results", str(self.results),
                   "--store", str(config.with_suffix(".db")), "--api", f"127.0.0.1:{self.api}", *words]
        self.process = Process(rig, "sender", command, True, f"agent-{len(rig.processes)}", env)
        self.sessions = sessions
        poll_until(lambda: self.process.popen.poll() is not None or self.begun() == sessions, 60, "all sessions begin")
        check(self.process.popen.poll() is None, f"the agent ended: {self.process.err()}")

    def begun(self):
        return len(re.findall(r"\bs\d{4}: measuring ", self.process.err()))

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_kib(self, what="VmRSS"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{what}:\s+(\d+)", text).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, parts=True):
        """Ends it; the summaries of its windows, of the sessions that measure."""
        self.process.stop()
        return [line["summary"] for line in json_lines(self.results)
                if re.fullmatch(r"s\d{4}", line["session"]) and (parts or not line["part"])]


def total(windows, what):
    return sum(window[what] for window in windows)


def loss(windows):
    sent = total(windows, "sent")
    return 1 - total(windows, "delivered") / sent if sent else None
