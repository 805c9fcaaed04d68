// SPDX-License-Identifier: Apache-2.0
#include "publish/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "publish/metrics_buckets.h"
#include "publish/metrics_table.h"

namespace wirestamp::publish {
namespace {

using measure::Histogram;
using measure::Window;

constexpr auto kText = MetricsFormat::Text;
constexpr auto kOpen = MetricsFormat::OpenMetrics;
constexpr auto kProto = MetricsFormat::Protobuf;

std::string expose(const std::vector<SessionMetrics>& sessions, MetricsFormat format = kText,
                   AgentMetrics agent = {.version = "1"}) {
  return exposition(agent, sessions, format);
}

std::vector<std::string> lines_with(const std::string& text, std::string_view begin) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(begin)) found.push_back(line);
  return found;
}

double value_of(const std::string& line) {
  const std::size_t blank = line.rfind(' ');
  double value = NAN;
  std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
  return value;
}

double upper_of(const std::string& line) {
  const std::size_t begin = line.find("le=\"") + 4;
  if (line.substr(begin, 4) == "+Inf") return HUGE_VAL;
  double value = NAN;
  std::from_chars(line.data() + begin, line.data() + line.size(), value);
  return value;
}

TEST(Metrics, a_counter_and_its_labels_are_written_as_prometheus_wants_them) {
  Window total;
  total.lost.forward = 3;
  const std::string text = expose({{.name = "office", .host = "h", .total = &total}});
  EXPECT_NE(text.find("# HELP wirestamp_probes_total Scheduled probes by what became of them; "
                      "direction of lost ones, cause of unsent ones.\n"
                      "# TYPE wirestamp_probes_total counter\n"
                      "wirestamp_probes_total{session=\"office\",outcome=\"delivered\"} 0\n"
                      "wirestamp_probes_total{session=\"office\",outcome=\"late\"} 0\n"
                      "wirestamp_probes_total{session=\"office\",outcome=\"lost\",direction="
                      "\"forward\"} 3\n"),
            std::string::npos)
      << text;
}

