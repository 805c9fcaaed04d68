// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/progress.h"
#include "publish/evidence.h"
#include "store/store.h"

// `wirestamp evidence`: one page about one incident.
namespace wirestamp::cli {

struct EvidenceRequest {
  std::string store;     // path of the file
  std::string incident;  // its number, as the user wrote it: "12" or "#12"
  bool json = false;     // else HTML
  // Of the incident's session, where its configuration is at hand; without secrets.
  std::vector<publish::EvidenceSetting> settings;
  std::string output = "-";  // a file; "-": standard output
};

// Number of an incident. The error says what one looks like.
Result<std::uint64_t> parse_incident(const std::string& text);

// Everything that the store knows of it; absent when there is no such incident.
Result<std::optional<publish::Evidence>> collect_evidence(
    store::Reader& reader, std::uint64_t incident,
    const std::vector<publish::EvidenceSetting>& settings, WallTime now, Progress& progress);
// What to tell then.
std::string no_such_incident(store::Reader& reader, std::uint64_t incident);

// Writes it to request.output. Exit codes: 0; 2 when there is no such incident; 3 when the store
// cannot be read.
int run_evidence(const EvidenceRequest& request);

}  // namespace wirestamp::cli
