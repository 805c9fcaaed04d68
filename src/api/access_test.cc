// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "api/guard.h"
#include "api/page.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/values.h"
#include "api/world_test.h"
#include "platform/entropy.h"
#include "platform/route.h"

namespace wirestamp::api {
namespace {

struct ApiAccess : testing::Test {
  World world{[](ServerOptions& options) { options.hosts = {"probe.example.net"}; }};

  Response reload_with(std::vector<std::string> headers) {
    return world.ask({.method = "POST", .target = "/api/v1/reload", .headers = std::move(headers)});
  }
  // The cookie as the browser sends it back, "" when none was given.
  std::string log_in() {
    const Response response = world.ask({.method = "POST",
                                         .target = "/api/v1/session",
                                         .body = "{\"token\": \"" + std::string(kToken) + "\"}"});
    const std::string cookie = response.header("set-cookie");
    return cookie.substr(0, cookie.find(';'));
  }
};

TEST_F(ApiAccess, a_name_that_was_not_configured_is_refused) {
  const std::string port = ":" + std::to_string(world.at().port);
  for (const std::string& host :
       {std::string("localhost"), "localhost" + port, std::string("LOCALHOST."), "127.0.0.1" + port,
        std::string("[::1]"), "[::1]" + port, std::string("[::1%25lo]"),
        std::string("probe.example.net"), std::string("Probe.Example.NET:443")})
    EXPECT_EQ(world.ask({.target = "/api/v1/sessions", .headers = {"Host: " + host}}).status, 200)
        << host;
  for (const char* host : {"evil.example.com", "localhost.evil.example.com", "192.0.2.1",
                           "[2001:db8::1]", "127.0.0.1.example.com", "127.1"}) {
    const Response response =
        world.ask({.target = "/api/v1/sessions", .headers = {std::string("Host: ") + host}});
    EXPECT_EQ(response.status, 421) << host;
    EXPECT_EQ(response.error(), "unknown_host");
  }
  for (const char* host : {"", "local host:", ":80", "[::1", "localhost:0", "localhost:http",
                           "localhost:99999", "a:b:c", "[::1]x", "\xff\xfe"}) {
    const Response response =
        world.ask({.target = "/api/v1/sessions", .headers = {std::string("Host: ") + host}});
    EXPECT_TRUE(response.status == 400 || response.status == 421) << host << response.status;
  }
}

TEST_F(ApiAccess, a_request_without_a_host_or_with_two_is_refused) {
  platform::TcpClient none(world.at());
  none.send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(parse_response(none.receive_all()).status, 400);
  EXPECT_EQ(
      world.ask({.target = "/healthz", .headers = {"Host: localhost", "Host: localhost"}}).status,
      400);
}

TEST_F(ApiAccess, pages_of_other_sites_are_refused) {
  const std::string host = "localhost:" + std::to_string(world.at().port);
  const auto with_origin = [&](const std::string& origin) {
    return world.ask(
        {.target = "/api/v1/sessions", .headers = {"Host: " + host, "Origin: " + origin}});
  };
  EXPECT_EQ(with_origin("http://" + host).status, 200);
  for (const std::string& origin :
       {std::string("null"), std::string("http://evil.example.com"),
        std::string("http://localhost"), "https://" + host, "http://" + host + ".evil.example.com",
        "http://" + host + "/", std::string("")}) {
    const Response response = with_origin(origin);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(response.error(), "foreign_origin");
  }
}

TEST_F(ApiAccess, a_page_of_another_site_may_lead_here_and_no_more) {
  const auto fetched = [&](const std::string& site, const std::string& mode,
                           const std::string& dest) {
    return world.ask({.target = "/api/v1/sessions",
                      .headers = {"Sec-Fetch-Site: " + site, "Sec-Fetch-Mode: " + mode,
                                  "Sec-Fetch-Dest: " + dest}});
  };
  for (const char* site : {"same-origin", "none"}) {
    EXPECT_EQ(fetched(site, "cors", "empty").status, 200) << site;
    EXPECT_EQ(fetched(site, "navigate", "document").status, 200) << site;
  }
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_EQ(fetched(site, "navigate", "document").status, 200) << site;
    for (const auto& [mode, dest] : {std::pair{"no-cors", "image"},
                                     {"navigate", "iframe"},
                                     {"no-cors", "script"},
                                     {"cors", "empty"},
                                     {"", ""}}) {
      const Response response = fetched(site, mode, dest);
      EXPECT_EQ(response.status, 403) << site << ' ' << mode;
      EXPECT_EQ(response.error(), "foreign_origin");
    }
  }
}

TEST_F(ApiAccess, a_wrong_token_is_refused_everywhere_and_a_wrong_scheme_too) {
  for (const std::string& value :
       {std::string("Bearer wrong"), "Bearer " + std::string(kToken) + "0", std::string("Bearer"),
        "Basic " + std::string(kToken), std::string(kToken), std::string("Bearer ")}) {
    const Response response = reload_with({"Authorization: " + value});
    EXPECT_EQ(response.status, 401) << value;
    EXPECT_EQ(response.error(), "unauthorized");
  }
  EXPECT_EQ(
      world.ask({.target = "/api/v1/sessions", .headers = {"Authorization: Bearer wrong"}}).status,
      401)
      << "a wrong token is told, even where none is needed";
  EXPECT_EQ(reload_with({"Authorization: bearer  " + std::string(kToken)}).status, 200);
  EXPECT_EQ(world.service.reloads, 1);
}

TEST_F(ApiAccess, guesses_of_the_token_are_slowed_down) {
  Response response;
  int wrong = 0;
  do {
    response = reload_with({"Authorization: Bearer guess" + std::to_string(++wrong)});
  } while (response.status == 401 && wrong < 100);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(wrong, 11);
  EXPECT_EQ(response.header("retry-after"), "7");
  EXPECT_EQ(reload_with({authorization()}).status, 429) << "the right one tells nothing either";
  EXPECT_EQ(world.get("/api/v1/sessions").status, 200);
  world.mono_ns += Duration::seconds(7).ns();
  EXPECT_EQ(reload_with({authorization()}).status, 200);
}

TEST_F(ApiAccess, the_token_is_exchanged_for_a_cookie_that_scripts_cannot_read) {
  const Response response =
      world.ask({.method = "POST", .target = "/api/v1/session", .headers = {authorization()}});
  ASSERT_EQ(response.status, 200) << response.body;
  const std::string cookie = response.header("set-cookie");
  for (const char* part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"})
    EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  EXPECT_EQ(response.body.find(cookie.substr(10, 32)), std::string::npos);
}

TEST_F(ApiAccess, a_cookie_changes_something_only_with_the_origin_of_its_page) {
  const std::string cookie = log_in();
  ASSERT_NE(cookie, "");
  EXPECT_EQ(reload_with({"Cookie: " + cookie}).error(), "origin_required");
  EXPECT_EQ(reload_with({"Cookie: " + cookie, "Origin: http://evil.example.com"}).status, 403);
  EXPECT_EQ(reload_with({"Cookie: a=b; " + cookie + "; c", "Origin: http://localhost"}).status,
            200);
  for (const std::string& other : {cookie + "0", cookie.substr(0, cookie.size() - 1),
                                   std::string("wirestamp="), "x" + cookie, std::string(";;=;")})
    EXPECT_EQ(reload_with({"Cookie: " + other, "Origin: http://localhost"}).status, 401) << other;
}

TEST_F(ApiAccess, a_cookie_ends_with_log_out_and_with_time) {
  const std::string first = log_in(), second = log_in();
  EXPECT_NE(first, second);
  const Response out =
      world.ask({.method = "DELETE", .target = "/api/v1/session", .headers = {"Cookie: " + first}});
  EXPECT_EQ(out.status, 204);
  EXPECT_NE(out.header("set-cookie").find("Max-Age=0"), std::string::npos);
  const auto use = [&](const std::string& cookie) {
    return reload_with({"Cookie: " + cookie, "Origin: http://localhost"}).status;
  };
  EXPECT_EQ(use(first), 401);
  EXPECT_EQ(use(second), 200);
  world.mono_ns += Duration::hours(12).ns() + 1;
  EXPECT_EQ(use(second), 401);
}

TEST_F(ApiAccess, a_body_that_is_no_token_is_refused) {
  for (const char* body :
       {"token", "{}", "{\"token\":5}", "{\"token\":\"a\"", "[\"token\"]", "{\"token\":\"a\",}",
        "{\"token\":\"a\\\"b\"}", "{\"token\":\"a\"}{", "\xff\xfe", "{\"TOKEN\":\"a\"}", "null"}) {
    const Response response =
        world.ask({.method = "POST", .target = "/api/v1/session", .body = body});
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.error(), "bad_body");
  }
  const Response wrong = world.ask(
      {.method = "POST", .target = "/api/v1/session", .body = "{\"token\":\"0123456789abcdef\"}"});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.header("set-cookie"), "");
}

