// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "api/world_test.h"
#include "publish/window_document.h"

namespace wirestamp::api {
namespace {

using nlohmann::json;

struct ApiAnswers : testing::Test {
  World world{[](ServerOptions&) {}};
};

TEST_F(ApiAnswers, windows_of_a_session_by_step) {
  const json answer = world.get("/api/v1/sessions/office/windows?from=-2m&step=1m").json();
  EXPECT_EQ(answer["sessions"], json({"office"}));
  EXPECT_EQ(answer["step_ns"], 60'000'000'000);
  EXPECT_EQ(answer["from"], "2026-01-31T11:58:00.000000000Z");
  EXPECT_EQ(answer["to"], "2026-01-31T12:00:00.000000000Z");
  ASSERT_EQ(answer["windows"].size(), 2U);
  EXPECT_EQ(answer["windows"][0]["begin"], "2026-01-31T11:58:00.000000000Z");
  EXPECT_EQ(answer["windows"][0]["sent"], 120);
  EXPECT_EQ(answer["windows"][0]["loss_ratio"], 0);
  EXPECT_EQ(answer["windows"][0]["rtt_ns"]["max"], 1'059'000);
  EXPECT_EQ(answer["windows"][0]["rtt_class"], "kernel");
}

TEST_F(ApiAnswers, several_sessions_are_merged_as_if_all_values_were_of_one) {
  const json answer =
      world
          .get(
              "/api/v1/windows?session=dc&session=office&session=dc&from=-5m&step=1m&percentiles="
              "0,25,50,75,100")
          .json();
  EXPECT_EQ(answer["sessions"], json({"dc", "office"})) << "one named twice counts once";
  ASSERT_EQ(answer["windows"].size(), 5U);
  for (std::size_t minute = 0; minute < 5; ++minute) {
    // By hand, from the same seconds.
    measure::Window all;
    for (int second = 0; second < 60; ++second)
      for (const std::uint32_t session : {1U, 2U})
        all.merge(second_of(session,
                            kNow - Duration::minutes(5) +
                                Duration::seconds(60 * static_cast<std::int64_t>(minute) + second))
                      .window);
    const json& window = answer["windows"][minute];
    EXPECT_EQ(window["sent"], all.sent);
    EXPECT_EQ(window["lost"]["forward"], 60);
    EXPECT_DOUBLE_EQ(window["loss_ratio"], *all.loss_ratio());
    const measure::Values& rtt = all.rtt.fullest()->values;
    for (const auto& [name, ppm] : std::map<std::string, std::uint32_t>{
             {"p0", 0}, {"p25", 250'000}, {"p50", 500'000}, {"p75", 750'000}, {"p100", 1'000'000}})
      EXPECT_EQ(window["rtt_ns"]["percentiles"][name], rtt.percentile(ppm)->ns()) << name;
    EXPECT_EQ(window["worst_loss_ratio"], 0.5);
    EXPECT_EQ(window["epoch"], 2) << "the newer of the two sessions'";
  }
}

// As docs/api.md says that a client does it.
std::int64_t percentile(const std::map<int, std::uint64_t>& buckets, const json& values,
                        double share) {
  std::uint64_t count = 0, seen = 0;
  for (const auto& [bucket, times] : buckets) count += times;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count))));
  for (const auto& [bucket, times] : buckets) {
    if ((seen += times) < rank) continue;
    const double upper = 1e9 * std::exp2(bucket / 32.0),
                 lower = 1e9 * std::exp2((bucket - 1) / 32.0);
    return std::clamp(std::llround(2 * upper * lower / (upper + lower)),
                      values["min"].get<long long>(), values["max"].get<long long>());
  }
  return 0;
}

TEST_F(ApiAnswers, of_histograms_a_client_makes_the_percentiles_of_the_agent) {
  const std::string target = "/api/v1/sessions/office/windows?percentiles=1,50,99&from=-4m&step=";
  const json whole = world.get(target + "4m").json()["windows"][0];
  const json parts = world.get(target + "1m&histogram=rtt&histogram=ipdv").json()["windows"];
  ASSERT_EQ(parts.size(), 4U);
  for (const std::string what : {"rtt", "ipdv"}) {
    std::map<int, std::uint64_t> buckets;
    std::uint64_t zero = 0;
    json values = parts[0][what + "_ns"];
    for (const json& part : parts) {
      const json& histogram = part[what + "_histogram"];
      EXPECT_EQ(histogram["schema"], 5);
      EXPECT_EQ(histogram["negative"], json::array());
      zero += histogram["zero"].get<std::uint64_t>();
      for (const json& bucket : histogram["positive"])
        buckets[bucket[0].get<int>()] += bucket[1].get<std::uint64_t>();
      values["min"] = std::min(values["min"], part[what + "_ns"]["min"]);
      values["max"] = std::max(values["max"], part[what + "_ns"]["max"]);
      EXPECT_FALSE(part.contains("forward_histogram")) << "not asked for";
    }
    EXPECT_EQ(zero, what == "ipdv" ? 4U : 0U);
    // What is 0 is below all of these.
    if (zero > 0) buckets[-100'000] = zero;
    for (const auto& [name, share] : std::map<std::string, double>{{"p50", 0.5}, {"p99", 0.99}})
      EXPECT_EQ(percentile(buckets, values, share), whole[what + "_ns"]["percentiles"][name])
          << what << " " << name;
  }
  EXPECT_FALSE(whole.contains("rtt_histogram"));
}

TEST_F(ApiAnswers, of_a_window_the_members_are_told_that_are_asked_for) {
  const std::string target = "/api/v1/sessions/office/windows?from=-4m&step=1m&histogram=rtt";
  const json all = world.get(target).json()["windows"];
  ASSERT_EQ(all.size(), 4U);
  const auto names = [](const json& object) {
    std::set<std::string> found;
    for (const auto& [name, value] : object.items()) found.insert(name);
    return found;
  };
  std::istringstream listed{std::string(publish::WindowFields::kNames)};
  const std::set<std::string> known{std::istream_iterator<std::string>(listed), {}};
  for (const std::string& name : names(all[0])) EXPECT_TRUE(known.contains(name)) << name;
  const json some = world.get(target + "&fields=lost,rtt_ns&fields=marks").json()["windows"];
  ASSERT_EQ(some.size(), 4U);
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(names(some[i]), (std::set<std::string>{"begin", "lost", "rtt_ns", "marks"}));
    for (const std::string& name : names(some[i])) EXPECT_EQ(some[i][name], all[i][name]) << name;
  }
  const Response wrong = world.get(target + "&fields=rtt");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.message().find("was rtt_ns meant?"), std::string::npos) << wrong.message();
  EXPECT_EQ(world.get("/api/v1/windows?fields=lost&format=csv").status, 400);
}

TEST_F(ApiAnswers, each_member_of_a_window_that_is_described_can_be_asked_for) {
  std::set<std::string> described;
  for (const publish::DocumentShape& shape : publish::window_document_shapes())
    if (shape.name == "window")
      for (const publish::DocumentField& field : shape.members)
        described.insert(field.path.substr(0, field.path.find('.')));
  std::istringstream listed{std::string(publish::WindowFields::kNames)};
  EXPECT_EQ((std::set<std::string>{std::istream_iterator<std::string>(listed), {}}), described);
}

TEST_F(ApiAnswers, a_histogram_of_nothing_is_empty_and_a_table_has_none) {
  const std::string target = "/api/v1/sessions/office/windows?from=-1m&step=1m&histogram=forward";
  const json window = world.get(target).json()["windows"][0];
  EXPECT_EQ(
      window["forward_histogram"],
      json({{"schema", 5}, {"negative", json::array()}, {"zero", 0}, {"positive", json::array()}}));
  const Response table = world.get(target + "&format=csv");
  EXPECT_EQ(table.status, 400);
  EXPECT_NE(table.message().find("format=json"), std::string::npos);
  EXPECT_EQ(world.get("/api/v1/windows?histogram=jitter").json()["error"]["allowed"],
            json({"rtt", "forward", "backward", "ipdv"}));
}

TEST_F(ApiAnswers, without_a_session_all_that_run_are_merged) {
  const json answer = world.get("/api/v1/windows?from=-1m&step=1m").json();
  EXPECT_EQ(answer["sessions"], json({"dc", "fresh", "office"}));
  EXPECT_EQ(answer["windows"][0]["sent"], 240);
}

TEST_F(ApiAnswers, csv_has_a_line_for_each_window_and_as_many_fields_as_its_header) {
  const Response response =
      world.get("/api/v1/sessions/office/windows?from=-5m&step=1m&percentiles=99.9&format=csv");
  EXPECT_EQ(response.header("content-type"), "text/csv; charset=utf-8; header=present");
  std::istringstream lines(response.body);
  std::string line, header;
  std::getline(lines, header);
  EXPECT_NE(header.find(",rtt_ns_p99.9,"), std::string::npos) << header;
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count)
    EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(header, ','));
  EXPECT_EQ(count, 5U);
}

