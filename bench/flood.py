# SPDX-License-Identifier: Apache-2.0
"""What floods do to a reflector and to a measurement that was there before: packets a second, octets in and out,
memory, and what became of its probes. The flood is as fast as a raw socket of this machine, with one core for it. Then
the same of TWAMP-Control connections that are left half done (half_open)."""

import json
import os
import pathlib
import struct
import sys

import half_open
import rig as rig_module
from floods import check_went_on, flood_figures
from load import each_round
from rig import REFLECTOR_V4

PROGRAMS = pathlib.Path(os.environ["WIRESTAMP_DEV_BUILD"]) / "bench"
WORDS = {"silent": "silent", "half a set-up": "half", "slow octets": "slow", "sessions never stopped": "sessions"}


def on_its_core(rig, program, *arguments):
    """The flood on the last core, so that the reflector has the others for itself."""
    return rig.run_in("sender", "taskset", "-c", str(os.cpu_count() - 1), str(PROGRAMS / program), *arguments)


def full_speed(rig, made, seconds, _per_second):
    path = rig.directory / "packets"
    path.write_bytes(b"".join(struct.pack("!H", len(packet)) + packet for packet in made))
    return int(on_its_core(rig, "flood_load", REFLECTOR_V4, str(path), str(seconds)))


def half_open_at_full_speed(rig, kind, seconds, _per_second):
    return json.loads(on_its_core(rig, "half_open_load", WORDS[kind], REFLECTOR_V4, str(half_open.CONTROL), str(seconds),
                                  half_open.STRANGERS))


def packets():
    rows, measured, counts, probes, _ = flood_figures(None, send=full_speed)
    print(f"{'':22} {'packets/s':>10} {'octets in':>12} {'octets out':>12} {'out/in':>7} {'socket full':>12} {'memory':>10}")
    for row in rows:
        print(f"{row['flood']:22} {row['per_second']:10,.0f} {row['in']:12,} {row['out']:12,} "
              f"{row['out'] / row['in']:7.2f} {row['socket_full']:12,} {row['memory'] >> 10:+7,} kB")
    print("(socket full: packets that the kernel had no room for; memory: the most, above that before the floods)")
    print(f"the measurement beside them, {probes} probes: {check_went_on(measured, rows, probes)}")
    refused = {name: count for name, count in counts.items() if name.startswith("refused") or name == "stateless_replies"}
    print(f"the reflector: {counts['answered']:,} answered, {counts['octets_received']:,} octets received, "
          f"{counts['octets_sent']:,} sent; {refused}")


def connections():
    rows, measured, counters, probes, full = half_open.half_open_figures(None, send=half_open_at_full_speed)
    print(f"{'TWAMP connections':22} {'opened/s':>10} {'refused':>9} {'closed':>7} {'held':>5} {'sessions':>9} "
          f"{'octets in':>12} {'octets out':>12} {'out/in':>7} {'memory':>10} {'descriptors':>12}")
    for row in rows:
        print(f"{row['kind']:22} {row['per_second']:10,.0f} {row['refused']:9,} {row['closed']:7,} {row['held']:5} "
              f"{row['sessions']:9} {row['in']:12,} {row['out']:12,} {row['out'] / row['in']:7.2f} "
              f"{row['memory'] >> 10:+7,} kB {row['descriptors']:12}")
    print("(held: connections at the end; sessions: granted; descriptors: half a second after the last connection closed)")
    for name, one in measured.items():
        print(f"{name} beside them, {probes} probes: {half_open.check_unharmed(name, one, probes, full)}")
    print(f"the server: { {name: count for name, count in counters.items() if name.startswith('twamp') and count} }")


def main():
    parts = {"packets": packets, "connections": connections}
    rig_module.enter()
    for _ in each_round(1):
        for name in sys.argv[1:] or parts:
            parts[name]()


if __name__ == "__main__":
    main()
