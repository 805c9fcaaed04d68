// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "measure/emodel.h"
#include "measure/reference.h"

// tests/vectors/metrics.json, each vector by its name: one that is neither known here nor covered
// by a family of names fails.
namespace wirestamp::measure::reference {
namespace {

using Json = nlohmann::json;

std::vector<Delay> delays_of(const Json& input) {
  std::vector<Delay> delays;
  for (const Json& value : input)
    delays.push_back(value.is_null() ? Delay() : Delay(value.get<double>()));
  return delays;
}

std::vector<bool> losses_of(const Json& input) {
  std::vector<bool> lost;
  for (const Json& value : input) lost.push_back(value.get<int>() != 0);
  return lost;
}

void expect_delay(const Delay& found, const Json& wanted, const std::string& what) {
  const bool absent = wanted.is_null() || wanted == "undefined";
  ASSERT_EQ(found.has_value(), !absent) << what;
  if (!absent) {
    EXPECT_DOUBLE_EQ(*found, wanted.get<double>()) << what;
  }
}

// To the digits that the vector gives.
void expect_digits(double found, double wanted, int digits, const std::string& what) {
  EXPECT_NEAR(found, wanted, 0.5000001 * std::pow(10.0, -digits)) << what;
}

//= RFC2330:percentile
void check_percentile(const Json& input, const Json& expect, std::uint32_t ppm) {
  expect_delay(percentile(delays_of(input), ppm), expect, "percentile");
}

void check_with_loss(const Json& input, const Json& expect) {
  std::vector<Delay> delays;
  for (int i = 1; i <= 98; ++i) delays.emplace_back(i);
  delays.resize(100);
  expect_delay(percentile(delays, input["ppm"]), expect, "p99 with two lost");
}

void check_rounding(const Json& input, const Json& expect) {
  std::vector<Delay> delays;
  for (int i = 1; i <= input["n"].get<int>(); ++i) delays.emplace_back(i);
  expect_delay(percentile(delays, input["ppm"]), expect, "p99.9");
}

//= RFC3393:ipdv RFC5481:pdv
void check_list(const std::vector<Delay>& found, const Json& expect) {
  ASSERT_EQ(found.size(), expect.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    expect_delay(found[i], expect[i], "value " + std::to_string(i));
}

//= RFC3550:jitter
void check_jitter(const Json& input, const Json& expect) {
  const auto found = rtp_jitter(input.get<std::vector<double>>());
  ASSERT_EQ(found.size(), expect.size());
  for (std::size_t i = 0; i < found.size(); ++i) expect_digits(found[i], expect[i], 9, "J");
}

//= RFC4737:reordered
void check_reordering(const Json& input, const Json& expect) {
  const auto arrivals = input.get<std::vector<std::uint64_t>>();
  const Reordering found = reordering(arrivals);
  ASSERT_EQ(found.reordered.size(), expect["reordered"].size());
  for (std::size_t i = 0; i < found.reordered.size(); ++i) {
    const Json& wanted = expect["reordered"][i];
    EXPECT_EQ(found.reordered[i], (ReorderedPacket{wanted["seq"], wanted["index"], wanted["extent"],
                                                   wanted["discontinuity"]}));
  }
  EXPECT_DOUBLE_EQ(*found.ratio, expect["ratio"]);
  EXPECT_EQ(found.discontinuities, expect["discontinuities"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.gaps, expect["gaps"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.free_runs.packets, expect["free_runs"]["p"]);
  EXPECT_EQ(found.free_runs.runs, expect["free_runs"]["x"]);
  EXPECT_EQ(found.free_runs.in_order, expect["free_runs"]["a"]);
  EXPECT_EQ(found.free_runs.squares, expect["free_runs"]["q"]);
  std::map<std::string, std::uint64_t> n_reordered;
  const auto largest = n_reordering(arrivals);
  for (std::size_t i = 0; i < arrivals.size(); ++i)
    if (largest[i] > 0) n_reordered[std::to_string(arrivals[i])] = largest[i];
  EXPECT_EQ(n_reordered, (expect["n_reordering"].get<std::map<std::string, std::uint64_t>>()));
}

void check_late_time(const Json& input, const Json& expect) {
  const auto found = late_times(input["seq"].get<std::vector<std::uint64_t>>(),
                                input["dst_ms"].get<std::vector<double>>());
  ASSERT_EQ(found.size(), expect.size());
  for (const auto& [sequence, late] : found) EXPECT_EQ(late, expect[std::to_string(sequence)]);
}

void check_duplication(const Json& input, const Json& expect) {
  const auto found = duplication(input.get<std::vector<std::uint64_t>>());
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->fraction, expect["fraction"]);
  EXPECT_DOUBLE_EQ(found->replicated_rate, expect["replicated_rate"]);
}

void check_loss_pattern(const Json& input, const Json& expect) {
  const LossPattern found = loss_pattern(losses_of(input));
  EXPECT_EQ(found.distance, expect["distance"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.period, expect["period"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.lengths, expect["lengths"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.gaps, expect["inter"].get<std::vector<std::uint64_t>>());
  EXPECT_EQ(found.lengths.size(), expect["total"]);
  EXPECT_DOUBLE_EQ(*found.noticeable_rate(2), expect["noticeable_rate"]);
}

void check_episodes(const Json& input, const Json& expect) {
  const LossEpisodes found =
      loss_episodes({{{input["n00"], input["n01"]}, {input["n10"], input["n11"]}}});
  EXPECT_DOUBLE_EQ(*found.ratio, expect["ratio"]);
  EXPECT_DOUBLE_EQ(*found.duration_packets, expect["duration_packets"]);
  EXPECT_DOUBLE_EQ(*found.frequency_per_packet, expect["frequency_per_packet"]);
}

void check_bursts(const Json& input, const Json& expect) {
  std::vector<bool> events;
  for (const char c : input.get<std::string>()) events.push_back(c != '1');
  const BurstsAndGaps found = bursts_and_gaps(events, 16);
  ASSERT_EQ(found.bursts.size(), expect["bursts"].size());
  EXPECT_EQ(found.bursts[0].first, expect["bursts"][0][0]);
  EXPECT_EQ(found.bursts[0].second, expect["bursts"][0][1]);
  expect_digits(found.burst_density, expect["burst_density"], 6, "burst density");
  expect_digits(found.gap_density, expect["gap_density"], 6, "gap density");
  EXPECT_EQ(found.burst_packets, expect["burst_packets"]);
  EXPECT_EQ(found.gap_packets, expect["gap_packets"]);
}

//= G107:r G107:delay-impairment G107:loss-impairment G107:mos
void check_speech(const Json& input, const Json& expect) {
  const SpeechQuality found =
      speech_quality({.delay_ms = input["ta"],
                      .loss_percent = input["ppl"],
                      .burst_ratio = input.value("burstr", 1.0),
                      .equipment_impairment = input.value("ie", kG711EquipmentImpairment),
                      .loss_robustness = input.value("bpl", kG711LossRobustness)});
  expect_digits(found.delay_impairment, expect["Idd"], 4, "Idd");
  expect_digits(found.equipment_impairment, expect["Ie_eff"], 4, "Ie_eff");
  expect_digits(found.r, expect["R"], 4, "R");
  expect_digits(found.mos, expect["MOS"], 4, "MOS");
}

void check_exchange(const Json& input, const Json& expect) {
  const Exchange found = exchange(input["t1"], input["t2"], input["t3"], input["t4"]);
  EXPECT_EQ(found.offset, expect["theta"]);
  EXPECT_EQ(found.delay, expect["delta"]);
  EXPECT_EQ(found.forward, expect["fwd"]);
  EXPECT_EQ(found.backward, expect["bwd"]);
  EXPECT_EQ(found.offset_low, expect["theta_low"]);
  EXPECT_EQ(found.offset_high, expect["theta_high"]);
}

void check_skew(const Json& input, const Json& expect) {
  const auto found = skew(input.get<std::vector<std::pair<double, double>>>());
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->slope, expect["slope"], 1e-9);
  EXPECT_NEAR(found->intercept, expect["intercept"], 1e-9);
}

using Check = std::function<void(const Json& input, const Json& expect)>;

// Longest prefix of the name first.
const std::map<std::string, Check, std::greater<>>& checks() {
  const auto at = [](std::uint32_t ppm) {
    return [ppm](const Json& i, const Json& e) { check_percentile(i, e, ppm); };
  };
  static const std::map<std::string, Check, std::greater<>> table{
      {"owd-p50", at(500'000)},
      {"owd-median-even",
       [](const Json& i, const Json& e) { expect_delay(median(delays_of(i)), e, "median"); }},
      {"owd-min",
       [](const Json& i, const Json& e) { expect_delay(minimum(delays_of(i)), e, "minimum"); }},
      {"edf-p50", at(500'000)},
      {"edf-p25", at(250'000)},
      {"edf-p100", at(1'000'000)},
      {"edf-p15", at(150'000)},
      {"p99-with-loss", check_with_loss},
      {"p999-rounding", check_rounding},
      //= RFC7680:ratio
      {"loss-ratio",
       [](const Json& i, const Json& e) { expect_delay(loss_ratio(losses_of(i)), e, "ratio"); }},
      {"ipdv", [](const Json& i, const Json& e) { check_list(ipdv(delays_of(i)), e); }},
      {"ipdv-loss", [](const Json& i, const Json& e) { check_list(ipdv(delays_of(i)), e); }},
      {"pdv", [](const Json& i, const Json& e) { check_list(pdv(delays_of(i)), e); }},
      {"rtp-jitter", check_jitter},
      {"reorder-", check_reordering},
      {"late-time", check_late_time},
      {"dup-", check_duplication},
      {"loss-3357", check_loss_pattern},
      {"loss-episodes-6534", check_episodes},
      {"gap-burst-3611", check_bursts},
      {"emodel-g7", check_speech},
      {"emodel-cole-rosenbluth",
       [](const Json& i, const Json& e) {
         expect_digits(cole_rosenbluth_r(i["d"], i["e"]), e, 4, "R");
       }},
      {"offset", check_exchange},
      {"skew-hull", check_skew},
  };
  return table;
}

const Check* check_for(const std::string& name) {
  for (const auto& [prefix, check] : checks())
    if (prefix == name || (prefix.ends_with('-') && name.starts_with(prefix)) ||
        (prefix == "emodel-g7" && name.starts_with(prefix)))
      return &check;
  return nullptr;
}

TEST(MetricVectors, each_vector_is_reproduced_by_the_reference) {
  std::ifstream file(WIRESTAMP_VECTORS "/metrics.json");
  const Json vectors = Json::parse(file)["vectors"];
  ASSERT_GT(vectors.size(), 30U);
  for (const Json& vector : vectors) {
    const std::string name = vector["name"];
    SCOPED_TRACE(name);
    const Check* check = check_for(name);
    ASSERT_NE(check, nullptr) << "nobody checks the vector " << name;
    (*check)(vector["input"], vector["expect"]);
  }
}

}  // namespace
}  // namespace wirestamp::measure::reference
