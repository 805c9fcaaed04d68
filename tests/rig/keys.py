# SPDX-License-Identifier: Apache-2.0
"""Authenticated STAMP between two hosts: keys that change under load, and ends that do not fit together."""

import os
import signal
import subprocess

from rig import REFLECTOR_V4, SENDER_V4, Rig, check, check_delivered, check_equal, kernel_stamps_wanted, poll_until, program

OLD = "old hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
NEW = "new text:as-it-is-typed-into-a-router\n"
PROBES = 12_000


def write(path, text, mode=0o600):
    """As configuration tools do it: the file is replaced."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)


def counters_of(reflector):
    """What `reflect` says at its end, by name."""
    line = reflector.out().splitlines()[-1]
    return {words.split()[-2]: int(words.split()[-1]) for words in line.split(", ")[1:]}


def keys_change_without_a_lost_probe():
    with Rig(emulated=False) as rig:
        there, here = rig.directory / "reflector.keys", rig.directory / "sender.keys"
        write(there, OLD)
        write(here, OLD)
        reflector = rig.reflect("--key-file", str(there), "--rate", "0")
        started = rig.start_ping("-c", str(PROBES), "-i", "1ms", "--key-file", str(here))
        sender = started[0]
        rig.wait_for_probes(started)  # a SIGHUP that comes before it is expected ends a program
        # By a change of the file, by SIGHUP of both, by a change again.
        write(there, OLD + NEW)
        poll_until(lambda: "new: new (" in reflector.err(), 20, "the reflector has both keys")
        write(here, NEW + OLD)
        for process in (reflector, sender):
            process.popen.send_signal(signal.SIGHUP)
        poll_until(lambda: "new: new (" in sender.err(), 20, "the sender has the new key")
        write(here, NEW)
        poll_until(lambda: "no longer valid: old (" in sender.err(), 20, "the sender has no old key")
        write(there, NEW)
        poll_until(lambda: "no longer valid: old (" in reflector.err(), 20, "the reflector has no old key")
        check(sender.popen.poll() is None, "the run ended before the keys were changed: it proves nothing")
        measured = rig.finish_ping(started)
        check_delivered(measured, PROBES, "outcomes")
        check_equal(measured.document["mode"], "authenticated", "mode")
        check_equal(measured.document["key"]["id"], "old", "key that it began with")
        for name in ("auth_failed", "other_mode", "tlv_integrity", "reflector_restarts"):
            check_equal(measured.document["counters"][name], 0, f"sender: {name}")
        reflector.stop()
        counted = counters_of(reflector)
        for name in ("auth_failed", "auth_missing", "auth_no_key", "stateless_replies"):
            check_equal(counted.get(name, 0), 0, f"reflector: {name}")
        sent = PROBES - measured.summary["late_schedule"]  # a busy machine does not send each in time
        check(counted["auth_verified"] >= sent, f"only {counted['auth_verified']} of {sent} were verified")
        check_equal(counted["sessions_created"], 1, "sessions at the reflector")
        for place, stamps in measured.summary["stamps"].items():
            print(f"  {place}: {stamps['counts']}")
            wanted = 0.9 * kernel_stamps_wanted(place, sent)
            check(stamps["counts"]["kernel"] >= wanted, f"stamps {place}: {stamps}")
        secrets = ("0001020304", "as-it-is-typed")
        for text in (reflector.out(), reflector.err(), str(measured.document), measured.err):
            check(not any(secret in text for secret in secrets), "a key was told")


def says(rig, flags, expected, env=None):
    measured = rig.ping("-c", "3", "-i", "50ms", *flags, env=env)
    check_equal(measured.summary["received"], 0, "replies that were believed")
    told = " ".join(measured.err.split())
    check(expected in told, f"'{expected}' is not said:\n{measured.err}")


def ends_of_two_modes_say_which():
    with Rig(emulated=False) as rig:
        key = rig.directory / "site.keys"
        write(key, OLD)
        authentic = ("--key-file", str(key))
        reflector = rig.reflect()
        says(rig, authentic, f"{REFLECTOR_V4}:23999 answers in the open mode")
        check("no key is configured for it" in reflector.err(), reflector.err())
        reflector.stop()
        check_equal(counters_of(reflector)["auth_no_key"] > 0, True, "auth_no_key")
        reflector = rig.reflect(env={"WIRESTAMP_KEY": f"{OLD.strip()} peer={SENDER_V4}"})
        says(rig, (), "nothing came back")
        check("are in the open mode, and a key is configured" in reflector.err(), reflector.err())
        says(rig, (), "the key 'other' with fingerprint", env={"WIRESTAMP_KEY": "other " + NEW.split()[1]})
        measured = rig.ping("-c", "3", "-i", "50ms", *authentic)
        check_delivered(measured, 3, "outcomes with the right key")
        reflector.stop()
        counted = counters_of(reflector)
        check(counted["auth_missing"] > 0 and counted["auth_failed"] > 0, f"counters {counted}")


def refusal(words, code, env=None):
    done = subprocess.run([program(), *words], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **(env or {})}, check=False)
    check_equal(done.returncode, code, f"exit code of {words}: {done.stderr}")
    check(not done.stdout, f"{words} printed {done.stdout}")
    return " ".join(done.stderr.split())


def bad_key_files_are_refused():
    with Rig(emulated=False) as rig:
        key = rig.directory / "site.keys"
        for text, mode, expected in (
                (OLD, 0o644, "chmod 600"), ("", 0o600, "has no key"), ("x hex:00\n", 0o600, ":1: the key has 1 octets"),
                (OLD + "x hex:zz\n", 0o600, ":2: a hex: key has digits"), (OLD + OLD, 0o600, "is there twice"),
                (OLD.strip() + " peer=1.2.3.4/8\n", 0o600, ":1: peer=1.2.3.4/8"), ("\xff\n", 0o600, "ASCII")):
            write(key, text, mode)
            for words, code in ((["ping", "127.0.0.1"], 3), (["reflect", "--listen", "127.0.0.1:0"], 3),
                                (["agent", "--listen", "127.0.0.1:0", "--store", "none", "--api", "none"], 2)):
                told = refusal([*words, "--key-file", str(key)], code)
                check(expected in told and str(key) in told, f"{words} with {text!r}: {told}")
        key.unlink()
        for words in (["ping", "127.0.0.1"], ["agent", "--listen", "127.0.0.1:0", "--store", "none", "--api", "none"]):
            check("No such file" in refusal([*words, "--key-file", str(key)], 3), f"missing file of {words}")
        write(key, OLD)
        told = refusal(["ping", "127.0.0.1", "--key-file", str(key)], 3, {"WIRESTAMP_KEY": NEW})
        check("leave one of them out" in told, told)
        told = refusal(["ping", "127.0.0.1", "--key-file", str(key), "--key-id", "older"], 3)
        check("has no key 'older': it has old (" in told, told)
        told = refusal(["ping", "127.0.0.1", "--key-id", "old"], 3)
        check("there is neither" in told, told)
        told = refusal(["ping", "127.0.0.1", "--key-file", str(key), "--size", "111"], 3)
        check("112" in told, told)


CASES = {"keys_change_without_a_lost_probe": keys_change_without_a_lost_probe,
         "ends_of_two_modes_say_which": ends_of_two_modes_say_which,
         "bad_key_files_are_refused": bad_key_files_are_refused}
