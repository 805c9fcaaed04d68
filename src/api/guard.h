// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "packet/address.h"
#include "time/duration.h"

// Who may ask what.
//
// A page in a browser can send requests to this host in its user's place, also to 127.0.0.1. So the
// Host header must be a name that this server has (a page whose own name was made to resolve to
// 127.0.0.1 sends that name: DNS rebinding), an Origin must be that host, and whatever changes
// something needs the token, on loopback too. A page of our own exchanges the token for a cookie
// that scripts cannot read and that other sites' requests do not carry.
namespace wirestamp::api {

// Takes as long whatever the difference is; the length is no secret.
bool same_secret(std::string_view one, std::string_view other);

// How often each address may come with a wrong token.
class Attempts {
 public:
  static constexpr double kAtOnce = 10;                     // wrong tokens of an address, or of all
  static constexpr Duration kEvery = Duration::seconds(6);  // one more
  static constexpr std::size_t kAddresses = 1'024;          // remembered; the longest unseen goes

  // How long the address must wait; absent when it may try.
  std::optional<Duration> wait(const packet::IpAddress& from, MonoTime now) const;
  void count_wrong(const packet::IpAddress& from, MonoTime now);

 private:
  struct Bucket {
    double left = kAtOnce;
    MonoTime at;
    double now_left(MonoTime now) const;
  };
  std::map<packet::IpAddress, Bucket> buckets_;  // by packet::one_client()
};

// Cookies given for a token.
class Logins {
 public:
  static constexpr std::size_t kMost = 256;  // the oldest goes
  static constexpr Duration kLifetime = Duration::hours(12);

  std::string add(MonoTime now);  // a value nobody can guess
  bool knows(std::string_view value, MonoTime now);
  void remove(std::string_view value);
  std::size_t size() const { return known_.size(); }

 private:
  struct Login {
    std::string value;
    MonoTime ends;
  };
  std::vector<Login> known_;  // oldest first
};

inline constexpr std::string_view kCookie = "wirestamp";

// The header lines it goes by.
struct Credentials {
  std::optional<std::string> host, origin, authorization, cookie;
  // Of a browser: who asks, and what for (W3C Fetch Metadata, Sec-Fetch-*).
  std::optional<std::string> fetch_site, fetch_mode, fetch_dest;
  bool several_hosts = false;
  packet::IpAddress from;
};

enum class Who : std::uint8_t { Nobody, Cookie, Token };

// One thread.
class Guard {
 public:
  struct Options {
    packet::IpAddress listen;
    std::vector<std::string> hosts;  // names besides localhost, loopback and `listen`
    std::string token;               // "": nobody has one
    bool tls = false;
  };
  explicit Guard(Options options);

  Answer<void> check_host(const Credentials& credentials) const;
  Answer<void> check_origin(const Credentials& credentials) const;
  // A wrong token or cookie is a problem; none at all is Nobody.
  Answer<Who> who(const Credentials& credentials, MonoTime now);
  // 401, with what to do.
  std::unexpected<Problem> unauthorized(std::string message) const;

  // The token is that of the request's body where it has one, else that of its Authorization.
  Answer<Reply> log_in(const Credentials& credentials, std::string_view body, MonoTime now);
  Reply log_out(const Credentials& credentials);

  bool reads_are_open() const { return options_.listen.is_loopback(); }

 private:
  bool knows_host(std::string_view name) const;
  Answer<void> check_token(std::string_view token, const packet::IpAddress& from, MonoTime now);
  std::string cookie_header(std::string_view value, Duration lifetime) const;

  Options options_;
  Attempts attempts_;
  Logins logins_;
};

}  // namespace wirestamp::api
