// SPDX-License-Identifier: Apache-2.0
#include "wire/wstp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "wire/reflect.h"
#include "wire/request_layout.h"
#include "wire/stamp.h"
#include "wire/vectors_test.h"

// tests/vectors/wstp.json, made by a program of its own from docs/wstp.md.
namespace wirestamp::wire {
namespace {

using Json = nlohmann::json;

// What GoogleTest prints of one is its name.
struct WstpVector {
  std::string name, kind;
  bool written = false;  // by writers too, not only understood by readers
  Octets octets;
  Json fields;
  friend void PrintTo(const WstpVector& vector, std::ostream* out) { *out << vector.name; }
};

const std::vector<WstpVector>& wstp_vectors() {
  static const std::vector<WstpVector> vectors = [] {
    std::ifstream file(WIRESTAMP_VECTORS "/wstp.json");
    const Json document = Json::parse(file);
    std::vector<WstpVector> read;
    for (const Json& item : document.at("vectors"))
      read.push_back({.name = item.at("name"),
                      .kind = item.at("kind"),
                      .written = item.at("use") == "write",
                      .octets = from_hex(item.at("hex").get<std::string>()),
                      .fields = item.at("fields")});
    return read;
  }();
  return vectors;
}

const WstpVector& wstp_vector(std::string_view name) {
  for (const WstpVector& vector : wstp_vectors())
    if (vector.name == name) return vector;
  ADD_FAILURE() << "there is no vector " << name;
  return wstp_vectors().front();
}

WstpToken token_of(const Json& digits) {
  WstpToken token{};
  std::ranges::copy(from_hex(digits.get<std::string>()), token.begin());
  return token;
}

std::uint64_t hex64(const Json& digits) {
  const Octets octets = from_hex(digits.get<std::string>());
  return base::load_be<std::uint64_t>(octets, 0);
}

// The fields that a writer and a reader share.
Wstp described(const Json& fields) {
  Wstp wstp;
  wstp.stopping = fields.value("stopping", false);
  wstp.stateless = fields.value("stateless", false);
  wstp.received_by = static_cast<StampSource>(fields.at("received").get<unsigned>());
  wstp.transmitted_by = static_cast<StampSource>(fields.at("transmitted").get<unsigned>());
  wstp.receive_error = fields.at("receive_error");
  wstp.transmit_error = fields.at("transmit_error");
  wstp.dropped_by_policy = fields.value("dropped", 0U);
  wstp.token = token_of(fields.at("token"));
  wstp.epoch = hex64(fields.at("epoch"));
  wstp.entries_error = fields.at("entries_error");
  for (const Json& entry : fields.at("entries"))
    wstp.entries.at(wstp.entry_count++) = {
        .sender_sequence = entry.at("sender"),
        .reflector_sequence = entry.at("reflector"),
        .transmit_timestamp = hex64(entry.at("departed")),
        .source = static_cast<StampSource>(entry.at("class").get<unsigned>())};
  wstp.unknown_token = fields.value("unknown_token", false);
  if (fields.contains("account")) {
    const Json& account = fields.at("account");
    const auto address = packet::IpAddress::parse(account.at("address").get<std::string>());
    wstp.account = {.requests_seen = account.at("seen"),
                    .replies_sent = account.at("sent"),
                    .last_sender_sequence = account.at("last"),
                    .source = {.address = address.value(), .port = account.at("port")}};
  }
  return wstp;
}

std::optional<WstpToken> asked_in(const Json& fields) {
  if (!fields.contains("asked")) return std::nullopt;
  return token_of(fields.at("asked"));
}

// What a reflector has that says `told` in its reply: the answer to a question is looked up.
TlvAnswers answers_for(const Wstp& told, const Json& fields) {
  TlvAnswers answers{.wstp = told};
  answers.wstp->account.reset();
  answers.wstp->unknown_token = false;
  answers.account_of = [account = told.account, known = asked_in(fields)](const WstpToken& asked) {
    EXPECT_EQ(asked, known);
    return account;
  };
  return answers;
}

// A request's TLV, written where something else stood before.
Octets request_tlv(std::size_t length, const std::optional<WstpToken>& asked) {
  Octets out(kTlvHeader + length, std::byte{0xee});
  write_tlv_header(out, 0, kUnrecognised, kWstp, static_cast<std::uint16_t>(length));
  const auto value = base::MutableBytes(out).subspan(kTlvHeader);
  Wstp::encode_request(value);
  if (asked) Wstp::encode_question(value, *asked);
  return out;
}

void check_request_tlv(const WstpVector& vector) {
  const auto asked = asked_in(vector.fields);
  const std::size_t length = Wstp::length_for(vector.fields.at("places"));
  EXPECT_EQ(to_hex(request_tlv(length, asked)), to_hex(vector.octets));
  const auto value = base::Bytes(vector.octets).subspan(kTlvHeader);
  EXPECT_TRUE(Wstp::ours(value) && Wstp::valid_length(value.size()));
  EXPECT_EQ(Wstp::question(value), asked);
  // Whoever takes it for a reply finds no answer in it.
  EXPECT_EQ(Wstp::decode(value), Wstp{.token = asked.value_or(WstpToken{})});
}

// Answered as if nothing had been asked.
void check_deaf(const WstpVector& vector) {
  const auto value = base::Bytes(vector.octets).subspan(kTlvHeader);
  ASSERT_TRUE(Wstp::ours(value) && Wstp::valid_length(value.size()));
  EXPECT_EQ(Wstp::question(value), std::nullopt);
  const auto account_of = [](const WstpToken&) -> std::optional<WstpAccount> {
    ADD_FAILURE() << "there was no question";
    return std::nullopt;
  };
  const Wstp told{.epoch = 1, .entry_count = 1};
  Octets reply(vector.octets.size()), otherwise(vector.octets.size());
  const TlvOutcome outcome =
      reflect_tlvs(vector.octets, {.wstp = told, .account_of = account_of}, reply);
  EXPECT_FALSE(outcome.asked || outcome.told);
  reflect_tlvs(request_tlv(value.size(), std::nullopt), {.wstp = told}, otherwise);
  EXPECT_EQ(to_hex(reply), to_hex(otherwise));
}

void check_reply_tlv(const WstpVector& vector) {
  const Wstp wstp = described(vector.fields);
  const auto value = base::Bytes(vector.octets).subspan(kTlvHeader);
  ASSERT_TRUE(Wstp::ours(value) && Wstp::valid_length(value.size()));
  EXPECT_EQ(Wstp::decode(value), wstp);
  EXPECT_EQ(value.size(), Wstp::length_for(vector.fields.at("places")));
  if (!vector.written) return;
  // As the reflector makes it: from a request with the same room.
  const auto asked = asked_in(vector.fields);
  Octets reply(vector.octets.size(), std::byte{0xee});
  const TlvOutcome outcome =
      reflect_tlvs(request_tlv(value.size(), asked), answers_for(wstp, vector.fields), reply);
  EXPECT_EQ(to_hex(reply), to_hex(vector.octets));
  EXPECT_EQ(outcome.asked, asked.has_value());
  EXPECT_EQ(outcome.told, wstp.account.has_value());
}

void check_refusal(const WstpVector& vector) {
  Octets reply(vector.octets.size(), std::byte{0xee});
  const TlvOutcome outcome = reflect_tlvs(vector.octets, {.wstp = Wstp()}, reply);
  const bool malformed = vector.fields.at("answer") == "malformed";
  EXPECT_EQ(outcome.malformed, malformed);
  EXPECT_EQ(outcome.unrecognised, malformed ? 0U : 1U);
  Octets wanted = vector.octets;
  wanted.front() = std::byte{malformed ? kMalformed : kUnrecognised};
  EXPECT_EQ(to_hex(reply), to_hex(wanted));
}

void check_packet_request(const WstpVector& vector) {
  const auto layout = plan_request(std::nullopt);
  ASSERT_TRUE(layout);
  Octets out(layout->size, std::byte{0xee});
  const Json& fields = vector.fields;
  encode_probe(*layout,
               {.sequence = fields.at("sequence"),
                .timestamp = hex64(fields.at("timestamp")),
                .error_estimate = fields.at("error_estimate"),
                .ssid = fields.at("ssid"),
                .dscp = fields.at("dscp"),
                .asked = asked_in(fields)},
               out);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
}

void check_packet_reply(const WstpVector& vector) {
  const Json& fields = vector.fields;
  const Octets& request = wstp_vector(fields.at("request").get<std::string>()).octets;
  const auto asked = decode_request(request);
  Octets out(request.size(), std::byte{0xee});
  encode_reply(out, {.sequence = fields.at("sequence"),
                     .timestamp = hex64(fields.at("timestamp")),
                     .error_estimate = fields.at("error_estimate"),
                     .ssid = asked->ssid,
                     .receive_timestamp = hex64(fields.at("receive_timestamp")),
                     .sender_sequence = asked->sequence,
                     .sender_timestamp = asked->timestamp,
                     .sender_error_estimate = asked->error_estimate,
                     .sender_ttl = fields.at("hop_limit")});
  const Wstp wstp = described(fields);
  const WstpEntry& newest = wstp.entries.front();
  TlvAnswers answers = answers_for(wstp, fields);
  answers.received_traffic_class = fields.at("traffic_class");
  answers.follow_up = {.sequence = newest.reflector_sequence,
                       .timestamp = newest.transmit_timestamp,
                       .method = static_cast<std::uint8_t>(method_of(newest.source))};
  reflect_tlvs(base::Bytes(request).subspan(kBaseSize), answers,
               base::MutableBytes(out).subspan(kBaseSize));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));

