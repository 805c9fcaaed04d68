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
from interop_tlvs import KINDS, NAMES, M, U
from rig import PORT, REFLECTOR_V4, REFLECTOR_V6, SENDER_V4, Process, Rig, Skipped, check, check_equal, in_time, program

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


#= RFC8762:reflector-layout-auth
def authenticated_from_the_peer():
    """The reflector answers with the key of the request, in every TLV's company, and nobody else."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY, OTHER_KEY), "--micro-session", "34")
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            names = (*NAMES, f"destination={address}", "return=link", "micro=17,34", "control=100,1,0")
            every = sum((("--tlv", name) for name in names), ())
            for key in (KEY, OTHER_KEY):
                for flags in ((), ("--ssid", 7), ("--tlv", "padding=20"), ("--tlv", "timestamp"), every):
                    probes = peer_sends(rig, "--key", key, *flags, address=address, count=5)
                    for reply in check_answered(probes):
                        check_by_openssl(key, reply["hex"])
                    print(f"  {address} {flags}: nothing wrong", flush=True)


#= RFC8972:hmac-tlv-first
def authenticated_replies_by_chance():
    """Whatever stands behind the base packet, with an HMAC TLV that is right, wrong, misplaced, missing or there twice."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY))
        probes = peer_sends(rig, "--key", KEY, "--ssid", 7, "--chance", 3, "--kinds", KINDS, count=1000)
        flags = Counter(tlv["flags"] for reply in check_answered(probes) for tlv in reply["tlvs"])
        print(f"  TLVs answered {flags[0]}, unknown {flags[U]}, malformed {flags[M]}, without integrity {flags[I]}")
        check(min(flags[0], flags[U], flags[M], flags[I]) > 50, f"flags {flags}: too few to prove anything")


