// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "notify/outbox.h"
#include "time/duration.h"

// Delivers messages to URLs: signed, tried again, bounded, on a thread of its own
// (docs/webhooks.md).
namespace wirestamp::notify {

// What is worth a line in the log, once per change: url 1 is the first that was configured.
struct WebhookNews {
  enum class Kind : std::uint8_t { Failing, Well, Ended };
  Kind kind = Kind::Failing;
  std::size_t url = 0;
  std::string text;  // a line without secrets
  OutboxStatus status;
};

struct WebhookOptions {
  static constexpr std::size_t kMostUrls = 16;
  static constexpr std::size_t kShortestKey = 16, kLongestKey = 1'024;
  static constexpr std::size_t kLargestBody = 65'536;

  std::vector<std::string> urls;  // as parse_webhook_url() takes them
  std::string key;                // octets that sign; "": not signed
  std::string user_agent = "wirestamp";
  std::string ca_file;  // PEM, instead of the authorities that the system trusts; "": those
  bool proxy_from_environment = false;
  Duration connect_timeout = Duration::seconds(5);  // with the name's resolution
  Duration whole_timeout = Duration::seconds(15);   // of an attempt
  OutboxLimits limits;                              // for each URL
  // Called on the thread that delivers, or on that which calls stop(); it may call deliver().
  std::function<void(const WebhookNews&)> tell;
};

// What Webhooks::create() refuses beside URLs that are none, for who wants to know before.
Result<void> check_webhook_count(std::size_t urls);
Result<void> check_webhook_key(std::string_view key);  // "": nothing is signed

struct WebhookStatus {
  std::string url;  // as it is shown: no secrets
  OutboxStatus status;
};

class Webhooks {
 public:
  // Starts the thread. An error names the URL by its place in the list, never by its text. The
  // process must ignore SIGPIPE (platform::ignore_broken_pipes()).
  static Result<std::unique_ptr<Webhooks>> create(WebhookOptions options);
  ~Webhooks();  // stop() without grace
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // From any thread; never waits for a receiver. `kind` is a word of [a-z0-9._-] for a header;
  // `incident` is not 0 for messages that are superseded by a newer one of the same incident when
  // room is short; `body` is JSON. A body above kLargestBody is dropped and counted.
  void deliver(std::string_view kind, std::uint64_t incident, std::string body);

  // One for each URL, in their order. Any thread.
  std::vector<WebhookStatus> status() const;

  // Delivers what can be for at most `grace`, then ends. Returns how many messages are left
  // undelivered, over all URLs; each URL with some is told. Once, by the owner.
  std::uint64_t stop(Duration grace);

 private:
  struct State;
  explicit Webhooks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wirestamp::notify
