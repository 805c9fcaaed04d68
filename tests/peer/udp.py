# SPDX-License-Identifier: Apache-2.0
"""A UDP socket of Linux that tells of each datagram what STAMP wants to know, and sends as it is told to."""

import dataclasses
import json
import select
import socket
import struct
import time

SO_TIMESTAMPNS, SO_TIMESTAMPING = 35, 37
TX_SOFTWARE, SOFTWARE, OPT_TSONLY = 1 << 1, 1 << 4, 1 << 11
IP_TOS, IP_TTL, IP_PKTINFO, IP_RECVTTL, IP_RECVTOS = 1, 2, 8, 12, 13
IPV6_UNICAST_HOPS, IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 16, 49, 50, 51, 52
IPV6_RECVTCLASS, IPV6_TCLASS = 66, 67


def say(**line):
    """One JSON line; octets as hex."""
    print(json.dumps(line, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)), flush=True)


@dataclasses.dataclass
class Datagram:
    payload: bytes
    source: str
    source_port: int
    received_ns: int
    destination: str = ""
    destination_port: int = 0
    interface: int = 0
    ttl: int = 255  # what is written when it cannot be read
    dscp: int = 0
    ecn: int = 0


class Udp:
    def __init__(self, address, port, ttl=255):
        self.v6 = ":" in address
        self.socket = socket.socket(socket.AF_INET6 if self.v6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | SOFTWARE | OPT_TSONLY)
        if self.v6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            wanted = ((IPV6_RECVPKTINFO, 1), (IPV6_RECVHOPLIMIT, 1), (IPV6_RECVTCLASS, 1), (IPV6_UNICAST_HOPS, ttl))
        else:
            wanted = ((IP_PKTINFO, 1), (IP_RECVTTL, 1), (IP_RECVTOS, 1), (IP_TTL, ttl))
        for option, value in wanted:
            self.socket.setsockopt(socket.IPPROTO_IPV6 if self.v6 else socket.IPPROTO_IP, option, value)
        self.socket.bind((address, port))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self, seconds=None):
        """The next datagram; None after so many seconds without one."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        try:
            payload, extra, _, sender = self.socket.recvmsg(65536, 512, socket.MSG_DONTWAIT)
        except OSError:  # it was an error of an earlier packet, or a late stamp
            self._departure()
            return self.receive(seconds)
        found = Datagram(payload, sender[0].partition("%")[0], sender[1], time.time_ns(), destination_port=self.port)
        for level, kind, data in extra:
            self._note(found, level, kind, data)
        return found

    @staticmethod
    def _note(found, level, kind, data):
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            found.received_ns = seconds * 10**9 + nanoseconds
        elif (level, kind) == (socket.IPPROTO_IP, IP_TTL) or (level, kind) == (socket.IPPROTO_IPV6, IPV6_HOPLIMIT):
            found.ttl = struct.unpack("@i", data[:4])[0]
        elif (level, kind) == (socket.IPPROTO_IP, IP_TOS):
            found.dscp, found.ecn = data[0] >> 2, data[0] & 3
        elif (level, kind) == (socket.IPPROTO_IPV6, IPV6_TCLASS):
            octet = struct.unpack("@i", data[:4])[0]
            found.dscp, found.ecn = octet >> 2, octet & 3
        elif (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            found.interface, _, destination = struct.unpack("@i4s4s", data[:12])
            found.destination = socket.inet_ntop(socket.AF_INET, destination)
        elif (level, kind) == (socket.IPPROTO_IPV6, IPV6_PKTINFO):
            destination, found.interface = struct.unpack("@16si", data[:20])
            found.destination = socket.inet_ntop(socket.AF_INET6, destination)

    def send(self, payload, to, port, source="", dscp=0, ecn=0, interface=0):
        octet = dscp << 2 | ecn
        if self.v6:
            extra = [(socket.IPPROTO_IPV6, IPV6_TCLASS, struct.pack("@i", octet))]
            if source or interface:
                packed = socket.inet_pton(socket.AF_INET6, source or "::")
                extra.append((socket.IPPROTO_IPV6, IPV6_PKTINFO, struct.pack("@16si", packed, interface)))
        else:
            extra = [(socket.IPPROTO_IP, IP_TOS, struct.pack("@i", octet))]
            if source or interface:
                packed = socket.inet_pton(socket.AF_INET, source or "0.0.0.0")
                extra.append((socket.IPPROTO_IP, IP_PKTINFO, struct.pack("@i4s4s", interface, packed, bytes(4))))
        before = time.time_ns()
        self.socket.sendmsg([payload], extra, 0, (to, port))
        return self._departure() or before

    def _departure(self):
        """The kernel's stamp of what was just sent; None where it gives none at once."""
        try:
            _, extra, _, _ = self.socket.recvmsg(0, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return None
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING):
                seconds, nanoseconds = struct.unpack("@qq", data[:16])
                return seconds * 10**9 + nanoseconds or None
        return None
