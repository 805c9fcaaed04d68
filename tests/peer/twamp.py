# SPDX-License-Identifier: Apache-2.0
"""TWAMP (RFC 5357 with 5618, 5938, 6038, 7750, 8186): the messages of TWAMP-Control, the two directions of its stream,
and the packets of TWAMP-Test in each mode. No sockets here."""

import ipaddress

import octets
from octets import field, number
from packets import REPLY

OPEN, AUTHENTICATED, ENCRYPTED, MIXED = 1, 2, 4, 8
INDIVIDUAL, REFLECT_OCTETS, SYMMETRICAL, DSCP_ECN, PTP = 16, 32, 64, 256, 512
MODES = {"open": OPEN, "authenticated": AUTHENTICATED, "encrypted": ENCRYPTED, "mixed": MIXED}
FEATURES = {"individual": INDIVIDUAL, "reflect-octets": REFLECT_OCTETS, "symmetrical": SYMMETRICAL,
            "dscp-ecn": DSCP_ECN, "ptp": PTP}
START, STOP, REQUEST, START_N, START_N_ACK, STOP_N, STOP_N_ACK = 2, 3, 5, 7, 8, 9, 10
OK, FAILURE, INTERNAL, UNSUPPORTED, PERMANENT, TEMPORARY = range(6)


class Refused(Exception):
    """The other side broke a rule; the text says which. The connection ends."""


def secured(mode):
    return bool(mode & (AUTHENTICATED | ENCRYPTED | MIXED))


# --- before the stream (RFC 4656 3.1) ----------------------------------------------------------------------


def greeting(modes, challenge, salt, count=1024):
    return bytes(12) + field(modes, 4) + challenge + salt + field(count, 4) + bytes(12)


def read_greeting(message):
    return {"modes": number(message[12:16]), "challenge": message[16:32], "salt": message[32:48],
            "count": number(message[48:52])}


def token(passphrase, salt, count, challenge, aes_key, hmac_key):
    derived = octets.key_of_passphrase(passphrase, salt, count)
    return octets.cbc_encrypted(derived, bytes(16), challenge + aes_key + hmac_key)


def set_up(mode, key_id="", sealed=bytes(64), client_iv=bytes(16)):
    return field(mode, 4) + key_id.encode().ljust(80, b"\0") + sealed + client_iv


def read_set_up(message):
    return {"mode": number(message[0:4]), "key_id": message[4:84].rstrip(b"\0").decode("utf-8", "replace"),
            "token": message[84:148], "client_iv": message[148:164]}


def server_start(accept, server_iv, block):
    """`block`: Start-Time and MBZ, 16 octets, encrypted where the mode says so."""
    return bytes(15) + bytes([accept]) + server_iv + block


# --- the stream (RFC 4656 3.1, 3.4) ------------------------------------------------------------------------


class Direction:
    """One direction of a control connection: chained CBC, and an HMAC over all since the end of the last one."""

    def __init__(self, aes_key=None, iv=None, hmac_key=None):
        self.aes_key, self.iv, self.hmac_key = aes_key, iv, hmac_key
        self.covered = b""

    def sealed(self, plain):
        """Encrypts what is sent next; it will be covered by the next HMAC."""
        self.covered += plain
        return self._encrypted(plain)

    def sealed_with_hmac(self, plain):
        if self.aes_key is None:
            return plain + bytes(16)
        found = self.sealed(plain)
        value = octets.hmac_sha1(self.hmac_key, self.covered)
        self.covered = b""
        return found + self._encrypted(value)

    def opened(self, cipher):
        if self.aes_key is None or not cipher:
            return cipher
        plain = octets.cbc_decrypted(self.aes_key, self.iv, cipher)
        self.iv = cipher[-16:]
        self.covered += plain
        return plain

    def check_hmac(self, cipher):
        """The 16 octets of an HMAC as they came."""
        if self.aes_key is None:
            return
        covered = self.covered
        if not octets.same(self.opened(cipher), octets.hmac_sha1(self.hmac_key, covered)):
            raise Refused("HMAC of a control message")
        self.covered = b""

    def _encrypted(self, plain):
        if self.aes_key is None:
            return plain
        cipher = octets.cbc_encrypted(self.aes_key, self.iv, plain)
        self.iv = cipher[-16:]
        return cipher


# --- commands and answers, without their HMAC ---------------------------------------------------------------


def packed_address(address):
    return ipaddress.ip_address(address).packed.ljust(16, b"\0") if address else bytes(16)


def read_address(version, packed):
    if packed == bytes(16):
        return ""
    return str(ipaddress.ip_address(packed[0:4] if version == 4 else packed))


def request_session(version, sender_port, receiver_port, sender="", receiver="", padding=27, start=bytes(8),
                    timeout_s=2, dscp=0, reflect=0, reflect_length=0):
    return (bytes([REQUEST, version]) + bytes(10) + field(sender_port, 2) + field(receiver_port, 2)
            + packed_address(sender) + packed_address(receiver) + bytes(16) + field(padding, 4) + start
            + field(timeout_s, 4) + bytes(4) + field(dscp << 24, 4) + field(reflect, 2) + field(reflect_length, 2)
            + bytes(4))


def read_request_session(message):
    version = message[1] & 15
    return {"version": version, "conf_sender": message[2], "conf_receiver": message[3],
            "slots": number(message[4:8]), "packets": number(message[8:12]), "sender_port": number(message[12:14]),
            "receiver_port": number(message[14:16]), "sender": read_address(version, message[16:32]),
            "receiver": read_address(version, message[32:48]), "sid": message[48:64], "padding": number(message[64:68]),
            "start": message[68:76], "timeout": number(message[76:84]) / 2**32, "type_p": number(message[84:88]),
            "reflect": number(message[88:90]), "reflect_length": number(message[90:92])}


