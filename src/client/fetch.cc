// SPDX-License-Identifier: Apache-2.0
#include "client/fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace wirestamp::client {

namespace {

long milliseconds(Duration duration) {
  return static_cast<long>(duration / Duration::milliseconds(1));
}

class CurlFetch final : public Fetch {
 public:
  CurlFetch(FetchOptions options, const std::atomic<bool>& cancel)
      : options_(std::move(options)), cancel_(cancel) {}

  Result<void> set_up() {
    handle_.reset(curl_easy_init());
    if (!handle_) return fail("no memory for a request");
    if (!options_.token.empty()) {
      headers_.reset(
          curl_slist_append(nullptr, ("Authorization: Bearer " + options_.token).c_str()));
      if (!headers_) return fail("no memory for a request");
    }
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout));
    set(CURLOPT_TIMEOUT_MS, milliseconds(options_.timeout));
    set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // else a silent name server would hold up the end
    set(CURLOPT_ERRORBUFFER, problem_.data());
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_WRITEFUNCTION, &CurlFetch::take_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &CurlFetch::go_on);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    if (code_ != CURLE_OK)
      return fail(fmt::format("libcurl does not take what is needed ({}): version 7.87 or newer",
                              curl_easy_strerror(code_)));
    return {};
  }

  Result<Answer> get(const std::string& path) override {
    body_.clear();
    too_long_ = false;
    problem_[0] = '\0';
    const std::string url = options_.url + path;
    set(CURLOPT_URL, url.c_str());
    const CURLcode code = curl_easy_perform(handle_.get());
    if (too_long_)
      return fail(fmt::format("{} answers with more than {} octets", shown_address(options_.url),
                              options_.most_octets));
    if (code != CURLE_OK)
      return fail(fmt::format("{} ({})",
                              problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code),
                              shown_address(options_.url)));
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return Answer{.status = static_cast<unsigned>(status), .body = std::move(body_)};
  }

 private:
  struct Cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  template <typename T>
  void set(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = (curl_easy_setopt)(handle_.get(), option, value);
  }

  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto* fetch = static_cast<CurlFetch*>(self);
    if (fetch->body_.size() + size * count > fetch->options_.most_octets) {
      fetch->too_long_ = true;
      return 0;  // ends it
    }
    fetch->body_.append(data, size * count);
    return size * count;
  }

  static int go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<CurlFetch*>(self)->cancel_.load() ? 1 : 0;
  }

  FetchOptions options_;
  const std::atomic<bool>& cancel_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::string body_;
  bool too_long_ = false;
  CURLcode code_ = CURLE_OK;
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<CURL, Cleanup> handle_;  // goes first: it uses the others
};

}  // namespace

std::string shown_address(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "...";
  std::string_view host = url.substr(scheme + 3);
  const std::size_t end = std::min(host.find_first_of("/?#\\"), host.size());
  const std::string_view rest = host.substr(end);
  host = host.substr(0, end);
  const std::string_view name = url.substr(0, scheme);
  // A password with a slash in it: what stands before that is no host.
  if (rest.contains('@')) return fmt::format("{}://...", name);
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos)
    host.remove_prefix(at + 1);
  return fmt::format("{}://{}{}", name, host, rest.empty() ? "" : "/...");
}

Result<std::unique_ptr<Fetch>> make_fetch(const FetchOptions& options,
                                          const std::atomic<bool>& cancel) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto fetch = std::make_unique<CurlFetch>(options, cancel);
  TRY_VOID(fetch->set_up());
  return fetch;
}

}  // namespace wirestamp::client
