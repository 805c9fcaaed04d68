#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reference peer against the vectors, and its AES and HMAC against the openssl program where there is one."""

import fractions
import json
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import octets  # noqa: E402
import packets  # noqa: E402
import tlvs  # noqa: E402
import twamp  # noqa: E402

VECTORS = HERE.parent / "vectors"
NOW = 1700000000 * octets.SECOND


def vectors(name):
    read = json.loads((VECTORS / name).read_text(encoding="utf-8"))["vectors"]
    return {vector["name"]: vector for vector in read}


STAMP = vectors("stamp.json")
TWAMP = vectors("twamp.json")
KEY = bytes(range(32))


def instant_of(text):
    whole, _, fraction = text.partition(".")
    return int(whole) * octets.SECOND + int(fraction.ljust(9, "0"))


def is_authenticated(vector):
    return "-auth" in vector["name"] and "unauth" not in vector["name"] or vector["name"].startswith("auth-")


def octets_of(vector):
    return bytes.fromhex(vector["hex"])


class Instants(unittest.TestCase):
    def test_timestamps_of_the_vectors_are_written_and_read(self):
        seen = 0
        for name, vector in STAMP.items():
            if not name.startswith("ts-"):
                continue
            seen += 1
            fields = vector["fields"]
            instant = fields["unix_sec"] * octets.SECOND + fields["unix_nsec"]
            with self.subTest(name):
                if "tai_minus_utc" in fields:
                    self.assertEqual(octets.ptp(instant, fields["tai_minus_utc"]), octets_of(vector))
                    self.assertEqual(octets.from_ptp(octets_of(vector), fields["tai_minus_utc"]), instant)
                else:
                    self.assertEqual(octets.ntp(instant), octets_of(vector))
                    self.assertEqual(octets.from_ntp(octets_of(vector), instant + 10**17), instant)
        self.assertEqual(seen, 10)

    def test_error_estimates_of_the_vectors_are_written_and_read(self):
        seen = 0
        for name, vector in STAMP.items():
            if not name.startswith("ee-"):
                continue
            seen += 1
            fields = vector["fields"]
            error = fractions.Fraction(fields["error_seconds"])
            with self.subTest(name):
                found = octets.error_estimate(error.numerator, error.denominator, fields["S"], fields["Z"])
                self.assertEqual(found, octets_of(vector))
                self.assertEqual(octets.error_seconds(found), fields["decoded_seconds"])
        self.assertEqual(seen, 7)

    def test_nanoseconds_of_a_second_are_no_instant(self):
        self.assertIsNone(octets.from_ptp(bytes(4) + octets.field(10**9, 4)))


class Packets(unittest.TestCase):
    def base(self, vector):
        """The base packet out of the fields of a vector."""
        fields = vector["fields"]
        key = KEY if is_authenticated(vector) else None
        error = octets.field(int(fields["ee"], 16), 2)
        sent = octets.stamp(instant_of(fields["t1_unix"]), error)
        if "t2_unix" not in fields:
            return packets.request(fields["sequence"], sent, error, fields.get("ssid", 0), key)
        own = octets.field(int(fields["reflector_ee"], 16), 2)
        return packets.reply({
            "sequence": fields["reflector_sequence"], "timestamp": octets.stamp(instant_of(fields["t3_unix"]), own),
            "error": own, "ssid": fields.get("ssid", 0), "receive": octets.stamp(instant_of(fields["t2_unix"]), own),
            "sender_sequence": fields["sequence"], "sender_timestamp": sent, "sender_error": error,
            "sender_ttl": fields["sender_ttl"]}, key)

    def test_base_packets_are_written(self):
        seen = 0
        for name, vector in STAMP.items():
            if "t1_unix" not in vector["fields"]:
                continue
            seen += 1
            with self.subTest(name):
                base = self.base(vector)
                length = 14 if name == "twamp-light-60" else min(len(base), len(octets_of(vector)))
                self.assertEqual(base[:length].hex(), octets_of(vector)[:length].hex())
        self.assertGreater(seen, 14)

    def test_base_packets_are_read(self):
        request = packets.read(packets.REQUEST[True], octets_of(STAMP["sender-auth-ssid"]))
        self.assertEqual((request["sequence"], request["ssid"]), (7, 0x1234))
        reply = packets.read(packets.REPLY[False], octets_of(STAMP["reflector-unauth-mixed-z"]))
        self.assertEqual(octets.instant(reply["timestamp"], reply["error"], NOW), NOW + 135952467)
        self.assertEqual(octets.instant(reply["receive"], reply["error"], NOW), NOW + 135802467)
        self.assertEqual(octets.instant(reply["sender_timestamp"], reply["sender_error"], NOW), NOW + 123456789)
        self.assertEqual((reply["sequence"], reply["sender_sequence"], reply["sender_ttl"]), (7, 7, 255))
        short = packets.read(packets.REQUEST[False], octets_of(STAMP["twamp-light-14"]))
        self.assertEqual((short["sequence"], short["ssid"]), (7, 0))

    def test_only_the_octets_of_no_field_must_be_zero(self):
        reply = bytearray(octets_of(STAMP["reflector-auth-stateful"]))
        self.assertEqual(packets.must_be_zero(packets.REPLY[True], reply, 112), [])
        reply[79], reply[95] = 1, 2
        self.assertEqual(packets.must_be_zero(packets.REPLY[True], reply, 112), [79, 95])

    def test_hmac_is_that_of_the_vectors_and_a_flipped_bit_is_seen(self):
        for name in ("sender-auth", "sender-auth-ssid", "reflector-auth-stateful", "auth-tlv-reply"):
            self.assertTrue(packets.is_authentic(octets_of(STAMP[name]), KEY), name)
        self.assertFalse(packets.is_authentic(octets_of(STAMP["sender-auth-bad"]), KEY))


