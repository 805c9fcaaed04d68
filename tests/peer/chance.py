# SPDX-License-Identifier: Apache-2.0
"""Extensions by chance: mostly as a sender may write them, often not. The same seed gives the same."""

import random

import tlvs
from octets import field

LENGTHS = {tlvs.PADDING: (0, 1, 7, 20), tlvs.LOCATION: (4, 56), tlvs.TIMESTAMP: (4, 8), tlvs.COS: (4,), tlvs.DIRECT: (12,),
           tlvs.ACCESS: (4,), tlvs.FOLLOW_UP: (16,), tlvs.HMAC: (16,), tlvs.DESTINATION: (4, 16), tlvs.RETURN_PATH: (8, 20),
           tlvs.MICRO: (4,), tlvs.CONTROL: (12, 20)}
# Drafts, private ones and reserved ones among them; not 251, which is the program's own.
STRANGE = (0, 13, 100, 200, 240, 241, 242, 246, 247, 250, 252, 253, 254, 255)


def location(chance):
    parts = [tlvs.tlv(*one) for one in ((1, bytes(8)), (4, bytes(16)), (7, bytes(16)))]
    if chance.random() < 0.3:
        parts.append(tlvs.tlv(chance.choice((0, 2, 3, 5, 9, 10, 200)), chance.randbytes(chance.choice((0, 4, 8, 16)))))
    chance.shuffle(parts)
    return bytes(4) + tlvs.joined(parts[:chance.randrange(len(parts) + 1)])


def return_path(chance):
    # Never "no reply": that is a case of its own.
    return chance.choice((tlvs.tlv(1, field(1, 4)), tlvs.tlv(2, chance.randbytes(4)), tlvs.tlv(2, chance.randbytes(16)),
                          tlvs.tlv(3, chance.randbytes(8)), tlvs.tlv(4, chance.randbytes(16)))).octets()


def value(chance, kind):
    if kind == tlvs.LOCATION and chance.random() < 0.7:
        return location(chance)
    if kind == tlvs.RETURN_PATH:
        return return_path(chance)
    if kind == tlvs.MICRO:
        return chance.randbytes(2) + bytes(2)
    if kind == tlvs.ACCESS:
        return bytes([chance.choice((0x10, 0x20, 0x30, 0)), chance.choice((1, 2, 9)), 0, 0])
    size = chance.choice(LENGTHS.get(kind, (0, 1, 4, 8)))
    return bytes(size) if chance.random() < 0.5 else chance.randbytes(size)


def extension(chance, kinds):
    kind = chance.choice(STRANGE) if chance.random() < 0.2 else chance.choice(kinds)
    one = tlvs.tlv(kind, value(chance, kind))
    if chance.random() < 0.1:  # a length that does not fit the type
        one = tlvs.tlv(kind, one.value + chance.randbytes(chance.choice((1, 4))))
        if chance.random() < 0.5:
            one = tlvs.tlv(kind, one.value[:chance.randrange(len(one.value))])
    return one


def signed(chance, found, sequence, key):
    """With an HMAC TLV that is mostly where and what it has to be."""
    def hmac():
        return tlvs.tlv(tlvs.HMAC, tlvs.hmac_value(key, sequence, found))

    how = chance.random()
    if how < 0.6:
        found.append(hmac())
    elif how < 0.7:
        found.append(tlvs.tlv(tlvs.HMAC, chance.randbytes(16)))
    elif how < 0.8:
        found.insert(chance.randrange(len(found)), hmac())
    elif how < 0.9:
        found.append(hmac())
        found.append(hmac())
    if how < 0.9 and chance.random() < 0.2:
        found.append(tlvs.tlv(tlvs.PADDING, chance.randbytes(8)))


def extensions(seed, sequence, kinds, key=None):
    """Octets behind a base packet; the last TLV may be truncated, and what follows it be too short for one."""
    chance = random.Random(f"{seed} {sequence}")
    found = [extension(chance, kinds) for _ in range(chance.randrange(1, 8))]
    for one in found:
        if chance.random() < 0.1:
            one.flags = chance.randrange(256)
    if key:
        signed(chance, found, sequence, key)
    if chance.random() < 0.1:
        found[-1].length += chance.randrange(1, 2000)
    tail = chance.randbytes(chance.randrange(4)) if chance.random() < 0.1 else b""
    return tlvs.joined(found, tail)[:1300]