TEST(ApiLogins, the_oldest_of_too_many_goes) {
  Logins logins;
  const MonoTime now = MonoTime::from_ns(5);
  const std::string first = logins.add(now), second = logins.add(now);
  for (std::size_t i = 1; i < Logins::kMost; ++i) logins.add(now);
  EXPECT_EQ(logins.size(), Logins::kMost);
  EXPECT_FALSE(logins.knows(first, now));
  EXPECT_TRUE(logins.knows(second, now));
  EXPECT_FALSE(logins.knows("", now));
}

TEST(ApiAttempts, are_counted_for_each_network_and_the_table_is_bounded) {
  Attempts attempts;
  const MonoTime now = MonoTime::from_ns(0);
  const auto address = [](const char* text) { return *packet::IpAddress::parse(text); };
  for (int i = 0; i < 10; ++i) attempts.count_wrong(address("2001:db8::1"), now);
  EXPECT_TRUE(attempts.wait(address("2001:db8::2"), now)) << "of the same /64";
  EXPECT_FALSE(attempts.wait(address("2001:db8:0:1::1"), now));
  // Two thousand others: the first is forgotten, which costs an attacker as many addresses.
  for (std::uint32_t i = 0; i < 2'000; ++i)
    attempts.count_wrong(packet::IpAddress::v4(0x0a000000 + i), now + Duration::milliseconds(i));
  EXPECT_FALSE(attempts.wait(address("2001:db8::1"), now));
}

TEST(ApiSecret, differs_by_content_and_length) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
  EXPECT_FALSE(same_secret("abc", ""));
}

