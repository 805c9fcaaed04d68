#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of tools/house.py fires on its offence and is silent on the honest neighbour of it."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import count  # noqa: E402
import house  # noqa: E402

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
PAGE = "docs/a" ".md"  # in two pieces, because this file is read for names of pages too
LONG_BODY = "  call();\n" * 130

# rule, path, text: an offence.
OFFENCES = [
    ("include_edges", "src/net/packet_io.h", '#include "session/sender.h"'),
    ("include_edges", "src/session/sender.h", '#include "net/packet_io.h"'),
    ("include_edges", "src/net/linux/socket.cc", '#include "wire/stamp.h"'),
    ("include_edges", "src/measure/loss.cc", '#include "packet/address.h"'),
    ("include_edges", "src/agent/run.cc", '#include "net/linux/socket.h"'),
    ("include_edges", "src/agent/run.cc", '#include "testing/emulator/frame.h"'),
    ("include_edges", "src/agent/run.cc", '#include "../testing/emulator/frame.h"'),
    ("include_edges", "src/agent/run.cc", '  #  include "cli/main.h"'),
    ("include_edges", "src/session/sender.h", "#include <session/sender.h>"),  # in brackets no edge would be seen
    ("include_edges", "src/unheard_of/file.cc", ""),
    ("linked_layers", "src/net/CMakeLists.txt", "wirestamp_library(net session base)"),
    ("linked_layers", "src/net/linux/CMakeLists.txt", "wirestamp_library(net_linux packet net_portable)"),
    ("libraries", "src/config/option.cc", "#include <CLI/CLI.hpp>"),
    ("libraries", "src/publish/json.cc", "#include <nlohmann/json.hpp>"),
    ("libraries", "src/wire/stamp.cc", "#include <gtest/gtest.h>"),
    ("libraries", "src/base/bytes.h", "#include <iostream>"),
    ("libraries", "src/base/bytes.h", "#include <regex>"),
    ("system_headers", "src/session/sender.cc", "#include <sys/socket.h>"),
    ("system_headers", "src/net/packet_io.cc", "#include <linux/errqueue.h>"),
    ("system_headers", "src/cli/main.cc", "#include <unistd.h>"),
    ("licence_line", "src/base/bytes.cc", "int x;"),
    ("licence_line", "tools/script", "#!/bin/sh\n"),
    ("licence_line", "src/base/bytes.h", SPDX + "int x;"),
    ("words", PAGE, "see /wo" "rk/main"),
    ("words", PAGE, "in /tmp/bui" "ld-x"),
    ("words", PAGE, "TO" "DO: say more"),
    ("words", PAGE, "get it from x.pk" "g.dev"),
    ("words", PAGE, "https" "://mirror.nowhere.test/debian"),
    ("words", "ui/package-lock.json", '"resolved": "https' '://mirror.nowhere.test/x.tgz"'),
    ("file_sizes", "src/base/bytes.cc", "\n" * 751),
    ("function_sizes", "src/base/bytes.cc", "int f(int x) {\n" + LONG_BODY + "}\n"),
    ("function_sizes", "src/base/bytes.cc", "namespace a {\nclass B {\n void f() const {\n" + LONG_BODY + "}\n};\n}\n"),
    ("function_sizes", "tools/a.py", "def f():\n" + "    call()\n" * 130),
    ("named_documents", "src/base/bytes.h", "// see docs/missing" ".md"),
]

