// SPDX-License-Identifier: Apache-2.0
//
// One thread turns libcurl's multi interface for all URLs. Each URL has an outbox (what waits, and
// when it is tried) and a transfer (a handle for one attempt at a time), so that a receiver that
// hangs occupies its own handle and nothing else. deliver() puts into the outboxes under a mutex
// that nobody holds while waiting, and wakes the thread.
#include "notify/webhooks.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "notify/transfer.h"
#include "notify/webhook_url.h"
#include "platform/entropy.h"
#include "platform/system_clock.h"

namespace wirestamp::notify {

namespace {

constexpr Duration kLongestWait = Duration::minutes(1);

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string counts(const OutboxStatus& status) {
  return fmt::format("{} pending, {} given up, {} dropped", status.pending, status.given_up,
                     status.dropped);
}

}  // namespace

Result<void> check_webhook_count(std::size_t urls) {
  if (urls <= WebhookOptions::kMostUrls) return {};
  return fail(fmt::format("{} webhooks, at most {} are allowed: leave some out", urls,
                          WebhookOptions::kMostUrls));
}

Result<void> check_webhook_key(std::string_view key) {
  if (key.empty() ||
      (key.size() >= WebhookOptions::kShortestKey && key.size() <= WebhookOptions::kLongestKey))
    return {};
  return fail(
      fmt::format("the key of the webhooks has {} octets, {} to {} are allowed: "
                  "`openssl rand -hex 32` makes one",
                  key.size(), WebhookOptions::kShortestKey, WebhookOptions::kLongestKey));
}

struct Webhooks::State {
  WebhookOptions options;
  std::vector<WebhookUrl> urls;
  std::uint64_t run = platform::random_bits();  // tells the ids of two runs apart
  std::unique_ptr<CURLM, MultiCleanup> multi;
  std::vector<std::unique_ptr<Transfer>> transfers;  // of the thread, once it runs

  mutable std::mutex mutex;  // of all below
  platform::SystemClock clock;
  std::vector<Outbox> outboxes;
  std::uint64_t messages = 0;
  std::optional<MonoTime> end;  // stop() was called: at the latest then
  bool ended = false;

  std::thread thread;

  Result<void> set_up();
  void run_thread();
  std::optional<Duration> begin_attempts();
  void begin_attempt(std::size_t url);
  bool finish_attempts();
  void finish(std::size_t url, const Answer& answer);
  bool is_over();
  void tell(WebhookNews::Kind kind, std::size_t url, const OutboxStatus& status,
            const std::string& what) const;
};

Result<void> Webhooks::State::set_up() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK)
    return fail(fmt::format("libcurl does not start: {}", curl_easy_strerror(initialised)));
  TRY_VOID(check_webhook_count(options.urls.size()));
  TRY_VOID(check_webhook_key(options.key));
  multi.reset(curl_multi_init());
  if (!multi) return fail("no memory for webhooks");
  const TransferOptions how{.key = options.key,
                            .user_agent = options.user_agent,
                            .ca_file = options.ca_file,
                            .proxy_from_environment = options.proxy_from_environment,
                            .connect_timeout = options.connect_timeout,
                            .whole_timeout = options.whole_timeout};
  for (std::size_t i = 0; i < options.urls.size(); ++i) {
    auto url = parse_webhook_url(options.urls[i]);
    if (!url) return fail(fmt::format("webhook {}: {}", i + 1, url.error().text));
    urls.push_back(std::move(*url));
    transfers.push_back(TRY(Transfer::create(urls.back(), how)));
    outboxes.emplace_back(options.limits, platform::random_bits());
  }
  return {};
}

// Hands to libcurl what is due; returns the time until something else will be.
std::optional<Duration> Webhooks::State::begin_attempts() {
  std::optional<Duration> wait;
  for (std::size_t i = 0; i < outboxes.size(); ++i) {
    begin_attempt(i);
    const std::lock_guard lock(mutex);
    if (const auto due = outboxes[i].due()) {
      const Duration until = std::max(Duration(), *due - clock.mono_now());
      wait = std::min(wait.value_or(until), until);
    }
  }
  return wait;
}

void Webhooks::State::begin_attempt(std::size_t url) {
  std::shared_ptr<const Message> message;
  WallTime wall;
  {
    const std::lock_guard lock(mutex);
    message = outboxes[url].begin(clock.mono_now());
    wall = clock.now().wall;
  }
  if (!message) return;
  Transfer& transfer = *transfers[url];
  if (!transfer.prepare(std::move(message), wall) ||
      curl_multi_add_handle(multi.get(), transfer.handle()) != CURLM_OK)
    finish(url, {.problem = "there was no memory for it"});
}

