// SPDX-License-Identifier: Apache-2.0
#include "alert/severity.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace wirestamp::alert {
namespace {

using measure::Event;
using measure::EventKind;
using measure::Finding;
using measure::Severity;

std::vector<EventKind> all_kinds() {
  std::vector<EventKind> kinds;
  for (unsigned n = 0; n <= static_cast<unsigned>(measure::kLastEventKind); ++n)
    kinds.push_back(static_cast<EventKind>(n));
  return kinds;
}

// As the table describes it.
Event typical(EventKind kind) {
  Event event;
  event.kind = kind;
  event.before = 46U << 2U;
  event.after = 8U << 2U;
  return event;
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

std::string word_of(Role role) {
  switch (role) {
    case Role::Note:
      return "note";
    case Role::Begins:
      return "begins";
    case Role::Ends:
      return "ends";
    case Role::Moment:
      return "moment";
    case Role::Diagnosis:
      return "diagnosis";
  }
  return {};
}

TEST(Severity, is_what_the_page_says_of_each_kind) {
  std::ifstream page(std::string(WIRESTAMP_VECTORS) + "/../../docs/events.md");
  ASSERT_TRUE(page);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `")) rows.push_back(cells(line));
  for (const EventKind kind : all_kinds()) {
    const std::string name = "`" + std::string(measure::name(kind)) + "`";
    std::size_t found = 0;
    for (const auto& row : rows) {
      if (row.size() < 5 || row[1] != name) continue;
      ++found;
      const Meaning meaning = meaning_of(typical(kind));
      EXPECT_TRUE(row[3].starts_with(measure::name(meaning.severity))) << name << row[3];
      EXPECT_TRUE(row[4].starts_with(word_of(meaning.role))) << name << row[4];
    }
    EXPECT_EQ(found, 1U) << name;
  }
}

// What begins can end, and the other way round: else an incident stays open for ever.
TEST(Severity, what_begins_can_end) {
  std::uint32_t begins = 0, ends = 0;
  for (const EventKind kind : all_kinds())
    for (const auto figure :
         {measure::Figure::Loss, measure::Figure::Latency, measure::Figure::Jitter}) {
      Event event = typical(kind);
      event.crossing = measure::Crossing{.figure = figure};
      const Meaning meaning = meaning_of(event);
      if (meaning.role == Role::Begins) begins |= 1U << static_cast<unsigned>(meaning.source);
      if (meaning.role == Role::Ends) ends |= 1U << static_cast<unsigned>(meaning.source);
    }
  EXPECT_EQ(begins, ends);
  EXPECT_EQ(begins & 1U, 0U) << "a source has a name";
}

TEST(Severity, of_a_verdict_is_that_of_its_finding) {
  Event verdict = typical(EventKind::Verdict);
  verdict.finding = Finding::PeerOrPathDown;
  EXPECT_EQ(meaning_of(verdict).severity, Severity::Error);
  verdict.finding = Finding::TransientOutage;
  EXPECT_EQ(meaning_of(verdict).severity, Severity::Warning);
}

TEST(Severity, of_a_re_mark_is_none_where_it_is_as_sent_again) {
  Event remarked = typical(EventKind::Remarked);
  remarked.expected = 46U << 2U;
  EXPECT_EQ(meaning_of(remarked).severity, Severity::Warning);
  std::swap(remarked.before, remarked.after);
  EXPECT_EQ(meaning_of(remarked).severity, Severity::Info);
  remarked.expected.reset();
  EXPECT_EQ(meaning_of(remarked).severity, Severity::Warning) << "nobody knows what was sent";
  remarked.before = 3;
  remarked.after = 0;
  EXPECT_EQ(meaning_of(remarked).severity, Severity::Info) << "ECN alone";
}

}  // namespace
}  // namespace wirestamp::alert
