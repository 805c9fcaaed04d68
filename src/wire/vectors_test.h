// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "time/duration.h"

// The vectors of tests/vectors/stamp.json for the tests of this folder. vectors_test.cc reads them
// and hands each one to the check of its topic.
namespace wirestamp::wire {

using Octets = std::vector<std::byte>;

Octets from_hex(std::string_view hex);
std::string to_hex(base::Bytes octets);
std::int64_t to_number(std::string_view digits);

struct Vector {
  std::string name;
  Octets octets;
  std::string request;  // name of the vector it answers; empty for requests
  std::map<std::string, std::string> fields;

  bool has(const std::string& field) const { return fields.contains(field); }
  std::string text(const std::string& field) const;
  std::int64_t number(const std::string& field) const;  // decimal, or hexadecimal behind 0x
  double real(const std::string& field) const;
  WallTime instant(const std::string& field) const;  // "seconds.nanoseconds"
};

// What GoogleTest prints of one.
inline void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

// Of tests/vectors/FILE.
std::vector<Vector> read_vectors(const std::string& file);
const std::vector<Vector>& stamp_vectors();
const Vector& stamp_vector(std::string_view name);

// The instants all packets of the file are made of, and the two Error Estimates.
inline constexpr WallTime kT1 = WallTime::from_ns(1'700'000'000'123'456'789);
inline constexpr WallTime kT2 = WallTime::from_ns(1'700'000'000'135'802'467);
inline constexpr WallTime kT3 = WallTime::from_ns(1'700'000'000'135'952'467);
inline constexpr int kTai = 37;

void check_ntp_time(const Vector& vector);
void check_ptp_time(const Vector& vector);
void check_error_estimate(const Vector& vector);
void check_request(const Vector& vector);
void check_reply(const Vector& vector);
void check_twamp_light_request(const Vector& vector);
void check_twamp_light_reply(const Vector& vector);
void check_tlv_request(const Vector& vector);
void check_lone_tlv_request(const Vector& vector);
void check_tlv_reply(const Vector& vector);
void check_auth_request(const Vector& vector);
void check_bad_auth_request(const Vector& vector);
void check_auth_reply(const Vector& vector);

}  // namespace wirestamp::wire