  TlvReader reader(base::Bytes(vector.octets).subspan(kBaseSize));
  std::optional<Wstp> found;
  while (const auto tlv = reader.next())
    if (tlv->type == kWstp) found = Wstp::decode(tlv->value);
  EXPECT_EQ(reader.end(), TlvReader::End::Complete);
  EXPECT_EQ(found, wstp);
}

class WstpVectors : public testing::TestWithParam<WstpVector> {};

TEST_P(WstpVectors, is_reproduced_byte_for_byte) {
  const WstpVector& vector = GetParam();
  const auto is = [&](std::string_view prefix) { return vector.name.starts_with(prefix); };
  if (is("wstp-request-"))
    check_request_tlv(vector);
  else if (is("wstp-reply-") || is("wstp-read-"))
    check_reply_tlv(vector);
  else if (is("wstp-deaf-"))
    check_deaf(vector);
  else if (is("wstp-bad-"))
    check_refusal(vector);
  else if (is("wstp-packet-request"))
    check_packet_request(vector);
  else if (is("wstp-packet-reply"))
    check_packet_reply(vector);
  else
    FAIL() << "no check knows it";
}

INSTANTIATE_TEST_SUITE_P(AllOfTheFile, WstpVectors, testing::ValuesIn(wstp_vectors()),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// A line that begins with the name of a vector has its octets below it.
TEST(WstpDocument, shows_the_octets_of_the_vectors_it_names) {
  std::ifstream document(WIRESTAMP_VECTORS "/../../docs/wstp.md");
  std::map<std::string, std::string> shown;
  std::string name;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("`wstp-")) name = line.substr(1, line.find('`', 1) - 1);
    if (line.starts_with("    ")) std::erase(line, ' '), shown[name] += line;
  }
  EXPECT_EQ(shown.size(), 3U);
  for (const auto& [vector, hex] : shown) EXPECT_EQ(hex, to_hex(wstp_vector(vector).octets));
}

