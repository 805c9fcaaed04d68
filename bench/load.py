# SPDX-License-Identifier: Apache-2.0
"""What the benches share: both cores busy, and figures of many rounds."""

import contextlib
import os
import pathlib
import subprocess
import sys
import time


def rounds(default):
    return int(os.environ.get("WIRESTAMP_DEV_ROUNDS", default))


def each_round(default, of=1):
    """The numbers of the rounds, `of` for each that is asked for. Who watches is told on standard error which one it is."""
    wanted = rounds(default) * of
    began = time.monotonic()
    for done in range(wanted):
        if sys.stderr.isatty():
            took = time.monotonic() - began
            left = f", {took / done * (wanted - done):.0f} s left" if done else ""
            print(f"\r  round {done + 1} of {wanted}{left}\x1b[K", end="", file=sys.stderr, flush=True)
        yield done
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def busy(on):
    """Two endless loops for each core, as long as the block lasts."""
    loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2 * os.cpu_count() if on else 0)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def share(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def median(values):
    return share(values, 0.5)


def cpu_seconds(pid):
    """Of all its threads, in nanoseconds as the scheduler counts them: the ticks of /proc/PID/stat are 10 ms, and a
    server may use no more than a few of them in a round."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9
