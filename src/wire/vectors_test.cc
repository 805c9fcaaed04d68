// SPDX-License-Identifier: Apache-2.0
#include "wire/vectors_test.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wire/time_format.h"

// Every vector of tests/vectors/stamp.json is handed to the check of its topic. One without a topic
// fails, and so does a topic that no vector meets: the file may not grow past the tests, nor they
// past it. That there are as many as there were is told by their number.
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
    Topic{"sender-auth-bad", check_bad_auth_request, nullptr},
    Topic{"sender-auth", check_auth_request, nullptr},
    Topic{"reflector-auth-", check_auth_reply, nullptr},
    Topic{"tlv-10-return-none", check_lone_tlv_request, nullptr},
    Topic{"tlv-10-sr", check_lone_tlv_request, nullptr},
    Topic{"tlv-12-l3-group", check_lone_tlv_request, nullptr},
    Topic{"auth-padding-only", check_lone_tlv_request, nullptr},
    Topic{"exp-", check_lone_tlv_request, nullptr},
    Topic{"tlv-", check_tlv_request, check_tlv_reply},
    Topic{"err-", check_tlv_request, check_tlv_reply},
    Topic{"hmac-", check_tlv_request, check_tlv_reply},
    Topic{"auth-tlv", check_tlv_request, check_tlv_reply},
};
constexpr std::size_t kVectors = 90;

const Topic* topic_of(std::string_view name) {
  for (const Topic& topic : kTopics)
    if (name.starts_with(topic.prefix)) return &topic;
  return nullptr;
}

template <typename Number, typename... Base>
Number parse(std::string_view text, Base... base) {
  Number number{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, base...);
  EXPECT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
  return number;
}

class StampVector : public testing::TestWithParam<Vector> {};

TEST_P(StampVector, is_reproduced_byte_for_byte) {
  const Vector& vector = GetParam();
  const Topic* topic = topic_of(vector.name);
  ASSERT_NE(topic, nullptr) << "no topic";
  const auto check = vector.name.ends_with("-reply") ? topic->reply : topic->request;
  ASSERT_NE(check, nullptr) << "no check";
  check(vector);
}

INSTANTIATE_TEST_SUITE_P(AllOfTheFile, StampVector, testing::ValuesIn(stamp_vectors()),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(StampVectors, every_topic_is_met_and_all_are_there) {
  const auto met = [](std::string_view prefix) {
    for (const Vector& vector : stamp_vectors())
      if (vector.name.starts_with(prefix)) return true;
    return false;
  };
  for (const Topic& topic : kTopics) EXPECT_TRUE(met(topic.prefix)) << topic.prefix;
  EXPECT_EQ(stamp_vectors().size(), kVectors);
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

std::vector<Vector> read_vectors(const std::string& file) {
  std::ifstream stream(WIRESTAMP_VECTORS "/" + file);
  const Json document = Json::parse(stream);
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

const std::vector<Vector>& stamp_vectors() {
  static const std::vector<Vector> vectors = read_vectors("stamp.json");
  return vectors;
}

const Vector& stamp_vector(std::string_view name) {
  for (const Vector& vector : stamp_vectors())
    if (vector.name == name) return vector;
  ADD_FAILURE() << "there is no vector " << name;
  return stamp_vectors().front();
}

}  // namespace wirestamp::wire
