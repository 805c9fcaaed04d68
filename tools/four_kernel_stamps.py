#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the document of `wirestamp ping --json` on standard input: were all four stamps of every probe the kernel's?

four_kernel_stamps.py COUNT WHERE: COUNT probes must have been sent and answered; WHERE names the run.
"""

import json
import sys

STAMPS = ("sender_tx", "reflector_rx", "reflector_tx", "sender_rx")


def main(count, where):
    text = sys.stdin.read()
    if not text.strip():
        print(f"FAILED: {where}: ping printed no document")
        return 1
    summary = json.loads(text)["summary"]
    wrong = [f"{name} is {summary[name]}" for name in ("sent", "received") if summary[name] != count]
    for stamp in STAMPS:
        counts = {source: number for source, number in summary["stamps"][stamp]["counts"].items() if number}
        if counts != {"kernel": count}:
            wrong.append(f"{stamp} is {counts}")
    if wrong:
        print(f"FAILED: {where}: of {count} probes {', '.join(wrong)}")
        return 1
    print(f"passed: {where}: four kernel stamps, {count} of {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
