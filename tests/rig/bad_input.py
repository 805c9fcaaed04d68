# SPDX-License-Identifier: Apache-2.0
"""Anything from anyone to the reflector: it stays up, never answers with more than it may, and goes on measuring."""

import random
import socket
import struct
import time

from emulator_itself import socket_in
from rig import PORT, REFLECTOR_V4, Rig, check, check_delivered, check_equal

BASE = 44  # octets of a bare reply: the most that a shorter request may get
SEED = 20260101


def payload(rng, size):
    """Noise, zeros, or something that begins like a request or like a reply."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(size)
    if kind == 1:
        return bytes(size)
    begin = struct.pack("!IQHH", rng.randrange(2**32), rng.randrange(2**64), rng.randrange(2**16), rng.randrange(2**16))
    if kind == 3:
        begin += rng.randbytes(28)
    # TLVs with random flags, types and lengths behind a base packet of zeros.
    body = begin.ljust(BASE, b"\0") + b"".join(struct.pack("!BBH", rng.randrange(256), rng.randrange(256),
                                                           rng.randrange(64)) + rng.randbytes(rng.randrange(64))
                                               for _ in range(rng.randrange(8)))
    return body[:size].ljust(size, b"\0")


def sizes(rng):
    return list(range(0, 130)) + [1472, 1473, 9000, 65506, 65507] + [rng.randrange(65508) for _ in range(200)]


def still_measures(rig):
    measured = rig.ping("-c", "50", "-i", "5ms", target=f"127.0.0.1:{PORT}", namespace="reflector")
    check_delivered(measured, 50, "outcomes afterwards")


def reflects_no_more_than_allowed():
    print(f"  seed {SEED}")
    rng = random.Random(SEED)
    with Rig(emulated=False) as rig:
        reflector = rig.reflect(listen=[f"127.0.0.1:{PORT}"])
        answered = 0
        for size in sizes(rng):
            with socket_in("reflector", socket.AF_INET) as client:
                client.sendto(payload(rng, size), ("127.0.0.1", PORT))
                client.settimeout(0.01)
                try:
                    while True:
                        reply = client.recv(65536)
                        answered += 1
                        check(len(reply) <= max(size, BASE), f"{size} octets were answered with {len(reply)}")
                except TimeoutError:
                    pass
        check(answered > 100, f"only {answered} answers: the test proves nothing")
        check(reflector.popen.poll() is None, f"the reflector ended: {reflector.err()}")
        still_measures(rig)


def survives_a_flood():
    print(f"  seed {SEED}")
    rng = random.Random(SEED)
    with Rig(emulated=False) as rig:
        reflector = rig.reflect(listen=[f"0.0.0.0:{PORT}"])
        stock = [payload(rng, rng.randrange(1400)) for _ in range(500)]
        clients = [socket_in("sender", socket.AF_INET) for _ in range(64)]
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for client in clients:
                client.sendto(rng.choice(stock), (REFLECTOR_V4, PORT))
        check(reflector.popen.poll() is None, f"the reflector ended: {reflector.err()}")
        still_measures(rig)
        check_equal(reflector.stop(), 0, "exit code of the reflector")


CASES = {"reflects_no_more_than_allowed": reflects_no_more_than_allowed, "survives_a_flood": survives_a_flood}