def accept_session(accept, port=0, sid=bytes(16), reflected=0, server_octets=0):
    return (bytes([accept, 0]) + field(port, 2) + sid + field(reflected, 2) + field(server_octets, 2) + bytes(8))


def read_accept_session(message):
    return {"accept": message[0], "port": number(message[2:4]), "sid": message[4:20],
            "reflected": number(message[20:22]), "server_octets": number(message[22:24])}


def start_sessions():
    return bytes([START]) + bytes(15)


def start_ack(accept=OK):
    return bytes([accept]) + bytes(15)


def stop_sessions(sessions, accept=OK):
    return bytes([STOP, accept]) + bytes(2) + field(sessions, 4) + bytes(8)


def of_n_sessions(command, sids, accept=0):
    """Start-N-Sessions, Start-N-Ack, Stop-N-Sessions, Stop-N-Ack (RFC 5938 3)."""
    return bytes([command, accept]) + bytes(10) + field(len(sids), 4) + b"".join(sids)


# --- TWAMP-Test (RFC 5357 4) --------------------------------------------------------------------------------


class Test:
    """The packets of one session. `keys`: its AES and HMAC keys, for the modes authenticated and encrypted."""

    def __init__(self, mode, keys=None, features=0, padding=27, reflect_length=0):
        self.mode, self.keys, self.features = mode, keys, features
        self.padding, self.reflect_length = padding, reflect_length
        self.closed = bool(mode & (AUTHENTICATED | ENCRYPTED))
        self.sender_header = 48 if self.closed else 14
        self.reply_header = 112 if self.closed else 44 if features & DSCP_ECN else 41

    @staticmethod
    def keys_of(sid, aes_key, hmac_key):
        return octets.aes_encrypted_block(sid, aes_key), octets.cbc_encrypted(sid, bytes(16), hmac_key)

    def _closed(self, packet, covered, hmac_at):
        """With its HMAC, then encrypted: one block, or all that is covered."""
        aes_key, hmac_key = self.keys
        value = octets.hmac_sha1(hmac_key, packet[:covered])
        return octets.cbc_encrypted(aes_key, bytes(16), packet[:covered]) + packet[covered:hmac_at] + value

    def _opened(self, packet, covered, hmac_at):
        """The plain packet; None when the HMAC is not that of the session."""
        aes_key, hmac_key = self.keys
        plain = octets.cbc_decrypted(aes_key, bytes(16), packet[:covered])
        if not octets.same(packet[hmac_at:hmac_at + 16], octets.hmac_sha1(hmac_key, plain)):
            return None
        return plain + packet[covered:]

    def sent(self, sequence, timestamp, error, padding=b""):
        if not self.closed:
            return field(sequence, 4) + timestamp + error + padding
        plain = field(sequence, 4) + bytes(12) + timestamp + error + bytes(6)
        return self._closed(plain, 32 if self.mode & ENCRYPTED else 16, 32) + padding

    def padding_of(self, random_octets):
        """Padding as the features want it, out of as many random octets."""
        padding = random_octets[:self.padding]
        if self.features & SYMMETRICAL:
            zeros = self.reply_header - self.sender_header
            padding = bytes(min(zeros, self.padding)) + padding[zeros:]
        return padding

    def read_sent(self, packet):
        """Fields of a sender's packet, or why it is dropped."""
        if len(packet) < self.sender_header:
            return "too short"
        if not self.closed:
            return {"sequence": number(packet[0:4]), "timestamp": packet[4:12], "error": packet[12:14]}
        plain = self._opened(packet, 32 if self.mode & ENCRYPTED else 16, 32)
        if plain is None:
            return "HMAC"
        return {"sequence": number(plain[0:4]), "timestamp": plain[16:24], "error": plain[24:26]}

    def reflected_padding(self, request, length):
        at = self.sender_header
        if self.features & SYMMETRICAL:
            at = max(at, self.reply_header)
        return request[at:at + length].ljust(length, b"\0")

    def reply(self, request, fields, dscp_ecn=0):
        """As long as the request where that has room for the header."""
        layout = REPLY[self.closed]
        header = bytearray(self.reply_header)
        for name, value in fields.items():
            at, size = layout[name]
            header[at:at + size] = field(value, size) if isinstance(value, int) else value
        if self.features & DSCP_ECN:
            header[81 if self.closed else 41] = dscp_ecn
        header = bytes(header)
        if self.closed:
            header = self._closed(header, 96 if self.mode & ENCRYPTED else 16, 96)
        length = max(self.reply_header, len(request)) - self.reply_header
        return header + self.reflected_padding(request, length)

    def read_reply(self, packet):
        if len(packet) < self.reply_header:
            return "too short"
        plain = packet
        if self.closed:
            plain = self._opened(packet, 96 if self.mode & ENCRYPTED else 16, 96)
            if plain is None:
                return "HMAC"
        found = {}
        for name, (at, size) in REPLY[self.closed].items():
            value = plain[at:at + size]
            found[name] = number(value) if name in ("sequence", "sender_sequence", "sender_ttl") else value
        del found["ssid"]
        if self.features & DSCP_ECN:
            found["dscp_ecn"] = plain[81 if self.closed else 41]
        return found