def seen_by_the_vectors(name, request):
    """What the reflector of the vectors knew; each description tells what is particular."""
    authenticated = name.startswith("auth-")
    reply = STAMP[name + "-reply"]
    v6 = "-v6" in name
    special = {
        "tlv-4-cos": {"dscp": 34, "ecn": 2, "permitted_dscp": frozenset({0, 46})},
        "tlv-4-cos-refused": {"dscp": 34, "ecn": 2},
        "tlv-4-cos-ec1": {"dscp": 46, "ecn": 3, "permitted_dscp": frozenset({0, 46}), "drafts": True},
        "tlv-5-direct": {"received": 998, "transmitted": 997},
        "tlv-7-followup": {"previous": (4, octets.ntp(1699999999 * octets.SECOND + 135958023), 1)},
        "tlv-7-followup-stateless": {"stateful": False, "previous": (4, bytes(8), 1)},
        "tlv-2-location": {"mac": bytes.fromhex("02005e10a0b1")},
        "tlv-11-micro": {"micro_id": 0x22},
    }.get(name, {"dscp": 34, "ecn": 2, "permitted_dscp": frozenset({0, 46}), "received": 8, "transmitted": 7})
    return tlvs.Seen(
        source="2001:db8:1::10" if v6 else "198.51.100.10", source_port=50000,
        destination="2001:db8::20" if v6 else "192.0.2.20", destination_port=862, sequence=7,
        reply_sequence=reply["fields"]["reflector_sequence"], authenticated=authenticated,
        key=KEY if authenticated or name.startswith("hmac-") else None, **special)


class Extensions(unittest.TestCase):
    def test_replies_of_the_vectors_are_made_of_their_requests(self):
        seen = 0
        for full in STAMP:
            if not full.endswith("-reply") or not full.startswith(("tlv-", "err-", "hmac-", "auth-")):
                continue
            seen += 1
            name = full.removesuffix("-reply")
            base = packets.BASE[name.startswith("auth-")]
            request = octets_of(STAMP[name + "-request"])
            known = seen_by_the_vectors(name, request)
            if name == "tlv-9-dest-node-v6-wrong":
                known.destination, known.source = "192.0.2.20", "198.51.100.10"
            with self.subTest(name):
                found, effects = tlvs.reflected(request[base:], known)
                self.assertEqual(found.hex(), octets_of(STAMP[full])[base:].hex())
                self.assertEqual(effects.silent, "")
        self.assertEqual(seen, 26)

    def reflected(self, octets_of_tlvs, **known):
        return tlvs.reflected(octets_of_tlvs, tlvs.Seen("198.51.100.10", 50000, "192.0.2.20", 862, **known))

    def test_return_path_may_ask_for_no_reply(self):
        _, effects = self.reflected(octets_of(STAMP["tlv-10-return-none-request"])[44:])
        self.assertIn("no reply", effects.silent)

    def test_return_address_is_used_where_it_is_permitted(self):
        found, effects = self.reflected(octets_of(STAMP["tlv-10-return-address-request"])[44:],
                                        return_prefixes=("203.0.113.0/24",))
        self.assertEqual((found.hex(), effects.to_address), ("000a000800020004cb007105", "203.0.113.5"))

    def test_segments_are_refused_by_the_outer_flag(self):
        for name in ("tlv-10-srmpls-request", "tlv-10-srv6-request"):
            found, effects = self.reflected(octets_of(STAMP[name])[44:])
            self.assertEqual((found[0], found[4], effects.silent), (tlvs.U, 0, ""), name)

    def test_control_makes_a_burst_of_the_wanted_length(self):
        found, effects = self.reflected(octets_of(STAMP["tlv-12-l3-group-request"])[44:], control=True)
        self.assertEqual((effects.packets, effects.interval_ns, 44 + len(found)), (3, 10**7, 200))
        _, effects = self.reflected(octets_of(STAMP["tlv-12-l3-group-request"])[44:].replace(
            bytes.fromhex("c0000200"), bytes.fromhex("c0000300")), control=True)
        self.assertIn("no reply", effects.silent)

    def test_bit_errors_are_counted_in_the_draft(self):
        request = bytearray(octets_of(STAMP["exp-ber-request"])[44:])
        request[-1] ^= 0x07
        request[-8] ^= 0x80
        found, _ = self.reflected(bytes(request), drafts=True)
        self.assertEqual(found.hex(), "00f00002ff00" "00f1000400000004" "00f2000400000003" "00010008ff00ff00ff00ff00")
        found, _ = self.reflected(bytes(request))
        self.assertEqual(found[0], tlvs.U)

    def test_hmac_missing_where_it_is_mandatory_is_a_failure(self):
        found, _ = self.reflected(bytes.fromhex("80040004b8000000"), key=KEY, authenticated=True)
        self.assertEqual(found.hex(), "20040004b8000000")
        padding = octets_of(STAMP["auth-padding-only-request"])[112:]
        found, _ = self.reflected(padding, key=KEY, authenticated=True)
        self.assertEqual(found.hex(), "00" + padding.hex()[2:])


