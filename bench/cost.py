# SPDX-License-Identifier: Apache-2.0
"""What a measurement costs: CPU per 1000 probes at both ends, memory, time from launch to the first result; the
same of irtt and fping where they have it."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from load import cpu_seconds, each_round, median, rounds

PROBES, INTERVAL_MS = 2_000, 2


def resident_kib(pid, what="VmHWM"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{what}:\s+(\d+)", text)
    return int(found.group(1)) if found else 0


def wirestamp_server():
    server = subprocess.Popen([os.environ["WIRESTAMP_BIN"], "reflect", "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, "127.0.0.1:" + re.search(r":(\d+)", server.stdout.readline()).group(1)


def irtt_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["irtt", "server", "-b", f"127.0.0.1:{port}", "-i", "0"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return server, f"127.0.0.1:{port}"


def measured(command):
    """CPU seconds of a command, its resident memory shortly before its end, and how long it took."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kib = 0
    while True:
        ended, _, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = 0
            return usage.ru_utime + usage.ru_stime, kib, time.monotonic() - began
        # The maximum that wait4() tells is that of the fork of this interpreter.
        kib = resident_kib(process.pid, "VmRSS") or kib
        time.sleep(0.001 if time.monotonic() - began < 0.1 else 0.1)


def a_run(start_server, client):
    server, address = start_server()
    try:
        before = cpu_seconds(server.pid)
        client_cpu, client_kib, _ = measured(client(address))
        return {"client": client_cpu * 1e6 / PROBES, "server": (cpu_seconds(server.pid) - before) * 1e6 / PROBES,
                "client_kib": client_kib, "server_kib": resident_kib(server.pid)}
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def clients():
    found = {"wirestamp": (wirestamp_server, lambda at: [os.environ["WIRESTAMP_BIN"], "ping", at, "-c", str(PROBES),
                                                         "-i", f"{INTERVAL_MS}ms"])}
    if shutil.which("irtt"):
        found["irtt"] = (irtt_server, lambda at: ["irtt", "client", "-Q", "-i", f"{INTERVAL_MS}ms", "-d",
                                                  f"{PROBES * INTERVAL_MS}ms", at])
    return found


def launch_to_first_probe(binary):
    """From the launch to the kernel's stamp of the first probe."""
    server, address = wirestamp_server()
    try:
        times = []
        for _ in each_round(5, of=4):
            began = time.time_ns()
            done = subprocess.run([binary, "ping", address, "-c", "1", "-i", "10ms", "--loss-after", "50ms", "--jsonl", "-"],
                                  capture_output=True, text=True, check=True)
            probe = json.loads(done.stdout.splitlines()[0])
            times.append(((probe["sender_tx_ns"] - began) / 1e6, (probe["sender_rx_ns"] - began) / 1e6))
        return [median([one[i] for one in times]) for i in (0, 1)]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def main():
    print(f"{PROBES} probes, one per {INTERVAL_MS} ms, over loopback; medians of {rounds(5)} rounds")
    print(f"{'':12} {'CPU ms per 1000 probes':>24} {'resident KiB':>20}")
    print(f"{'':12} {'sender':>12} {'reflector':>11} {'sender':>10} {'reflector':>10}")
    variants = clients()
    found = {name: [] for name in variants}
    for _ in each_round(5):
        for name, (server, client) in variants.items():
            found[name].append(a_run(server, client))
    for name, results in found.items():
        of = {key: median([one[key] for one in results]) for key in results[0]}
        print(f"{name:12} {of['client']:12.1f} {of['server']:11.1f} {of['client_kib']:10} {of['server_kib']:10}")
    probe, reply = launch_to_first_probe(os.environ["WIRESTAMP_BIN"])
    print(f"launch to the first probe on the wire {probe:.1f} ms, to its reply {reply:.1f} ms")
    if shutil.which("fping"):
        took = median([measured(["fping", "-q", "-c", "1", "127.0.0.1"])[2] * 1e3 for _ in range(rounds(5) * 4)])
        print(f"fping, one echo, launch to its end {took:.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