// True when an attempt ended.
bool Webhooks::State::finish_attempts() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* done = curl_multi_info_read(multi.get(), &left)) {
    if (done->msg != CURLMSG_DONE) continue;
    CURL* handle = done->easy_handle;
    const CURLcode code = done->data.result;
    curl_multi_remove_handle(multi.get(), handle);  // `done` is gone with it
    const auto transfer = std::ranges::find(transfers, handle, &Transfer::handle);
    CHECK(transfer != transfers.end());
    finish(static_cast<std::size_t>(transfer - transfers.begin()), (*transfer)->answer(code));
    any = true;
  }
  return any;
}

void Webhooks::State::finish(std::size_t url, const Answer& answer) {
  bool changed = false;
  std::uint64_t failures = 0;
  OutboxStatus status;
  {
    const std::lock_guard lock(mutex);
    failures = outboxes[url].failures();
    changed = outboxes[url].finish(answer, clock.mono_now());
    status = outboxes[url].status();
  }
  if (!changed) return;
  if (status.failing) {
    tell(WebhookNews::Kind::Failing, url, status,
         fmt::format("fails: {} ({})", status.last_error, counts(status)));
  } else {
    tell(WebhookNews::Kind::Well, url, status,
         fmt::format("takes messages again after {} failures ({})", failures, counts(status)));
  }
}

void Webhooks::State::tell(WebhookNews::Kind kind, std::size_t url, const OutboxStatus& status,
                           const std::string& what) const {
  if (!options.tell) return;
  options.tell({.kind = kind,
                .url = url,
                .text = fmt::format("webhook {} ({}) {}", url + 1, urls[url].shown, what),
                .status = status});
}

// Of a run that shall end: nothing is under way or would be before the end.
bool Webhooks::State::is_over() {
  const std::lock_guard lock(mutex);
  if (!end) return false;
  ended = clock.mono_now() >= *end || std::ranges::none_of(outboxes, [this](const Outbox& outbox) {
            return outbox.busy() || outbox.due().value_or(*end) < *end;
          });
  return ended;
}

void Webhooks::State::run_thread() {
  for (;;) {
    Duration wait = begin_attempts().value_or(kLongestWait);
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    const bool finished = finish_attempts();
    if (is_over()) break;
    if (finished) continue;
    {
      const std::lock_guard lock(mutex);
      if (end) wait = std::min(wait, *end - clock.mono_now());
    }
    wait = std::clamp(wait, Duration(), kLongestWait) + Duration::milliseconds(1);
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(wait / Duration::milliseconds(1)),
                    nullptr);
  }
  for (const auto& transfer : transfers) curl_multi_remove_handle(multi.get(), transfer->handle());
}

Webhooks::Webhooks(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Webhooks>> Webhooks::create(WebhookOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  TRY_VOID(state->set_up());
  state->thread = std::thread([inner = state.get()] { inner->run_thread(); });
  return std::unique_ptr<Webhooks>(new Webhooks(std::move(state)));
}

Webhooks::~Webhooks() { stop(Duration()); }

void Webhooks::deliver(std::string_view kind, std::uint64_t incident, std::string body) {
  CHECK(is_word(kind));
  const bool too_large = body.size() > WebhookOptions::kLargestBody;
  {
    const std::lock_guard lock(state_->mutex);
    const auto message = std::make_shared<const Message>(
        Message{.id = fmt::format("{:016x}-{}", state_->run, ++state_->messages),
                .kind = std::string(kind),
                .incident = incident,
                .body = too_large ? std::string() : std::move(body),
                .accepted = state_->clock.mono_now()});
    for (Outbox& outbox : state_->outboxes) {
      if (too_large || state_->ended)
        outbox.drop();
      else
        outbox.push(message);
    }
  }
  curl_multi_wakeup(state_->multi.get());
}

std::vector<WebhookStatus> Webhooks::status() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<WebhookStatus> all;
  for (std::size_t i = 0; i < state_->urls.size(); ++i)
    all.push_back({.url = state_->urls[i].shown, .status = state_->outboxes[i].status()});
  return all;
}

std::uint64_t Webhooks::stop(Duration grace) {
  if (state_->thread.joinable()) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->end = state_->clock.mono_now() + grace;
    }
    curl_multi_wakeup(state_->multi.get());
    state_->thread.join();
    const auto all = status();
    for (std::size_t i = 0; i < all.size(); ++i)
      if (const OutboxStatus& status = all[i].status; status.pending > 0)
        state_->tell(WebhookNews::Kind::Ended, i, status,
                     fmt::format("was not told {} messages before the end", status.pending));
  }
  std::uint64_t left = 0;
  for (const WebhookStatus& one : status()) left += one.status.pending;
  return left;
}

}  // namespace wirestamp::notify
