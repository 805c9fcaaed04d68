// SPDX-License-Identifier: Apache-2.0
#include "api/guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/values.h"
#include "platform/entropy.h"

namespace wirestamp::api {

namespace {

// "name", "name:80", "[::1]:80": the name without a port, a dot behind it, brackets or a zone;
// absent when it is none of these.
std::optional<std::string> host_name(std::string_view host) {
  if (host.empty() || host.size() > 255) return std::nullopt;
  std::string_view name, port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = host.substr(1, end - 1);
    // A zone means something on the client's host alone. It should leave it out (RFC 6874 4), and
    // some do not.
    name = name.substr(0, name.find('%'));
    port = host.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = std::min(host.find(':'), host.size());
    name = host.substr(0, colon);
    port = host.substr(std::min(colon + 1, host.size()));
  }
  if (!port.empty() && !parse_count(port, 1, 65'535)) return std::nullopt;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return std::nullopt;
  return std::string(name);
}

// The value of the cookie of ours.
std::optional<std::string_view> cookie_value(std::string_view header) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('='))
      return pair.substr(kCookie.size() + 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() < kScheme.size() ||
      !same_letters(authorization.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

bool take(std::string_view& text, std::string_view front) {
  text = trimmed(text);
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

// {"token": "..."}. A token has no character that JSON escapes.
std::optional<std::string_view> token_of_body(std::string_view body) {
  if (!take(body, "{") || !take(body, "\"token\"") || !take(body, ":") || !take(body, "\""))
    return std::nullopt;
  const std::size_t end = body.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view token = body.substr(0, end);
  if (token.find('\\') != std::string_view::npos) return std::nullopt;
  body.remove_prefix(end + 1);
  if (!take(body, "}") || !trimmed(body).empty()) return std::nullopt;
  return token;
}

}  // namespace

bool same_secret(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  // Volatile, so that no compiler ends the loop at the first difference.
  volatile unsigned char different = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    different = static_cast<unsigned char>(
        different | (static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(other[i])));
  return different == 0;
}

double Attempts::Bucket::now_left(MonoTime now) const {
  return std::min(kAtOnce, left + (now - at).to_seconds() / kEvery.to_seconds());
}

std::optional<Duration> Attempts::wait(const packet::IpAddress& from, MonoTime now) const {
  const auto found = buckets_.find(packet::one_client(from));
  if (found == buckets_.end()) return std::nullopt;
  const double left = found->second.now_left(now);
  if (left >= 1) return std::nullopt;
  return Duration::nanoseconds(
      static_cast<std::int64_t>((1 - left) * static_cast<double>(kEvery.ns())));
}

void Attempts::count_wrong(const packet::IpAddress& from, MonoTime now) {
  const packet::IpAddress key = packet::one_client(from);
  if (buckets_.size() >= kAddresses && !buckets_.contains(key))
    buckets_.erase(
        std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.at; }));
  const auto [entry, added] = buckets_.try_emplace(key, Bucket{.left = kAtOnce, .at = now});
  entry->second.left = std::max(0.0, entry->second.now_left(now) - 1);
  entry->second.at = now;
}

std::string Logins::add(MonoTime now) {
  std::erase_if(known_, [&](const Login& login) { return login.ends <= now; });
  if (known_.size() == kMost) known_.erase(known_.begin());
  std::string value =
      fmt::format("{:016x}{:016x}", platform::random_bits(), platform::random_bits());
  known_.push_back({.value = value, .ends = now + kLifetime});
  return value;
}

bool Logins::knows(std::string_view value, MonoTime now) {
  bool found = false;
  for (const Login& login : known_) found |= login.ends > now && same_secret(login.value, value);
  return found;
}

void Logins::remove(std::string_view value) {
  std::erase_if(known_, [&](const Login& login) { return same_secret(login.value, value); });
}

Guard::Guard(Options options) : options_(std::move(options)) {}

bool Guard::knows_host(std::string_view name) const {
  if (same_letters(name, "localhost")) return true;
  for (const std::string& host : options_.hosts)
    if (same_letters(name, host)) return true;
  // An address is no name that somebody else could make resolve to this host.
  const auto address = packet::IpAddress::parse(name);
  if (!address) return false;
  return *address == packet::IpAddress::loopback(packet::Family::V4) ||
         *address == packet::IpAddress::loopback(packet::Family::V6) ||
         *address == options_.listen || options_.listen.is_any();
}

Answer<void> Guard::check_host(const Credentials& credentials) const {
  if (credentials.several_hosts || !credentials.host)
    return refuse({.status = 400,
                   .code = "bad_host",
                   .message = "a request has one Host header: the name or address this server is "
                              "asked by"});
  const auto name = host_name(*credentials.host);
  if (!name || !is_text(*name))
    return refuse({.status = 400,
                   .code = "bad_host",
                   .message = "the Host header is a name or an address, and a port"});
  if (!knows_host(*name))
    return refuse({.status = 421,
                   .code = "unknown_host",
                   .message = fmt::format("this server does not go by the name \"{}\": ask it by "
                                          "its address, or add the name to its host names",
                                          *name)});
  return {};
}

Answer<void> Guard::check_origin(const Credentials& credentials) const {
  // A picture or a frame in another site's page comes without an origin. It can read nothing, but
  // it could keep this server busy. A link that somebody follows is welcome.
  const std::string site = credentials.fetch_site.value_or("");
  const bool followed =
      credentials.fetch_mode == "navigate" && credentials.fetch_dest == "document";
  if ((site == "cross-site" || site == "same-site") && !followed)
    return refuse({.status = 403,
                   .code = "foreign_origin",
                   .message = "pages of other sites may not ask this server, only lead to it"});
  if (!credentials.origin) return {};
  const std::string ours =
      fmt::format("{}://{}", options_.tls ? "https" : "http", credentials.host.value_or(""));
  if (same_letters(*credentials.origin, ours)) return {};
  return refuse(
      {.status = 403,
       .code = "foreign_origin",
       .message = "pages of other sites may not ask this server; its own origin is " + ours});
}

std::unexpected<Problem> Guard::unauthorized(std::string message) const {
  return refuse({.status = 401,
                 .code = "unauthorized",
                 .message = std::move(message),
                 .headers = {{"WWW-Authenticate", "Bearer realm=\"wirestamp\""}}});
}

Answer<void> Guard::check_token(std::string_view token, const packet::IpAddress& from,
                                MonoTime now) {
  if (const auto wait = attempts_.wait(from, now)) {
    const std::int64_t seconds = wait->ns() / 1'000'000'000 + 1;
    return refuse({.status = 429,
                   .code = "too_many_wrong_tokens",
                   .message = fmt::format("too many wrong tokens came from {}: try again in {} s",
                                          packet::to_string(from), seconds),
                   .headers = {{"Retry-After", fmt::format("{}", seconds)}}});
  }
  if (!options_.token.empty() && same_secret(token, options_.token)) return {};
  attempts_.count_wrong(from, now);
  if (options_.token.empty())
    return unauthorized("this server has no token: give it one to use what needs it");
  return unauthorized("the token is wrong: it is the one in the server's token file");
}

Answer<Who> Guard::who(const Credentials& credentials, MonoTime now) {
  if (credentials.authorization) {
    const auto token = bearer(*credentials.authorization);
    if (!token) return unauthorized("Authorization must be: Bearer TOKEN");
    TRY_VOID(check_token(*token, credentials.from, now));
    return Who::Token;
  }
  if (!credentials.cookie) return Who::Nobody;
  const auto value = cookie_value(*credentials.cookie);
  if (value && logins_.knows(*value, now)) return Who::Cookie;
  // A cookie of an earlier run is no attack, and on loopback it is not needed to read.
  return Who::Nobody;
}

std::string Guard::cookie_header(std::string_view value, Duration lifetime) const {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kCookie, value,
                     lifetime.ns() / 1'000'000'000, options_.tls ? "; Secure" : "");
}

Answer<Reply> Guard::log_in(const Credentials& credentials, std::string_view body, MonoTime now) {
  if (!trimmed(body).empty()) {
    const auto token = token_of_body(body);
    if (!token)
      return refuse({.status = 400,
                     .code = "bad_body",
                     .message = "the body is {\"token\": \"...\"}, or empty with the header "
                                "Authorization: Bearer TOKEN"});
    TRY_VOID(check_token(*token, credentials.from, now));
  } else if (TRY(who(credentials, now)) != Who::Token) {
    return unauthorized(
        "send the token as {\"token\": \"...\"}, or as Authorization: Bearer TOKEN");
  }
  return Reply{.status = 200,
               .body = fmt::format("{{\"lifetime_ns\":{}}}\n", Logins::kLifetime.ns()),
               .headers = {{"Set-Cookie", cookie_header(logins_.add(now), Logins::kLifetime)}}};
}

Reply Guard::log_out(const Credentials& credentials) {
  if (credentials.cookie)
    if (const auto value = cookie_value(*credentials.cookie)) logins_.remove(*value);
  return Reply{.status = 204, .type = "", .headers = {{"Set-Cookie", cookie_header("", {})}}};
}

}  // namespace wirestamp::api