TEST(ApiWithoutToken, nothing_can_be_changed) {
  World world([](ServerOptions& options) { options.token.clear(); });
  const Response response = world.ask(
      {.method = "POST", .target = "/api/v1/reload", .headers = {"Authorization: Bearer "}});
  EXPECT_EQ(response.status, 401);
  EXPECT_NE(response.message().find("has no token"), std::string::npos);
  EXPECT_EQ(world.get("/api/v1/sessions").status, 200);
  EXPECT_EQ(world.service.reloads, 0);
}

// --- where it listens
// -----------------------------------------------------------------------------

struct ApiListen : testing::Test {
  World world;
  ServerOptions options = world.options();
  std::string folder =
      testing::TempDir() + "/api_listen_" + std::to_string(platform::random_bits());

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  // A self-signed certificate for an address and its key.
  void make_certificate(const std::string& address = "127.0.0.1") {
    options.certificate = folder + "/cert.pem";
    options.key = folder + "/key.pem";
    ASSERT_TRUE(platform::run_tool({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", options.key,
                                    "-out", options.certificate, "-days", "2", "-subj",
                                    "/CN=localhost", "-addext", "subjectAltName=IP:" + address}))
        << "the tool `openssl` is needed: apt-get install openssl";
  }
  std::string refusal() {
    const auto started = world.start(options);
    return started ? "" : started.error().text;
  }
};

std::size_t append_to(char* data, std::size_t, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(data, size);
  return size;
}

