# SPDX-License-Identifier: Apache-2.0
"""What is lost of a fast measurement reduces its rate, where the path may be that of others."""

from course import events
from rig import PORT, REFLECTOR_V4, Rig, check, check_equal

BEYOND = "198.51.100.7"  # a public address behind the reflector
PROBES = 900  # 18 s: the first 10 are judged after 12
# Two packets of five, for whatever address.
LOSS = ("table netdev f { chain in { type filter hook ingress device r0 priority 0; "
        "udp dport 23999 numgen random mod 5 < 2 drop; } }")
WAYS = {"public": (BEYOND, []), "public at full rate": (BEYOND, ["--full-rate"]), "private": (REFLECTOR_V4, [])}


def loss_reduces_the_rate():
    with Rig(emulated=False) as rig:
        rig.ip("reflector", f"addr add {BEYOND}/32 dev lo")
        rig.ip("sender", f"route add {BEYOND}/32 via {REFLECTOR_V4}")
        rig.reflect("--allow", "10.77.0.0/24", "--rate", "0", listen=[f"{BEYOND}:{PORT}", f"{REFLECTOR_V4}:{PORT}"])
        rig.nft("reflector", LOSS)
        started = {way: rig.start_ping("-c", str(PROBES), "-i", "20ms", *flags, target=f"{target}:{PORT}")
                   for way, (target, flags) in WAYS.items()}
        for way, ping in started.items():
            measured = rig.finish_ping(ping)
            probes = sorted(measured.probes, key=lambda p: p["probe"])
            withheld = [p for p in probes if p["outcome"] == "withheld"]
            reduced = events(measured, "rate_reduced")
            print(f"  {way}: {len(withheld)} withheld, {[event['text'] for event in reduced]}")
            check_equal([p["probe"] for p in probes], list(range(PROBES)), f"probes, {way}")
            check_equal(measured.summary["withheld"], len(withheld), f"summary.withheld, {way}")
            if way != "public":
                check_equal((len(withheld), reduced), (0, []), f"withheld probes and events, {way}")
                continue
            check_equal([event["reason"] for event in reduced], ["loss"], "reasons")
            check_equal({p["cause"] for p in withheld}, {"back_off"}, "causes")
            # What a busy machine could not send in time took no turn.
            after = [p for p in probes if p["probe"] >= withheld[0]["probe"]]
            late = sum(p["outcome"] == "late_schedule" for p in after)
            in_time = len(after) - late
            check(abs(len(withheld) - in_time / 2) <= 1 + late,
                  f"{len(withheld)} of {in_time} withheld, not each second; {late} too late")
            began = (withheld[0]["scheduled_ns"] - probes[0]["scheduled_ns"]) / 10**9
            # Judged after 12 s; on a busy machine a turn that comes later takes what was due before.
            check(began >= 11.5, f"withheld from second {began:.2f} on")


CASES = {"loss_reduces_the_rate": loss_reduces_the_rate}
