// SPDX-License-Identifier: Apache-2.0
#include "wire/wstp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
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
  std::ranges::copy(from_hex(fields.at("token").get<std::string>()), wstp.token.begin());
  wstp.epoch = hex64(fields.at("epoch"));
  wstp.entries_error = fields.at("entries_error");
  for (const Json& entry : fields.at("entries"))
    wstp.entries.at(wstp.entry_count++) = {
        .sender_sequence = entry.at("sender"),
        .reflector_sequence = entry.at("reflector"),
        .transmit_timestamp = hex64(entry.at("departed")),
        .source = static_cast<StampSource>(entry.at("class").get<unsigned>())};
  return wstp;
}

void check_request_tlv(const WstpVector& vector) {
  const std::size_t length = Wstp::length_for(vector.fields.at("places"));
  Octets out(kTlvHeader + length, std::byte{0xee});
  write_tlv_header(out, 0, kUnrecognised, kWstp, static_cast<std::uint16_t>(length));
  Wstp::encode_request(base::MutableBytes(out).subspan(kTlvHeader));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  const auto value = base::Bytes(vector.octets).subspan(kTlvHeader);
  EXPECT_TRUE(Wstp::ours(value) && Wstp::valid_length(value.size()));
  EXPECT_EQ(Wstp::decode(value), Wstp());
}

void check_reply_tlv(const WstpVector& vector) {
  const Wstp wstp = described(vector.fields);
  const auto value = base::Bytes(vector.octets).subspan(kTlvHeader);
  ASSERT_TRUE(Wstp::ours(value) && Wstp::valid_length(value.size()));
  EXPECT_EQ(Wstp::decode(value), wstp);
  EXPECT_EQ(value.size(), Wstp::length_for(vector.fields.at("places")));
  if (!vector.written) return;
  // As the reflector makes it: from a request with the same room.
  Octets request(vector.octets.size()), reply(vector.octets.size(), std::byte{0xee});
  write_tlv_header(request, 0, kUnrecognised, kWstp, static_cast<std::uint16_t>(value.size()));
  Wstp::encode_request(base::MutableBytes(request).subspan(kTlvHeader));
  reflect_tlvs(request, {.wstp = wstp}, reply);
  EXPECT_EQ(to_hex(reply), to_hex(vector.octets));
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
                .dscp = fields.at("dscp")},
               out);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
}

void check_packet_reply(const WstpVector& vector) {
  const Octets& request = wstp_vector("wstp-packet-request").octets;
  const Json& fields = vector.fields;
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
  reflect_tlvs(
      base::Bytes(request).subspan(kBaseSize),
      {.received_traffic_class = fields.at("traffic_class"),
       .follow_up =
           FollowUpTelemetry{.sequence = newest.reflector_sequence,
                             .timestamp = newest.transmit_timestamp,
                             .method = static_cast<std::uint8_t>(method_of(newest.source))},
       .wstp = wstp},
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

TEST(WstpDocument, shows_the_octets_of_the_vector) {
  std::ifstream document(WIRESTAMP_VECTORS "/../../docs/wstp.md");
  std::string hex;
  for (std::string line; std::getline(document, line);)
    if (line.starts_with("    ")) std::erase(line, ' '), hex += line;
  EXPECT_EQ(hex, to_hex(wstp_vector("wstp-reply-not-stamped").octets));
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

}  // namespace
}  // namespace wirestamp::wire