// The answer over TLS, its certificate checked; 0 when there is no TLS.
std::pair<long, std::string> get_with_tls(const std::string& url, const std::string& certificate,
                                          const std::string& header) {
  std::string body;
  long status = 0;
  CURL* const curl = curl_easy_init();
  curl_slist* const headers = curl_slist_append(nullptr, header.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CAINFO, certificate.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_to);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (curl_easy_perform(curl) == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return {status, body};
}

//= RFC8762:secured-management
TEST_F(ApiListen, not_beyond_loopback_without_token_and_tls) {
  options.listen.address = packet::IpAddress::any(packet::Family::V4);
  EXPECT_NE(refusal().find("only with a token and with TLS"), std::string::npos);
  make_certificate();
  options.token.clear();
  EXPECT_NE(refusal().find("only with a token and with TLS"), std::string::npos);
  EXPECT_EQ(world.server, nullptr);
}

//= RFC8762:secured-management
TEST_F(ApiListen, over_tls_and_beyond_loopback_everything_needs_the_token) {
  make_certificate();
  options.listen.address = packet::IpAddress::any(packet::Family::V4);
  ASSERT_EQ(refusal(), "");
  const std::string url = "https://127.0.0.1:" + std::to_string(world.server->listening().port);
  const auto status = [&](const std::string& target, const std::string& header) {
    return get_with_tls(url + target, options.certificate, header).first;
  };
  EXPECT_EQ(status("/healthz", ""), 200);
  EXPECT_EQ(status("/api/v1/sessions", ""), 401);
  EXPECT_EQ(status("/metrics", ""), 401);
  EXPECT_EQ(status("/api/v1/openapi.json", ""), 401);
  EXPECT_EQ(status("/api/v1/live", ""), 401);
  EXPECT_EQ(status("/api/v1/sessions", "Authorization: Bearer wrong"), 401);
  EXPECT_EQ(status("/api/v1/sessions", authorization()), 200);
  EXPECT_EQ(status("/healthz", "Host: evil.example.com"), 421);
  EXPECT_EQ(status("/healthz", "Host: 198.51.100.7"), 200) << "addresses are no foreign names";
  EXPECT_EQ(world.ask({.target = "/healthz"}).status, 0) << "without TLS nothing is answered";
}

TEST_F(ApiListen, a_cookie_of_tls_goes_nowhere_else) {
  make_certificate();
  ASSERT_EQ(refusal(), "");
  EXPECT_TRUE(world.server->url().starts_with("https://127.0.0.1:"));
  Guard guard({.listen = options.listen.address, .token = options.token, .tls = true});
  const auto reply =
      guard.log_in({.authorization = "Bearer " + options.token}, "", MonoTime::from_ns(1));
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->headers.front().second.find("; Secure"), std::string::npos);
}

TEST_F(ApiListen, wrong_certificates_are_told) {
  make_certificate();
  const std::string good = options.key;
  options.key = folder + "/none.pem";
  EXPECT_NE(refusal().find("cannot read the secret file"), std::string::npos);
  std::ofstream(options.key) << "rubbish";
  std::filesystem::permissions(options.key, std::filesystem::perms(0600));
  EXPECT_NE(refusal().find("no PEM file"), std::string::npos);
  std::ofstream(options.key) << "-----BEGIN PRIVATE KEY-----\nrubbish\n-----END PRIVATE KEY-----\n";
  EXPECT_NE(refusal().find("belong together"), std::string::npos);
  options.key.clear();
  EXPECT_NE(refusal().find("both a certificate and its key"), std::string::npos);
  EXPECT_EQ(world.server, nullptr);
}

// A private key that others may read is theirs, too; a certificate is for everybody.
TEST_F(ApiListen, a_key_that_others_may_read_or_change_is_refused) {
  make_certificate();
  using std::filesystem::perms;
  for (const int mode : {0640, 0604, 0620, 0602, 0644}) {
    std::filesystem::permissions(options.key, perms(mode));
    EXPECT_NE(refusal().find("can be read by others than its owner: chmod 600 '" + options.key),
              std::string::npos)
        << mode;
    EXPECT_EQ(world.server, nullptr) << mode;
  }
  std::filesystem::permissions(options.key, perms(0400));
  std::filesystem::permissions(options.certificate, perms(0644));
  EXPECT_EQ(refusal(), "");
}

