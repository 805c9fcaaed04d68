#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of tools/requirements.py fires on its offence and is silent on the honest neighbour of it."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import house  # noqa: E402
import requirements  # noqa: E402

ROW = 'ssid = { at = "3", level = "MUST", text = "the SSID comes back"%s }'
CODE = "#include <a>\n\n// Why.\n//= RFC1:ssid\nint answer(int request) {\n  return request;\n}\n"
TEST = "//= RFC1:ssid\nTEST(Reply, has_the_ssid) {\n}\n"
HONEST = {"src/wire/a.cc": CODE, "src/wire/a_test.cc": TEST}


def made(files=None, more="", table=None):
    """(offences, page) of a tree."""
    text = table if table is not None else '[RFC1]\ntitle = "One"\n' + ROW % more
    sources = [house.Source(path, content) for path, content in {**(files or {}), requirements.TABLE: text}.items()]
    return requirements.make(sources)


class Rules(unittest.TestCase):
    def fires(self, rule, *arguments, **named):
        found, _ = made(*arguments, **named)
        self.assertTrue(any(rule in offence for offence in found), found)

    def test_a_row_with_code_and_test_is_left_alone(self):
        self.assertEqual(made(HONEST)[0], [])

    def test_an_id_that_no_row_has_is_told_with_its_place(self):
        self.fires("src/wire/b.cc:1: unknown_id: RFC1:sid", {**HONEST, "src/wire/b.cc": "//= RFC1:sid\nint x;\n"})

    def test_what_is_met_has_code_and_a_test_or_a_reason(self):
        self.fires("not_in_code", {"src/wire/a_test.cc": TEST})
        self.fires("not_in_test", {"src/wire/a.cc": CODE})
        self.fires("not_in_test", {"src/wire/a.cc": CODE}, ', part = "half of it"')
        self.assertEqual(made({"src/wire/a.cc": CODE}, ', untested = "it needs a satellite"')[0], [])
        self.assertEqual(made({"src/wire/a_test.cc": TEST}, ', no_code = "the kernel does it"')[0], [])

    def test_what_is_not_met_needs_neither_and_has_no_code(self):
        for status in ("not_met", "not_applicable"):
            self.assertEqual(made({}, f', {status} = "too costly"')[0], [])
            self.fires("not_claimed", HONEST, f', {status} = "too costly"')

    def test_a_reason_for_what_is_not_missing_is_told(self):
        self.fires("needless_reason", HONEST, ', untested = "it needs a satellite"')
        self.fires("needless_reason", HONEST, ', no_code = "the kernel does it"')

    def test_a_row_is_whole(self):
        for row, what in (('ssid = { at = "3", level = "MUST" }', "needed"), ('ssid = { level = "MUST", text = "a" }', "needed"),
                          ('ssid = { at = "3", level = "WILL", text = "a" }', "the level 'WILL'"),
                          ('Ssid = { at = "3", level = "MUST", text = "a" }', "an id has"),
                          (ROW % ', mood = "good"', "nobody knows mood"), (ROW % ', part = ""', "a reason is missing"),
                          (ROW % ', part = "a", not_met = "b"', "more than one status")):
            with self.subTest(row=row):
                self.fires(what, table='[RFC1]\ntitle = "One"\n' + row)
        self.fires("no title", table="[RFC1]\n")
        self.assertIn("is not there", requirements.make([])[0][0])

    def test_a_stale_page_fails_the_program_and_a_written_one_does_not(self):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for path, text in {**HONEST, requirements.TABLE: '[RFC1]\ntitle = "One"\n' + ROW % ""}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            self.assertEqual(requirements.main([directory]), 1)
            self.assertEqual(requirements.main(["--write", directory]), 0)
            self.assertEqual(requirements.main([directory]), 0)
            (root / "src/wire/a.cc").write_text(CODE.replace("answer", "reply"))
            self.assertEqual(requirements.main([directory]), 1)


class Places(unittest.TestCase):
    def place(self, text, path="src/wire/a.cc"):
        return [place for _, _, place in requirements.tags_of(house.Source(path, text))]

    def test_a_tag_belongs_to_the_function_around_it_or_right_below(self):
        self.assertEqual(self.place(CODE), ["answer"])
        self.assertEqual(self.place(TEST), ["Reply.has_the_ssid"])
        self.assertEqual(self.place("void A::f() {\n  //= RFC1:ssid\n  g();\n}\nvoid h() {\n}\n"), ["A::f"])
        self.assertEqual(self.place("#= RFC1:ssid\ndef f():\n    pass\n", "tests/a.py"), ["f"])
        self.assertEqual(self.place("def f():\n    #= RFC1:ssid\n    pass\n", "tests/a.py"), ["f"])

    def test_elsewhere_it_belongs_to_what_is_declared_below(self):
        self.assertEqual(self.place("//= RFC1:ssid\nconstexpr int kBase = 44;\nint f() {\n}\n"), ["kBase"])
        self.assertEqual(self.place("//= RFC1:ssid\nstruct Reply {\n  int f() {\n  }\n};\n"), ["Reply"])
        self.assertEqual(self.place("#= RFC1:ssid\nMODES = (1, 2)\n", "tests/a.py"), ["MODES"])

    def test_one_tag_may_have_several_ids(self):
        tags = requirements.tags_of(house.Source("a.cc", "//= RFC1:a RFC2:b\nint x;\n"))
        self.assertEqual([(name, line) for name, line, _ in tags], [("RFC1:a", 1), ("RFC2:b", 1)])

    def test_tests_are_told_by_their_path(self):
        for path in ("src/wire/a_test.cc", "src/wire/a_test.h", "tests/rig/a.py", "fuzz/a.cc"):
            self.assertTrue(requirements.is_test(path), path)
        for path in ("src/wire/test.cc", "src/wire/testing.h", "testing/a.cc"):
            self.assertFalse(requirements.is_test(path), path)


class Page(unittest.TestCase):
    def test_gaps_come_first_and_no_line_has_a_line_number(self):
        table = '[RFC1]\ntitle = "One"\n' + ROW % "" + '\nother = { at = "4", level = "MAY", text = "b", not_met = "too costly" }'
        _, text = made(HONEST, table=table)
        self.assertLess(text.index("| RFC1:other | MAY | b | no: too costly |"), text.index("## RFC1"))
        self.assertIn("| [RFC1](#rfc1) One | 2 | 1 | 0 | 1 | 0 | 1 | 0 |", text)
        self.assertIn("| ssid | 3 | MUST | the SSID comes back | yes | `wire/a.cc` answer | `wire/a_test.cc` Reply.has_the_ssid |",
                      text)


if __name__ == "__main__":
    unittest.main()
