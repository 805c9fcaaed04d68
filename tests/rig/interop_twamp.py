# SPDX-License-Identifier: Apache-2.0
"""TWAMP between the program and the reference peer, in each mode and with each feature; see interop.py."""

import pathlib
import signal

from interop import check_nothing_wrong, lines, replies_of, start
from rig import (PATIENCE, PORT, REFLECTOR_V4, REFLECTOR_V6, Process, Rig, check, check_equal, in_time, poll_until,
                 program)

CONTROL = 23862
KEY_ID, PASSPHRASE = "probe1", "correct horse battery staple"
MODES = ("open", "authenticated", "encrypted", "mixed")
PROBES = 10
TARGETS = {REFLECTOR_V4: f"{REFLECTOR_V4}:{CONTROL}", REFLECTOR_V6: f"[{REFLECTOR_V6}]:{CONTROL}"}
FEATURES = {
    "none": (), "nothing behind the header": ("--padding", 0), "two sessions": ("--sessions", 2), "again": ("--again",),
    "individual": ("--feature", "individual", "--sessions", 2),
    "symmetrical": ("--feature", "symmetrical", "--padding", 100),
    "reflect octets": ("--feature", "reflect-octets", "--padding", 140, "--reflect-length", 20),
    "symmetrical and reflected": ("--feature", "symmetrical", "--feature", "reflect-octets", "--padding", 140,
                                  "--reflect-length", 20),
    "marks": ("--feature", "dscp-ecn", "--dscp", 10, "--padding", 64), "zero addresses": ("--zero-addresses",),
    "a port that is taken": ("--receiver-port", PORT),
}


def key_file(network):
    path = pathlib.Path(network.directory, "twamp.key")
    path.write_text(PASSPHRASE + "\n", encoding="ascii")
    path.chmod(0o600)
    return ("--twamp-key-file", str(path), "--twamp-key-id", KEY_ID)


def listens_tcp(pid, port=CONTROL):
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                return True
    return False


def server(rig):
    process = rig.reflect("--twamp", f":{CONTROL}", *key_file(rig))
    poll_until(lambda: listens_tcp(process.pid) or process.popen.poll() is not None, PATIENCE, "the TWAMP server listens")
    check(process.popen.poll() is None, f"reflect ended: {process.err()}")
    return process


def client(rig, *flags, address=REFLECTOR_V4, code=0):
    """(lines of its probes, its last line)."""
    process = start(rig, "sender", "twamp", address, CONTROL, "--count", PROBES, "--interval", 5, "--go-on", *flags)
    check_equal(process.wait(120), code, f"exit code of the peer: {process.out()[-600:]} {process.err()}")
    return lines(process, "probe"), lines(process, "end")[0]


#= RFC5357:own-number
def check_session(probes, end, what):
    check_equal((end["refused"], end["wrong"]), ("", []), f"the control connection, {what}")
    replies = replies_of(probes)
    check_nothing_wrong(replies, f"replies, {what}")
    check_equal(len(replies), len(probes), f"replies, {what}")
    for reply in replies:
        check(reply["receive_ns"] <= reply["sent_ns"] <= reply["received_ns"], f"order of the stamps, {what}: {reply}")
    for probe in probes:
        check_equal(probe["replies"][0]["sequence"], probe["sequence"], f"the reflector's own number, {what}")


#= RFC5357:zero-address RFC5357:other-port RFC5618:mixed RFC5938:layout RFC6038:padding-reflected
#= RFC6038:symmetrical
def twamp_modes_from_the_peer():
    with Rig(emulated=False) as rig:
        server(rig)
        for address in (REFLECTOR_V4, REFLECTOR_V6):
            for mode in MODES:
                for name, flags in FEATURES.items() if address == REFLECTOR_V4 else [("none", ())]:
                    probes, end = client(rig, "--mode", mode, *flags, address=address)
                    check_session(probes, end, f"{mode}, {name}")
                    print(f"  {address} {mode}, {name}: {len(probes)} answered", flush=True)


#= RFC4656:token-verified RFC5357:wrong-hmac
def twamp_refusals_to_the_peer():
    """What a server has to refuse, and how (RFC 5357 3, RFC 4656 3.1)."""
    with Rig(emulated=False) as rig:
        process = server(rig)
        refused = {
            "Server-Start: Accept 1": [("--mode", "encrypted", "--passphrase", "wrong"),
                                       ("--mode", "authenticated", "--key-id", "stranger")],
            "Server-Start: Accept 3": [("--feature", "ptp", "--insist")],
            "Accept-Session: Accept 3": [("--timeout", 61)],
            "Accept-Session: Accept": [("--sessions", 33)],
        }
        for why, all_flags in refused.items():
            for flags in all_flags:
                _, end = client(rig, *flags, code=1)
                check(end["refused"].startswith(why) and not end["wrong"], f"{flags}: {end}")
        for mode in ("authenticated", "encrypted"):
            probes, end = client(rig, "--mode", mode, "--corrupt", "--padding", 64, "--count", 2, "--interval", "0.3")
            check_equal(replies_of(probes), [], f"replies to what has the wrong HMAC, {mode}")
        # Others count the sessions wrongly; that ends nothing.
        probes, end = client(rig, "--stop-count", 7, "--again")
        check_session(probes, end, "a wrong number in Stop-Sessions")
        check(process.popen.poll() is None, "the server ended")