class Cipher(unittest.TestCase):
    def test_aes_is_that_of_fips_197(self):
        key, plain = bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")
        self.assertEqual(octets.aes_encrypted_block(key, plain).hex(), "69c4e0d86a7b0430d8cdb78070b4c55a")

    def test_cbc_is_that_of_openssl(self):
        if shutil.which("openssl") is None:
            self.skipTest("there is no openssl program (apt install openssl)")
        chance = random.Random(1)
        for blocks in (1, 2, 7):
            key, iv, plain = chance.randbytes(16), chance.randbytes(16), chance.randbytes(16 * blocks)
            command = ["openssl", "enc", "-aes-128-cbc", "-K", key.hex(), "-iv", iv.hex(), "-nopad"]
            theirs = subprocess.run(command, input=plain, capture_output=True, check=True).stdout
            self.assertEqual(octets.cbc_encrypted(key, iv, plain), theirs)
            self.assertEqual(octets.cbc_decrypted(key, iv, theirs), plain)


AES_KEY, HMAC_KEY = bytes(range(0x40, 0x50)), bytes(range(0x50, 0x70))
CLIENT_IV, SERVER_IV = bytes(range(0x70, 0x80)), bytes(range(0x80, 0x90))
CHALLENGE, SALT = bytes(range(0x10, 0x20)), bytes(range(0x20, 0x30))
PASSPHRASE = "correct horse battery staple"
SID = bytes.fromhex("c0000214e8fe6f8020000000deadbeef")
START_TIME = bytes.fromhex("e8fe6b9800000000") + bytes(8)
REQUEST = twamp.request_session(4, 18760, 18760, "198.51.100.10", "192.0.2.20", 27, bytes.fromhex("e8fe6f8300000000"),
                                2, 46)


