# SPDX-License-Identifier: Apache-2.0
"""Four kernel stamps without any right: empty capability sets and no_new_privs at both ends, which the fixture
reads back from /proc for each program it starts."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import rig as rig_module
from rig import (DROP_RIGHTS, PORT, REFLECTOR_V4, REFLECTOR_V6, Rig, assert_powerless, check_delivered, check_equal,
                 check_in_time, check_kernel_stamps, poll_until)

PROBES = 100


def four_kernel_stamps(measured):
    check_equal(measured.code, 0, "exit code of ping")
    check_kernel_stamps(measured.summary, check_delivered(measured, PROBES))


def over_veth_and_loopback(features):
    env = {"WIRESTAMP_KERNEL_FEATURES": features}
    with Rig(emulated=False) as rig:
        rig.reflect(env=env)
        for target in (f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"):
            four_kernel_stamps(rig.ping("-c", str(PROBES), "-i", "5ms", target=target, env=env))
        local = [f"127.0.0.1:{PORT}", f"[::1]:{PORT}"]
        rig.reflect(namespace="sender", listen=local, env=env)
        for target in local:
            four_kernel_stamps(rig.ping("-c", str(PROBES), "-i", "5ms", target=target, env=env))


def free_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def as_nobody():
    """On the machine itself, over loopback, as user nobody when this runs as root, else as whoever runs it."""
    rights = list(DROP_RIGHTS)
    if os.geteuid() == 0:
        rights += ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
    with tempfile.TemporaryDirectory(prefix="wirestamp-nobody-") as directory:
        os.chmod(directory, 0o755)
        # Nobody may not be allowed to read the build directory.
        binary = shutil.copy(rig_module.program(), directory)
        port = free_port()
        local = [f"127.0.0.1:{port}", f"[::1]:{port}"]
        command = rights + [binary, "reflect", "--listen", local[0], "--listen", local[1]]
        reflector = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        try:
            poll_until(lambda: rig_module.Rig.listens(reflector.pid, port), rig_module.PATIENCE, "reflect listens")
            assert_powerless(reflector.pid)
            for target in local:
                _ping_as_nobody(rights, binary, target, pathlib.Path(directory))
        finally:
            reflector.send_signal(signal.SIGTERM)
            reflector.wait(rig_module.PATIENCE)


def _ping_as_nobody(rights, binary, target, directory):
    command = rights + [binary, "ping", target, "-c", str(PROBES), "-i", "5ms", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=directory)
    check_equal(done.returncode, 0, f"exit code of ping: {done.stderr}")
    summary = json.loads(done.stdout)["summary"]
    check_in_time(summary["late_schedule"], PROBES)
    sent = PROBES - summary["late_schedule"]
    check_equal(summary["received"], sent, "summary.received")
    check_kernel_stamps(summary, sent)


CASES = {
    "four_kernel_stamps": lambda: over_veth_and_loopback("full"),
    "four_kernel_stamps_debian12": lambda: over_veth_and_loopback("debian12"),
}
# These build no namespaces and are never skipped.
PLAIN_CASES = {"four_kernel_stamps_as_nobody": as_nobody}