TEST_F(ApiAnswers, without_a_step_there_are_no_more_windows_than_can_be_looked_at) {
  const json answer = world.get("/api/v1/sessions/office/windows?from=0").json();
  EXPECT_GT(answer["step_ns"], 0);
  EXPECT_LE(answer["windows"].size(), 2'000U);
}

TEST_F(ApiAnswers, wrong_steps_and_ranges_say_what_would_be_taken) {
  const struct {
    const char *query, *parameter, *said;
  } wrong[] = {
      {"from=1970-01-01T00:00:00Z&to=2070-01-01T00:00:00Z&step=1s", "step", "or more"},
      {"step=-10s", "step", "above 0"},
      {"step=0s", "step", "above 0"},
      {"step=500ms", "step", "whole number of seconds"},
      {"step=1500ms", "step", "whole number of seconds"},
      {"step=10", "step", "unit"},
      {"from=-1h&to=-2h", "from", "before to"},
      {"from=2026-01-31T12:00:00Z&to=2026-01-31T11:00:00Z", "from", "before to"},
      {"from=never", "from", "RFC 3339"},
      {"from=%FF", "", "UTF-8"},
      {"from=%", "", "escape"},
      {"percentiles=50,200", "percentiles", "from 0 to 100"},
      {"percentile=50", "percentile", "was percentiles meant?"},
      {"format=xml", "format", "json csv"},
  };
  for (const auto& [query, parameter, said] : wrong) {
    const Response response = world.get(std::string("/api/v1/sessions/office/windows?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(response.json().value("/error/parameter"_json_pointer, ""), parameter) << query;
    EXPECT_NE(response.message().find(said), std::string::npos) << response.message();
  }
  // The step that is named is taken.
  const Response refused = world.get("/api/v1/sessions/office/windows?from=0&step=1s");
  const std::string message = refused.message();
  const std::size_t at = message.find("step of ") + 8;
  const std::string step = message.substr(at, message.find(' ', at) - at);
  EXPECT_EQ(world.get("/api/v1/sessions/office/windows?from=0&step=" + step).status, 200) << step;
}

TEST_F(ApiAnswers, too_many_sessions_to_merge_are_refused) {
  std::string target = "/api/v1/windows?from=-1m";
  for (std::size_t i = 0; i <= kMostSessions; ++i) target += "&session=s" + std::to_string(i);
  const Response response = world.get(target);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.message().find("at most 64"), std::string::npos);
}

TEST_F(ApiAnswers, an_unknown_session_names_those_there_are_and_the_nearest_first) {
  const Response response = world.get("/api/v1/sessions/offise/windows");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.error(), "unknown_session");
  const json allowed = response.json()["error"]["allowed"];
  EXPECT_EQ(allowed, json({"office", "dc", "fresh", "gone"}));
  EXPECT_EQ(world.get("/api/v1/sessions/%3Cscript%3E").status, 404);
}

TEST_F(ApiAnswers, a_session_that_did_not_begin_yet_has_no_windows) {
  for (const char* target :
       {"/api/v1/sessions/fresh/windows?from=-1m", "/api/v1/sessions/fresh/samples",
        "/api/v1/sessions/fresh/flows", "/api/v1/events?session=fresh"}) {
    const Response response = world.get(target);
    EXPECT_EQ(response.status, 200) << target << response.body;
    EXPECT_EQ(response.body.find("begin\""), std::string::npos) << target;
  }
  EXPECT_EQ(world.get("/api/v1/sessions/fresh/windows").json()["windows"], json::array());
}

TEST_F(ApiAnswers, one_session_has_its_figures_since_the_agent_began) {
  const json session = world.get("/api/v1/sessions/office").json();
  EXPECT_EQ(session["total"]["length_ns"], Duration::hours(2).ns());
  EXPECT_EQ(session["total"]["sent"], 2);
  EXPECT_EQ(session["kept_from"], "2026-01-31T11:00:00.000000000Z");
  EXPECT_EQ(session["stamps"], json({{"transmit", "kernel"}, {"receive", "kernel"}}));
  EXPECT_FALSE(world.get("/api/v1/sessions").json()["sessions"][0].contains("total"));
  EXPECT_EQ(world.get("/api/v1/sessions/gone").json()["configured"], false);
}

TEST_F(ApiAnswers, samples_are_found_by_outcome_and_number) {
  const auto find = [&](const std::string& query) {
    return world.get("/api/v1/sessions/office/samples?from=-20m&" + query).json();
  };
  // 2,400 probes, each tenth lost; one in a hundred was late to be sent.
  const json lost = find("outcome=lost");
  EXPECT_EQ(lost["samples"].size(), 240U);
  EXPECT_EQ(lost["complete"], true);
  for (const json& sample : lost["samples"]) EXPECT_EQ(sample["outcome"], "lost_forward");
  EXPECT_EQ(find("outcome=lost_forward")["samples"].size(), 240U);
  EXPECT_EQ(find("outcome=lost_backward")["samples"].size(), 0U);
  EXPECT_EQ(find("outcome=not_sent")["samples"].size(), 24U);
  EXPECT_EQ(find("outcome=not_sent&outcome=lost")["samples"].size(), 264U);
  EXPECT_EQ(find("outcome=answered&limit=10000")["samples"].size(), 2'400U - 264U);
  const json one = find("probe=1009");
  ASSERT_EQ(one["samples"].size(), 1U);
  EXPECT_EQ(one["samples"][0]["outcome"], "lost_forward");
  EXPECT_EQ(find("sequence=9")["samples"].size(), 3U);
  EXPECT_EQ(find("sequence=9&outcome=answered")["samples"].size(), 0U);
  EXPECT_EQ(find("outcome=gone")["error"]["parameter"], "outcome");
  EXPECT_EQ(find("sequence=-1")["error"]["parameter"], "sequence");
}

TEST_F(ApiAnswers, samples_go_on_where_the_last_answer_ended) {
  std::string from = "-20m";
  std::vector<std::uint64_t> probes;
  for (bool complete = false; !complete;) {
    const json some =
        world.get("/api/v1/sessions/office/samples?outcome=lost&limit=100&from=" + from).json();
    for (const json& sample : some["samples"]) probes.push_back(sample["probe"]);
    complete = some["complete"];
    ASSERT_EQ(complete, !some.contains("next_ns"));
    if (!complete) from = std::to_string(some["next_ns"].get<std::int64_t>());
  }
  ASSERT_EQ(probes.size(), 240U);
  for (std::size_t i = 0; i < probes.size(); ++i) EXPECT_EQ(probes[i], 10 * i + 9);
}

TEST_F(ApiAnswers, samples_that_were_due_together_are_told_once_whatever_the_limit) {
  for (const unsigned limit : {1U, 2U, 4U, 5U, 6U, 9U, 39U, 40U, 100U}) {
    std::string from = "-20m";
    std::vector<std::uint64_t> probes;
    for (unsigned answers = 0; !from.empty(); ++answers) {
      ASSERT_LT(answers, 41U) << limit;
      const json some =
          world.get(fmt::format("/api/v1/sessions/gone/samples?limit={}&from={}", limit, from))
              .json();
      for (const json& sample : some["samples"]) probes.push_back(sample["probe"]);
      EXPECT_LE(some["samples"].size(), std::max(limit, 5U));
      from = some["complete"] ? "" : std::to_string(some["next_ns"].get<std::int64_t>());
    }
    ASSERT_EQ(probes.size(), 40U) << limit;
    for (std::size_t i = 0; i < probes.size(); ++i) EXPECT_EQ(probes[i], i) << limit;
  }
}

TEST_F(ApiAnswers, samples_say_when_there_are_more) {
  const json some = world.get("/api/v1/sessions/office/samples?from=-1m&limit=10").json();
  EXPECT_EQ(some["samples"].size(), 10U);
  EXPECT_EQ(some["complete"], false);
  EXPECT_EQ(some["samples"][0]["scheduled_ns"], (kNow - Duration::minutes(1)).ns()) << "the first";
  EXPECT_EQ(some["samples"][9]["scheduled_ns"], (kNow - Duration::milliseconds(55'500)).ns());
  const json all = world.get("/api/v1/sessions/office/samples?from=-1m&limit=120").json();
  EXPECT_EQ(all["samples"].size(), 120U);
  EXPECT_EQ(all["complete"], true);
  EXPECT_EQ(all["samples"][0]["outcome"], "delivered");
  for (const char* limit : {"0", "10001", "-1", "many", "1.5", ""})
    EXPECT_EQ(world.get(std::string("/api/v1/sessions/office/samples?limit=") + limit).status, 400)
        << limit;
  const Response csv = world.get("/api/v1/sessions/office/samples?from=-10s&format=csv");
  EXPECT_EQ(std::ranges::count(csv.body, '\n'), 21);
}

// What both tell is the same, so that a client may read either.
TEST_F(ApiAnswers, the_overview_is_the_list_of_sessions_in_brief) {
  const Response brief = world.get("/api/v1/overview"), whole = world.get("/api/v1/sessions");
  ASSERT_EQ(brief.status, 200) << brief.body;
  const json overview = brief.json(), sessions = whole.json();
  ASSERT_EQ(overview["sessions"].size(), sessions["sessions"].size());
  const std::function<void(const json&, const json&, const std::string&)> is_within =
      [&](const json& part, const json& all, const std::string& at) {
        if (!part.is_object()) {
          EXPECT_EQ(part, all) << at;
          return;
        }
        for (const auto& [name, value] : part.items())
          is_within(value, all.value(name, json()), std::string(at).append(".").append(name));
      };
  for (std::size_t n = 0; n < overview["sessions"].size(); ++n)
    is_within(overview["sessions"][n], sessions["sessions"][n], std::to_string(n));
  const json& office = overview["sessions"][0];
  EXPECT_EQ(office["last_minute"]["rtt_ns"]["percentiles"].size(), 2U);
  EXPECT_TRUE(office["last_minute"]["ipdv_ns"].contains("mean"));
  EXPECT_EQ(overview["sessions"][3]["name"], "gone");
  EXPECT_LT(brief.body.size(), whole.body.size() / 2);
  world.store_broken = true;
  EXPECT_TRUE(world.get("/api/v1/overview").json().contains("kept_problem"));
}

TEST_F(ApiAnswers, events_are_chosen_by_session_severity_incident_and_time) {
  const auto ids = [&](const std::string& query) {
    std::vector<int> found;
    const Response response = world.get("/api/v1/events?" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    const json answer = response.json();
    for (const json& event : answer["events"]) found.push_back(event["id"]);
    return found;
  };
  EXPECT_EQ(ids(""), (std::vector{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(ids("session=office"), (std::vector{1, 3, 5}));
  EXPECT_EQ(ids("severity=error"), (std::vector{2, 5}));
  EXPECT_EQ(ids("severity=warning&session=dc"), (std::vector{2, 4}));
  EXPECT_EQ(ids("incident=7"), (std::vector{1, 2, 3}));
  EXPECT_EQ(ids("kind=clock_stepped"), (std::vector{6}));
  EXPECT_EQ(ids("kind=path_swept,clock_stepped&session=office"), (std::vector{1, 3, 5}));
  EXPECT_EQ(ids("kind=path_swept&kind=clock_stepped&severity=error"), (std::vector{2, 5}));
  EXPECT_EQ(ids("kind=verdict"), std::vector<int>());
  EXPECT_EQ(ids("session="), (std::vector{6})) << "of the agent as a whole";
  EXPECT_EQ(ids("session=&kind=path_swept"), std::vector<int>());
  EXPECT_EQ(ids("from=-7m&to=-5m"), (std::vector{3, 4}));
  EXPECT_EQ(ids("limit=2"), (std::vector{5, 6})) << "the newest";
  EXPECT_EQ(world.get("/api/v1/events?limit=2").json()["complete"], false);
  EXPECT_EQ(world.get("/api/v1/events?limit=6").json()["complete"], true);
  for (const char* query :
       {"severity=fatal", "incident=0", "incident=x", "session=nobody", "kind=", "kind=all",
        "kind=verdict,", "session=&session=", "incident=99999999999999999999999", "limit=0"})
    EXPECT_GE(world.get(std::string("/api/v1/events?") + query).status, 400) << query;
  EXPECT_FALSE(world.get("/api/v1/events?session=office").json()["events"][2].contains("incident"));
  const Response wrong = world.get("/api/v1/events?kind=verdict,clock_steped");
  EXPECT_EQ(wrong.error(), "wrong_parameter");
  EXPECT_NE(wrong.message().find("kind \"clock_steped\": was clock_stepped meant? it is one of "),
            std::string::npos)
      << wrong.message();
  EXPECT_NE(world.get("/api/v1/events?kind=outage").message().find("was outage_began meant?"),
            std::string::npos);
}

TEST_F(ApiAnswers, an_incident_comes_with_its_events) {
  const json answer = world.get("/api/v1/incidents/7").json();
  EXPECT_EQ(answer["incident"]["title"], "loss 31 % forward (error from 5 % on)");
  EXPECT_EQ(answer["incident"]["opened_as"], "loss 12 % (error from 5 % on)");
  EXPECT_EQ(answer["incident"]["crossed"]["loss_ratio"], 0.12);
  EXPECT_EQ(answer["incident"]["worst"]["loss_ratio"], 0.31);
  EXPECT_EQ(answer["incident"]["worst"]["figure"], "loss");
  EXPECT_EQ(answer["incident"]["worst"]["direction"], "forward");
  EXPECT_EQ(answer["incident"]["silent_ns"], 20'000'000'000);
  EXPECT_EQ(answer["events"].size(), 3U);
  EXPECT_EQ(world.get("/api/v1/incidents/9").error(), "unknown_incident");
  for (const char* id : {"0", "-1", "seven", "7.0", "99999999999999999999"})
    EXPECT_EQ(world.get(std::string("/api/v1/incidents/") + id).status, 400) << id;
  const json all = world.get("/api/v1/incidents").json();
  ASSERT_EQ(all["incidents"].size(), 2U);
  EXPECT_FALSE(all["incidents"][1].contains("closed"));
}

TEST_F(ApiAnswers, configuration_and_health) {
  EXPECT_EQ(world.get("/api/v1/configuration").json()["settings"],
            json::parse(R"([{"name": "listen", "value": ":23999", "origin": "file"},
                            {"session": "office", "name": "dscp", "origin": "default"}])"));
  const json health = world.get("/api/v1/health").json();
  EXPECT_EQ(health["ready"], true);
  EXPECT_EQ(health["reflector"]["counters"]["requests"], 5);
}

TEST_F(ApiAnswers, metrics_get_the_accept_header_as_it_was_sent) {
  const Response response =
      world.ask({.target = "/metrics", .headers = {"Accept: application/openmetrics-text;q=0.5"}});
  EXPECT_EQ(response.body, "# asked for application/openmetrics-text;q=0.5\n");
  EXPECT_EQ(response.header("content-type"), "text/plain; version=0.0.4");
}

TEST_F(ApiAnswers, wrong_addresses_and_methods_say_what_is_right) {
  const Response nothing = world.get("/api/v1/sesions");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_NE(nothing.message().find("was /api/v1/sessions meant?"), std::string::npos);
  for (const char* target :
       {"/index.html", "//", "/api", "/api/v1", "/api/v1/sessions/", "/api/v2/sessions",
        "/api/v1/sessions//windows", "/healthz/", "/../etc/passwd"})
    EXPECT_EQ(world.get(target).status, 404) << target;
  const Response wrong = world.ask({.method = "PUT", .target = "/api/v1/session"});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST, DELETE");
  EXPECT_EQ(world.ask({.method = "OPTIONS", .target = "/api/v1/sessions"}).header("allow"),
            "GET, HEAD");
  const Response head = world.ask({.method = "HEAD", .target = "/api/v1/sessions"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(ApiAnswers, the_form_of_an_answer_is_negotiated) {
  const auto type = [&](const std::string& accept) {
    const Response response = world.ask(
        {.target = "/api/v1/sessions/office/windows?from=-1m", .headers = {"Accept: " + accept}});
    return response.status == 200 ? response.header("content-type").substr(0, 8)
                                  : std::to_string(response.status);
  };
  EXPECT_EQ(type("*/*"), "applicat");
  EXPECT_EQ(type("text/csv"), "text/csv");
  EXPECT_EQ(type("text/*"), "text/csv");
  EXPECT_EQ(type("text/csv;q=0.1, application/json;q=0.2"), "applicat");
  EXPECT_EQ(type("application/json;q=0, */*"), "text/csv");
  EXPECT_EQ(type("image/png, */*;q=0.1"), "applicat");
  EXPECT_EQ(type("image/png"), "406");
  EXPECT_EQ(type("application/json;q=0"), "406");
  EXPECT_EQ(type(",;q=,"), "406");
}

TEST_F(ApiAnswers, a_store_that_is_not_there_is_told_and_found_again) {
  world.store_broken = true;
  const Response broken = world.get("/api/v1/events");
  EXPECT_EQ(broken.status, 503);
  EXPECT_EQ(broken.error(), "store_unavailable");
  EXPECT_NE(broken.header("retry-after"), "");
  EXPECT_EQ(world.get("/api/v1/health").status, 200);
  EXPECT_EQ(world.get("/healthz").status, 200);
  world.store_broken = false;
  EXPECT_EQ(world.get("/api/v1/events").status, 200);
}

TEST_F(ApiAnswers, what_is_too_much_for_the_store_is_the_fault_of_the_question) {
  for (const char* what : {"sessions/gone/windows?", "sparklines?session=gone&"}) {
    const Response large = world.get("/api/v1/" + std::string(what) + "from=-2m&step=7s");
    EXPECT_EQ(large.status, 400) << what;
    EXPECT_EQ(large.error(), "wrong_parameter");
    EXPECT_NE(large.body.find("step: that is made of more than 9 windows"), std::string::npos);
  }
}

TEST_F(ApiAnswers, without_a_store_what_runs_is_told) {
  const auto names = [&] {
    std::vector<std::string> found;
    const json answer = world.get("/api/v1/sessions").json();
    for (const json& session : answer["sessions"]) found.push_back(session["name"]);
    return found;
  };
  EXPECT_EQ(names(), (std::vector<std::string>{"office", "dc", "fresh", "gone"}));
  EXPECT_FALSE(world.get("/api/v1/sessions").json().contains("kept_problem"));
  world.store_broken = true;
  EXPECT_EQ(names(), (std::vector<std::string>{"office", "dc", "fresh"}));
  EXPECT_NE(world.get("/api/v1/sessions")
                .json()["kept_problem"]
                .get<std::string>()
                .find("cannot be read"),
            std::string::npos);
  const json office = world.get("/api/v1/sessions/office").json();
  EXPECT_EQ(office["state"], "up");
  EXPECT_EQ(office["total"]["sent"], 2);
  EXPECT_FALSE(office.contains("kept_from"));
  const Response past = world.get("/api/v1/sessions/gone");
  EXPECT_EQ(past.status, 503) << "the store would know";
  EXPECT_EQ(past.error(), "store_unavailable");
}

TEST_F(ApiAnswers, health_tells_what_webhooks_do) {
  const json webhooks = world.get("/api/v1/health").json()["webhooks"];
  ASSERT_EQ(webhooks.size(), 2U);
  EXPECT_EQ(webhooks[0], json({{"url", "https://a.example.net/..."},
                               {"delivered", 3},
                               {"failed", 0},
                               {"given_up", 0},
                               {"dropped", 0},
                               {"pending", 0},
                               {"failing", false}}));
  EXPECT_EQ(webhooks[1], json({{"url", "https://b.example.net/..."},
                               {"delivered", 1},
                               {"failed", 7},
                               {"given_up", 2},
                               {"dropped", 4},
                               {"pending", 5},
                               {"failing", true},
                               {"last_error", "no answer within 15 s"}}));
  {
    const std::lock_guard lock(world.service.mutex);
    world.service.agent.webhooks.clear();
  }
  EXPECT_EQ(world.get("/api/v1/health").json()["webhooks"], json::array());
}

}  // namespace
}  // namespace wirestamp::api
