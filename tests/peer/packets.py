# SPDX-License-Identifier: Apache-2.0
"""The base packets of STAMP (RFC 8762 4.2, 4.3; RFC 8972 3): where each field is, its size in octets."""

from octets import field, hmac_sha256, number, same

BASE = {False: 44, True: 112}  # by: authenticated
HMAC_AT, HMAC_COVERS = 96, 96

REQUEST = {
    False: {"sequence": (0, 4), "timestamp": (4, 8), "error": (12, 2), "ssid": (14, 2)},
    True: {"sequence": (0, 4), "timestamp": (16, 8), "error": (24, 2), "ssid": (26, 2)},
}
REPLY = {
    False: {"sequence": (0, 4), "timestamp": (4, 8), "error": (12, 2), "ssid": (14, 2), "receive": (16, 8),
            "sender_sequence": (24, 4), "sender_timestamp": (28, 8), "sender_error": (36, 2), "sender_ttl": (40, 1)},
    True: {"sequence": (0, 4), "timestamp": (16, 8), "error": (24, 2), "ssid": (26, 2), "receive": (32, 8),
           "sender_sequence": (48, 4), "sender_timestamp": (64, 8), "sender_error": (72, 2), "sender_ttl": (80, 1)},
}
NUMBERS = ("sequence", "ssid", "sender_sequence", "sender_ttl")


def built(layout, size, fields):
    packet = bytearray(size)
    for name, value in fields.items():
        at, octets = layout[name]
        value = field(value, octets) if name in NUMBERS else value
        if len(value) != octets:
            raise ValueError(f"{name} has {octets} octets, not {len(value)}")
        packet[at:at + octets] = value
    return bytes(packet)


def read(layout, packet):
    """Octets that are missing count as zero (a request of a TWAMP Light sender may be that short)."""
    packet = packet.ljust(BASE[True], b"\0")
    found = {name: packet[at:at + octets] for name, (at, octets) in layout.items()}
    return {name: number(value) if name in NUMBERS else value for name, value in found.items()}


def must_be_zero(layout, packet, size):
    """The octets of no field that are not zero."""
    taken = {place for at, octets in layout.values() for place in range(at, at + octets)}
    if size == BASE[True]:
        taken.update(range(HMAC_AT, HMAC_AT + 16))
    return [place for place in range(min(size, len(packet))) if place not in taken and packet[place]]


def authenticated(packet, key):
    """With the HMAC of the first 96 octets in its place (RFC 8762 4.4)."""
    return packet[:HMAC_AT] + hmac_sha256(key, packet[:HMAC_COVERS]) + packet[HMAC_AT + 16:]


def is_authentic(packet, key):
    return same(packet[HMAC_AT:HMAC_AT + 16], hmac_sha256(key, packet[:HMAC_COVERS]))


def request(sequence, timestamp, error, ssid=0, key=None):
    """`key`: of an authenticated session."""
    mode = key is not None
    packet = built(REQUEST[mode], BASE[mode],
                   {"sequence": sequence, "timestamp": timestamp, "error": error, "ssid": ssid})
    return authenticated(packet, key) if mode else packet


def reply(fields, key=None):
    mode = key is not None
    packet = built(REPLY[mode], BASE[mode], fields)
    return authenticated(packet, key) if mode else packet
