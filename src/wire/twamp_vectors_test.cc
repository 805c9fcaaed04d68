// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "wire/twamp_control.h"
#include "wire/twamp_keys.h"
#include "wire/twamp_test_packet.h"
#include "wire/vectors_test.h"

// Every vector of tests/vectors/twamp.json, both ways. One without a check fails, and so does a
// check without a vector; their number is told, so that none is skipped in silence.
namespace wirestamp::wire {
namespace {

constexpr std::size_t kVectors = 34;

const std::vector<Vector>& twamp_vectors() {
  static const std::vector<Vector> vectors = read_vectors("twamp.json");
  return vectors;
}

const Vector& twamp_vector(std::string_view name) {
  for (const Vector& vector : twamp_vectors())
    if (vector.name == name) return vector;
  ADD_FAILURE() << "there is no vector " << name;
  return twamp_vectors().front();
}

// --- the constants of the file
// ---------------------------------------------------------------------

template <std::size_t Size>
std::array<std::byte, Size> run_from(unsigned first) {
  std::array<std::byte, Size> octets;
  for (std::size_t i = 0; i < Size; ++i) octets[i] = static_cast<std::byte>(first + i);
  return octets;
}

const Block16 kChallenge = run_from<16>(0x10), kSalt = run_from<16>(0x20);
const Block16 kClientIv = run_from<16>(0x70), kServerIv = run_from<16>(0x80);
constexpr std::uint64_t kStartTime = 0xe8fe6b9800000000;

ControlKeys control_keys() {
  return {.aes = crypto::Secret<16>(run_from<16>(0x40)),
          .hmac = crypto::Secret<32>(run_from<32>(0x50))};
}

SessionId sid() {
  SessionId id;
  std::ranges::copy(from_hex("c0000214e8fe6f8020000000deadbeef"), id.begin());
  return id;
}

crypto::Secret<16> token_key() {
  const std::string passphrase = "correct horse battery staple";
  auto key = derive_token_key(std::as_bytes(std::span(passphrase)), kSalt, 1024);
  EXPECT_TRUE(key);
  return *key;
}

RequestSession request_session() {
  return {.sender_port = 18760,
          .receiver_port = 18760,
          .sender = *packet::IpAddress::parse("198.51.100.10"),
          .receiver = *packet::IpAddress::parse("192.0.2.20"),
          .padding_length = 27,
          .start_time = 0xe8fe6f8300000000,
          .timeout = raw_interval(Duration::seconds(2)),
          .type_p = type_p_of(46)};
}

AcceptSession accept_session() { return {.port = 18760, .sid = sid()}; }

RequestBase test_request() {
  return {
      .sequence = 7,
      .timestamp = encode_time(kT1, TimeFormat::Ntp, kTai),
      .error_estimate = encode_error_estimate(true, TimeFormat::Ntp, Duration::milliseconds(1))};
}

TwampReply test_reply(std::optional<std::uint8_t> traffic_class = std::nullopt) {
  const RequestBase request = test_request();
  return {.base = {.sequence = 5,
                   .timestamp = encode_time(kT3, TimeFormat::Ntp, kTai),
                   .error_estimate =
                       encode_error_estimate(true, TimeFormat::Ntp, Duration::microseconds(1)),
                   .receive_timestamp = encode_time(kT2, TimeFormat::Ntp, kTai),
                   .sender_sequence = request.sequence,
                   .sender_timestamp = request.timestamp,
                   .sender_error_estimate = request.error_estimate,
                   .sender_ttl = 61},
          .traffic_class = traffic_class};
}

// --- one check per vector
// ----------------------------------------------------------------------------

// Written into a buffer that held something else, and read back.
template <typename Message>
void check_message(const Vector& vector, const Message& message) {
  Octets out(Message::kSize, std::byte{0xee});
  message.encode(out);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  ASSERT_EQ(vector.octets.size(), Message::kSize);
  EXPECT_EQ(Message::decode(vector.octets), message);
}

void check_greeting(const Vector& vector) {
  check_message(vector, ServerGreeting{.modes = static_cast<std::uint32_t>(vector.number("modes")),
                                       .challenge = kChallenge,
                                       .salt = kSalt});
}

void check_setup_auth(const Vector& vector) {
  const auto token = encode_token(token_key(), kChallenge, control_keys());
  ASSERT_TRUE(token);
  check_message(vector, SetUpResponse{.mode = kTwampAuthenticated,
                                      .key_id = "probe1",
                                      .token = *token,
                                      .client_iv = kClientIv});
}

void check_short(const Vector& vector, const std::function<void(base::MutableBytes)>& encode) {
  Octets out(kShortMessage, std::byte{0xee});
  encode(out);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
}

void check_start_ack(const Vector& vector) {
  check_short(vector, [](base::MutableBytes out) { encode_start_ack(out, Accept::Ok); });
  EXPECT_EQ(decode_start_ack(vector.octets), Accept::Ok);
}

void check_start_sessions(const Vector& vector) {
  check_short(vector, encode_start_sessions);
  EXPECT_EQ(command_size(base::Bytes(vector.octets).first(16), 0), kShortMessage);
}

TwampTestCodec codec(std::uint32_t modes) {
  const auto keys = derive_test_keys(control_keys(), sid());
  EXPECT_TRUE(keys);
  auto made = TwampTestCodec::make({.modes = modes}, &*keys);
  EXPECT_TRUE(made);
  return *std::move(made);
}

void check_test_sender(const Vector& vector, std::uint32_t modes, std::uint32_t padding) {
  TwampTestCodec codec = wire::codec(modes);
  Octets out(codec.layout().sender_size(padding));
  codec.encode_request(out, test_request());
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_EQ(codec.decode_request(vector.octets), test_request());
}

void check_test_reflector(const Vector& vector, std::uint32_t modes,
                          std::optional<std::uint8_t> traffic_class = std::nullopt) {
  TwampTestCodec codec = wire::codec(modes);
  Octets out(codec.layout().reply_size(0), std::byte{0xee});
  codec.encode_reply(out, test_reply(traffic_class));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_EQ(codec.decode_reply(vector.octets), test_reply(traffic_class));
}

void check_kdf(const Vector& vector) {
  EXPECT_EQ(to_hex(token_key().octets()), to_hex(vector.octets));
}

void check_token(const Vector& vector) {
  const auto token = encode_token(token_key(), kChallenge, control_keys());
  ASSERT_TRUE(token);
  EXPECT_EQ(to_hex(*token), to_hex(vector.octets));
  const auto keys = decode_token(token_key(), kChallenge, vector.octets);
  ASSERT_TRUE(keys && *keys);
  EXPECT_EQ(to_hex((*keys)->aes.octets()), vector.text("aes_session_key"));
  EXPECT_EQ(to_hex((*keys)->hmac.octets()), vector.text("hmac_session_key"));
  // Another Challenge: the Token is of another connection, or the passphrase is another one.
  const auto refused = decode_token(token_key(), kSalt, vector.octets);
  ASSERT_TRUE(refused);
  EXPECT_FALSE(*refused);
}

// The messages of one connection, each sealed by the stream of its sender in the order they are
// sent.
struct Conversation {
  ControlStream client, server;
  std::map<std::string, Octets> sealed, plain;

