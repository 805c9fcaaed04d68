# SPDX-License-Identifier: Apache-2.0
"""What the benches share: both cores busy, and figures of many rounds."""

import contextlib
import os
import subprocess


def rounds(default):
    return int(os.environ.get("WIRESTAMP_DEV_ROUNDS", default))


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
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
