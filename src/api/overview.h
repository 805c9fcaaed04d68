// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "api/answer_document.h"
#include "publish/document_reference.h"

// What an overview shows of each session and nothing else: a fifth of what /api/v1/sessions tells.
// Members are named as there, so that a client reads both the same way.
namespace wirestamp::api {

struct OverviewAnswer {
  std::string kept_problem;  // as in SessionsAnswer
  std::vector<SessionView> sessions;
};

std::string to_json(const OverviewAnswer& answer);
void add_overview_shapes(std::vector<publish::DocumentShape>& shapes);

// Those that run, then those of the past; the views point into both.
std::vector<SessionView> views_of(const std::vector<SessionStatus>& live,
                                  const std::vector<store::SessionRow>& rows, WallTime now);

}  // namespace wirestamp::api