TEST(Metrics, a_histogram_has_buckets_sum_and_count_in_seconds) {
  Window total;
  total.residence.add(Duration::microseconds(30));
  total.residence.add(Duration::nanoseconds(30'517));
  total.residence.add(Duration::nanoseconds(30'518));
  total.residence.add(Duration::seconds(10));
  const std::string text = expose({{.name = "s", .total = &total}});
  const auto found = lines_with(text, "wirestamp_reflector_residence_seconds");
  const std::string head = "wirestamp_reflector_residence_seconds";
  EXPECT_EQ(found, (std::vector<std::string>{
                       head + "_bucket{session=\"s\",le=\"0\"} 0",
                       head + "_bucket{session=\"s\",le=\"3.0517578125e-05\"} 2",
                       head + "_bucket{session=\"s\",le=\"0.000244140625\"} 3",
                       head + "_bucket{session=\"s\",le=\"0.001953125\"} 3",
                       head + "_bucket{session=\"s\",le=\"0.015625\"} 3",
                       head + "_bucket{session=\"s\",le=\"0.125\"} 3",
                       head + "_bucket{session=\"s\",le=\"1\"} 3",
                       head + "_bucket{session=\"s\",le=\"8\"} 3",
                       head + "_bucket{session=\"s\",le=\"+Inf\"} 4",
                       head + "_sum{session=\"s\"} 10.000091035",
                       head + "_count{session=\"s\"} 4",
                   }));
}

TEST(Metrics, what_a_name_holds_is_escaped) {
  const std::string text = expose({{.name = "a\"b\\c\nd", .host = "bad\xff\xc3(\xed\xa0\x80 ü"}});
  const auto found = lines_with(text, "wirestamp_session_info");
  ASSERT_EQ(found.size(), 1U);
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(found[0], "wirestamp_session_info{session=\"a\\\"b\\\\c\\nd\",host=\"bad" + r + r +
                          "(" + r + r + r + " ü\"} 1");
}

TEST(Metrics, each_class_of_stamps_is_told_by_itself) {
  Window total;
  total.rtt.add(StampSource::Kernel, Duration::milliseconds(1));
  total.rtt.add(StampSource::User, Duration::milliseconds(2));
  total.rtt.add(StampSource::User, Duration::milliseconds(3));
  const std::string text = expose({{.name = "s", .total = &total}});
  EXPECT_EQ(lines_with(text, "wirestamp_round_trip_time_seconds_count"),
            (std::vector<std::string>{
                "wirestamp_round_trip_time_seconds_count{session=\"s\",stamps=\"user\"} 2",
                "wirestamp_round_trip_time_seconds_count{session=\"s\",stamps=\"kernel\"} 1"}));
}

TEST(Metrics, classic_counts_equal_those_of_the_values_themselves) {
  std::vector<std::int64_t> values{0, 0, 1, -1, -3};
  for (int octave = -20; octave < 6; ++octave)
    for (const std::int64_t beside : {-1, 0, 1})
      for (const std::int64_t sign : {-1, 1})
        values.push_back(sign * (static_cast<std::int64_t>(std::ldexp(1e9, octave)) + beside));
  Histogram histogram;
  for (const std::int64_t value : values) histogram.add(value);
  for (const Ladder ladder : {Ladder::Fine, Ladder::Coarse, Ladder::Signed})
    for (const ClassicBucket& bucket : classic_buckets(histogram, ladder)) {
      const auto count = std::ranges::count_if(values, [&](std::int64_t value) {
        return static_cast<double>(value) / 1e9 <= bucket.upper;
      });
      EXPECT_EQ(bucket.count, static_cast<std::uint64_t>(count)) << bucket.upper;
    }
}

TEST(Metrics, buckets_rise_and_the_last_equals_the_count) {
  Window total;
  for (std::int64_t i = -40; i < 40; ++i)
    total.forward_delay.add(StampSource::Kernel, Duration::microseconds(i * i * i * i * i));
  for (const MetricsFormat format : {kText, kOpen}) {
    const std::string text = expose({{.name = "s", .total = &total}}, format);
    const auto buckets = lines_with(text, "wirestamp_forward_delay_seconds_bucket");
    ASSERT_GT(buckets.size(), 20U);
    for (std::size_t i = 1; i < buckets.size(); ++i) {
      EXPECT_LE(value_of(buckets[i - 1]), value_of(buckets[i])) << buckets[i];
      EXPECT_LT(upper_of(buckets[i - 1]), upper_of(buckets[i])) << buckets[i];
    }
    EXPECT_LT(upper_of(buckets.front()), 0);
    EXPECT_GT(value_of(buckets.front()), 0);
    EXPECT_EQ(upper_of(buckets.back()), HUGE_VAL);
    EXPECT_EQ(value_of(buckets.back()), 80);
    const auto count = lines_with(text, "wirestamp_forward_delay_seconds_count");
    const auto sum = lines_with(text, "wirestamp_forward_delay_seconds_sum");
    if (format == kText) {
      EXPECT_EQ(value_of(count.at(0)), 80);
      EXPECT_EQ(sum.size(), 1U);
    } else {
      EXPECT_EQ(count.size() + sum.size(), 0U) << "OpenMetrics has neither where one is negative";
    }
  }
}

TEST(Metrics, a_session_that_has_no_minute_yet_tells_none) {
  const std::string text = expose({{.name = "s"}});
  EXPECT_TRUE(lines_with(text, "wirestamp_minute").empty());
  EXPECT_EQ(lines_with(text, "wirestamp_up{").size(), 1U);
  EXPECT_TRUE(lines_with(text, "wirestamp_probes_total{").empty());
  measure::TimedWindow minute{.begin = WallTime::from_ns(60'000'000'000),
                              .length = Duration::minutes(1)};
  const std::string with = expose({{.name = "s", .last_minute = &minute}});
  EXPECT_EQ(lines_with(with, "wirestamp_minute"),
            std::vector<std::string>{"wirestamp_minute_end_timestamp_seconds{session=\"s\"} 120"})
      << "figures without a probe are absent";
}

TEST(Metrics, open_metrics_names_families_without_total_and_ends) {
  Window total;
  const std::string text = expose({{.name = "s", .total = &total}}, kOpen);
  EXPECT_EQ(lines_with(text, "# TYPE wirestamp_probes_sent"),
            std::vector<std::string>{"# TYPE wirestamp_probes_sent counter"});
  EXPECT_EQ(lines_with(text, "wirestamp_probes_sent_total"),
            std::vector<std::string>{"wirestamp_probes_sent_total{session=\"s\"} 0"});
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
  EXPECT_EQ(text.find("# EOF"), text.size() - 6);
}

// --- protobuf ---

using Reader = protozero::pbf_reader;

std::vector<std::string> messages(const std::string& octets) {
  std::vector<std::string> found;
  const char* at = octets.data();
  const char* const end = at + octets.size();
  while (at != end) {
    const std::uint64_t length = protozero::decode_varint(&at, end);
    if (length > static_cast<std::uint64_t>(end - at)) {
      ADD_FAILURE() << "a length beyond the end";
      break;
    }
    found.emplace_back(at, length);
    at += length;
  }
  return found;
}

// The native buckets of a histogram message, by sign and index, as a reader counts them together.
std::map<std::pair<int, int>, std::int64_t> native_buckets(Reader message) {
  std::map<std::pair<int, int>, std::int64_t> buckets;
  std::map<int, std::vector<int>> places;
  std::map<int, int> next;
  while (message.next()) {
    const int sign = message.tag() == 9 || message.tag() == 10 ? -1 : 1;
    if (message.tag() == 9 || message.tag() == 12) {
      Reader span = message.get_message();
      unsigned length = 0;
      while (span.next()) {
        if (span.tag() == 1)
          next[sign] += span.get_sint32();
        else
          length = span.get_uint32();
      }
      while (length-- > 0) places[sign].push_back(next[sign]++);
    } else if (message.tag() == 10 || message.tag() == 13) {
      std::int64_t count = 0;
      std::size_t i = 0;
      for (const std::int64_t delta : message.get_packed_sint64()) {
        count += delta;
        EXPECT_GE(count, 0);
        if (i >= places[sign].size()) {
          ADD_FAILURE() << "more deltas than buckets";
          break;
        }
        if (count > 0) buckets[{sign, places[sign][i]}] = count;
        ++i;
      }
      EXPECT_EQ(i, places[sign].size());
    } else {
      message.skip();
    }
  }
  return buckets;
}

TEST(Metrics, native_buckets_are_those_of_the_histogram_shifted) {
  Window total;
  for (const std::int64_t ns : {1L, 2L, 3L, 1'000L, 1'050L, 1'100L, -7L, -1'000'000L})
    total.residence.add(Duration::nanoseconds(ns));
  total.residence.add(Duration());
  std::map<std::pair<int, int>, std::int64_t> expected;
  total.residence.histogram.for_each_bucket([&](int sign, int index, std::uint64_t times) {
    expected[{sign, index + kNativeShift}] = static_cast<std::int64_t>(times);
  });
  bool found = false;
  for (const std::string& octets : messages(expose({{.name = "s", .total = &total}}, kProto))) {
    Reader family(octets);
    ASSERT_TRUE(family.next(1));
    if (family.get_string() != "wirestamp_reflector_residence_seconds") continue;
    ASSERT_TRUE(family.next(4));
    Reader metric = family.get_message();
    ASSERT_TRUE(metric.next(7));
    const auto view = metric.get_view();
    EXPECT_EQ(native_buckets(Reader(view)), expected);
    Reader histogram(view);
    ASSERT_TRUE(histogram.next(1));
    EXPECT_EQ(histogram.get_uint64(), 9U);
    ASSERT_TRUE(histogram.next(5));
    EXPECT_EQ(histogram.get_sint32(), 5);
    ASSERT_TRUE(histogram.next(7));
    EXPECT_EQ(histogram.get_uint64(), 1U);
    found = true;
  }
  EXPECT_TRUE(found);
}

// Bucket n of schema 5 is (2^((n-1)/32), 2^(n/32)]; the values are those a client would observe.
TEST(Metrics, native_buckets_hold_the_seconds_that_prometheus_takes_them_for) {
  for (const auto& [ns, native] : std::map<std::int64_t, int>{{1'000'000'000, 0},
                                                              {1'000'000'001, 1},
                                                              {1'021'897'148, 1},
                                                              {1'021'897'149, 2},
                                                              {978'572'062, -1},
                                                              {978'572'063, 0},
                                                              {125'000'000, -96},
                                                              {125'000'001, -95},
                                                              {1'953'125, -288},
                                                              {1'953'126, -287},
                                                              {8'000'000'000, 96}})
    EXPECT_EQ(Histogram::bucket(static_cast<std::uint64_t>(ns)) + kNativeShift, native) << ns;
}

TEST(Metrics, protobuf_has_the_values_of_the_text) {
  Window total;
  total.scheduled = 7;
  const std::vector<SessionMetrics> sessions{{.name = "s\xff", .total = &total}};
  std::map<std::string, double> told;
  for (const std::string& octets : messages(expose(sessions, kProto))) {
    Reader family(octets);
    std::string name;
    while (family.next()) {
      if (family.tag() == 1) {
        name = family.get_string();
      } else if (family.tag() == 4) {
        Reader metric = family.get_message();
        while (metric.next()) {
          if (metric.tag() != 2 && metric.tag() != 3) {
            metric.skip();
            continue;
          }
          Reader number = metric.get_message();
          ASSERT_TRUE(number.next(1));
          told[name] += number.get_double();
        }
      } else {
        family.skip();
      }
    }
  }
  EXPECT_EQ(told["wirestamp_probes_scheduled_total"], 7);
  std::map<std::string, double> written;
  std::istringstream text(expose(sessions));
  for (std::string line; std::getline(text, line);) {
    const std::string name = line.substr(0, line.find_first_of("{ "));
    if (!line.starts_with('#') && told.contains(name)) written[name] += value_of(line);
  }
  EXPECT_EQ(told, written);
}

// --- the table, the header, the page ---

TEST(Metrics, names_and_help_keep_to_the_conventions) {
  std::set<std::string_view> names;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_TRUE(metric.name.starts_with("wirestamp_")) << metric.name;
    EXPECT_EQ(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == MetricType::Counter) << metric.name;
    EXPECT_TRUE(metric.name.ends_with(metric.unit)) << metric.name;
    EXPECT_EQ(metric.ladder != Ladder::None, metric.type == MetricType::Histogram) << metric.name;
    EXPECT_NE(metric.of_agent == nullptr, metric.of_session == nullptr) << metric.name;
    EXPECT_EQ(metric.help.find_first_of("\\\n|"), std::string_view::npos) << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
  }
}

TEST(Metrics, the_accept_header_chooses_the_form) {
  const std::string proto =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  EXPECT_EQ(negotiate(""), kText);
  EXPECT_EQ(negotiate("*/*"), kText);
  EXPECT_EQ(negotiate("text/html"), kText);
  // As Prometheus 2.42 asks, without and with native histograms.
  EXPECT_EQ(negotiate("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                      "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpen);
  EXPECT_EQ(negotiate(proto + ",application/openmetrics-text;version=1.0.0;q=0.8,"
                              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kProto);
  EXPECT_EQ(negotiate(proto + ";q=0.4, text/plain; version=0.0.4; q=0.5"), kText);
  EXPECT_EQ(negotiate("Text/Plain;q=0.5 , Application/OpenMetrics-Text ; Version=\"1.0.0\""),
            kOpen);
  EXPECT_EQ(negotiate("application/vnd.google.protobuf"), kText) << "not said which message";
  EXPECT_EQ(negotiate("application/openmetrics-text;version=2.0.0"), kText);
}

TEST(Metrics, a_broken_accept_header_gets_text) {
  for (const std::string_view header :
       {";;;,,,===", "application/openmetrics-text;q=", "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=2", "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=0", "\xff\xfe, \x01", "\"", ";version=\"", ","})
    EXPECT_EQ(negotiate(header), kText) << header;
  EXPECT_EQ(negotiate(std::string(1'000'000, ',')), kText);
}

TEST(Metrics, the_page_is_as_new_as_the_table) {
  std::ifstream file(std::string(WIRESTAMP_DOCS) + "/metrics.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(metrics_reference()), std::string::npos)
      << "the table in docs/metrics.md should be:\n"
      << metrics_reference();
}

}  // namespace
}  // namespace wirestamp::publish