# One offence for each ban, in the order of the table: path and line.
BANNED = [
    ("src/session/sender.cc", "using Clock = std::chrono::steady_clock; auto now = Clock::now();"),
    ("src/net/linux/a.cc", "setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);"),
    ("src/net/linux/a_test.cc", "std::this_thread::sleep_for(10ms);"),
    ("src/cli/main.cc", "std::regex word;"),
    ("src/cli/main.cc", 'fmt::print(stderr, "x");'),
    ("src/cli/main.cc", "std::cerr << 1;"),
    ("src/cli/main.cc", "strcpy(to, from);"),
    ("src/cli/main.cc", "int n = atoi(text);"),
    ("tests/a_test.cc", "std::mt19937 random;"),
    ("src/cli/main.cc", "system(command);"),
    ("src/cli/main.cc", "auto t = localtime(&now);"),
    ("src/cli/main.cc", "inet_aton(text, &address);"),
    ("src/net/linux/a.cc", "FD_SET(fd, &set);"),
    ("src/cli/main.cc", "throw 1;"),
    ("src/cli/main.cc", "assert(x);"),
    ("src/cli/main_test.cc", "using namespace std;"),
    ("src/cli/main.h", "using namespace wirestamp;"),
    ("src/agent/ping.cc", 'std::getenv("HOME");'),
    ("src/agent/ping.cc", "thread.detach();"),
    ("src/agent/ping.cc", "#ifdef __linux__"),
]

# path, text: no rule says anything.
HONEST = [
    ("src/session/sender.cc", '#include "packet/datagram.h"\n#include "wire/stamp.h"\n#include <gtest.h>'),
    ("src/net/contract_test.cc", '#include "net/linux/socket.h"\n#include <gtest/gtest.h>\n#include <nlohmann/json.hpp>'),
    ("src/net/linux/socket.cc", "#include <linux/errqueue.h>\n#ifdef SCM_TS_OPT_ID\n#endif\nint t = clock_gettime(c, &n);"),
    ("src/net/CMakeLists.txt", "wirestamp_library(net net_linux packet TEST_LIBRARIES rapidcheck TEST_LABELS threads)"),
    ("src/cli/main.cc", "#include <CLI/CLI.hpp>\n// strcpy(a, b) and SO_TIMESTAMP\nauto s = \"throw\"; auto n = 1'000'000;"),
    ("src/cli/main.cc", 'auto raw = R"(assert(1))";\nstatic_assert(x);\nint y = SO_TIMESTAMPING;\nclock().now();'),
    ("src/cli/main.cc", "int f() {\n" + "  call();\n" * 60 + "}\n" + "int g() {\n" + "  call();\n" * 65 + "}\n"),
    (PAGE, f"see {PAGE}, https://www.rfc-editor.org/rfc/rfc8762 and http://127.0.0.1:8080/ at work/home"),
    ("tools/a.py", "def f():\n    pass\n"),
]


def offences_in(path, text):
    if not path.endswith(".md") and "SPDX" not in text and path not in ("src/base/bytes.cc", "tools/script"):
        text = (SPDX if path.endswith((".cc", ".h")) else "# " + SPDX[3:]) + text
    if path.endswith(".h") and "SPDX" in text and not text == SPDX + "int x;":
        text += "\n#pragma once\n"
    return list(house.offences([house.Source(path, text)]))