def hmac_tlv_in_the_open_mode_from_the_peer():
    """A reflector with --tlv-hmac answers open packets, and does of their TLVs only what an HMAC TLV proves."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, OTHER_KEY, KEY), "--tlv-hmac", "--micro-session", "34")
        wanted = ("--tlv-key", KEY, "--hmac-wanted")
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            names = (*NAMES, f"destination={address}", "return=link", "micro=17,0")
            for flags in ((), ("--tlv", "padding=20"), sum((("--tlv", name) for name in names), ())):
                for reply in check_answered(peer_sends(rig, *wanted, "--ssid", 7, *flags, address=address, count=5)):
                    check_equal({tlv["flags"] for tlv in reply["tlvs"]}, {0} if flags else set(), f"flags, {flags}")
            for flags in ((*wanted, "--corrupt", "tlv-hmac"), ("--tlv-key", THIRD_KEY, "--hmac-wanted"), ()):
                probes = peer_sends(rig, *flags, "--tlv", "timestamp", "--tlv", "direct", address=address, count=5)
                replies = replies_of(probes)
                check_equal(len(replies), 5, "replies: the base packet is answered")
                for reply in replies:
                    check_equal({tlv["flags"] for tlv in reply["tlvs"]}, {I}, f"flags, {flags}")
        probes = peer_sends(rig, *wanted, "--ssid", 7, "--chance", 5, "--kinds", KINDS, count=1000)
        flags = Counter(tlv["flags"] for reply in check_answered(probes) for tlv in reply["tlvs"])
        print(f"  TLVs answered {flags[0]}, unknown {flags[U]}, malformed {flags[M]}, without integrity {flags[I]}")
        check(min(flags[0], flags[U], flags[M], flags[I]) > 50, f"flags {flags}: too few to prove anything")


def hmac_tlv_in_the_open_mode_to_the_peer():
    with Rig(emulated=False) as rig:
        keys = (*key_file(rig, KEY), "--tlv-hmac")
        for address, target in ((REFLECTOR_V4, V4), (REFLECTOR_V6, V6)):
            for ours in ((), ("--tlv", "location", "--tlv", "direct-measurement"), ("--size", "600")):
                reflector = peer_reflects(rig, "--tlv-key", KEY, "--hmac-wanted", address=address)
                measured = rig.ping("-c", str(PROBES), "-i", "100ms", *keys, *ours, target=target)
                check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
                check_equal((measured.document["mode"], measured.document["key"]["id"]), ("open", "key0"), "mode and key")
                seen = check_requests(reflector, measured, lost=0)
                check_equal({line["tlvs"][-1]["type"] in (1, 8) for line in seen}, {True}, "the last TLV")
                check_equal(measured.document["counters"]["tlv_integrity"], 0, "tlv_integrity")
                told = {tlv["name"]: tlv["answer"] for tlv in measured.document["tlvs"]}
                check_equal(told["hmac"], "answered", f"the HMAC TLV: {told}")
                reflector.stop(signal.SIGTERM)
        # Another key there, or none: the base packets count, and nothing behind them is believed.
        for flags in (("--tlv-key", THIRD_KEY, "--hmac-wanted"), ()):
            reflector = peer_reflects(rig, *flags)
            measured = rig.ping("-c", str(PROBES), "-i", "100ms", *keys)
            counters = measured.document["counters"]
            check_equal(measured.summary["received"], len(in_time(measured)), "received")
            check_equal(counters["tlv_integrity"], counters["replies"], f"tlv_integrity of replies, {flags}")
            reflector.stop(signal.SIGTERM)


def hmac_tlv_options_that_contradict_each_other():
    with Rig(emulated=False) as rig:
        keys, listen = key_file(rig, KEY), ("--listen", f"{SENDER_V4}:{PORT}")
        refused = {
            "--tlv-hmac wants keys": ("reflect", *listen),
            "--answer authenticated answers who proves a key for whole packets": (
                "reflect", *listen, *keys, "--answer", "authenticated"),
            "--tlv-hmac wants a key: give": ("ping", V4), "and --key-id none is to use none": ("ping", V4, "--key-id", "none"),
            "--tlv-hmac is for STAMP": ("ping", V4, "--protocol", "twamp"),
            "--tlv-hmac is for extensions": ("ping", V4, *keys, "--peer", "twamp-light"),
        }
        for said, words in refused.items():
            process = Process(rig, "sender", [program(), *words, "--tlv-hmac"], True, f"refused-{len(rig.processes)}")
            code = process.wait(30)
            print(f"  {words}: {code}, {process.err().strip()}")
            check(code in (2, 3) and said in process.err(), f"{words}: exit code {code}, {process.err()}")


#= RFC8762:hmac-failed RFC8972:hmac-tlv-failed
def authenticated_strangers():
    """A wrong HMAC gets no answer (RFC 8762 4.3.2); a wrong HMAC TLV, or none, an answer with I in each TLV."""
    with Rig(emulated=False) as rig:
        rig.reflect(*key_file(rig, KEY))
        for flags in (("--key", KEY, "--corrupt", "base-hmac"), ("--key", THIRD_KEY), (),
                      ("--light", "--padding", 200)):
            probes = peer_sends(rig, *flags, count=5, replies=0)
            check_equal(replies_of(probes), [], f"replies to {flags}")
        for flags in (("--corrupt", "tlv-hmac", "--tlv", "timestamp"),
                      ("--raw", "80030004000000008005000c" + "00" * 12)):
            probes = peer_sends(rig, "--key", KEY, *flags, count=5)
            for reply in check_answered(probes):
                check_equal({tlv["flags"] for tlv in reply["tlvs"]}, {0x20}, "flags")
        check_answered(peer_sends(rig, "--key", KEY, count=5))


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
    "hmac_tlv_in_the_open_mode_from_the_peer": hmac_tlv_in_the_open_mode_from_the_peer,
    "hmac_tlv_in_the_open_mode_to_the_peer": hmac_tlv_in_the_open_mode_to_the_peer,
    "hmac_tlv_options_that_contradict_each_other": hmac_tlv_options_that_contradict_each_other,
    "authenticated_strangers": authenticated_strangers,
    "authenticated_to_the_peer": authenticated_to_the_peer,
    "authenticated_by_another_key": authenticated_by_another_key,
}
