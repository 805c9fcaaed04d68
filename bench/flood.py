# SPDX-License-Identifier: Apache-2.0
"""What floods do to a reflector and to a measurement that was there before: packets a second, octets in and out,
memory, and what became of its probes. The flood is as fast as a raw socket of this machine, with one core for it."""

import os
import pathlib
import struct

import rig as rig_module
from floods import check_went_on, flood_figures
from load import rounds
from rig import REFLECTOR_V4

FLOOD_LOAD = pathlib.Path(os.environ["WIRESTAMP_DEV_BUILD"]) / "bench" / "flood_load"


def full_speed(rig, made, seconds, _per_second):
    path = rig.directory / "packets"
    path.write_bytes(b"".join(struct.pack("!H", len(packet)) + packet for packet in made))
    return int(rig.run_in("sender", str(FLOOD_LOAD), REFLECTOR_V4, str(path), str(seconds)))


def main():
    rig_module.enter()
    # No flood shall have to wait for the reflector, nor take its core.
    os.sched_setaffinity(0, {os.cpu_count() - 1})
    for _ in range(rounds(1)):
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


if __name__ == "__main__":
    main()
