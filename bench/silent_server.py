# SPDX-License-Identifier: Apache-2.0
"""silent_server.py ADDRESS PORT LOG: takes connections and datagrams and never answers; a line in LOG for each."""

import select
import socket
import sys


def main(address, port, log):
    listener = socket.create_server((address, int(port)))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, int(port)))
    kept = []
    with open(log, "w", encoding="ascii", buffering=1) as lines:
        lines.write("ready\n")
        while True:
            for ready in select.select([listener, datagrams], [], [])[0]:
                if ready is listener:
                    kept.append(listener.accept()[0])
                    lines.write("connection\n")
                else:
                    datagrams.recv(4096)
                    lines.write("datagram\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