class HouseRules(unittest.TestCase):
    def test_each_offence_is_found_by_its_rule(self):
        for rule, path, text in OFFENCES:
            with self.subTest(rule=rule, path=path, text=text[:60]):
                self.assertTrue(any(f": {rule}: " in found for found in offences_in(path, text)))

    def test_each_rule_has_an_offence(self):
        self.assertEqual({rule.__name__ for rule in house.RULES}, {rule for rule, _, _ in OFFENCES} | {"banned_calls"})

    def test_each_ban_fires_with_its_reason(self):
        self.assertEqual(len(house.BANS), len(BANNED))
        for ban, (path, text) in zip(house.BANS, BANNED):
            with self.subTest(text=text):
                self.assertTrue(any(ban.reason in found for found in offences_in(path, text)))

    def test_honest_code_is_left_alone(self):
        for path, text in HONEST:
            with self.subTest(path=path, text=text[:60]):
                self.assertEqual(offences_in(path, text), [])

    def test_the_table_of_layers_has_no_cycle_and_names_only_layers(self):
        above = dict.fromkeys(house.ALLOWED_INCLUDES, 0)
        for layer, allowed in house.ALLOWED_INCLUDES.items():
            # The contract and its backends know each other; everything else stands on lines above it.
            if not layer.startswith("net"):
                self.assertTrue(all(name in above for name in allowed.split()), layer)
                names = list(house.ALLOWED_INCLUDES)
                self.assertTrue(all(names.index(name) < names.index(layer) for name in allowed.split()), layer)

    def test_an_offence_fails_the_program(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory) / "src" / "net"
            folder.mkdir(parents=True)
            (folder / "a.cc").write_text(SPDX + '#include "session/sender.h"\n')
            self.assertEqual(house.main([directory]), 1)

    def test_an_empty_tree_fails_the_program(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertEqual(house.main([directory]), 1)

    def test_a_function_is_measured_from_its_brace_to_its_brace(self):
        text = "struct A {\n  A() : x{1} {\n    f([] { return 1; });\n  }\n  int x;\n};\nTEST(Suite, Case) {\n}\n"
        self.assertEqual(list(house.cpp_functions(text)), [("A", 2, 3), ("Suite.Case", 7, 2)])


CTEST = """<testsuite>
<testcase name="good" status="run"/>
<testcase name="bad" status="fail"><failure message=""/></testcase>
<testcase name="told" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
 <system-out>one line\nSKIPPED: no rig here\n</system-out></testcase>
<testcase name="never_built" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="off" status="disabled"/>
<testcase name="units" status="run"/>
<testcase name="leaks" status="fail"/>
<testcase name="crashed" status="fail"/>
</testsuite>"""

GTEST = """<testsuites><testsuite>
<testcase classname="S" name="passes" status="run" result="completed"/>
<testcase classname="S" name="skips" status="run" result="skipped"><skipped message="a.cc:3&#10;no such clock"/></testcase>
<testcase classname="S" name="DISABLED_x" status="notrun" result="suppressed"/>
%s</testsuite></testsuites>"""


class Counting(unittest.TestCase):
    def count(self, ctest=CTEST, items="", cases=""):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "results").mkdir()
            (root / "results" / "asan.xml").write_text(ctest)
            (root / "results" / "items").write_text(items)
            folder = root / "asan" / "gtest"
            folder.mkdir(parents=True)
            for name in ("units", "leaks"):
                (folder / f"{name}.xml").write_text(GTEST % (cases if name == "units" else ""))
            return {name.partition(": ")[2]: (outcome, why)
                    for outcome, name, why in count.collect(root / "results", root)}

    def test_a_skip_counts_as_skipped_with_its_own_words(self):
        self.assertEqual(self.count()["told"], ("skipped", "SKIPPED: no rig here"))

    def test_a_program_that_was_not_built_has_failed(self):
        self.assertEqual(self.count()["never_built"][0], "failed")

    def test_a_disabled_test_is_skipped(self):
        self.assertEqual(self.count()["off"][0], "skipped")

    def test_a_googletest_program_counts_as_its_cases(self):
        found = self.count(cases='<testcase classname="S" name="fails"><failure message="1"/></testcase>')
        self.assertEqual({name: outcome for name, (outcome, _) in found.items() if name.startswith("units")},
                         {"units: S.passes": "passed", "units: S.skips": "skipped", "units: S.DISABLED_x": "skipped",
                          "units: S.fails": "failed"})
        self.assertEqual(found["units: S.skips"][1], "no such clock")

    def test_a_program_that_fails_although_its_cases_pass_has_failed(self):
        self.assertEqual(self.count()["leaks"][0], "failed")

    def test_a_program_that_died_without_a_list_of_cases_has_failed(self):
        self.assertEqual(self.count()["crashed"][0], "failed")

    def test_a_run_that_matched_no_test_has_failed(self):
        self.assertEqual([outcome for outcome, _ in self.count(ctest="<testsuite/>").values()], ["failed"])

    def test_an_unreadable_result_has_failed(self):
        self.assertEqual([outcome for outcome, _ in self.count(ctest="<testsui").values()], ["failed"])

    def test_other_items_are_counted_too(self):
        found = self.count(items="failed\tx: build\tsee above\npassed\tx: format\n")
        self.assertEqual((found["build"], found["format"]), (("failed", "see above"), ("passed", "")))


if __name__ == "__main__":
    unittest.main()
