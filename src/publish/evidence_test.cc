// SPDX-License-Identifier: Apache-2.0
#include "publish/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "publish/evidence_plots.h"
#include "publish/evidence_samples_test.h"
#include "publish/html.h"

namespace wirestamp::publish {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What is wrong with the nesting of tags and quotes, judged as XML would; absent when nothing is.
std::optional<std::string> malformed(std::string_view page) {
  std::vector<std::string> open;
  std::size_t at = page.find("<!DOCTYPE html>") == 0 ? 15 : 0;
  for (; (at = page.find('<', at)) != std::string_view::npos;) {
    const std::size_t end = page.find('>', at);
    if (end == std::string_view::npos) return "a tag that does not end";
    const std::string_view tag = page.substr(at + 1, end - at - 1);
    at = end + 1;
    if (std::ranges::count(tag, '"') % 2 != 0) return "quotes in <" + std::string(tag) + ">";
    if (tag.find('<') != std::string_view::npos) return "< within <" + std::string(tag) + ">";
    const std::string name(tag.substr(0, tag.find_first_of(" \n/", 1)));
    if (tag.starts_with('/')) {
      if (open.empty() || "/" + open.back() != tag) return "<" + std::string(tag) + "> closes none";
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  }
  if (!open.empty()) return "<" + open.back() + "> is not closed";
  return std::nullopt;
}

TEST(Html, text_is_escaped_whatever_it_is) {
  std::string out;
  append_escaped(out, "<script>alert(\"1\" & '2')</script>\x01\xff\n");
  EXPECT_EQ(
      out,
      "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;\xef\xbf\xbd\xef\xbf"
      "\xbd\n");
}

TEST(Html, the_judge_of_these_tests_finds_what_is_wrong) {
  EXPECT_FALSE(malformed("<!DOCTYPE html>\n<p>a<br/>b</p>"));
  EXPECT_TRUE(malformed("<p>a"));
  EXPECT_TRUE(malformed("<p>a</b></p>"));
  EXPECT_TRUE(malformed("<p a=\"b>c</p>"));
}

TEST(Evidence, the_page_is_well_formed_and_loads_nothing) {
  for (const Evidence& evidence : {full_evidence(), bare_evidence()}) {
    const std::string page = evidence_html(evidence);
    EXPECT_EQ(malformed(page), std::nullopt);
    for (const char* outside : {"<script", "<link", "<img", "<iframe", "<object", "@import",
                                "src=", "href=\"http", "url(h", "url(/", "onload", "javascript:"})
      EXPECT_FALSE(has(page, outside)) << outside;
    EXPECT_TRUE(has(page, "default-src 'none'"));
    std::set<std::string> ids;
    for (std::size_t at = 0; (at = page.find(" id=\"", at)) != std::string::npos;) {
      at += 5;
      const std::string id = page.substr(at, page.find('"', at) - at);
      EXPECT_TRUE(ids.insert(id).second) << id;
    }
  }
}

// A whole window at the begin of the close-up tells of the time before it, too.
TEST(Evidence, the_close_up_cuts_no_window) {
  Evidence evidence = full_evidence();
  evidence.windows.clear();
  const WallTime cut = evidence.incident.opened - Duration::minutes(1);
  for (const std::int64_t begin : {-20, 20})
    evidence.windows.push_back({.begin = cut + Duration::seconds(begin),
                                .length = Duration::seconds(40),
                                .window = minute(2, 0, 20'000)});
  const auto plots = evidence_plots(evidence);
  ASSERT_EQ(plots.size(), 4U);
  const std::string& picture = plots[1].svg;
  const std::string line = "<path class=\"wsp-line\" d=\"";
  std::istringstream data(picture.substr(picture.rfind(line) + line.size()));
  double begin = 0, y = 0, middle = 0, end = 0;
  char command = 0;
  ASSERT_TRUE(data >> command >> begin >> y >> command >> middle >> command >> end);
  EXPECT_NEAR(middle - begin, end - middle, 0.2) << "they lasted as long";
}

TEST(Evidence, names_with_markup_are_text) {
  Evidence evidence = full_evidence();
  const std::string hostile = "\"><script>alert(1)</script><img src=x onerror='y'>\x1b\xff";
  evidence.incident.session = evidence.incident.title = evidence.host = evidence.peer = hostile;
  evidence.settings = {{hostile, hostile, hostile}};
  evidence.flows = {{hostile, evidence.from, {}}};
  for (measure::RecordedEvent& recorded : evidence.events) {
    recorded.event.text = hostile;
    recorded.event.account = hostile + "from " + hostile;
    recorded.event.old_flow = recorded.event.new_flow = hostile;
    for (measure::Hop& hop : recorded.event.old_path) hop.address = hostile;
  }
  const std::string page = evidence_html(evidence);
  EXPECT_EQ(malformed(page), std::nullopt);
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_FALSE(has(page, "<img"));
  EXPECT_TRUE(nlohmann::json::accept(evidence_json(evidence)));
}

TEST(Evidence, says_which_packets_and_how_the_far_end_saw_them) {
  const Evidence evidence = full_evidence();
  const EvidenceFacts facts = facts_of(evidence);
  EXPECT_EQ(facts.old_flow, "192.0.2.1:23999 > 198.51.100.7:23999");
  EXPECT_EQ(facts.new_flow, "192.0.2.1:40001 > 198.51.100.7:23999");
  EXPECT_EQ(facts.outside, "203.0.113.9:51003");
  EXPECT_TRUE(facts.translated);
  EXPECT_TRUE(has(evidence_html(evidence), "203.0.113.9:51003 (translated on the way)"));
}

TEST(Evidence, a_source_that_is_ours_is_not_translated) {
  Evidence evidence = full_evidence();
  for (measure::RecordedEvent& recorded : evidence.events)
    if (recorded.event.account) recorded.event.account = "seen 9, answered 9, from 192.0.2.1:23999";
  EXPECT_FALSE(facts_of(evidence).translated);
}

TEST(Evidence, the_edges_are_probes_with_times_and_their_error) {
  const std::string page = evidence_html(full_evidence());
  EXPECT_TRUE(has(page, "<th scope=\"row\">last good</th>") || has(page, "<td>last good</td>"));
  EXPECT_TRUE(has(page, "2025-11-25 12:00:04.500000")) << page;
  EXPECT_TRUE(has(page, "kernel stamp ±2.00 us; clock ±1.50 ms of UTC"));
  EXPECT_TRUE(has(page,
                  "It began within 500 ms after the last good probe. Length: 8.50 s to 9.50 "
                  "s. Probes lost in it: 18."));
}

TEST(Evidence, what_else_changed_when_it_began_is_told_with_what_it_may_mean) {
  const std::string page = evidence_html(full_evidence());
  EXPECT_TRUE(has(page, "<td>network changed: route to 198.51.100.7 by eth1</td>"));
  EXPECT_TRUE(has(page, "A route, a link or an address of the measuring host changed."));
  Evidence calm = full_evidence();
  std::erase_if(calm.events, [](const measure::RecordedEvent& recorded) {
    return recorded.event.kind == measure::EventKind::Verdict;
  });
  EXPECT_TRUE(has(evidence_html(calm), "No cause was proved by measurement; something changed"));
  calm.changes->clear();
  EXPECT_TRUE(has(evidence_html(calm), "No cause was found by measurement"));
  EXPECT_TRUE(has(evidence_html(calm), "Nothing that was noticed, from 2025-11-25 11:57:05 to"));
  calm.incident.closed = {};
  calm.made = calm.incident.opened + Duration::seconds(65);
  EXPECT_TRUE(has(evidence_html(calm), "11:57:05 to 2025-11-25 12:01:10 UTC")) << "no future";
  EXPECT_EQ(nlohmann::json::parse(evidence_json(calm))["changes"].size(), 0U);
  EXPECT_TRUE(has(evidence_html(bare_evidence()), "Not known: the events of that time are not"));
  EXPECT_FALSE(nlohmann::json::parse(evidence_json(bare_evidence())).contains("changes"));
}

TEST(Evidence, a_change_is_near_when_it_may_be_the_cause) {
  using enum measure::EventKind;
  const measure::Incident incident{.opened = kNoon, .closed = kNoon + Duration::minutes(4)};
  const auto at = [](std::uint64_t id, measure::EventKind kind, std::int64_t seconds) {
    auto told = made::rerouted();
    told.id = id;
    told.event.kind = kind;
    told.event.wall = kNoon + Duration::seconds(seconds);
    return told;
  };
  const auto ids = [](const measure::Incident& of, std::vector<measure::RecordedEvent> events) {
    std::vector<std::uint64_t> found;
    const auto near = changes_near({.incident = of}, std::move(events));
    for (const auto& one : near.value()) found.push_back(one.id);
    return found;
  };
  const std::vector<measure::RecordedEvent> events{
      at(9, Remarked, 240),       at(8, HopsChanged, 100),         at(7, HopsChanged, 60),
      at(6, Verdict, 10),         at(5, ReflectorRestarted, -180), at(4, PeerStopping, -181),
      at(3, ReceiveBufferFull, 0)};
  EXPECT_EQ(ids(incident, events), (std::vector<std::uint64_t>{3, 5, 7}));
  EXPECT_EQ(ids({.opened = kNoon}, events), (std::vector<std::uint64_t>{3, 5, 7, 9}));
  EXPECT_EQ(ids({.opened = kNoon, .closed = kNoon}, events), (std::vector<std::uint64_t>{3, 5}));
  Evidence old{.incident = incident};
  EXPECT_TRUE(changes_near(old, {}));
  old.incident.events = 4;
  EXPECT_FALSE(changes_near(old, {})) << "what its events were is not kept";
  EXPECT_TRUE(changes_near(old, events));
}

TEST(Evidence, the_time_out_is_told_as_a_bracket) {
  EXPECT_TRUE(
      has(evidence_html(full_evidence()),
          "answered again after a silence of 2 min 5 s, and not yet after one of 1 min 5 s"));
}

TEST(Evidence, hops_of_both_flows_stand_side_by_side) {
  EXPECT_TRUE(has(evidence_html(full_evidence()),
                  "<tr><td>2</td>\n<td>-</td>\n<td>203.0.113.1</td>\n</tr>"));
}

TEST(Evidence, what_is_not_known_is_said) {
  const EvidenceFacts facts = facts_of(bare_evidence());
  EXPECT_GE(facts.not_known.size(), 6U);
  const std::string page = evidence_html(bare_evidence());
  for (const char* said :
       {"No cause was found by measurement", "There was no outage in this incident",
        "Far end: not known", "Not measured: that needs a stalled flow", "the path was not swept",
        "No event is kept", "no windows are kept", "The whole configuration of the session"})
    EXPECT_TRUE(has(page, said)) << said;
  EXPECT_TRUE(facts_of(full_evidence()).not_known.empty());
}

TEST(Evidence, an_outage_that_is_not_over_has_no_end) {
  Evidence evidence = full_evidence();
  std::erase_if(evidence.events, [](const measure::RecordedEvent& recorded) {
    return recorded.event.kind == measure::EventKind::OutageEnded;
  });
  const EvidenceFacts facts = facts_of(evidence);
  ASSERT_EQ(facts.outages.size(), 1U);
  EXPECT_FALSE(facts.outages[0].over);
  EXPECT_TRUE(has(evidence_html(evidence), "Its end is not known."));
}

TEST(Evidence, an_outage_whose_end_nobody_told_is_told_before_the_next) {
  Evidence evidence = full_evidence();
  const auto began = std::ranges::find(evidence.events, measure::EventKind::OutageBegan,
                                       [](const auto& recorded) { return recorded.event.kind; });
  ASSERT_NE(began, evidence.events.end());
  evidence.events.insert(began, *began);
  const EvidenceFacts facts = facts_of(evidence);
  ASSERT_EQ(facts.outages.size(), 2U);
  EXPECT_FALSE(facts.outages[0].over);
  EXPECT_TRUE(facts.outages[1].over);
}

TEST(Evidence, the_document_has_all_of_it) {
  const auto document = nlohmann::json::parse(evidence_json(full_evidence()));
  EXPECT_EQ(document["finding"], "stalled_flow");
  EXPECT_EQ(document["incident"]["id"], 12);
  EXPECT_EQ(document["outside"]["source"], "203.0.113.9:51003");
  EXPECT_EQ(document["outages"][0]["first_lost"]["probe"], 101);
  EXPECT_EQ(document["outages"][0]["last_good_sample"]["outcome"], "delivered");
  EXPECT_EQ(document["timeout"]["at_most_ns"], 125'000'000'000);
  EXPECT_EQ(document["sweeps"]["0"]["new_path"].size(), 3U);
  EXPECT_EQ(document["during"]["lost"]["total"], 18);
  EXPECT_EQ(document["events"].size(), full_evidence().events.size());
  EXPECT_EQ(document["changes"][0]["event"]["kind"], "network_changed");
  EXPECT_EQ(document["settings"]["port-policy"]["value"], "auto");
}

TEST(Evidence, each_finding_is_explained) {
  for (const auto finding : {measure::Finding::StalledFlow, measure::Finding::StalledFlowSuspected,
                             measure::Finding::OneOfSeveralPaths, measure::Finding::TransientOutage,
                             measure::Finding::NewPortsBlocked, measure::Finding::PeerOrPathDown,
                             measure::Finding::PeerClosed, measure::Finding::LocalCause}) {
    EXPECT_FALSE(explain(finding).meaning.empty()) << name(finding);
    EXPECT_FALSE(explain(finding).advice.empty()) << name(finding);
  }
}

TEST(ReportPage, has_the_tables_of_these_documents) {
  std::ifstream file(std::string(WIRESTAMP_DOCS) + "/report.md");
  std::ostringstream page;
  page << file.rdbuf();
  for (const std::string& tables : {period_reference(), evidence_reference()})
    EXPECT_TRUE(has(page.str(), tables)) << "docs/report.md lacks, or has otherwise:\n" << tables;
}

}  // namespace
}  // namespace wirestamp::publish