class Control(unittest.TestCase):
    def is_vector(self, found, name):
        self.assertEqual(found.hex(), TWAMP[name]["hex"], name)

    def test_messages_before_the_stream(self):
        self.is_vector(twamp.greeting(1, CHALLENGE, SALT), "greeting-open")
        self.is_vector(twamp.greeting(383, CHALLENGE, SALT), "greeting-all")
        self.is_vector(twamp.set_up(1), "setup-open")
        self.is_vector(twamp.server_start(0, bytes(range(0x30, 0x40)), START_TIME), "server-start-open")
        self.is_vector(twamp.server_start(1, bytes(16), bytes(16)), "server-start-refused")
        read = twamp.read_greeting(octets_of(TWAMP["greeting-all"]))
        self.assertEqual(read, {"modes": 383, "challenge": CHALLENGE, "salt": SALT, "count": 1024})

    def test_messages_of_the_open_stream(self):
        stream = twamp.Direction()
        for name, message in (
                ("request-tw-session-open", REQUEST), ("accept-session-open", twamp.accept_session(0, 18760, SID)),
                ("accept-session-refused", twamp.accept_session(3)), ("start-sessions-open", twamp.start_sessions()),
                ("start-ack-open", twamp.start_ack()), ("stop-sessions-open", twamp.stop_sessions(1))):
            self.is_vector(stream.sealed_with_hmac(message), name)

    def test_messages_are_read(self):
        read = twamp.read_request_session(REQUEST)
        self.assertEqual((read["sender"], read["receiver"], read["sender_port"], read["padding"], read["timeout"],
                          read["type_p"] >> 24 & 63), ("198.51.100.10", "192.0.2.20", 18760, 27, 2, 46))
        read = twamp.read_accept_session(octets_of(TWAMP["accept-session-open"]))
        self.assertEqual((read["accept"], read["port"], read["sid"]), (0, 18760, SID))
        read = twamp.read_set_up(octets_of(TWAMP["setup-auth"]))
        self.assertEqual((read["mode"], read["key_id"], read["client_iv"]), (2, "probe1", CLIENT_IV))

    def test_keys_and_token(self):
        self.is_vector(octets.key_of_passphrase(PASSPHRASE, SALT, 1024), "kdf-pbkdf2")
        sealed = twamp.token(PASSPHRASE, SALT, 1024, CHALLENGE, AES_KEY, HMAC_KEY)
        self.is_vector(sealed, "token")
        self.is_vector(twamp.set_up(2, "probe1", sealed, CLIENT_IV), "setup-auth")
        aes_key, hmac_key = twamp.Test.keys_of(SID, AES_KEY, HMAC_KEY)
        self.is_vector(aes_key, "test-aes-key")
        self.is_vector(hmac_key, "test-hmac-key")

    def test_the_secured_stream_is_chained_and_read_back(self):
        client, server = (twamp.Direction(AES_KEY, iv, HMAC_KEY) for iv in (CLIENT_IV, SERVER_IV))
        first = server.sealed(START_TIME)
        self.is_vector(twamp.server_start(0, SERVER_IV, first), "server-start-auth")
        said = {"request-tw-session-auth": (client, REQUEST),
                "accept-session-auth": (server, twamp.accept_session(0, 18760, SID)),
                "start-sessions-auth": (client, twamp.start_sessions()), "start-ack-auth": (server, twamp.start_ack()),
                "stop-sessions-auth": (client, twamp.stop_sessions(1))}
        for name, (stream, message) in said.items():
            self.is_vector(stream.sealed_with_hmac(message), name)
        heard = {stream: twamp.Direction(AES_KEY, iv, HMAC_KEY) for stream, iv in ((client, CLIENT_IV), (server, SERVER_IV))}
        self.assertEqual(heard[server].opened(first), START_TIME)
        for name, (stream, message) in said.items():
            cipher = octets_of(TWAMP[name])
            self.assertEqual(heard[stream].opened(cipher[:16]) + heard[stream].opened(cipher[16:-16]), message)
            heard[stream].check_hmac(cipher[-16:])
        with self.assertRaises(twamp.Refused):
            heard[client].opened(bytes(16))
            heard[client].check_hmac(bytes(16))

    def test_packets_of_every_mode(self):
        keys = twamp.Test.keys_of(SID, AES_KEY, HMAC_KEY)
        t1, t2, t3 = (octets.ntp(NOW + ns) for ns in (123456789, 135802467, 135952467))
        own, error = bytes.fromhex("8587"), bytes.fromhex("8f84")
        fields = {"sequence": 5, "timestamp": t3, "error": own, "receive": t2, "sender_sequence": 7,
                  "sender_timestamp": t1, "sender_error": error, "sender_ttl": 61}
        for name, test in {"open": twamp.Test(twamp.OPEN), "auth": twamp.Test(twamp.AUTHENTICATED, keys, padding=0),
                           "encrypted": twamp.Test(twamp.ENCRYPTED, keys, padding=0)}.items():
            sent = test.sent(7, t1, error, bytes(test.padding))
            self.is_vector(sent, f"test-sender-{name}")
            self.assertEqual(test.read_sent(sent), {"sequence": 7, "timestamp": t1, "error": error})
            reply = test.reply(sent, fields)
            self.is_vector(reply, f"test-reflector-{name}")
            self.assertEqual(test.read_reply(reply), fields)
        monitored = twamp.Test(twamp.OPEN, features=twamp.DSCP_ECN, padding=30)
        reply = monitored.reply(monitored.sent(7, t1, error, bytes(30)), fields, 46 << 2 | 2)
        self.is_vector(reply, "test-reflector-open-dscp")
        changed = bytearray(test.sent(7, t1, error))
        changed[3] ^= 1
        self.assertEqual(test.read_sent(changed), "HMAC")

    def test_padding_comes_back_where_it_was_asked_for(self):
        sent = bytes(14) + bytes(range(1, 31))
        fields = {"sequence": 0}
        self.assertEqual(twamp.Test(twamp.OPEN).reply(sent, fields)[41:], bytes([1, 2, 3]))
        symmetrical = twamp.Test(twamp.OPEN, features=twamp.SYMMETRICAL | twamp.REFLECT_OCTETS)
        self.assertEqual(symmetrical.reply(sent, fields)[41:], bytes([28, 29, 30]))


if __name__ == "__main__":
    unittest.main()
