# SPDX-License-Identifier: Apache-2.0
"""How many probes one core reflects, with all stamps, beside an echo server that does nothing else.

The load generator has the other core and offers more than can be answered. CPU is the reflector's own; with the
kernel's receive path running on the generator's core.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from load import cpu_seconds, each_round, median, rounds

BUILD = pathlib.Path(os.environ["WIRESTAMP_DEV_BUILD"])
SECONDS = 3


def serve(command):
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = re.search(r":(\d+)", server.stdout.readline()).group(1)
    os.sched_setaffinity(server.pid, {0})
    return server, port


def one_round(command, kind):
    server, port = serve(command)
    before, began = cpu_seconds(server.pid), time.monotonic()
    subprocess.run([BUILD / "bench" / "reflect_load", "127.0.0.1", port, str(SECONDS), "8", kind],
                   capture_output=True, check=True,
                   preexec_fn=lambda: os.sched_setaffinity(0, {os.cpu_count() - 1}))
    used, lasted = cpu_seconds(server.pid) - before, time.monotonic() - began
    server.send_signal(signal.SIGTERM)
    last = server.communicate(timeout=10)[0].strip().splitlines()[-1]
    replies, stamps = replies_and_stamps(last)
    return {"ns": used * 1e9 / replies, "core": used / lasted, "stamps": stamps / replies}


def replies_and_stamps(line):
    """The server's own count: what the load generator's sockets have no room for was reflected all the same."""
    if line.startswith("{"):
        told = json.loads(line)
        return told["replies"], told["stamps"]
    return [int(re.search(rf"{word} (\d+)", line).group(1)) for word in ("answered", "stamps")]


def free_port():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    variants = {
        "wirestamp, default probes": (lambda: [os.environ["WIRESTAMP_BIN"], "reflect", "--listen", "127.0.0.1:0",
                                               "--rate", "0"], "FULL"),
        "wirestamp, bare probes": (lambda: [os.environ["WIRESTAMP_BIN"], "reflect", "--listen", "127.0.0.1:0",
                                            "--rate", "0"], "BARE"),
        "bare echo with four stamps": (lambda: [BUILD / "bench" / "echo_floor", "127.0.0.1", str(free_port())], "BARE"),
    }
    found = {name: [] for name in variants}
    for _ in each_round(7):
        for name, (command, kind) in variants.items():
            found[name].append(one_round(command(), kind))
    floor = median([one["ns"] for one in found["bare echo with four stamps"]])
    print(f"{'':30} {'us/probe':>9} {'probes/s and core':>18} {'of the echo':>12} {'stamps':>8}")
    for name, results in found.items():
        ns = median([one["ns"] for one in results])
        print(f"{name:30} {ns / 1e3:9.2f} {1e9 / ns:18,.0f} {floor / ns:11.0%} {min(one['stamps'] for one in results):8.2%}")
    print(f"(medians of {rounds(7)} interleaved rounds of {SECONDS} s; stamps: the least of any round)")


if __name__ == "__main__":
    sys.exit(main())
