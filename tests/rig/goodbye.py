# SPDX-License-Identifier: Apache-2.0
"""A reflector that is told to stop says so before it goes; one that is killed cannot."""

import os
import signal
import time

from rig import Rig, check, check_delivered, check_equal

FLAGS = ("--duration", "12s", "-i", "100ms", "--silence", "1s", "--loss-after", "500ms")


def told_after(rig, end):
    reflector = rig.reflect()
    started = rig.start_ping(*FLAGS)
    time.sleep(3)  # it is being measured
    end(reflector)
    measured = rig.finish_ping(started)
    kinds = [event["kind"] for event in measured.document["events"]]
    print(f"  {', '.join(kinds)}")
    return kinds


def a_reflector_that_stops_says_so():
    with Rig(emulated=False) as rig:
        told = told_after(rig, lambda reflector: reflector.stop())
        check(told.count("peer_stopping") == 1, "the reflector should say once that it stops")
        check("outage_began" not in told, "what was announced is no outage")
        told = told_after(rig, lambda reflector: reflector.popen.send_signal(signal.SIGKILL))
        check("peer_stopping" not in told, "a reflector that was killed said nothing")
        check(told.count("outage_began") == 1, "a reflector that was killed is an outage")


def a_reflector_waits_for_no_reader():
    """What it tells goes into a pipe that nobody reads, as into a terminal after Ctrl-S."""
    with Rig(emulated=False) as rig:
        reader, writer = os.pipe()
        reflector = rig.reflect(stdout=writer, wait=False)
        os.close(writer)
        told = os.read(reader, 4096)  # before it listens, the signal ends it
        # A table for each, far more than a pipe holds.
        for _ in range(200):
            os.kill(reflector.pid, signal.SIGUSR1)
            time.sleep(0.01)
        measured = rig.ping("-c", "50", "-i", "5ms")
        check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
        check_delivered(measured, 50)
        check_equal(reflector.stop(), 0, "exit code of the reflector, whose last words nobody reads")
        while piece := os.read(reader, 65536):
            told += piece
        os.close(reader)
        check(b"listening on" in told and len(told) > 32768, f"only {len(told)} octets were told: the pipe was never full")


CASES = {
    "a_reflector_that_stops_says_so": a_reflector_that_stops_says_so,
    "a_reflector_waits_for_no_reader": a_reflector_waits_for_no_reader,
}
