// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/report_command.h"
#include "publish/period.h"

namespace wirestamp::cli {

// One SVG document; the period it is compared with lies dashed over it.
std::string plot_of(const publish::PeriodReport& report, ReportPlot plot);

}  // namespace wirestamp::cli
