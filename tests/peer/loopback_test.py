#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reference peer against itself over loopback, so that it is ready when the rig needs it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PEER = pathlib.Path(__file__).resolve().parent / "peer.py"
KEY = "8f0c41d2a3b4c5d6e7f8091a2b3c4d5e"
EVERY = sum((("--tlv", name) for name in ("padding=9", "location", "timestamp", "cos=10", "direct", "access=1,1", "follow-up",
                                          "destination=127.0.0.1", "return=link", "micro=17,0")), ())


class Far:
    """One command of the peer that listens on a port of the system's choice."""

    def __init__(self, command, *flags):
        words = [sys.executable, str(PEER), command, "127.0.0.1", "0", *map(str, flags)]
        # It says more than a pipe holds.
        self.out = tempfile.NamedTemporaryFile("w+", encoding="ascii")
        self.process = subprocess.Popen(words, stdout=self.out)
        while not (first := pathlib.Path(self.out.name).read_text(encoding="ascii").partition("\n"))[1]:
            if self.process.poll() is not None:
                raise RuntimeError(f"the peer ended: {self.process.returncode}")
            time.sleep(0.01)
        self.port = json.loads(first[0])["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.out.close()

    def asked(self, command, *flags):
        words = [sys.executable, str(PEER), command, "127.0.0.1", str(self.port), "--interval", "10", *map(str, flags)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


class Loopback(unittest.TestCase):
    def exchanged(self, far_flags, *flags, replies=1):
        with Far("reflect", *far_flags) as far:
            _, lines = far.asked("send", "--count", 2, "--go-on", *flags)
        for line in lines:
            self.assertEqual([reply["wrong"] for reply in line["replies"]], [[]] * replies, line)
        return lines

    def test_stamp_in_both_modes_with_every_tlv(self):
        for mode in ((), ("--key", KEY), ("--tlv-key", KEY)):
            with self.subTest(mode):
                self.exchanged(mode, *mode)
                self.exchanged(mode, *mode, "--ssid", 7, *EVERY)
                self.exchanged((*mode, "--drafts"), *mode, "--drafts", "--tlv", "80f00002ff00", "--tlv", "padding=8")

    def test_extensions_by_chance_find_the_same_reflector(self):
        for mode in ((), ("--key", KEY), ("--tlv-key", KEY)):
            with self.subTest(mode), Far("reflect", *mode) as far:
                _, lines = far.asked("send", "--count", 200, "--go-on", "--chance", 3, *mode)
                wrong = [(line["hex"], reply["wrong"]) for line in lines for reply in line["replies"] if reply["wrong"]]
                self.assertEqual(wrong, [])
                self.assertEqual(sum(len(line["replies"]) for line in lines), 200)

    def test_twamp_light(self):
        for padding in (0, 27, 100):
            self.exchanged(("--light",), "--light", "--padding", padding)

    def test_twamp_in_every_mode_with_every_feature(self):
        with Far("serve") as far:
            for mode in ("open", "authenticated", "encrypted", "mixed"):
                for flags in (("--padding", 0),
                              ("--feature", "individual", "--sessions", 2, "--feature", "ptp", "--feature", "dscp-ecn",
                               "--padding", 64, "--dscp", 10),
                              ("--feature", "symmetrical", "--feature", "reflect-octets", "--padding", 140,
                               "--reflect-length", 20)):
                    with self.subTest(f"{mode} {flags}"):
                        code, lines = far.asked("twamp", "--mode", mode, "--count", 1, "--go-on", *flags)
                        probes = [line for line in lines if line["event"] == "probe"]
                        self.assertEqual((code, lines[-1]["refused"], lines[-1]["wrong"]), (0, "", []), lines[-1])
                        self.assertTrue(probes)
                        for probe in probes:
                            self.assertEqual([reply["wrong"] for reply in probe["replies"]], [[]])

    def test_what_must_be_refused_is_refused(self):
        with Far("serve", "--offer", 7) as far:
            for flags, why in ((("--mode", "encrypted", "--passphrase", "wrong"), "Server-Start: Accept 1"),
                               (("--mode", "mixed", "--insist"), "Server-Start: Accept 3"),
                               (("--timeout", 61), "Accept-Session: Accept 3")):
                code, lines = far.asked("twamp", *flags)
                self.assertEqual((code, lines[-1]["refused"]), (1, why), flags)


if __name__ == "__main__":
    unittest.main()
