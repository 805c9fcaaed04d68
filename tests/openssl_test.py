#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What crypto/ computes, held against the openssl program: openssl_test.py CRYPTO_LINES. 77: there is none to ask.

Random keys and inputs of all lengths around the blocks of the hashes, and the HMACs of the authenticated vectors.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys

SEED = 20260101
VECTORS = pathlib.Path(__file__).resolve().parent / "vectors"


def openssl(*arguments, data=b""):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


def expected(line):
    what, one, two, *rest = line.split()
    if what in ("sha1", "sha256"):
        key = [] if one == "-" else ["-macopt", f"hexkey:{one}"]
        data = b"" if two == "-" else bytes.fromhex(two)
        return openssl("dgst", f"-{what}", "-mac", "HMAC", *key, "-binary", data=data)[:16].hex()
    if what == "pbkdf2":
        return openssl("kdf", "-keylen", "16", "-kdfopt", "digest:SHA1", "-kdfopt", f"hexpass:{one}", "-kdfopt",
                       f"hexsalt:{two}", "-kdfopt", f"iter:{rest[0]}", "-binary", "PBKDF2").hex()
    iv = [] if two == "-" else ["-iv", two]
    return openssl("enc", f"-aes-128-{what}", "-K", one, *iv, "-nopad", data=bytes.fromhex(rest[0])).hex()


def questions():
    chance = random.Random(SEED)
    octets = lambda size: chance.randbytes(size).hex() or "-"
    for size in (1, 16, 20, 32, 63, 64, 65, 130):
        for length in (0, 1, 4, 55, 56, 64, 96, 119, 120, 300):
            yield f"{chance.choice(['sha1', 'sha256'])} {octets(size)} {octets(length)}"
    for blocks in (1, 2, 6, 30):
        yield f"ecb {octets(16)} - {octets(16 * blocks)}"
        yield f"cbc {octets(16)} {octets(16)} {octets(16 * blocks)}"
        yield f"cbc {octets(16)} {'00' * 16} {octets(16 * blocks)}"
    for count in (1, 1024, 4096):
        yield f"pbkdf2 {octets(28)} {octets(16)} {count}"


def packets():
    """(question, HMAC in the packet) of each authenticated vector."""
    for vector in json.loads((VECTORS / "stamp.json").read_text(encoding="utf-8"))["vectors"]:
        authenticated = "-auth" in vector["name"] or vector["name"].startswith("auth-")
        if authenticated and not vector["name"].startswith("hmac-") and vector["name"] != "sender-auth-bad":
            if "unauth" not in vector["name"]:
                yield f"sha256 {vector['fields']['key']} {vector['hex'][:192]}", vector["hex"][192:224]


def main():
    if shutil.which("openssl") is None:
        print("skipped: there is no openssl program (apt install openssl)")
        return 77
    known = list(packets())
    lines = [*questions(), *(question for question, _ in known)]
    ours = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    answers = ours.stdout.split()
    if len(answers) != len(lines) or not known:
        sys.exit(f"{len(answers)} answers to {len(lines)} questions, {len(known)} packets")
    theirs = [expected(line) for line in lines]
    wrong = [f"{line}: {one}, openssl says {other}"
             for line, one, other in zip(lines, answers, theirs) if one != other]
    wrong += [f"{question}: the vector has {told}"
              for (question, told), answer in zip(known, theirs[-len(known):]) if told != answer]
    print(*wrong, f"{len(lines)} questions with seed {SEED}, {len(known)} of them packets, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
