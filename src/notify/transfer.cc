// SPDX-License-Identifier: Apache-2.0
#include "notify/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "notify/signature.h"

namespace wirestamp::notify {

namespace {

// What of an answer is read: enough to use the connection again, not enough to hurt.
constexpr std::size_t kMostBody = 16'384, kMostHeaders = 65'536;

// curl_easy_setopt() remembering that one was refused.
class Setter {
 public:
  explicit Setter(CURL* handle) : handle_(handle) {}

  template <typename T>
  Setter& set(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = (curl_easy_setopt)(handle_, option, value);
    return *this;
  }
  CURLcode code() const { return code_; }

 private:
  CURL* handle_;
  CURLcode code_ = CURLE_OK;
};

long milliseconds(Duration duration) {
  return static_cast<long>(std::max<std::int64_t>(1, duration / Duration::milliseconds(1)));
}

long number_of(CURL* handle, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::create(const WebhookUrl& url,
                                                   const TransferOptions& options) {
  std::unique_ptr<Transfer> transfer(new Transfer(options));
  TRY_VOID(transfer->set_up(url));
  return transfer;
}

Result<void> Transfer::set_up(const WebhookUrl& url) {
  handle_.reset(curl_easy_init());
  if (!handle_) return fail("no memory for a webhook");
  Setter setter(handle_.get());
  setter.set(CURLOPT_URL, url.url.c_str())
      .set(CURLOPT_PROTOCOLS_STR, "http,https")
      .set(CURLOPT_FOLLOWLOCATION, 0L)
      .set(CURLOPT_POST, 1L)
      .set(CURLOPT_USERAGENT, options_.user_agent.c_str())
      .set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout))
      .set(CURLOPT_TIMEOUT_MS, milliseconds(options_.whole_timeout))
      .set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2})
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_NOSIGNAL, 1L)
      // Without it the end of an attempt waits for a name server that is silent, and with it all
      // other URLs.
      .set(CURLOPT_QUICK_EXIT, 1L)
      .set(CURLOPT_ERRORBUFFER, problem_.data())
      .set(CURLOPT_WRITEFUNCTION, &Transfer::take_body)
      .set(CURLOPT_WRITEDATA, static_cast<void*>(this))
      .set(CURLOPT_HEADERFUNCTION, &Transfer::take_header)
      .set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  if (!options_.proxy_from_environment) setter.set(CURLOPT_PROXY, "");
  if (!options_.ca_file.empty()) setter.set(CURLOPT_CAINFO, options_.ca_file.c_str());
  if (setter.code() != CURLE_OK)
    return fail(fmt::format(
        "libcurl does not take what webhooks need ({}): version 7.87 or newer "
        "is needed, built with TLS; this is {}",
        curl_easy_strerror(setter.code()), curl_version_info(CURLVERSION_NOW)->version));
  return {};
}

bool Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)headers_.release();  // the same list, or its first entry
  headers_.reset(longer);
  return true;
}

bool Transfer::prepare(std::shared_ptr<const Message> message, WallTime now) {
  message_ = std::move(message);
  problem_[0] = '\0';
  body_octets_ = header_octets_ = 0;
  headers_.reset();
  const std::string stamp = fmt::format("{}", now.ns() / 1'000'000'000);
  bool added = add_header("Content-Type: application/json") && add_header("Accept:") &&
               add_header("Expect:") && add_header("Wirestamp-Delivery: " + message_->id) &&
               add_header("Wirestamp-Kind: " + message_->kind) &&
               add_header("Wirestamp-Timestamp: " + stamp);
  if (!options_.key.empty())
    added = added && add_header("Wirestamp-Signature: v1=" +
                                signature_of(options_.key, stamp, message_->body));
  return Setter(handle_.get())
                 .set(CURLOPT_HTTPHEADER, headers_.get())
                 .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message_->body.size()))
                 .set(CURLOPT_POSTFIELDS, message_->body.data())
                 .code() == CURLE_OK &&
         added;
}

std::size_t Transfer::take_body(char*, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->body_octets_ += size * count;
  return transfer->body_octets_ <= kMostBody ? size * count : 0;  // 0 ends the attempt
}

std::size_t Transfer::take_header(char*, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->header_octets_ += size * count;
  return transfer->header_octets_ <= kMostHeaders ? size * count : 0;
}

Answer Transfer::answer(CURLcode code) {
  Answer answer;
  // The status is what the receiver says; whether the rest of its answer came, or was cut off
  // above, does not matter.
  const long status = number_of(handle_.get(), CURLINFO_RESPONSE_CODE);
  if (status >= 200 && status < 1'000) {
    answer.status = static_cast<unsigned>(status);
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
      answer.retry_after = Duration::seconds(std::min<curl_off_t>(seconds, 86'400));
  } else {
    answer.problem = problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code);
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL)
      answer.problem = "its answer is no HTTP";
  }
  message_.reset();
  return answer;
}

}  // namespace wirestamp::notify
