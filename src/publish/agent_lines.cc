// SPDX-License-Identifier: Apache-2.0
#include "publish/agent_lines.h"

#include <fmt/format.h>

#include "publish/document.h"
#include "publish/text.h"

namespace wirestamp::publish {

std::string result_text_line(const AgentResult& result) {
  const measure::Summary& s = result.summary;
  std::string text =
      fmt::format("{} {}: {} sent", rfc3339(result.begin).substr(11, 8), result.session, s.sent);
  if (s.unsent_total > 0) text += fmt::format(", {} unsent", s.unsent_total);
  if (s.withheld > 0) text += fmt::format(", {} withheld", s.withheld);
  if (s.loss_ratio) text += fmt::format(", loss {}", human_percent(*s.loss_ratio));
  if (s.rtt.p50)
    text += fmt::format(", round trip p50 {}, p99 {}, max {}", human(*s.rtt.p50), human(*s.rtt.p99),
                        human(*s.rtt.max));
  return text;
}

}  // namespace wirestamp::publish
