# SPDX-License-Identifier: Apache-2.0
"""A reflector that is told to stop says so before it goes; one that is killed cannot."""

import signal
import time

from rig import Rig, check

FLAGS = ("--duration", "12s", "-i", "100ms", "--silence", "1s", "--loss-after", "500ms")


def outage_after(rig, end):
    reflector = rig.reflect()
    started = rig.start_ping(*FLAGS)
    time.sleep(3)  # it is being measured
    end(reflector)
    measured = rig.finish_ping(started)
    began = [event["text"] for event in measured.document["events"] if event["kind"] == "outage_began"]
    check(len(began) == 1, f"events of an outage: {measured.document['events']}")
    print(f"  {began[0]}")
    return began[0]


def a_reflector_that_stops_says_so():
    with Rig(emulated=False) as rig:
        said = outage_after(rig, lambda reflector: reflector.stop())
        check("stop" in said, "the event should say that the reflector was stopping")
        said = outage_after(rig, lambda reflector: reflector.popen.send_signal(signal.SIGKILL))
        check("stop" not in said, "a reflector that was killed said nothing")


CASES = {"a_reflector_that_stops_says_so": a_reflector_that_stops_says_so}