  static ControlStream stream(ControlStream::Direction direction, const Block16& iv) {
    auto made = ControlStream::make(direction, control_keys(), iv);
    EXPECT_TRUE(made);
    return *std::move(made);
  }

  Conversation()
      : client(stream(ControlStream::Direction::Encrypt, kClientIv)),
        server(stream(ControlStream::Direction::Encrypt, kServerIv)) {
    Octets start(ServerStart::kSize);
    ServerStart{.server_iv = kServerIv, .start_time = kStartTime}.encode(start);
    plain["server-start-auth"] = start;
    server.seal_part(base::MutableBytes(start).subspan(ServerStart::kSealed));
    sealed["server-start-auth"] = start;
    say(client, "request-tw-session-auth", RequestSession::kSize,
        [](base::MutableBytes out) { request_session().encode(out); });
    say(server, "accept-session-auth", AcceptSession::kSize,
        [](base::MutableBytes out) { accept_session().encode(out); });
    say(client, "start-sessions-auth", kShortMessage, encode_start_sessions);
    say(server, "start-ack-auth", kShortMessage,
        [](base::MutableBytes out) { encode_start_ack(out, Accept::Ok); });
    say(client, "stop-sessions-auth", kShortMessage,
        [](base::MutableBytes out) { StopSessions{.sessions = 1}.encode(out); });
  }

