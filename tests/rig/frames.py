# SPDX-License-Identifier: Apache-2.0
"""What is on the wire, IP header and 802.1Q tag: a packet socket of our own, so that marks and tags are not judged by
the program that reads them too."""

import contextlib
import socket
import struct
from collections import namedtuple

from emulator_itself import socket_in
from rig import PORT, check

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_STATISTICS = 263, 8, 6
SO_RCVBUFFORCE = 33
TP_STATUS_VLAN_VALID = 1 << 4
UDP = 17

# `way` is "out" or "in"; `tci` is None for a frame without a tag, `own_port` that of the sender.
Frame = namedtuple("Frame", "way family traffic_class own_port tci")


def parse(data, packet_type, tci):
    """The UDP of one frame from or to the port under test; None for anything else."""
    ethertype, at = struct.unpack_from("!H", data, 12)[0], 14
    if ethertype == 0x8100:  # a tag that the kernel left in the frame
        tci, ethertype, at = struct.unpack_from("!H", data, 14)[0], struct.unpack_from("!H", data, 16)[0], 18
    if ethertype == 0x0800:
        family, traffic_class, protocol = "v4", data[at + 1], data[at + 9]
        at += (data[at] & 15) * 4
    elif ethertype == 0x86dd:
        family, traffic_class = "v6", struct.unpack_from("!H", data, at)[0] >> 4 & 255
        protocol, at = data[at + 6], at + 40
    else:
        return None
    if protocol != UDP:
        return None
    ports = struct.unpack_from("!HH", data, at)
    if PORT not in ports:
        return None
    way = "out" if packet_type == socket.PACKET_OUTGOING else "in"
    return Frame(way, family, traffic_class, ports[0] if ports[1] == PORT else ports[1], tci)


def tag_of(control):
    for level, kind, value in control:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, tci = struct.unpack_from("I12xH", value)
            return tci if status & TP_STATUS_VLAN_VALID else None
    return None


class Tap:
    """Keeps every frame of one device from now on, in the socket's buffer."""

    def __init__(self, namespace, device):
        self.socket = socket_in(namespace, socket.AF_PACKET, socket.SOCK_RAW)  # protocol 0: nothing until it is bound
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            with contextlib.suppress(PermissionError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, 32 << 20)
                break
        self.socket.bind((device, ETH_P_ALL))
        self.device = device

    def frames(self):
        """What came since the last call; fails if anything was missed."""
        found = []
        while True:
            try:
                data, control, _, address = self.socket.recvmsg(256, 256, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if frame := parse(data.ljust(64, b"\0"), address[2], tag_of(control)):
                found.append(frame)
        missed = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        check(missed == 0, f"{missed} frames on {self.device} were missed: nothing is proved")
        return found
