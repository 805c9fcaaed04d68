// SPDX-License-Identifier: Apache-2.0
#include "wire/vectors_test.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wire/time_format.h"

// Every vector of tests/vectors/stamp.json is handed to the check of its topic, or stands in the
// list of what this program does not speak. One that is in neither fails, and so does a line of
// either table that no vector meets: the file may not grow past the tests, nor they past it.
namespace wirestamp::wire {

namespace {

using Json = nlohmann::json;

struct Topic {
  std::string_view prefix;
  void (*request)(const Vector&);  // also what is no packet
  void (*reply)(const Vector&);    // names that end in "-reply"
};

// The first prefix that fits counts.
constexpr std::array kTopics{
    Topic{"ts-ntp-", check_ntp_time, nullptr},
    Topic{"ts-ptp-", check_ptp_time, nullptr},
    Topic{"ee-", check_error_estimate, nullptr},
    Topic{"sender-unauth", check_request, nullptr},
    Topic{"reflector-unauth-", check_reply, nullptr},
    Topic{"twamp-light-", check_twamp_light_request, check_twamp_light_reply},
    Topic{"tlv-1-padding", check_tlv_request, check_tlv_reply},
    Topic{"tlv-3-timestamp-info", check_tlv_request, check_tlv_reply},
    Topic{"tlv-4-cos-request", check_tlv_request, nullptr},
    Topic{"tlv-4-cos-reply", nullptr, check_tlv_reply},
    Topic{"tlv-4-cos-refused", check_tlv_request, check_tlv_reply},
    Topic{"tlv-7-followup", check_tlv_request, check_tlv_reply},
    Topic{"err-bad-length", check_tlv_request, check_tlv_reply},
    Topic{"err-short-tail", check_tlv_request, check_tlv_reply},
};

// Authentication, and TLVs that are not implemented.
constexpr std::array<std::string_view, 15> kOutOfScope{
    "auth-",         "sender-auth", "reflector-auth", "hmac-",         "tlv-2-",
    "tlv-4-cos-ec1", "tlv-5-",      "tlv-6-",         "tlv-9-",        "tlv-10-",
    "tlv-11-",       "tlv-12-",     "err-unknown",    "err-truncated", "exp-"};

const Topic* topic_of(std::string_view name) {
  for (const Topic& topic : kTopics)
    if (name.starts_with(topic.prefix)) return &topic;
  return nullptr;
}

bool out_of_scope(std::string_view name) {
  for (const std::string_view prefix : kOutOfScope)
    if (name.starts_with(prefix)) return true;
  return false;
}

std::vector<Vector> read_vectors() {
  std::ifstream file(WIRESTAMP_VECTORS "/stamp.json");
  const Json document = Json::parse(file);
  std::vector<Vector> vectors;
  for (const Json& item : document.at("vectors")) {
    Vector vector{.name = item.at("name"),
                  .octets = from_hex(item.at("hex").get<std::string>()),
                  .request = item.value("request", ""),
                  .fields = {}};
    for (const auto& [key, value] : item.at("fields").items())
      vector.fields[key] = value.is_string() ? value.get<std::string>() : value.dump();
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

template <typename Number, typename... Base>
Number parse(std::string_view text, Base... base) {
  Number number{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, base...);
  EXPECT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
  return number;
}

std::vector<Vector> vectors_in_scope() {
  std::vector<Vector> vectors = stamp_vectors();
  std::erase_if(vectors, [](const Vector& vector) { return out_of_scope(vector.name); });
  return vectors;
}

class StampVector : public testing::TestWithParam<Vector> {};

TEST_P(StampVector, is_reproduced_byte_for_byte) {
  const Vector& vector = GetParam();
  const Topic* topic = topic_of(vector.name);
  ASSERT_NE(topic, nullptr) << "neither known nor out of scope";
  const auto check = vector.name.ends_with("-reply") ? topic->reply : topic->request;
  ASSERT_NE(check, nullptr) << "neither known nor out of scope";
  check(vector);
}

INSTANTIATE_TEST_SUITE_P(InScope, StampVector, testing::ValuesIn(vectors_in_scope()),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(StampVectors, every_line_of_the_tables_is_met) {
  const auto met = [](std::string_view prefix) {
    for (const Vector& vector : stamp_vectors())
      if (vector.name.starts_with(prefix)) return true;
    return false;
  };
  for (const Topic& topic : kTopics) EXPECT_TRUE(met(topic.prefix)) << topic.prefix;
  for (const std::string_view prefix : kOutOfScope) EXPECT_TRUE(met(prefix)) << prefix;
}

}  // namespace

Octets from_hex(std::string_view hex) {
  Octets octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    octets.push_back(static_cast<std::byte>(parse<unsigned>(hex.substr(i, 2), 16)));
  return octets;
}

std::string to_hex(base::Bytes octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte octet : octets) {
    hex += kDigits[static_cast<unsigned>(octet) >> 4U];
    hex += kDigits[static_cast<unsigned>(octet) & 15U];
  }
  return hex;
}

std::string Vector::text(const std::string& field) const {
  const auto found = fields.find(field);
  if (found == fields.end()) {
    ADD_FAILURE() << name << " has no field " << field;
    return "0";
  }
  return found->second;
}

std::int64_t to_number(std::string_view digits) { return parse<std::int64_t>(digits); }

std::int64_t Vector::number(const std::string& field) const {
  const std::string digits = text(field);
  if (digits.starts_with("0x")) return parse<std::int64_t>(std::string_view(digits).substr(2), 16);
  return parse<std::int64_t>(digits);
}

double Vector::real(const std::string& field) const { return parse<double>(text(field)); }

WallTime Vector::instant(const std::string& field) const {
  const std::string instant = text(field);
  const std::size_t point = instant.find('.');
  EXPECT_EQ(instant.size(), point + 10) << instant;
  return WallTime::from_ns(parse<std::int64_t>(instant.substr(0, point)) * kBillion +
                           parse<std::int64_t>(instant.substr(point + 1)));
}

const std::vector<Vector>& stamp_vectors() {
  static const std::vector<Vector> vectors = read_vectors();
  return vectors;
}

const Vector& stamp_vector(std::string_view name) {
  for (const Vector& vector : stamp_vectors())
    if (vector.name == name) return vector;
  ADD_FAILURE() << "there is no vector " << name;
  return stamp_vectors().front();
}

}  // namespace wirestamp::wire