  void say(ControlStream& stream, const std::string& name, std::size_t size,
           const std::function<void(base::MutableBytes)>& encode) {
    Octets message(size);
    encode(message);
    plain[name] = message;
    stream.seal(message);
    sealed[name] = message;
  }
};

void check_sealed(const Vector& vector) {
  const Conversation conversation;
  EXPECT_EQ(to_hex(conversation.sealed.at(vector.name)), to_hex(vector.octets));
  if (vector.has("plaintext")) {
    EXPECT_TRUE(to_hex(conversation.plain.at(vector.name)).starts_with(vector.text("plaintext")));
  }
}

// Those of the client read as a server does, octet by octet.
void check_client_stream(const Vector& vector) {
  check_sealed(vector);
  CommandReader reader(Conversation::stream(ControlStream::Direction::Decrypt, kClientIv), 4);
  const Conversation conversation;
  for (const char* name :
       {"request-tw-session-auth", "start-sessions-auth", "stop-sessions-auth"}) {
    for (const std::byte octet : twamp_vector(name).octets)
      ASSERT_EQ(reader.take(std::span(&octet, 1)), 1U);
    ASSERT_EQ(reader.state(), CommandReader::State::Complete) << name;
    const std::size_t body = reader.message().size() - crypto::kTagSize;
    EXPECT_EQ(to_hex(reader.message().first(body)),
              to_hex(base::Bytes(conversation.plain.at(name)).first(body)));
    if (vector.name == name) return;
    reader.next();
  }
  FAIL() << vector.name;
}

// Those of the server read as a client does: it knows how long each is.
void check_server_stream(const Vector& vector) {
  check_sealed(vector);
  ControlStream stream = Conversation::stream(ControlStream::Direction::Decrypt, kServerIv);
  const Conversation conversation;
  for (const char* name : {"server-start-auth", "accept-session-auth", "start-ack-auth"}) {
    Octets message = twamp_vector(name).octets;
    const base::MutableBytes octets(message);
    if (name == std::string_view("server-start-auth")) {
      stream.open_part(octets.subspan(ServerStart::kSealed));
      EXPECT_EQ(ServerStart::decode(message),
                (ServerStart{.server_iv = kServerIv, .start_time = kStartTime}));
    } else {
      stream.open_part(octets.first(octets.size() - 16));
      EXPECT_TRUE(stream.open_end(octets.last(16))) << name;
      EXPECT_EQ(to_hex(octets.first(octets.size() - 16)),
                to_hex(base::Bytes(conversation.plain.at(name)).first(octets.size() - 16)));
    }
    if (vector.name == name) return;
  }
  FAIL() << vector.name;
}

void check_test_key(const Vector& vector) {
  const auto keys = derive_test_keys(control_keys(), sid());
  ASSERT_TRUE(keys);
  EXPECT_EQ(to_hex(vector.name == "test-aes-key" ? keys->aes.octets() : keys->hmac.octets()),
            to_hex(vector.octets));
}

// RFC 4656 5 and appendix A: the schedule of OWAMP, which draws its deviates from AES. Nothing here
// sends by it; it holds the cipher against the sums of a million that the RFC prints.
class Deviates {
 public:
  explicit Deviates(const Octets& sid)
      : cipher_(*crypto::Aes128::make(crypto::Aes128::Mode::Ecb, crypto::Aes128::Direction::Encrypt,
                                      sid)) {}

  std::uint64_t next() {
    constexpr std::array<std::uint32_t, 12> kQ{0,           0xb17217f8U, 0xeef193f7U, 0xfd271862U,
                                               0xff9d6dd0U, 0xfff4cfd0U, 0xfffee819U, 0xffffe7ffU,
                                               0xfffffe2bU, 0xffffffe0U, 0xfffffffeU, 0xffffffffU};
    const std::uint64_t ln2 = kQ[1];
    std::uint32_t u = uniform();
    const auto ones = static_cast<unsigned>(std::countl_one(u));
    if (ones == 32) return 32 * ln2;
    u = ones == 31 ? 0 : u << (ones + 1);
    if (u < kQ[1]) return ones * ln2 + u;
    std::size_t k = 2;
    while (k < 11 && u >= kQ[k]) ++k;
    std::uint32_t least = uniform();
    for (std::size_t i = 1; i < k; ++i) least = std::min(least, uniform());
    return ones * ln2 + ((least * ln2) >> 32U);
  }

