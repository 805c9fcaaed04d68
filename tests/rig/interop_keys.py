# SPDX-License-Identifier: Apache-2.0
"""Authenticated STAMP between the program and the reference peer, see interop.py; what the openssl program makes of the
packets' HMACs is the judgement of a third."""

import pathlib
import shutil
import signal
import subprocess
from collections import Counter

from interop import (PROBES, V4, V6, check_answered, check_requests, lines, peer_reflects, peer_sends,
                     replies_of)
from interop_tlvs import KINDS, M, U
from rig import REFLECTOR_V4, REFLECTOR_V6, Rig, Skipped, check, check_equal, in_time

KEY, OTHER_KEY, THIRD_KEY = "8f0c41d2a3b4c5d6e7f8091a2b3c4d5e", "00" * 31 + "01", "ff" * 20
I = 0x20
COVERED, HMAC_END = 2 * 96, 2 * 112  # digits


def key_file(network, *keys):
    path = pathlib.Path(network.directory, "site.keys")
    path.write_text("".join(f"key{n} hex:{key}\n" for n, key in enumerate(keys)), encoding="ascii")
    path.chmod(0o600)
    return ("--key-file", str(path))


def check_by_openssl(key, digits):
    """The HMAC of a base packet, in hex as it was received."""
    if shutil.which("openssl") is None:
        raise Skipped("there is no openssl program: install the package openssl")
    done = subprocess.run(["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key}", "-binary"],
                          input=bytes.fromhex(digits[:COVERED]), capture_output=True, check=True)
    check_equal(done.stdout[:16].hex(), digits[COVERED:HMAC_END], "openssl's HMAC and that of the packet")


def authenticated_from_the_peer():
    """The reflector answers with the key of the request, in every TLV's company, and nobody else."""
    every = sum((("--tlv", name) for name in ("timestamp", "cos=10", "follow-up", "padding=8")), ())
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY, OTHER_KEY))
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            for key in (KEY, OTHER_KEY):
                for flags in ((), ("--ssid", 7), ("--tlv", "padding=20"), ("--tlv", "timestamp"), every):
                    probes = peer_sends(rig, "--key", key, "--interval", "0.05", *flags, address=address, count=5)
                    for reply in check_answered(probes):
                        check_by_openssl(key, reply["hex"])
                    print(f"  {address} {flags}: nothing wrong", flush=True)


def authenticated_replies_by_chance():
    """Whatever stands behind the base packet, with an HMAC TLV that is right, wrong, misplaced, missing or there twice."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY))
        probes = peer_sends(rig, "--key", KEY, "--ssid", 7, "--interval", 5, "--go-on", "--chance", 3, "--kinds", KINDS,
                            count=1000)
        flags = Counter(tlv["flags"] for reply in check_answered(probes) for tlv in reply["tlvs"])
        print(f"  TLVs answered {flags[0]}, unknown {flags[U]}, malformed {flags[M]}, without integrity {flags[I]}")
        check(min(flags[0], flags[U], flags[M], flags[I]) > 50, f"flags {flags}: too few to prove anything")


def authenticated_strangers():
    """A wrong HMAC gets no answer (RFC 8762 4.3.2); a wrong HMAC TLV, or none, an answer with I in each TLV."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY))
        for flags in (("--key", KEY, "--corrupt", "base-hmac"), ("--key", THIRD_KEY), (),
                      ("--light", "--padding", 200)):
            probes = peer_sends(rig, "--interval", "0.05", *flags, count=5)
            check_equal(replies_of(probes), [], f"replies to {flags}")
        for flags in (("--corrupt", "tlv-hmac", "--tlv", "timestamp"),
                      ("--raw", "80030004000000008005000c" + "00" * 12)):
            probes = peer_sends(rig, "--key", KEY, "--interval", "0.05", *flags, count=5)
            for reply in check_answered(probes):
                check_equal({tlv["flags"] for tlv in reply["tlvs"]}, {0x20}, "flags")
        check_answered(peer_sends(rig, "--key", KEY, "--interval", "0.05", count=5))


def authenticated_to_the_peer():
    with Rig(emulated=False) as rig:
        keys = key_file(rig, KEY, OTHER_KEY)
        for address, target in ((REFLECTOR_V4, V4), (REFLECTOR_V6, V6)):
            for key, ours in ((KEY, ()), (OTHER_KEY, ("--key-id", "key1")), (KEY, ("--size", "112"))):
                reflector = peer_reflects(rig, "--key", key, address=address)
                measured = rig.ping("-c", str(PROBES), "-i", "50ms", *keys, *ours, target=target)
                check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
                seen = check_requests(reflector, measured, lost=0)
                by_sequence = {line["sequence"]: line for line in seen}
                for probe in in_time(measured):
                    check_equal(probe["outcome"], "delivered", "outcome")
                    line = by_sequence[probe["sequence"]]
                    check(abs(probe["reflector_rx_ns"] - line["received_ns"]) <= 1, f"reflector_rx_ns of {probe}")
                    check_by_openssl(key, line["hex"])
                reflector.stop(signal.SIGTERM)
                print(f"  {target} {ours}: {len(seen)} requests, nothing wrong", flush=True)


def authenticated_by_another_key():
    """Replies with the wrong HMAC, and replies in the open mode, count as none and are named."""
    with Rig(emulated=False) as rig:
        keys = key_file(rig, KEY)
        for flags, counter in ((("--tlv-key", KEY), "other_mode"),):
            reflector = peer_reflects(rig, *flags)
            measured = rig.ping("-c", str(PROBES), "-i", "50ms", *keys)
            check_equal(measured.summary["received"], 0, f"received, {flags}")
            print(f"  {flags}: {measured.document['counters']} {measured.document['notes']}")
            check(measured.document["counters"][counter] > 0, f"counter {counter}: {measured.document['counters']}")
            reflector.stop(signal.SIGTERM)
        reflector = peer_reflects(rig, "--key", THIRD_KEY)
        measured = rig.ping("-c", str(PROBES), "-i", "50ms", *keys)
        check_equal(measured.summary["received"], 0, "received from a reflector with another key")
        check_equal({line["dropped"] for line in lines(reflector, "packet")}, {"HMAC"}, "why the peer drops")


CASES = {
    "authenticated_replies_by_chance": authenticated_replies_by_chance,
    "authenticated_from_the_peer": authenticated_from_the_peer,
    "authenticated_strangers": authenticated_strangers,
    "authenticated_to_the_peer": authenticated_to_the_peer,
    "authenticated_by_another_key": authenticated_by_another_key,
}
