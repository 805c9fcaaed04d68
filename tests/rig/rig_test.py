#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one case of the rig: rig_test.py CASE, or --list. Standard library only.

WIRESTAMP_BIN and WIRESTAMP_EMULATOR name the programs; WIRESTAMP_NO_RIG=1 (or --no-rig) skips.
"""

import collections
import os
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import addresses  # noqa: E402
import agent_memory  # noqa: E402
import agents  # noqa: E402
import back_off  # noqa: E402
import bad_input  # noqa: E402
import bad_ports  # noqa: E402
import chain  # noqa: E402
import echo  # noqa: E402
import emulator_itself  # noqa: E402
import floods  # noqa: E402
import goodbye  # noqa: E402
import half_open  # noqa: E402
import hostile_network  # noqa: E402
import interop  # noqa: E402
import interop_keys  # noqa: E402
import interop_light  # noqa: E402
import interop_ping  # noqa: E402
import interop_tlvs  # noqa: E402
import interop_twamp  # noqa: E402
import keys  # noqa: E402
import local_causes  # noqa: E402
import marks  # noqa: E402
import mutual  # noqa: E402
import nat  # noqa: E402
import network_changes  # noqa: E402
import no_privilege  # noqa: E402
import one_socket  # noqa: E402
import parallel_flows  # noqa: E402
import paths  # noqa: E402
import reconnects  # noqa: E402
import rig  # noqa: E402
import scapy_judge  # noqa: E402
import scenario  # noqa: E402
import screens  # noqa: E402
import several_ways  # noqa: E402
import stalls  # noqa: E402
import strangers  # noqa: E402
import twamp_sessions  # noqa: E402
import vlan  # noqa: E402
import ways_and_addresses  # noqa: E402
import wire_judge  # noqa: E402


def cases():
    found = {f"scenario_{path.stem}": (lambda path=path: scenario.run(path))
             for path in sorted((HERE / "scenarios").glob("*.toml"))}
    for module in (addresses, agent_memory, agents, back_off, bad_input, bad_ports, chain, echo, emulator_itself, floods,
                   goodbye, half_open, hostile_network, interop, interop_keys, interop_light, interop_ping, interop_tlvs, interop_twamp,
                   keys,
                   local_causes, marks, mutual, nat, network_changes, no_privilege, one_socket, parallel_flows, paths, reconnects,
                   scapy_judge, screens, several_ways, stalls, strangers, twamp_sessions, vlan, ways_and_addresses,
                   wire_judge):
        rig.check(not found.keys() & module.CASES.keys(), f"{module.__name__}: a case of that name exists already")
        found.update(module.CASES)
    found.update(no_privilege.PLAIN_CASES)
    return found


def files_without_a_part():
    """Files with cases that nobody imports above: their cases would neither run nor be missed."""
    with_cases = (path.stem for path in HERE.glob("*.py") if "\nCASES = {" in path.read_text())
    return {f"{name}.py" for name in with_cases if name not in sys.modules}


def registered_twice_or_never(names):
    """The names in CMakeLists.txt must be those that exist here, each in one of its three lists."""
    text = (HERE.parent / "CMakeLists.txt").read_text()
    registered = collections.Counter()
    for cases_of in ("rig_cases", "rig_waiting_cases", "rig_counting_cases"):
        registered.update(text.split(f"set({cases_of}\n", 1)[1].split(")", 1)[0].split())
    existing = collections.Counter(name for name in names if not name.startswith("scenario_"))
    return {name for name in registered | existing if registered[name] != existing[name]}


def main():
    if "--no-rig" in sys.argv:
        sys.argv.remove("--no-rig")
        os.environ["WIRESTAMP_NO_RIG"] = "1"
    known = cases()
    if sys.argv[1:] == ["--list"]:
        print(*known, sep="\n")
        return 0
    if sys.argv[1:] == ["registration"]:
        wrong = registered_twice_or_never(known) | files_without_a_part()
        print("all cases are registered" if not wrong else f"not registered exactly once, or unknown: {sorted(wrong)}")
        return 1 if wrong else 0
    if len(sys.argv) != 2 or sys.argv[1] not in known:
        print(f"usage: {sys.argv[0]} CASE; --list prints them")
        return 2
    if sys.argv[1] not in no_privilege.PLAIN_CASES:
        rig.enter(as_root=sys.argv[1] in vlan.CASES)
    # So that whoever ends this, as with Ctrl-C, leaves no files behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        known[sys.argv[1]]()
    except rig.Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    except rig.Skipped as reason:
        print(f"SKIPPED: {reason}")
        return rig.SKIPPED
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
