# SPDX-License-Identifier: Apache-2.0
"""A connection of TWAMP-Control (RFC 5357 3); its messages and the cipher are in twamp.py. Each message
is a JSON line."""

import twamp
from octets import number
from udp import say

FIXED = {twamp.START: 32, twamp.STOP: 32, twamp.REQUEST: 112}
OF_SIDS = (twamp.START_N, twamp.STOP_N)


class Connection:
    """Octets of a TCP connection, and the two directions of its stream once they are known."""

    def __init__(self, made, wait_s=30):
        self.socket = made
        self.socket.settimeout(wait_s)
        self.heard, self.said = twamp.Direction(), twamp.Direction()

    def raw(self, size):
        found = b""
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            if not part:
                raise twamp.Refused(f"closed after {len(found)} of {size} octets")
            found += part
        return found

    def send_raw(self, message, name):
        self.socket.sendall(message)
        say(event="sent", message=name, octets=len(message), hex=message)

    def send(self, plain, name):
        self.send_raw(self.said.sealed_with_hmac(plain), name)

    def receive(self, size, name):
        """A message of known size, its HMAC checked and left out."""
        plain = self.heard.opened(self.raw(size - 16))
        self.heard.check_hmac(self.raw(16))
        say(event="received", message=name, octets=size, hex=plain)
        return plain

    def command(self):
        """The next command of a client; its length is known from its first block (RFC 4656 3.4)."""
        first = self.heard.opened(self.raw(16))
        if first[0] in OF_SIDS:
            size = 16 + 16 * number(first[12:16]) + 16
        else:
            size = FIXED.get(first[0])
        if size is None or size > 16 * 1000:
            raise twamp.Refused(f"command {first[0]}")
        plain = first + self.heard.opened(self.raw(size - 32))
        self.heard.check_hmac(self.raw(16))
        say(event="received", message=f"command {first[0]}", octets=size, hex=plain)
        return plain

    def wrong(self, plain, spans, name):
        """Octets that must be zero and are not."""
        found = [at for first, end in spans for at in range(first, end) if plain[at]]
        return [f"{name}: octet {at} must be zero" for at in found]