TEST_F(ApiListen, a_token_that_is_too_short_or_no_text_is_told) {
  for (const std::string& token :
       {std::string("short"), std::string(15, 'a'), std::string(1'025, 'a'),
        std::string("0123456789abcdef\n"), std::string("0123456789 abcdef"),
        std::string("0123456789abcdef\"")}) {
    options.token = token;
    EXPECT_NE(refusal().find("16 to 1024 visible"), std::string::npos) << token;
  }
}

TEST_F(ApiListen, a_port_that_is_taken_is_told) {
  World other([](ServerOptions&) {});
  options.listen.port = other.at().port;
  EXPECT_NE(refusal().find("another program listens there"), std::string::npos);
  options.listen = {.address = *packet::IpAddress::parse("127.0.0.1"), .port = 0};
  options.metrics_listen = other.at();
  EXPECT_NE(refusal().find("another program listens there"), std::string::npos);
}

TEST_F(ApiListen, on_ipv6_loopback) {
  options.listen.address = packet::IpAddress::loopback(packet::Family::V6);
  const auto listener = platform::listen_tcp(options.listen);
  if (!listener) GTEST_SKIP() << "no IPv6 here: " << listener.error().text;
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(world.ask({.target = "/api/v1/sessions", .headers = {"Host: [::1]"}}).status, 200);
  EXPECT_TRUE(world.server->url().starts_with("http://[::1]:"));
}

// RFC 6874 2.
TEST(ApiUrl, has_the_zone_of_a_link_local_address) {
  const auto at = [](const char* address, std::uint32_t interface) {
    return packet::Endpoint{*packet::IpAddress::parse(address), 9'100, interface};
  };
  EXPECT_EQ(url_authority(at("192.0.2.1", 0), ""), "192.0.2.1:9100");
  EXPECT_EQ(url_authority(at("2001:db8::1", 0), ""), "[2001:db8::1]:9100");
  EXPECT_EQ(url_authority(at("fe80::1", 2), "eth0.7"), "[fe80::1%25eth0.7]:9100");
  EXPECT_EQ(url_authority(at("fe80::1", 2), "a@b%"), "[fe80::1%25a%40b%25]:9100");
}

// Loopback has no such address.
TEST_F(ApiListen, on_a_link_local_address_it_is_asked_by_its_url) {
  const auto local = platform::local_addresses();
  ASSERT_TRUE(local) << local.error().text;
  const auto found = std::ranges::find_if(*local, [](const platform::LocalAddress& one) {
    // Nobody listens on an address that the system still checks for a second owner.
    return one.address.family() == packet::Family::V6 && one.address.is_link_local() &&
           platform::listen_tcp({one.address, 0, one.interface}).has_value();
  });
  if (found == local->end()) GTEST_SKIP() << "no interface of this host has a link-local address";
  make_certificate(packet::to_string(found->address));
  options.listen = {.address = found->address, .port = 0, .interface = found->interface};
  ASSERT_EQ(refusal(), "");
  const std::string url = world.server->url();
  EXPECT_TRUE(url.contains("%25" + platform::interface_by_index(found->interface)->name)) << url;
  EXPECT_EQ(get_with_tls(url + "/healthz", options.certificate, "").first, 200) << url;
}

TEST_F(ApiListen, the_listener_for_metrics_answers_nothing_else) {
  options.metrics_listen = packet::Endpoint{.address = packet::IpAddress::any(packet::Family::V4)};
  ASSERT_EQ(refusal(), "");
  const packet::Endpoint at{.address = packet::IpAddress::loopback(packet::Family::V4),
                            .port = world.server->metrics_listening()->port};
  const auto status = [&](const Ask& ask) { return World::ask_at(at, ask).status; };
  EXPECT_EQ(status({.target = "/metrics"}), 200);
  EXPECT_EQ(status({.target = "/healthz"}), 200);
  EXPECT_EQ(status({.target = "/readyz"}), 200);
  for (const Route& route : routes()) {
    if (!route.path.starts_with("/api/")) continue;
    EXPECT_EQ(status({.method = std::string(route.method),
                      .target = std::string(route.path),
                      .headers = {authorization()}}),
              404)
        << route.path;
  }
  for (const Route& route : page_routes())
    EXPECT_EQ(status({.target = std::string(route.path)}), 404) << route.path;
  EXPECT_EQ(status({.target = "/metrics", .headers = {"Host: evil.example.com"}}), 421);
  EXPECT_EQ(status({.method = "POST", .target = "/metrics"}), 405);
}

}  // namespace
}  // namespace wirestamp::api
