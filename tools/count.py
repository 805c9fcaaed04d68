#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what ran: count.py RESULTS [BUILDS]; the last line is `N passed, N failed, N skipped`.

RESULTS holds one SUITE.xml per run of ctest (--output-junit) and `items`, one line per other check:
outcome, name and reason, separated by tabs. A GoogleTest program counts as its cases, which it wrote to
BUILDS/SUITE/gtest/PROGRAM.xml. Exit code 0: something passed and nothing failed.

What ctest calls skipped is not always one: a program that was never built is "skipped" in its file. Here a
test is skipped only when it said so itself (SKIP_RETURN_CODE) or is disabled; all else that did not pass failed.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def said_reason(text, fallback):
    """The last line in which the test says why it was skipped."""
    lines = [line.strip() for line in (text or "").splitlines() if "skip" in line.lower()]
    return lines[-1] if lines else fallback


def gtest_cases(path):
    """(outcome, name, reason) of each case; nothing when the program died before it wrote the file."""
    try:
        suites = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return []
    found = []
    for case in suites.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            found.append((FAILED, name, ""))
        elif case.get("status") == "notrun":
            found.append((SKIPPED, name, "disabled in the source"))
        elif skipped is not None or case.get("result") == "skipped":
            message = (skipped.get("message") if skipped is not None else "") or "no reason given"
            found.append((SKIPPED, name, message.strip().splitlines()[-1]))
        else:
            found.append((PASSED, name, ""))
    return found


def ctest_outcome(case):
    status = case.get("status")
    output = case.findtext("system-out")
    if status == "run":
        return PASSED, ""
    if status == "disabled":
        return SKIPPED, "disabled in CMakeLists.txt"
    skipped = case.find("skipped")
    message = skipped.get("message", "") if skipped is not None else ""
    if status == "notrun" and message.startswith("SKIP_"):
        return SKIPPED, said_reason(output, "no reason given")
    return FAILED, message


def ctest_cases(path, gtest_directory):
    try:
        suite = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        return [(FAILED, path.stem, f"ctest left no readable result: {error}")]
    found = []
    for case in suite.iter("testcase"):
        name = case.get("name")
        outcome, reason = ctest_outcome(case)
        inner = gtest_cases(gtest_directory / f"{name}.xml") if gtest_directory else []
        found += [(kind, f"{name}: {inner_name}", why) for kind, inner_name, why in inner]
        if not inner:
            found.append((outcome, name, reason))
        elif outcome == FAILED and all(kind != FAILED for kind, _, _ in inner):
            # All cases passed and the program failed all the same: a sanitizer's report at exit.
            found.append((FAILED, name, "the program failed although its cases passed"))
    if not found:
        found.append((FAILED, path.stem, "no test matched"))
    return found


def items(path):
    if not path.exists():
        return []
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(line[0], line[1], line[2] if len(line) > 2 else "") for line in lines]


def collect(results, builds=None):
    found = items(results / "items")
    for path in sorted(results.glob("*.xml")):
        gtest_directory = builds / path.stem / "gtest" if builds else None
        found += [(kind, f"{path.stem}: {name}", why) for kind, name, why in ctest_cases(path, gtest_directory)]
    return found


def main(arguments):
    found = collect(*map(pathlib.Path, arguments))
    for outcome in (SKIPPED, FAILED):
        for kind, name, reason in found:
            if kind == outcome:
                print(f"{outcome}: {name}" + (f" ({reason})" if reason else ""))
    counts = {outcome: sum(kind == outcome for kind, _, _ in found) for outcome in (PASSED, FAILED, SKIPPED)}
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped")
    return 0 if counts[PASSED] and not counts[FAILED] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
