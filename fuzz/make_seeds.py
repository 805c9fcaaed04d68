#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets, corpus/NAME_fuzz/*, from tests/vectors. Run it when a vector is added.

Each seed is an input that gets far: a true packet, or a run of true events. The layouts of the inputs of
reflector_fuzz and sender_reply_fuzz are described at the top of those files.
"""
import json
import pathlib
import shutil
import struct

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "tests" / "vectors"
BASE = 44


def read(name):
    document = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return {vector["name"]: (bytes.fromhex(vector["hex"]), vector) for vector in document["vectors"]}


STAMP, WSTP, TWAMP = read("stamp.json"), read("wstp.json"), read("twamp.json")
PACKETS = {name: octets for name, (octets, _) in STAMP.items()
           if not name.startswith(("ts-", "ee-")) and "-auth" not in name and not name.startswith("auth-")}
PACKETS |= {name: octets for name, (octets, vector) in WSTP.items() if vector["kind"] == "packet"}
REPLIES = {name: octets for name, octets in PACKETS.items()
           if name.endswith("-reply") or name.startswith(("reflector-", "wstp-packet-reply"))}
REQUESTS = {name: octets for name, octets in PACKETS.items() if name not in REPLIES}
AREAS = {name: octets[BASE:] for name, octets in PACKETS.items() if len(octets) > BASE}
AREAS |= {name: octets for name, (octets, vector) in WSTP.items() if vector["kind"] == "tlv"}
AUTH_BASE = 112
AUTHENTICATED = {name: octets for name, (octets, _) in STAMP.items() if "-auth" in name or name.startswith("auth-")}
# reflect_reference: all is known, all is allowed, AF41; without a key, and with one that fits.
KNOWN = bytes([63, 63, 34 << 2 | 2])
ANSWERS = bytes([34 << 2 | 2, 47, 3, 5, 1, 8])  # reflect_tlvs: AF41, up to DSCP 47, Follow-Up and WSTP with 8 entries


def arrival(octets, source=0):
    """reflector_fuzz: a datagram of 10.0.0.1 port 7000, 100 us later."""
    return struct.pack(">BBBHBBH", 0, source, 1, 100, 46 << 2, 61, len(octets)) + octets


def passing(time_100us):
    return struct.pack(">BH", 0, time_100us)


def reply_to(back, *patches):
    """sender_reply_fuzz: the true reply to the probe so many back, with octets overwritten."""
    return bytes([1, back, len(patches)]) + b"".join(struct.pack("BB", *patch) for patch in patches)


def departure(back):
    return bytes([4, back, 3])


def runs():
    probe = WSTP["wstp-packet-request"][0]
    yield "reflector", "ten-probes", b"".join(arrival(probe) + bytes([3, n]) for n in range(10))
    yield "reflector", "stamps-at-the-end", arrival(probe) * 9 + b"".join(bytes([3, n]) for n in range(9)) + arrival(probe)
    yield "reflector", "too-many-from-one", arrival(probe[:BASE]) * 70
    yield "reflector", "from-everyone", b"".join(arrival(probe, source) for source in range(12))
    # How strict it is: the high bits of the first octet.
    everyone = b"".join(arrival(probe + bytes(source % 2), source) for source in range(12))
    for strict in range(1, 32):
        yield "reflector", f"strict-{strict}", bytes([strict << 2]) + everyone[1:]
    begin = bytes([0, 2, 0])
    answered = b"".join(passing(100) + departure(0) + reply_to(0) for _ in range(12))
    yield "sender_reply", "all-answered", begin + answered
    yield "sender_reply", "interrupted", bytes([1]) + begin[1:] + answered
    yield "sender_reply", "one-in-three", begin + b"".join(
        passing(100) + departure(0) + (reply_to(0) if n % 3 == 0 else b"") for n in range(36))
    yield "sender_reply", "copies", begin + b"".join(passing(100) + reply_to(0) + reply_to(0) + reply_to(1) for _ in range(12))
    yield "sender_reply", "restart", begin + answered + passing(100) + reply_to(0, (160, 9)) + answered
    yield "sender_reply", "one-number-for-all", begin + (passing(100) + departure(0) + reply_to(0, (3, 7))) * 12
    yield "sender_reply", "errors", begin + b"".join(
        passing(100) + bytes([5, kind, 0, 64]) for kind in range(9)) + answered
    yield "sender_reply", "disturbed", begin + b"".join(
        passing(100) + reply_to(0) + bytes([6, what]) for what in range(8))
    for name, octets in REPLIES.items():
        yield "sender_reply", name, begin + passing(10) + struct.pack(">BH", 3, len(octets)) + octets


# What addresses and prefixes look like, and what they do not.
TEXTS = ["192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::", "::1", "1::", "fe80::1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8",
         "1:2:3:4:5:6:7.8.9.10", "1.2.3.04", "1:2:3:4:5:6:7::8", "10.0.0.1/8", "2001:db8::1/127", "10.0.0.0/33"]
# Replies of Linux and the requests that its errors quote, of both families.
ECHOES = ["0000dbbd09051230434f4f4b49452d2d0000000000000000", "810048c620a11230434f4f4b49452d2d0000000000000000",
          "0800d3bb09071230434f4f4b49452d2d0000000000000000", "8000615f09081230434f4f4b49452d2d0000000000000000"]
# Stored windows (store/window_form.h): nothing but counters; residence times of one value, and of a bucket.
WINDOWS = ["01000000000000", "01070202010000000000", "010000000000100106", "01000000000010030202020000010201"]


# TLVs of drafts: headers asked for, bit errors in a padding, with a pattern and without, and some of it wrong.
DRAFTS = ["80f70014" + "00" * 20, "80f70028" + "60" * 4 + "00" * 36, "80f60008" + "00" * 8, "80f60007" + "00" * 7,
          "80f1000400000000" "80f2000400000000" "80010008ff00ff00fe00ff01",
          "80f00002a55a" "80f1000400000000" "80010004a55aa55b", "80f00003000000" "80f1000400000000" "80010004a55aa55b",
          "80f1000400000000" "80f20003000000" "80010004a55aa55b", "80f1000400000000"]
# Targets of requests to the API, and their queries (src/api/routes.cc), with a fault here and there.
QUERIES = ["/api/v1/sessions", "/api/v1/sessions/office/windows?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z&step=1h",
           "/api/v1/windows?from=-1d&to=-1h", "/api/v1/sessions/a%20b", "/api/v1/sessions/%00", "/api/v1/none", "/healthz", "//", "/%",
           "from=-1h&step=10s&percentiles=50,99.9", "step=0s", "from=-1h&to=-2h", "percentiles=101", "percentiles=", "a=b", "%zz=1",
           "from=2026-01-31T00:00:00+24:00", "step=1h&step=2h"]
# Files of keys (config/key_file.h), and one with a fault of each kind.
HEX, BASE64 = "hex:00112233445566778899aabbccddeeff", "base64:MDEyMzQ1Njc4OUFCQ0RFTw=="
KEY_FILES = [
    f"# keys of the site\n\nsite-2026  {HEX}  peer=192.0.2.0/24\nsite-2027\t{BASE64} peer=192.0.2.0/24,2001:db8::/32\r\n"
    "lab text:as-it-is-typed-into-a-router ssid=7,8", f"one {HEX}\none {HEX}\n", f"one {HEX} peer=10.0.0.1/8", f"one {HEX} ssid=0",
    f"one {HEX} peer=::/0 ssid=1,65535 peer=::", "one hex:001", "one base64:MDEyMzQ1Njc4OUFCQ0RFTx==", "one two three", HEX, BASE64,
    "text:0123456789abcdef ssid=7", "none text:0123456789abcdef", "".join(f"k{n} {HEX} ssid=7\n" for n in range(9)), "# nothing\n",
    f"\ufeffone {HEX}"]


def seeds():
    for number, text in enumerate(KEY_FILES):
        yield "key_file", f"file-{number}", text.encode()
    for number, text in enumerate(TEXTS):
        yield "address", f"text-{number}", text.encode()
    for number, octets in enumerate(ECHOES):
        yield "icmp_echo", f"message-{number}", bytes.fromhex(octets)
    for number, octets in enumerate(WINDOWS):
        yield "window", f"form-{number}", bytes.fromhex(octets)
    for name, octets in REQUESTS.items():
        yield "decode_request", name, octets
        yield "reflector", name, arrival(octets)
        if len(octets) > BASE:
            yield "reflect_tlvs", name, ANSWERS + octets[BASE:]
    for name, octets in REPLIES.items():
        yield "decode_reply", name, octets
    for size in (35, 36, 38, 40, 41, 43):
        yield "decode_reply", f"cut-{size}", REPLIES["reflector-unauth-stateful"][:size]
    for name, octets in AREAS.items():
        yield "tlv_walk", name, octets
    for name, octets in (PACKETS | AUTHENTICATED).items():
        yield "literal_decoder", name, octets
    for name, (octets, vector) in WSTP.items():
        if vector["kind"] == "tlv":
            yield "wstp", name, octets[4:]
            yield "reflect_tlvs", name, ANSWERS + octets
    for name, octets in AUTHENTICATED.items():
        yield "stamp_auth", name, bytes([6]) + octets
    for name, octets in AREAS.items():
        yield "reflect_reference", name, KNOWN + bytes([0]) + octets
        yield "reflect_reference", f"{name}-keyed", KNOWN + bytes([9]) + octets
        yield "reply_tlvs", name, bytes([0]) + octets
        yield "stamp_auth", f"behind-{name}", bytes([7]) + AUTHENTICATED["sender-auth-ssid"] + octets
    for number, text in enumerate(DRAFTS):
        yield "reflect_reference", f"draft-{number}", bytes([255]) + KNOWN[1:] + bytes([0]) + bytes.fromhex(text)
        yield "tlv_walk", f"draft-{number}", bytes.fromhex(text)
    for name, (octets, _) in TWAMP.items():
        if name.startswith("test-") and "key" not in name:
            mode = {"auth": 1, "encrypted": 2}.get(name.rpartition("-")[2], 0)
            yield "twamp_test", name, bytes([8 if "dscp" in name else mode]) + octets
        elif not name.startswith(("owamp", "kdf", "token", "test-")):
            yield "twamp_control", name, bytes([0, 15]) + octets
            yield "twamp_control", f"{name}-sealed", bytes([1, 15]) + octets
    yield from conversations()
    yield from runs()


def conversations():
    """A client of twamp_server_fuzz: it connects, sets up open or encrypted mode, and says whole commands."""
    commands = [TWAMP[f"{name}-open"][0] for name in ("request-tw-session", "start-sessions", "stop-sessions")]
    sids = bytes([7]) + bytes(14) + bytes([1]) + bytes(16) + bytes(16)
    for name, set_up in (("open", 1), ("encrypted", 2)):
        said = b"".join(bytes([5, len(octets) - 1]) + octets for octets in commands)
        yield "twamp_server", name, bytes([0, 7, set_up]) + said + bytes([0, 4])
        yield "twamp_server", f"{name}-by-name", bytes([3, 7, set_up]) + said[:114] + bytes([5, len(sids) - 1]) + sids
        yield "twamp_server", f"{name}-lost", bytes([0, 7, set_up]) + said[:148] + bytes([3, 0, 255])
    # twamp_client_fuzz: what a server says, in one piece and octet by octet.
    said = b"".join(TWAMP[f"{name}-open"][0] for name in ("greeting", "server-start", "accept-session"))
    for name, cut in (("whole", 255), ("octets", 0), ("uneven", 37)):
        yield "twamp_client", f"open-{name}", bytes([0, cut]) + said + bytes(32)
        yield "twamp_client", f"by-name-{name}", bytes([2, cut]) + said[:15] + bytes([17]) + said[16:] + bytes(64)
        yield "twamp_client", f"keyed-{name}", bytes([1, cut]) + said[:15] + bytes([15]) + said[16:] + bytes(32)
    yield "twamp_client", "refused", bytes([0, 255]) + said[:64] + bytes(15) + bytes([5]) + bytes(32)
    yield "twamp_client", "not-willing", bytes([0, 255]) + said[:12] + bytes(4) + said[16:64]
    # twamp_reflector_fuzz: opens, starts, gives packets, stops, lets time pass.
    for mode in (0, 1, 2, 4, 8, 9, 10):
        packets = b"".join(bytes([6, 41]) + bytes(41) for _ in range(12))
        yield "twamp_reflector", f"mode-{mode}", bytes([1, mode, 2]) + packets + bytes([0, 10]) + packets[:86] + bytes([3, 0, 255])
    yield "twamp_reflector", "two-of-one-port", bytes([1, 0, 9, 0, 2, 10, 6, 0, 14, 0, 7, 0, 15, 0, 5, 0, 13, 0, 4, 12])
    yield "twamp_reflector", "before-start", bytes([1, 0, 6, 0, 2, 6, 0, 3, 6, 0, 0, 255, 6, 0, 0, 255])
    for number, text in enumerate(QUERIES):
        yield "api_query", f"query-{number}", text.encode()


def main():
    corpus = HERE / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    for target, name, octets in seeds():
        folder = corpus / f"{target}_fuzz"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets)


if __name__ == "__main__":
    main()
