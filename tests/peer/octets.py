# SPDX-License-Identifier: Apache-2.0
"""Numbers, instants, errors, HMAC and AES as STAMP and TWAMP write them, as literally as possible: what the program is
held against must be easy to see through, not fast. Standard library only; instants are Unix nanoseconds (UTC)."""

import hashlib
import hmac

UNIX_TO_NTP = 2208988800
TAI_MINUS_UTC = 37
SECOND = 10**9


def number(octets):
    return int.from_bytes(octets, "big")


def field(value, size):
    """A number in network order; what does not fit wraps, as counters do."""
    return (value % (1 << (8 * size))).to_bytes(size, "big")


# --- instants (RFC 5905 6, RFC 8186) -----------------------------------------------------------------------


def ntp(instant_ns):
    seconds, rest = divmod(instant_ns, SECOND)
    return field(seconds + UNIX_TO_NTP, 4) + field(((rest << 32) + SECOND // 2) // SECOND, 4)


def from_ntp(octets, near_ns):
    """There is no era on the wire: the instant that is nearest to `near_ns`."""
    near = near_ns // SECOND
    behind = (number(octets[0:4]) - (near + UNIX_TO_NTP)) % (1 << 32)
    if behind >= 1 << 31:
        behind -= 1 << 32
    rest = (number(octets[4:8]) * SECOND + (1 << 31)) >> 32
    return (near + behind) * SECOND + rest


def ptp(instant_ns, tai_minus_utc=TAI_MINUS_UTC):
    seconds, rest = divmod(instant_ns, SECOND)
    return field(seconds + tai_minus_utc, 4) + field(rest, 4)


def from_ptp(octets, tai_minus_utc=TAI_MINUS_UTC):
    """None when the nanoseconds are a second or more: such a stamp is invalid."""
    if number(octets[4:8]) >= SECOND:
        return None
    return (number(octets[0:4]) - tai_minus_utc) * SECOND + number(octets[4:8])


def instant(octets, error, near_ns):
    """Read by the Z bit of the Error Estimate it belongs to; None: not available, or invalid."""
    if octets == bytes(8):
        return None
    return from_ptp(octets) if error[0] & 0x40 else from_ntp(octets, near_ns)


def stamp(instant_ns, error):
    """Written by the Z bit of that Error Estimate."""
    return ptp(instant_ns) if error[0] & 0x40 else ntp(instant_ns)


# --- Error Estimate (RFC 4656 4.1.2, RFC 8186) -------------------------------------------------------------


def error_estimate(numerator, denominator=1, synchronised=False, is_ptp=False):
    """numerator / denominator seconds, never too small."""
    value = -(-(numerator << 32) // denominator) or 1
    scale = 0
    while value > 255 and scale < 63:
        value = (value + 1) >> 1
        scale += 1
    return bytes([synchronised << 7 | is_ptp << 6 | scale, min(value, 255)])


def error_seconds(octets):
    return octets[1] * 2.0 ** (octets[0] & 0x3F) * 2.0**-32


# --- HMAC (RFC 2104), keys (RFC 8018) ----------------------------------------------------------------------


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()[:16]


def hmac_sha1(key, data):
    return hmac.new(key, data, hashlib.sha1).digest()[:16]


def same(one, other):
    return hmac.compare_digest(one, other)


def key_of_passphrase(passphrase, salt, count):
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), salt, count, 16)


# --- AES-128 (FIPS 197) ------------------------------------------------------------------------------------


def times(one, other):
    """The product in GF(2^8) by x^8 + x^4 + x^3 + x + 1 (FIPS 197 4.2)."""
    product = 0
    for bit in range(8):
        if other >> bit & 1:
            product ^= one << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def substitution(value):
    """FIPS 197 5.1.1: the inverse (the power of 254, and 0 of 0), then an affine map."""
    inverse = value
    for _ in range(6):  # to the power of 3, 7, ... 127
        inverse = times(times(inverse, inverse), value)
    inverse = times(inverse, inverse)
    rotated = [(inverse << by | inverse >> (8 - by)) & 255 for by in range(5)]
    return rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ rotated[4] ^ 0x63


SBOX = [substitution(value) for value in range(256)]
INVERSE_SBOX = [SBOX.index(value) for value in range(256)]
TIMES = {factor: [times(factor, value) for value in range(256)] for factor in (1, 2, 3, 9, 11, 13, 14)}


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def round_keys(key):
    words = [key[at:at + 4] for at in range(0, 16, 4)]
    constant = 1
    for at in range(4, 44):
        word = words[at - 1]
        if at % 4 == 0:
            word = bytes(SBOX[octet] for octet in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = times(constant, 2)
        words.append(xor(words[at - 4], word))
    return [b"".join(words[at:at + 4]) for at in range(0, 44, 4)]


def mixed_columns(state, factors):
    mixed = []
    for column in range(0, 16, 4):
        for row in range(4):
            value = 0
            for at in range(4):
                value ^= TIMES[factors[(at - row) % 4]][state[column + at]]
            mixed.append(value)
    return bytes(mixed)


def aes_encrypted_block(key, block):
    keys = round_keys(key)
    state = xor(block, keys[0])
    for at in range(1, 11):
        state = bytes(SBOX[octet] for octet in state)
        state = bytes(state[(place + 4 * (place % 4)) % 16] for place in range(16))  # row r to the left by r
        if at < 10:
            state = mixed_columns(state, (2, 3, 1, 1))
        state = xor(state, keys[at])
    return state


def aes_decrypted_block(key, block):
    keys = round_keys(key)
    state = xor(block, keys[10])
    for at in range(9, -1, -1):
        state = bytes(state[(place - 4 * (place % 4)) % 16] for place in range(16))
        state = bytes(INVERSE_SBOX[octet] for octet in state)
        state = xor(state, keys[at])
        if at > 0:
            state = mixed_columns(state, (14, 11, 13, 9))
    return state


def cbc_encrypted(key, iv, data):
    done = b""
    for at in range(0, len(data), 16):
        iv = aes_encrypted_block(key, xor(iv, data[at:at + 16]))
        done += iv
    return done


def cbc_decrypted(key, iv, data):
    done = b""
    for at in range(0, len(data), 16):
        done += xor(iv, aes_decrypted_block(key, data[at:at + 16]))
        iv = data[at:at + 16]
    return done
