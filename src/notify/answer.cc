// SPDX-License-Identifier: Apache-2.0
#include "notify/answer.h"

#include <fmt/format.h>

namespace wirestamp::notify {

Verdict judge(const Answer& answer) {
  if (answer.status == 0) return Verdict::Unreachable;
  if (answer.status >= 200 && answer.status < 300) return Verdict::Delivered;
  // RFC 9110, 15.5.9: a request that timed out may be repeated; RFC 6585, 4: too many for now.
  if (answer.status == 408 || answer.status == 429 || answer.status >= 500) return Verdict::Refused;
  return Verdict::GivenUp;
}

std::string describe(const Answer& answer) {
  if (answer.status == 0) return answer.problem;
  std::string text = fmt::format("answered {}", answer.status);
  if (answer.status >= 300 && answer.status < 400)
    text += ": it redirects, which is not followed; configure the URL that it points to";
  if (answer.status == 401 || answer.status == 403)
    text += ": it does not let this agent in; look at the secret in the URL and at the key";
  if (answer.status == 404 || answer.status == 405 || answer.status == 410)
    text += ": nothing takes messages there; look at the path of the URL";
  return text;
}

}  // namespace wirestamp::notify