TEST(Wstp, has_room_for_zero_to_eight_entries) {
  for (std::size_t length = 0; length <= 200; ++length) {
    const bool valid = length >= 48 && length <= 176 && length % 16 == 0;
    EXPECT_EQ(Wstp::valid_length(length), valid) << length;
  }
}

TEST(Wstp, leaves_out_the_oldest_entries_when_there_is_less_room) {
  const Wstp full = described(wstp_vector("wstp-reply-eight").fields);
  Octets value(Wstp::length_for(2));
  full.encode(value);
  const Wstp cut = Wstp::decode(value);
  EXPECT_EQ(cut.entry_count, 2U);
  EXPECT_EQ(cut.entries[0], full.entries[0]);
  EXPECT_EQ(cut.entries[1], full.entries[1]);
}

TEST(Wstp, gives_the_last_two_places_to_the_account) {
  Wstp full = described(wstp_vector("wstp-reply-eight").fields);
  full.account = described(wstp_vector("wstp-reply-told").fields).account;
  for (std::size_t places = 2; places <= Wstp::kMostEntries; ++places) {
    Octets value(Wstp::length_for(places), std::byte{0xee});
    full.encode(value);
    const Wstp told = Wstp::decode(value);
    EXPECT_EQ(told.account, full.account);
    ASSERT_EQ(told.entry_count, places - 2);
    EXPECT_TRUE(std::equal(full.entries.begin(), full.entries.begin() + (places - 2),
                           told.entries.begin()));
    // No class is told of an entry that is not there.
    EXPECT_EQ(base::load_be<std::uint32_t>(value, 44) << (4 * (places - 2) % 32), 0U);
  }
}

TEST(Wstp, without_two_places_has_no_account) {
  Wstp full = described(wstp_vector("wstp-reply-eight").fields);
  full.account = described(wstp_vector("wstp-reply-told").fields).account;
  Octets with(Wstp::length_for(1)), without(Wstp::length_for(1));
  full.encode(with);
  full.account.reset();
  full.encode(without);
  EXPECT_EQ(to_hex(with), to_hex(without));
}

TEST(Wstp, keeps_any_source_in_the_account) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "fe80::1",
                           "2001:db8::ffff:c000:201", "::fffe:c000:201"}) {
    Wstp wstp{.account = WstpAccount{}};
    wstp.account->source = {.address = packet::IpAddress::parse(text).value(), .port = 65535};
    Octets value(Wstp::length_for(2));
    wstp.encode(value);
    EXPECT_EQ(Wstp::decode(value), wstp) << text;
  }
}

}  // namespace
}  // namespace wirestamp::wire
