# SPDX-License-Identifier: Apache-2.0
"""A reflector that is told to stop says so before it goes; one that is killed cannot."""

import signal
import time

from rig import Rig, check

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


CASES = {"a_reflector_that_stops_says_so": a_reflector_that_stops_says_so}
