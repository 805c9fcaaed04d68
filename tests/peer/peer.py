#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reference peer as a program: peer.py COMMAND ...; --help. One JSON line for each packet, octets as hex.

For the rig (tests/rig/interop.py) and by hand. Keys stand on its command line: it is no program for others.
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import control_client  # noqa: E402
import control_server  # noqa: E402
import reflector  # noqa: E402
import sender  # noqa: E402
import twamp  # noqa: E402


def common(parser):
    parser.add_argument("--key", type=bytes.fromhex, help="authenticated mode: the key in hex")
    parser.add_argument("--tlv-key", type=bytes.fromhex, help="open mode: the key of the HMAC TLV in hex")
    parser.add_argument("--hmac-wanted", action="store_true", help="of --tlv-key: the reflector believes no TLVs without one")
    parser.add_argument("--ssid", type=lambda text: int(text, 0), default=0)
    parser.add_argument("--error", type=bytes.fromhex, default=reflector.UNSYNCHRONISED, help="Error Estimate in hex")
    parser.add_argument("--light", action="store_true", help="TWAMP Light: no extensions")
    parser.add_argument("--drafts", action="store_true")
    parser.add_argument("--own-address", action="append", default=[], help="another address of the reflector")


def reflector_flags(parser):
    common(parser)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--stateless", action="store_true")
    parser.add_argument("--permit-dscp", type=int, action="append", default=[0])
    parser.add_argument("--return-prefix", action="append", default=[])
    parser.add_argument("--micro-id", type=lambda text: None if text == "none" else int(text, 0), default=0x22,
                        help="of the link; none: the TLV is not known")
    parser.add_argument("--control", action="store_true", help="Reflected Test Packet Control is switched on")
    parser.add_argument("--lose-request", type=int, action="append", default=[], help="by Sequence Number")
    parser.add_argument("--lose-reply", type=int, action="append", default=[], help="by the request's Sequence Number")
    odd = parser.add_argument_group("what real peers do")
    odd.add_argument("--cut", type=int, default=0, help="replies have no more octets")
    odd.add_argument("--longer", type=int, default=0, help="replies have so many octets more")
    for name in ("swap", "multiplier-0", "utc-in-ptp", "zero-ssid", "random-padding", "drop-trailing"):
        odd.add_argument(f"--{name}", action="store_true")


def sender_flags(parser):
    common(parser)
    parser.add_argument("host", help="an address")
    parser.add_argument("port", type=int)
    parser.add_argument("--source", default="")
    parser.add_argument("--source-port", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--interval", type=float, default=0.1, help="seconds")
    parser.add_argument("--go-on", action="store_true", help="send the next when it is answered, not when it is due")
    parser.add_argument("--replies", type=int, default=1, help="with --go-on: so many answer a probe")
    parser.add_argument("--dscp", type=int, default=0)
    parser.add_argument("--ecn", type=int, default=0)
    parser.add_argument("--ttl", type=int, default=255)
    parser.add_argument("--padding", type=int, default=0, help="TWAMP Light: octets behind the 14")
    parser.add_argument("--tlv", action="append", default=[], help="padding=N location timestamp cos=DSCP direct "
                        "access=ID,CODE follow-up destination=ADDRESS return=none|link|ADDRESS micro=OWN,FAR "
                        "control=OCTETS,COUNT,NS, or a TLV in hex; may be repeated")
    parser.add_argument("--raw", type=bytes.fromhex, default=b"", help="octets behind the last TLV")
    parser.add_argument("--corrupt", choices=("base-hmac", "tlv-hmac"))
    parser.add_argument("--chance", type=int, help="TLVs by chance, with this seed")
    parser.add_argument("--kinds", type=lambda text: [int(kind) for kind in text.split(",")], default=list(range(1, 13)),
                        help="the known types among these, with commas")


def keys(parser):
    parser.add_argument("--key-id", default="probe1")
    parser.add_argument("--passphrase", default="correct horse battery staple")


def server_flags(parser):
    keys(parser)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--offer", type=lambda text: int(text, 0), default=1 | 2 | 4 | 8 | 16 | 32 | 64 | 256 | 512)
    parser.add_argument("--iterations", type=int, default=1024)
    parser.add_argument("--sessions", type=int, default=32, help="at most, of a connection")
    parser.add_argument("--other-port", action="store_true", help="never the wanted port")


def client_flags(parser):
    keys(parser)
    parser.add_argument("host", help="an address")
    parser.add_argument("port", type=int)
    parser.add_argument("--mode", type=lambda text: twamp.MODES[text], default=twamp.OPEN,
                        metavar="|".join(twamp.MODES))
    parser.add_argument("--feature", action="append", default=[], choices=twamp.FEATURES)
    parser.add_argument("--insist", action="store_true", help="choose what was not offered")
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--interval", type=float, default=0.1, help="seconds")
    parser.add_argument("--go-on", action="store_true", help="send the next at the first reply, not when it is due")
    parser.add_argument("--padding", type=int, default=27)
    parser.add_argument("--reflect-length", type=int, default=0)
    parser.add_argument("--receiver-port", type=int, default=0)
    parser.add_argument("--zero-addresses", action="store_true")
    parser.add_argument("--timeout", type=int, default=2, help="seconds")
    parser.add_argument("--dscp", type=int, default=0)
    parser.add_argument("--ttl", type=int, default=255)
    parser.add_argument("--stop-count", type=int, default=0, help="a wrong number in Stop-Sessions")
    parser.add_argument("--again", action="store_true", help="one more session on the same connection")
    parser.add_argument("--corrupt", action="store_true", help="flip a bit of each test packet's HMAC")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    reflector_flags(commands.add_parser("reflect", help="STAMP or TWAMP Light reflector"))
    sender_flags(commands.add_parser("send", help="STAMP or TWAMP Light sender"))
    server_flags(commands.add_parser("serve", help="TWAMP-Control server"))
    client_flags(commands.add_parser("twamp", help="TWAMP-Control client"))
    settings = parser.parse_args()
    if settings.command == "serve":
        control_server.serve(settings)
    if settings.command == "twamp":
        return control_client.run_client(settings)
    if settings.command == "reflect":
        odd = reflector.Oddities(settings.cut, settings.swap, settings.multiplier_0, settings.utc_in_ptp,
                                 settings.longer, settings.zero_ssid, settings.random_padding, settings.drop_trailing)
        reflector.run(settings, odd)
    else:
        sender.run(settings)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
