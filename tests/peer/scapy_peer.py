#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The far end is Scapy's STAMP layer: scapy_peer.py send|reflect ADDRESS PORT COUNT. Exit code 77: there is none.

Its base packets are made and read by Scapy alone (the instants are carried over as it read them). It reads no TLVs: the
list of them wants a UDP packet around it.
"""

import json
import logging
import socket
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.contrib.stamp import (
        ErrorEstimate, STAMPSessionReflectorTestUnauthenticated, STAMPSessionSenderTestUnauthenticated)
except ImportError as error:
    print(f"{error}: install the package python3-scapy")
    sys.exit(77)

BASE = 44
UNIX_TO_NTP = 2208988800


def estimate():
    return ErrorEstimate(S=0, Z=0, scale=29, multiplier=128)


def now():
    return (time.time_ns() << 32) // 10**9 + (UNIX_TO_NTP << 32)


def set_instant(packet, name, raw):
    packet.fields[name] = raw  # a number of 2^-32 s, as Scapy keeps it


def told(packet, octets):
    found = {}
    for field in packet.fields_desc:
        value = packet.getfieldval(field.name)
        if isinstance(value, int):
            found[field.name] = value
        elif isinstance(value, ErrorEstimate):
            found[field.name] = {part.name: int(value.getfieldval(part.name)) for part in value.fields_desc}
    found["same"] = bytes(packet) == octets[:BASE]
    found["octets"] = len(octets)
    return found


def send(udp, address, port, count):
    udp.settimeout(5)
    for sequence in range(count):
        request = STAMPSessionSenderTestUnauthenticated(seq=sequence, ssid=0x5ca9, err_estimate=estimate())
        set_instant(request, "ts", now())
        udp.sendto(bytes(request), (address, port))
        octets = udp.recv(65536)
        reply = STAMPSessionReflectorTestUnauthenticated(octets[:BASE])
        print(json.dumps({"request": told(request, bytes(request)), "reply": told(reply, octets)}), flush=True)


def reflect(udp, address, port, _count):
    udp.bind((address, port))
    print(json.dumps({"listening": udp.getsockname()[1]}), flush=True)
    counter = 0
    while True:
        octets, sender = udp.recvfrom(65536)
        received = now()
        request = STAMPSessionSenderTestUnauthenticated(octets[:BASE])
        reply = STAMPSessionReflectorTestUnauthenticated(
            seq=counter, err_estimate=estimate(), ssid=request.ssid, seq_sender=request.seq,
            err_estimate_sender=request.err_estimate, ttl_sender=255)
        for name, raw in (("ts_rx", received), ("ts_sender", request.fields["ts"]), ("ts", now())):
            set_instant(reply, name, raw)
        # What it cannot read it copies, as a reflector without extensions does.
        udp.sendto(bytes(reply) + octets[BASE:], sender)
        print(json.dumps({"request": told(request, octets), "reply": told(reply, bytes(reply))}), flush=True)
        counter += 1


def main():
    what, address, port, count = sys.argv[1:]
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        {"send": send, "reflect": reflect}[what](udp, address, int(port), int(count))


if __name__ == "__main__":
    main()
