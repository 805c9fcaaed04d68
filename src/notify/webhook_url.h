// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wirestamp::notify {

// Where messages are delivered. `url` may hold a secret in its user, path or query and goes to
// nobody but libcurl; `shown` is scheme, host and port, with "/..." for all else, and is fit for a
// log.
struct WebhookUrl {
  std::string url, shown;

  bool operator==(const WebhookUrl&) const = default;
};

// An absolute http or https URL. An error says what is wrong and never repeats what may be a
// secret.
Result<WebhookUrl> parse_webhook_url(std::string_view text);

}  // namespace wirestamp::notify
