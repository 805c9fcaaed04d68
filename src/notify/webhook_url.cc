// SPDX-License-Identifier: Apache-2.0
#include "notify/webhook_url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace wirestamp::notify {

namespace {

constexpr std::size_t kLongest = 2'048;
constexpr const char* kNoHost =
    "the URL names no host that could exist: write one as https://hooks.example.com:8443/path";

struct UrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Parsed = std::unique_ptr<CURLU, UrlCleanup>;

// "" where the URL has no such part.
std::string part_of(const Parsed& url, CURLUPart part) {
  char* found = nullptr;
  if (curl_url_get(url.get(), part, &found, 0) != CURLUE_OK) return {};
  std::string copy = found;
  curl_free(found);
  return copy;
}

Result<void> check_octets(std::string_view text) {
  if (text.empty()) return fail("the URL is empty: write one as https://hooks.example.com/path");
  if (text.size() > kLongest)
    return fail(
        fmt::format("the URL has {} octets, at most {} are allowed", text.size(), kLongest));
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; }))
    return fail(
        "the URL has a space, a control character or a letter beyond ASCII: write such octets as "
        "%XX, and the host as its xn-- name");
  return {};
}

Result<void> check_scheme(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos)
    return fail("the URL has no scheme: it begins with https:// or http://");
  std::string scheme(text.substr(0, end));
  std::ranges::transform(scheme, scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (scheme != "https" && scheme != "http")
    return fail("the URL has another scheme than https and http, which alone are allowed");
  // libcurl takes any number of slashes there, and then part of the path for the host.
  if (text.substr(end + 3).starts_with('/')) return fail(kNoHost);
  return {};
}

Result<void> check_parsed(CURLUcode code) {
  switch (code) {
    case CURLUE_OK:
      return {};
    case CURLUE_BAD_PORT_NUMBER:
      return fail("the port of the URL is no number from 1 to 65535");
    case CURLUE_NO_HOST:
    case CURLUE_BAD_HOSTNAME:
      return fail(kNoHost);
    case CURLUE_BAD_IPV6:
      return fail("the IPv6 address in the URL is none: it stands in brackets, https://[fd00::1]/");
    default:
      return fail(fmt::format("the URL is wrong: {}", curl_url_strerror(code)));
  }
}

}  // namespace

Result<WebhookUrl> parse_webhook_url(std::string_view text) {
  TRY_VOID(check_octets(text));
  TRY_VOID(check_scheme(text));
  const Parsed url(curl_url());
  if (!url) return fail("no memory to read the URL");
  const std::string whole(text);
  TRY_VOID(check_parsed(curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), 0)));
  if (!part_of(url, CURLUPART_FRAGMENT).empty() || text.ends_with('#'))
    return fail("the URL has a part behind '#', which is never sent: leave it out, or write %23");

  const std::string host = part_of(url, CURLUPART_HOST), port = part_of(url, CURLUPART_PORT);
  if (port == "0") return fail("the port of the URL is no number from 1 to 65535");
  std::string shown = fmt::format("{}://{}", part_of(url, CURLUPART_SCHEME), host);
  if (!port.empty()) shown += ":" + port;
  const std::string path = part_of(url, CURLUPART_PATH);
  if (path.size() > 1 || !part_of(url, CURLUPART_QUERY).empty()) shown += "/...";
  return WebhookUrl{.url = whole, .shown = std::move(shown)};
}

}  // namespace wirestamp::notify
