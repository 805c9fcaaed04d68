// SPDX-License-Identifier: Apache-2.0
//
// The document against its reference page: each field that is written is described with its type,
// each described one is written by a report that has everything, and those called "always" by one
// that has nothing.
#include "publish/document.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "measure/accumulator.h"
#include "publish/document_reference.h"

namespace wirestamp::publish {
namespace {

using Json = nlohmann::json;

measure::Distribution full_distribution() {
  const auto at = [](int ns) { return Duration::nanoseconds(ns); };
  return {.count = 9,
          .min = at(-1),
          .p10 = at(1),
          .p50 = at(2),
          .p90 = at(3),
          .p95 = at(4),
          .p99 = at(5),
          .max = at(6),
          .mean = at(2),
          .stddev = at(1)};
}

measure::Variation full_variation() {
  const Duration ns = Duration::nanoseconds(7);
  return {ns, ns, ns, ns, -ns, ns, ns, 5, 1};
}

measure::Reordering full_order() {
  measure::Reordering order{.reordered = 2, .received = 9, .ratio = 2.0 / 9, .max_extent = 3};
  order.n_reordered[1] = 1;
  order.n_reordered[measure::kMostReordering] = 1;
  return order;
}

measure::StampCounts full_stamps() {
  measure::StampCounts stamps;
  stamps.by_source[static_cast<std::size_t>(StampSource::Kernel)] = 8;
  stamps.by_source[static_cast<std::size_t>(StampSource::User)] = 1;
  stamps.weakest = StampSource::User;
  return stamps;
}

// A report in which every optional figure is there.
Report full_report() {
  Report report;
  report.version = "1.2.3";
  report.host = "example.net";
  report.remote = {*packet::IpAddress::parse("2001:db8::1"), 23999, 0};
  report.local = {*packet::IpAddress::parse("192.0.2.1"), 40000, 0};
  report.interface_name = "eth0";
  report.network_namespace = "uplink";
  report.stamping_reason = "because";
  report.key_id = "site-2026";
  report.key_fingerprint = "1f0c22e9";
  report.settings = {{"count", "9", "flag --count"}};
  report.counters = {{"replies", 9}};
  report.tlvs = {{2, "location", true, "answered", "Location: as sent"}};
  report.notes = {"a \"note\" with a \\, a line\nend and an \xff octet"};
  report.began = WallTime::from_ns(1'735'689'600'000'000'001);
  report.ended = WallTime::from_ns(1'735'689'601'500'000'000);
  report.requirement_failed = "no";
  measure::Summary& s = report.summary;
  s.loss_ratio = s.network_loss_ratio = s.unreachable_ratio = s.burst_loss = 0.25;
  s.rtt = s.gross_rtt = s.forward_delay = s.backward_delay = s.reflector_residence =
      s.schedule_error = full_distribution();
  s.rtt_class = s.forward_class = s.backward_class = s.gross_rtt_class = s.residence_class =
      StampSource::Kernel;
  s.rtt_error_mean = s.rtt_error_max = s.forward_error = s.backward_error = s.one_way_error =
      Duration::microseconds(3);
  s.rtt_variation = s.forward_variation = s.backward_variation = full_variation();
  s.jitter_rfc3550 = s.jitter_consecutive = Duration::nanoseconds(11);
  s.round_trip_order = s.forward_order = s.backward_order = full_order();
  s.mos = measure::Mos{
      .value = 4.4, .r = 93, .forward_is_worse = true, .one_way_delay = Duration::milliseconds(1)};
  s.sender_tx = s.reflector_rx = s.reflector_tx = s.sender_rx = full_stamps();
  s.forward_traffic_class[46U << 2U | 1U] = 9;
  s.backward_traffic_class[0] = 9;
  s.forward_marks_known = s.backward_marks_known = 9;
  report.flows = {{"192.0.2.1:40000 > 192.0.2.2:23999", s}};
  report.flows.front().summary.sent = 9;
  measure::EchoSummary echo;
  echo.sent = echo.received = 9;
  echo.loss_ratio = 0;
  echo.rtt = full_distribution();
  echo.rtt_class = StampSource::Kernel;
  echo.rtt_error_max = Duration::microseconds(10);
  echo.tx = echo.rx = full_stamps();
  report.echo = {.reason = "no STAMP reply within 3 s", .summary = echo};
  measure::Event event;
  event.kind = measure::EventKind::Verdict;
  event.text = event.reason = "why";
  event.finding = measure::Finding::StalledFlow;
  event.flow = 1;
  event.old_flow = event.new_flow = "192.0.2.1:40000 > 192.0.2.2:23999";
  event.last_good = event.first_lost = event.first_good =
      measure::ProbeMark{.probe = 3, .left = WallTime::from_ns(5)};
  event.lost = 2;
  event.answered = event.tried = 4;
  event.at_least = event.at_most = Duration::seconds(20);
  event.direction = "forward";
  event.before = event.after = 184;
  event.expected = 184;
  event.crossing = measure::Crossing{.figure = measure::Figure::Loss,
                                     .error = true,
                                     .loss = 0.12,
                                     .loss_threshold = 0.05,
                                     .delay = Duration::milliseconds(80),
                                     .delay_threshold = Duration::milliseconds(60),
                                     .median = Duration::milliseconds(40),
                                     .since = WallTime::from_ns(5),
                                     .until = WallTime::from_ns(6)};
  event.change = Duration::milliseconds(100);
  event.account = "what became of it";
  event.old_path = event.new_path = {{.distance = 1, .address = "192.0.2.254", .reflector = false},
                                     {.distance = 2, .address = "", .reflector = true}};
  report.events = {event};
  return report;
}

std::string kind_of(const Json& value) {
  if (value.is_boolean()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_number_integer()) return "integer";
  return value.is_number() ? "number" : std::string(value.type_name());
}

// path -> type of each leaf; array elements are `[]`.
void leaves(const Json& value, const std::string& path, std::map<std::string, std::string>& found) {
  if (value.is_object()) {
    const std::string before = path.empty() ? path : path + ".";
    for (const auto& [name, member] : value.items()) leaves(member, before + name, found);
  } else if (value.is_array()) {
    for (const Json& element : value) leaves(element, path + "[]", found);
  } else {
    found[path] = kind_of(value);
  }
}

struct Described {
  std::string path, type;
  bool always = false;
};

// The table with its shapes put in, and theirs.
void put_in(const std::string& before, bool always, const std::vector<DocumentField>& fields,
            const std::vector<DocumentShape>& shapes, std::vector<Described>& all) {
  for (const DocumentField& field : fields) {
    const std::string path = before + field.path;
    const bool there = always && field.presence == kAlways;
    const auto shape = std::ranges::find(shapes, field.type, &DocumentShape::name);
    if (shape == shapes.end())
      all.push_back({path, std::string(field.type), there});
    else
      put_in(path + ".", there, shape->members, shapes, all);
  }
}

std::vector<Described> described() {
  std::vector<Described> all;
  put_in("", true, document_fields(), document_shapes(), all);
  return all;
}

bool matches(const std::string& pattern, const std::string& path) {
  const auto star = pattern.find('*');
  if (star == std::string::npos) return pattern == path;
  const std::string before = pattern.substr(0, star), after = pattern.substr(star + 1);
  return path.size() > before.size() + after.size() && path.starts_with(before) &&
         path.ends_with(after) &&
         path.find('.', before.size()) ==
             (after.empty() ? std::string::npos : path.size() - after.size());
}

std::map<std::string, std::string> leaves_of(const Report& report) {
  std::map<std::string, std::string> found;
  leaves(Json::parse(json_document(report)), "", found);
  return found;
}

//= RFC2330:type-p
TEST(Document, each_field_written_is_described_with_its_type) {
  const auto table = described();
  for (const auto& [path, type] : leaves_of(full_report())) {
    const auto match =
        std::ranges::find_if(table, [&](const Described& one) { return matches(one.path, path); });
    ASSERT_NE(match, table.end()) << path << " is not on the reference page";
    EXPECT_TRUE(match->type == type || (match->type == "number" && type == "integer"))
        << path << " is " << type << ", described as " << match->type;
  }
}

TEST(Document, each_field_described_is_written_by_a_report_that_has_everything) {
  const auto found = leaves_of(full_report());
  for (const Described& one : described())
    EXPECT_TRUE(std::ranges::any_of(found, [&](const auto& leaf) {
      return matches(one.path, leaf.first);
    })) << one.path;
}

//= RFC6703:empty
TEST(Document, a_report_that_has_nothing_holds_what_is_always_there_and_no_null) {
  Report empty;
  empty.settings = {{"count", "9", "flag --count"}};
  empty.counters = {{"replies", 0}};
  const auto found = leaves_of(empty);
  for (const Described& one : described())
    EXPECT_EQ(
        std::ranges::any_of(found, [&](const auto& leaf) { return matches(one.path, leaf.first); }),
        one.always)
        << one.path;
  for (const auto& [path, type] : found) EXPECT_NE(type, "null") << path;
}

TEST(Document, several_measurements_are_elements_of_one_document) {
  Report first = full_report(), second = full_report();
  second.session = 1;
  const Json whole = Json::parse(json_documents(std::array{first, second}));
  ASSERT_EQ(whole.size(), 1U);
  ASSERT_EQ(whole["measurements"].size(), 2U);
  EXPECT_EQ(whole["measurements"][0], Json::parse(json_document(first)));
  EXPECT_EQ(whole["measurements"][1]["session"], 1);
}

TEST(Document, no_field_is_described_twice) {
  std::set<std::string> seen;
  for (const Described& one : described()) EXPECT_TRUE(seen.insert(one.path).second) << one.path;
}

TEST(Document, text_of_any_octets_is_valid_json) {
  const Json document = Json::parse(json_document(full_report()));
  EXPECT_EQ(document["notes"][0], "a \"note\" with a \\, a line\nend and an \xef\xbf\xbd octet");
}

//= RFC6703:conditional
TEST(Document, lost_total_is_what_the_network_loss_ratio_counts) {
  measure::Accumulator accumulator({});
  std::uint64_t number = 0;
  const auto add = [&](measure::Outcome outcome, int times) {
    while (times-- > 0) {
      measure::Sample sample;
      sample.probe = number++;
      sample.outcome = outcome;
      accumulator.add(sample);
    }
  };
  add(measure::Outcome::LostForward, 1);
  add(measure::Outcome::LostBackward, 2);
  add(measure::Outcome::LostUnknown, 4);
  add(measure::Outcome::PeerClosed, 8);
  add(measure::Outcome::TooBig, 16);
  add(measure::Outcome::Late, 32);
  add(measure::Outcome::Delivered, 64);
  add(measure::Outcome::RefusedByPeer, 1);
  Report report;
  report.summary = accumulator.summary();
  const Json summary = Json::parse(json_document(report))["summary"];
  EXPECT_EQ(summary["lost"]["total"], 63);
  EXPECT_DOUBLE_EQ(summary["network_loss_ratio"],
                   summary["lost"]["total"].get<double>() / summary["sent"].get<double>());
}

TEST(Document, instants_are_rfc3339_to_the_nanosecond) {
  EXPECT_EQ(rfc3339(WallTime::from_ns(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339(WallTime::from_ns(1'735'689'600'000'000'001)),
            "2025-01-01T00:00:00.000000001Z");
  EXPECT_EQ(rfc3339(WallTime::from_ns(951'782'399'999'999'999)), "2000-02-28T23:59:59.999999999Z");
  EXPECT_EQ(rfc3339(WallTime::from_ns(-1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(Document, the_reference_page_is_fresh) {
  std::ifstream file(std::string(WIRESTAMP_DOCS) + "/reference/output.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == output_reference())  // two long pages side by side help nobody
      << "write it anew: wirestamp config output > docs/reference/output.md";
}

}  // namespace
}  // namespace wirestamp::publish
