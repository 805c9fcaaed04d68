// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "publish/evidence.h"
#include "publish/html.h"

namespace wirestamp::publish {

inline constexpr std::string_view kUnknown = "not known";

// "2026-01-31 12:00:00.000001", to the microsecond: stamps are no better against UTC.
std::string instant(WallTime time);

// The page about one incident, written piece by piece at the end of a string. Nothing is copied:
// evidence and facts outlive it.
class EvidencePage {
 public:
  EvidencePage(const Evidence& evidence, const EvidenceFacts& facts, std::string& out)
      : evidence_(evidence), facts_(facts), html_(out) {}

  void write();

 private:
  void head();
  void verdict();
  void flows();
  void edges();
  void changes();
  void counters();
  void timeout();
  void hops();
  void plots();
  void time_line();
  void stamps();
  void configuration();
  void unknown();
  void definitions();

  // Names on the left; one below the other on a telephone.
  void facts_table(const std::vector<std::vector<std::string>>& rows);
  void edge_rows(const EvidenceOutage& outage);

  const Evidence& evidence_;
  const EvidenceFacts& facts_;
  Html html_;
};

}  // namespace wirestamp::publish
