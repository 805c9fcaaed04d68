// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "notify/answer.h"
#include "notify/outbox.h"
#include "notify/webhook_url.h"
#include "time/duration.h"

namespace wirestamp::notify {

struct TransferOptions {
  std::string key;  // octets; "": not signed
  std::string user_agent;
  std::string ca_file;  // "": the authorities that the system trusts
  bool proxy_from_environment = false;
  Duration connect_timeout, whole_timeout;
};

// The attempts for one URL, one at a time, as a handle for libcurl's multi interface. On one thread
// all its life.
class Transfer {
 public:
  static Result<std::unique_ptr<Transfer>> create(const WebhookUrl& url,
                                                  const TransferOptions& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  // The next attempt delivers this, signed for `now`. False when there is no memory.
  bool prepare(std::shared_ptr<const Message> message, WallTime now);
  // How it ended.
  Answer answer(CURLcode code);

 private:
  struct Cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  explicit Transfer(const TransferOptions& options) : options_(options) {}
  Result<void> set_up(const WebhookUrl& url);
  bool add_header(const std::string& line);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);

  TransferOptions options_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::size_t body_octets_ = 0, header_octets_ = 0;
  std::shared_ptr<const Message> message_;  // libcurl reads its body
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<CURL, Cleanup> handle_;  // goes first: it uses the others
};

}  // namespace wirestamp::notify