 private:
  std::uint32_t uniform() {
    if (counter_ % 4 == 0) {
      block_ = {};
      base::store_be(block_, 12, counter_);
      cipher_.process(block_);
    }
    return base::load_be<std::uint32_t>(block_, 4 * (counter_++ % 4));
  }
  crypto::Aes128 cipher_;
  crypto::AesBlock block_{};
  std::uint32_t counter_ = 0;
};

void check_first_deviates(const Vector& vector) {
  Deviates deviates(from_hex(vector.text("sid")));
  Octets out(vector.octets.size());
  for (std::size_t at = 0; at < out.size(); at += 8) base::store_be(out, at, deviates.next());
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
}

void check_sum_of_deviates(const Vector& vector) {
  Deviates deviates(from_hex(vector.text("sid")));
  std::uint64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += deviates.next();
  EXPECT_EQ(sum, base::load_be<std::uint64_t>(vector.octets, 0));
}

using Check = std::function<void(const Vector&)>;

const std::map<std::string, Check>& checks() {
  static const std::map<std::string, Check> all{
      //= RFC4656:greeting
      {"greeting-open", check_greeting},
      {"greeting-all", check_greeting},
      {"setup-open",
       [](const Vector& v) { check_message(v, SetUpResponse{.mode = kTwampOpen, .key_id = ""}); }},
      //= RFC4656:server-start
      {"server-start-open",
       [](const Vector& v) {
         check_message(v, ServerStart{.server_iv = run_from<16>(0x30), .start_time = kStartTime});
       }},
      {"server-start-refused",
       [](const Vector& v) { check_message(v, ServerStart{.accept = Accept::Failure}); }},
      //= RFC4656:control-mbz RFC5357:request-layout
      {"request-tw-session-open", [](const Vector& v) { check_message(v, request_session()); }},
      {"accept-session-open", [](const Vector& v) { check_message(v, accept_session()); }},
      //= RFC5357:refusal-port
      {"accept-session-refused",
       [](const Vector& v) { check_message(v, AcceptSession{.accept = Accept::NotSupported}); }},
      {"start-sessions-open", check_start_sessions},
      {"start-ack-open", check_start_ack},
      {"stop-sessions-open",
       [](const Vector& v) { check_message(v, StopSessions{.sessions = 1}); }},
      //= RFC5357:sender-packet
      {"test-sender-open", [](const Vector& v) { check_test_sender(v, kTwampOpen, 27); }},
      //= RFC5357:reflector-packet
      {"test-reflector-open", [](const Vector& v) { check_test_reflector(v, kTwampOpen); }},
      //= RFC7750:marks-told
      {"test-reflector-open-dscp",
       [](const Vector& v) {
         check_test_reflector(v, kTwampOpen | kTwampDscpEcn, std::uint8_t{46U << 2U | 2U});
       }},
      //= RFC4656:key-derivation
      {"kdf-pbkdf2", check_kdf},
      //= RFC4656:token
      {"token", check_token},
      {"setup-auth", check_setup_auth},
      //= RFC4656:stream-cipher
      {"server-start-auth", check_server_stream},
      //= RFC4656:stream-hmac
      {"request-tw-session-auth", check_client_stream},
      {"accept-session-auth", check_server_stream},
      {"start-sessions-auth", check_client_stream},
      {"start-ack-auth", check_server_stream},
      {"stop-sessions-auth", check_client_stream},
      //= RFC4656:test-keys
      {"test-aes-key", check_test_key},
      {"test-hmac-key", check_test_key},
      //= RFC5357:sender-packet RFC5357:cipher
      {"test-sender-auth", [](const Vector& v) { check_test_sender(v, kTwampAuthenticated, 0); }},
      //= RFC5357:reflector-packet
      {"test-reflector-auth",
       [](const Vector& v) { check_test_reflector(v, kTwampAuthenticated); }},
      //= RFC5357:sender-packet RFC5357:cipher
      {"test-sender-encrypted", [](const Vector& v) { check_test_sender(v, kTwampEncrypted, 0); }},
      //= RFC5357:reflector-packet
      {"test-reflector-encrypted",
       [](const Vector& v) { check_test_reflector(v, kTwampEncrypted); }},
      {"owamp-exp-first8", check_first_deviates},
      {"owamp-exp-sum-28729793", check_sum_of_deviates},
      {"owamp-exp-sum-01020304", check_sum_of_deviates},
      {"owamp-exp-sum-deadbeef", check_sum_of_deviates},
      {"owamp-exp-sum-feed0fee", check_sum_of_deviates},
  };
  return all;
}

class TwampVector : public testing::TestWithParam<Vector> {};

TEST_P(TwampVector, is_reproduced_byte_for_byte) {
  const auto found = checks().find(GetParam().name);
  ASSERT_NE(found, checks().end()) << "no check";
  found->second(GetParam());
}

INSTANTIATE_TEST_SUITE_P(AllOfTheFile, TwampVector, testing::ValuesIn(twamp_vectors()),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(TwampVectors, are_all_there) {
  EXPECT_EQ(twamp_vectors().size(), kVectors);
  for (const auto& [name, check] : checks()) EXPECT_EQ(twamp_vector(name).name, name);
}

}  // namespace
}  // namespace wirestamp::wire
