// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "publish/evidence.h"

namespace wirestamp::publish {

// An SVG element that can stand in a page, and what it shows.
struct EvidencePlot {
  std::string caption, svg;
};

std::vector<EvidencePlot> evidence_plots(const Evidence& evidence);

}  // namespace wirestamp::publish