def peer_serves(rig, *flags, address=REFLECTOR_V4):
    process = start(rig, "reflector", "serve", *flags, address, CONTROL)
    poll_until(lambda: lines(process, "listening") or process.popen.poll() is not None, 30, "the peer listens")
    return process


#= RFC8186:twamp-z
def check_served(process, measured):
    """Nothing was wrong with a message or a test packet, and ping says what the peer says."""
    seen = lines(process, "packet")
    check_nothing_wrong(seen, "test packets")
    check_equal([line["dropped"] for line in seen if line["dropped"]], [], "test packets that the peer drops")
    for line in lines(process, "closed"):
        check_equal((line["wrong"], line["running"]), ([], 0), f"the control connection: {line}")
    by_sequence = {line["sequence"]: line for line in seen}
    for probe in in_time(measured):
        check_equal(probe["outcome"], "delivered", f"outcome of probe {probe['sequence']}")
        line = by_sequence[probe["sequence"]]
        check(abs(probe["reflector_rx_ns"] - line["received_ns"]) <= 1, f"reflector_rx_ns: {probe}, {line}")
        check(line["sent_ns"] <= line["received_ns"], f"T1 is after the arrival: {line}")
        check_equal((line["ttl"], probe["seen_ttl"]), (255, 255), "TTL")


#= RFC5357:client-takes-port
def twamp_modes_to_the_peer():
    with Rig(emulated=False) as rig:
        for address, target in TARGETS.items():
            for mode in MODES:
                keys = () if mode == "open" else key_file(rig)
                for flags, ours in (((), ()), (("--offer", "15"), ("--dscp", "10")),
                                    (("--other-port",), ("--size", "300"))):
                    process = peer_serves(rig, *flags, address=address)
                    measured = rig.ping("-c", str(PROBES), "-i", "100ms", "--protocol", "twamp", "--twamp-mode", mode,
                                        *keys, *ours, target=target)
                    check_equal(measured.code, 0, f"exit code of ping: {measured.err}")
                    poll_until(lambda: lines(process, "closed"), PATIENCE, "the control connection ends")
                    check_served(process, measured)
                    process.stop(signal.SIGTERM)
                    print(f"  {target} {mode} {flags} {ours}: {len(lines(process, 'packet'))} packets", flush=True)


def twamp_client_is_refused_in_words():
    """ping names what the server said: another mode, a wrong passphrase, no session more."""
    with Rig(emulated=False) as rig:
        keys = key_file(rig)
        for flags, ours, said in (
                (("--offer", "1"), ("--twamp-mode", "encrypted", *keys), "speaks"),
                (("--passphrase", "another"), ("--twamp-mode", "encrypted", *keys), "passphrase"),
                (("--sessions", "0"), ("--twamp-mode", "open"), "Accept 5"), (("--offer", "0"), (), "not willing")):
            process = peer_serves(rig, *flags)
            command = [program(), "ping", f"{REFLECTOR_V4}:{CONTROL}", "-c", "3", "--protocol", "twamp", *ours]
            ping = Process(rig, "sender", command, True, f"refused-{len(rig.processes)}")
            code = ping.wait(60)
            print(f"  {flags}: {code}, {ping.err().strip()}")
            check(code not in (0, 139) and said in ping.err(), f"{flags}: exit code {code}, {ping.err()}")
            process.stop(signal.SIGTERM)


def a_silent_twamp_port_is_told_as_such():
    """TCP gets through and UDP does not: the words are about that, and not about STAMP."""
    with Rig(emulated=False) as rig:
        rig.nft("reflector", "table ip drops { chain in { type filter hook input priority 0; meta l4proto udp drop; } }")
        process = peer_serves(rig)
        measured = rig.ping("-c", "45", "-i", "100ms", "--protocol", "twamp", target=TARGETS[REFLECTOR_V4])
        check_equal(measured.summary["received"], 0, "received")
        check_equal(lines(process, "packet"), [], "test packets that got through")
        print(measured.err)
        for words in ("the TWAMP server named UDP", "the TWAMP server granted the session", "drop UDP"):
            check(words in measured.err, f"{words!r} is not in: {measured.err}")
        check("STAMP" not in measured.err, f"it speaks of STAMP: {measured.err}")
        process.stop(signal.SIGTERM)


CASES = {
    "twamp_modes_from_the_peer": twamp_modes_from_the_peer,
    "twamp_modes_to_the_peer": twamp_modes_to_the_peer,
    "twamp_refusals_to_the_peer": twamp_refusals_to_the_peer,
    "twamp_client_is_refused_in_words": twamp_client_is_refused_in_words,
    "a_silent_twamp_port_is_told_as_such": a_silent_twamp_port_is_told_as_such,
}
