// SPDX-License-Identifier: Apache-2.0
//
// Webhooks against receivers that behave and that do not, over sockets of loopback. Nothing is
// timed: stop() with a long grace returns when all is decided.
#include "notify/webhooks.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "platform/process.h"
#include "receiver.h"

namespace wirestamp::webhooks {
namespace {

using notify::WebhookNews;
using notify::WebhookOptions;
using notify::Webhooks;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using Then = Reply::Then;

constexpr Duration kLong = Duration::hours(1);
const std::string kKey = "\x01\xff key of octets \x80";

// The news, for a test to wait for.
class Told {
 public:
  void operator()(const WebhookNews& news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(news);
    changed_.notify_all();
  }
  std::vector<WebhookNews> news(std::size_t at_least = 0) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return news_.size() >= at_least; });
    return news_;
  }
  std::vector<WebhookNews::Kind> kinds() {
    std::vector<WebhookNews::Kind> found;
    for (const WebhookNews& one : news()) found.push_back(one.kind);
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WebhookNews> news_;
};

class WebhooksTest : public testing::Test {
 protected:
  void SetUp() override {
    platform::ignore_broken_pipes();
    folder_ =
        std::filesystem::path(testing::TempDir()) / ("webhooks-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Retries come at once, so that a test waits for nothing.
  static WebhookOptions at(std::vector<std::string> urls) {
    WebhookOptions options{.urls = std::move(urls),
                           .key = kKey,
                           .user_agent = "wirestamp/test",
                           .connect_timeout = kLong,
                           .whole_timeout = kLong};
    options.limits.backoff.first = options.limits.backoff.most = Duration::milliseconds(1);
    return options;
  }
  std::unique_ptr<Webhooks> start(WebhookOptions options) {
    options.tell = [this](const WebhookNews& news) { told_(news); };
    auto hooks = Webhooks::create(std::move(options));
    EXPECT_TRUE(hooks) << hooks.error().text;
    return std::move(*hooks);
  }
  static notify::OutboxStatus status_of(const Webhooks& hooks, std::size_t url = 0) {
    return hooks.status().at(url).status;
  }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  // A certificate of its own for that name; returns the paths of it and of its key.
  std::pair<std::string, std::string> certificate(const std::string& name) const {
    const std::string base = folder_ / name;
    EXPECT_TRUE(
        output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=receiver", "-addext",
                   "subjectAltName=" + name, "-keyout", base + ".key", "-out", base + ".pem"}));
    return {base + ".pem", base + ".key"};
  }

  Told told_;
  std::filesystem::path folder_;
};

TEST_F(WebhooksTest, the_openssl_program_agrees_with_the_signature) {
  Receiver receiver([](const Request&, std::size_t) { return status(204); });
  const auto hooks = start(at({receiver.url()}));
  const std::string body = "{\"title\":\"loss 12 % \xc3\xa4\"}";
  hooks->deliver("incident.opened", 1, body);
  EXPECT_EQ(hooks->stop(kLong), 0U);
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  const Request& request = requests[0];
  EXPECT_EQ(request.body, body);
  const std::string signature = request.header("Wirestamp-Signature");
  std::string key;
  for (const char octet : kKey) key += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  const auto judged =
      output_of({"openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + key, "-r",
                 file("signed", request.header("Wirestamp-Timestamp") + "." + request.body)});
  ASSERT_TRUE(judged);
  EXPECT_EQ(signature, "v1=" + judged->substr(0, judged->find(' ')));
}

TEST_F(WebhooksTest, a_request_is_what_the_page_says) {
  Receiver receiver([](const Request&, std::size_t) { return status(200); });
  WebhookOptions options = at({receiver.url("user:pass@", "/in?token=t")});
  options.key = "";
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  EXPECT_EQ(hooks->stop(kLong), 0U);
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].line, "POST /in?token=t HTTP/1.1");
  EXPECT_EQ(requests[0].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[0].header("User-Agent"), "wirestamp/test");
  EXPECT_EQ(requests[0].header("Authorization"), "Basic dXNlcjpwYXNz");
  EXPECT_EQ(requests[0].header("Wirestamp-Kind"), "event");
  EXPECT_THAT(requests[0].header("Wirestamp-Delivery"), testing::EndsWith("-1"));
  EXPECT_THAT(requests[0].headers, Not(testing::Contains(HasSubstr("Signature"))));
  EXPECT_THAT(requests[0].headers, Not(testing::Contains(HasSubstr("Expect"))));
}

TEST_F(WebhooksTest, messages_keep_their_order_and_the_connection) {
  Receiver receiver([](const Request&, std::size_t) {
    return Reply{.octets = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthank"};
  });
  const auto hooks = start(at({receiver.url()}));
  for (int i = 0; i < 20; ++i) hooks->deliver("event", 0, std::to_string(i));
  EXPECT_EQ(hooks->stop(kLong), 0U);
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(requests[i].body, std::to_string(i));
  EXPECT_EQ(receiver.connections(), 1U);
  EXPECT_THAT(told_.news(), SizeIs(0));
}

TEST_F(WebhooksTest, a_redirect_is_not_followed) {
  Receiver elsewhere([](const Request&, std::size_t) { return status(200); });
  Receiver receiver([&](const Request&, std::size_t number) {
    return status(static_cast<unsigned>(301 + number), "Location: " + elsewhere.url());
  });
  const auto hooks = start(at({receiver.url()}));
  for (int i = 0; i < 8; ++i) hooks->deliver("event", 0, "{}");
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_EQ(elsewhere.connections(), 0U);
  EXPECT_EQ(status_of(*hooks).given_up, 8U);
  EXPECT_EQ(status_of(*hooks).delivered, 0U);
  EXPECT_THAT(told_.kinds(), ElementsAre(WebhookNews::Kind::Failing));
  EXPECT_THAT(told_.news()[0].text, AllOf(HasSubstr("webhook 1 (http"), HasSubstr("answered 301"),
                                          HasSubstr("redirects, which is not followed")));
}

TEST_F(WebhooksTest, one_that_hangs_stops_no_other_and_no_end) {
  Receiver silent([](const Request&, std::size_t) { return Reply{.then = Then::Hang}; });
  Receiver good([](const Request&, std::size_t) { return status(200); });
  const auto hooks = start(at({silent.url(), good.url()}));
  for (int i = 0; i < 5; ++i) hooks->deliver("event", 0, "{}");
  good.requests(5);
  while (status_of(*hooks, 1).delivered < 5) std::this_thread::yield();  // answered, too
  silent.requests(1);
  EXPECT_EQ(hooks->stop(Duration::milliseconds(1)), 5U);
  EXPECT_EQ(status_of(*hooks, 0).pending, 5U);
  const auto news = told_.news();
  ASSERT_FALSE(news.empty());
  EXPECT_EQ(news[0].kind, WebhookNews::Kind::Ended);
  EXPECT_EQ(news[0].url, 0U);
  EXPECT_THAT(news[0].text, HasSubstr("was not told 5 messages"));
  hooks->deliver("event", 0, "{}");
  EXPECT_EQ(status_of(*hooks, 0).dropped, 1U) << "nothing is taken after the end";
}

TEST_F(WebhooksTest, silence_is_tried_again_with_the_same_id) {
  Receiver receiver([](const Request&, std::size_t number) {
    return number < 2 ? Reply{.then = Then::Hang} : status(200);
  });
  WebhookOptions options = at({receiver.url()});
  options.whole_timeout = Duration::milliseconds(200);
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  const auto requests = receiver.requests(3);
  told_.news(2);
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_EQ(status_of(*hooks).delivered, 1U);
  EXPECT_EQ(requests[0].header("Wirestamp-Delivery"), requests[2].header("Wirestamp-Delivery"));
  EXPECT_THAT(told_.kinds(), ElementsAre(WebhookNews::Kind::Failing, WebhookNews::Kind::Well));
  EXPECT_THAT(told_.news()[0].text, HasSubstr("timed out"));
}

TEST_F(WebhooksTest, headers_that_drip_are_silence) {
  Receiver receiver([](const Request&, std::size_t number) {
    return number == 0 ? Reply{.octets = "HTTP/1.1 ", .then = Then::Drip, .more = " "}
                       : status(200);
  });
  WebhookOptions options = at({receiver.url()});
  options.whole_timeout = Duration::milliseconds(200);
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  receiver.requests(2);
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_EQ(status_of(*hooks).delivered, 1U);
}

TEST_F(WebhooksTest, a_text_that_drips_does_not_change_the_status) {
  Receiver receiver([](const Request&, std::size_t) {
    return Reply{.octets = "HTTP/1.1 200 OK\r\nContent-Length: 15000\r\n\r\n", .then = Then::Drip};
  });
  WebhookOptions options = at({receiver.url()});
  options.whole_timeout = Duration::milliseconds(200);
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  EXPECT_EQ(hooks->stop(kLong), 0U);
  const notify::OutboxStatus outbox = status_of(*hooks);
  EXPECT_EQ(outbox.delivered, 1U);
  // On a busy machine an attempt may end before the headers came, but none for its text.
  EXPECT_LE(receiver.requests().size(), 1 + outbox.failed);
  EXPECT_THAT(outbox.last_error, Not(HasSubstr("15000")));
}

TEST_F(WebhooksTest, an_endless_answer_is_cut_off) {
  Receiver receiver([](const Request&, std::size_t number) {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    return number == 0
               ? Reply{.octets = head + "\r\n",
                       .then = Then::Flood,
                       .more = std::string(4'096, 'x')}
               : Reply{.octets = head, .then = Then::Flood, .more = "X-More: of the same\r\n"};
  });
  const auto hooks = start(at({receiver.url()}));
  hooks->deliver("event", 0, "text");
  hooks->deliver("event", 0, "headers");
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_EQ(status_of(*hooks).delivered, 2U);
  EXPECT_THAT(receiver.requests(), SizeIs(2));
}

TEST_F(WebhooksTest, what_is_no_http_and_a_connection_that_closes_are_tried_again) {
  Receiver receiver([](const Request&, std::size_t number) {
    if (number == 0) return Reply{.octets = "SSH-2.0-something\r\n", .then = Then::Close};
    if (number == 1) return Reply{.then = Then::Close};
    if (number == 2) return Reply{.octets = "HTTP/1.1 100 Continue\r\n\r\n", .then = Then::Close};
    return status(200);
  });
  const auto hooks = start(at({receiver.url()}));
  hooks->deliver("event", 0, "{}");
  receiver.requests(4);
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_EQ(status_of(*hooks).delivered, 1U);
  EXPECT_EQ(status_of(*hooks).failed, 3U);
  EXPECT_THAT(told_.news()[0].text, HasSubstr("no HTTP"));
}

TEST_F(WebhooksTest, a_500_is_told_once_and_its_end_once) {
  Receiver receiver(
      [](const Request&, std::size_t number) { return status(number < 5 ? 500 : 200); });
  const auto hooks = start(at({receiver.url()}));
  hooks->deliver("incident.opened", 1, "{}");
  receiver.requests(6);
  EXPECT_EQ(hooks->stop(kLong), 0U);
  EXPECT_THAT(told_.kinds(), ElementsAre(WebhookNews::Kind::Failing, WebhookNews::Kind::Well));
  EXPECT_THAT(told_.news()[0].text, HasSubstr("answered 500"));
  EXPECT_THAT(told_.news()[1].text, HasSubstr("after 5 failures"));
  EXPECT_EQ(status_of(*hooks).failed, 5U);
  EXPECT_FALSE(status_of(*hooks).failing);
}

TEST_F(WebhooksTest, a_receiver_that_asks_for_time_gets_it) {
  Receiver receiver([](const Request&, std::size_t) { return status(429, "Retry-After: 1800"); });
  WebhookOptions options = at({receiver.url()});
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  told_.news(1);
  // Without the request it would be tried again each millisecond of this grace.
  EXPECT_EQ(hooks->stop(Duration::seconds(1'700)), 1U);
  EXPECT_THAT(receiver.requests(), SizeIs(1));
  EXPECT_EQ(status_of(*hooks).last_error, "answered 429");
}

TEST_F(WebhooksTest, a_closed_port_is_tried_again_and_told_without_secrets) {
  const ClosedPort port;
  std::string url = port.url();
  url.insert(url.find("//") + 2, "user:secret@");
  const auto hooks = start(at({url + "/secret?secret"}));
  hooks->deliver("event", 0, "{}");
  while (status_of(*hooks).failed < 3) std::this_thread::yield();
  EXPECT_EQ(hooks->stop(Duration::milliseconds(1)), 1U);
  EXPECT_THAT(told_.kinds(), ElementsAre(WebhookNews::Kind::Failing, WebhookNews::Kind::Ended));
  for (const WebhookNews& news : told_.news()) EXPECT_THAT(news.text, Not(HasSubstr("secret")));
  EXPECT_THAT(status_of(*hooks).last_error, AllOf(HasSubstr("onnect"), Not(HasSubstr("secret"))));
  EXPECT_THAT(hooks->status()[0].url, Not(HasSubstr("secret")));
}

TEST_F(WebhooksTest, a_name_that_does_not_exist_is_said) {
  WebhookOptions options = at({std::string("http:") + "//no-such-host.invalid/in"});
  options.connect_timeout = Duration::seconds(5);  // a name server that is silent is the same
  options.limits.backoff.first = options.limits.backoff.most = kLong;
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  EXPECT_THAT(told_.news(1)[0].text, AnyOf(HasSubstr("resolve"), HasSubstr("Resolving")));
  EXPECT_EQ(hooks->stop(Duration()), 1U);
}

TEST_F(WebhooksTest, a_certificate_that_nobody_vouches_for_is_refused) {
  const auto [certificate_file, key] = certificate("IP:127.0.0.1");
  Receiver receiver([](const Request&, std::size_t) { return status(200); }, certificate_file, key);
  WebhookOptions options = at({receiver.url()});
  options.limits.backoff.first = options.limits.backoff.most = kLong;
  const auto hooks = start(options);
  hooks->deliver("event", 0, "{}");
  EXPECT_THAT(told_.news(1)[0].text, HasSubstr("certificate"));
  EXPECT_EQ(hooks->stop(Duration()), 1U);
  EXPECT_THAT(receiver.requests(), SizeIs(0));

  options.ca_file = certificate_file;
  const auto trusting = start(options);
  trusting->deliver("event", 0, "{}");
  EXPECT_EQ(trusting->stop(kLong), 0U);
  EXPECT_THAT(receiver.requests(), SizeIs(1));
}

TEST_F(WebhooksTest, a_trusted_certificate_of_another_name_is_refused) {
  const auto [certificate_file, key] = certificate("DNS:other.example.com");
  Receiver receiver([](const Request&, std::size_t) { return status(200); }, certificate_file, key);
  WebhookOptions options = at({receiver.url()});
  options.ca_file = certificate_file;
  options.limits.backoff.first = options.limits.backoff.most = kLong;
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  EXPECT_THAT(told_.news(1)[0].text, HasSubstr("127.0.0.1"));
  EXPECT_EQ(hooks->stop(Duration()), 1U);
  EXPECT_THAT(receiver.requests(), SizeIs(0));
}

TEST_F(WebhooksTest, what_finds_no_room_is_counted) {
  Receiver silent([](const Request&, std::size_t) { return Reply{.then = Then::Hang}; });
  WebhookOptions options = at({silent.url()});
  options.limits.messages = 3;
  const auto hooks = start(std::move(options));
  hooks->deliver("event", 0, "{}");
  silent.requests(1);
  for (std::uint64_t i = 0; i < 100; ++i) hooks->deliver("incident.changed", 1 + i % 2, "{}");
  EXPECT_EQ(status_of(*hooks).pending, 3U);
  EXPECT_EQ(status_of(*hooks).dropped, 98U);
  hooks->deliver("event", 0, std::string(WebhookOptions::kLargestBody + 1, 'x'));
  EXPECT_EQ(status_of(*hooks).dropped, 99U);
}

TEST_F(WebhooksTest, threads_deliver_at_once) {
  Receiver receiver([](const Request&, std::size_t) { return status(200); });
  const auto hooks = start(at({receiver.url()}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int message = 0; message < 25; ++message) {
        hooks->deliver("event", 0, "{}");
        (void)hooks->status();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hooks->stop(kLong), 0U);
  std::set<std::string> ids;
  for (const Request& request : receiver.requests())
    ids.insert(request.header("Wirestamp-Delivery"));
  EXPECT_THAT(ids, SizeIs(100));
}

TEST_F(WebhooksTest, a_proxy_of_the_environment_is_used_only_when_asked) {
  Receiver proxy([](const Request&, std::size_t) { return status(200); });
  Receiver receiver([](const Request&, std::size_t) { return status(200); });
  ::unsetenv("no_proxy");
  ::unsetenv("NO_PROXY");
  ::setenv("http_proxy", proxy.url("", "").c_str(), 1);
  for (const bool asked : {false, true}) {
    WebhookOptions options = at({receiver.url()});
    options.proxy_from_environment = asked;
    const auto hooks = start(std::move(options));
    hooks->deliver("event", 0, "{}");
    EXPECT_EQ(hooks->stop(kLong), 0U);
    EXPECT_THAT(receiver.requests(), SizeIs(1));
    EXPECT_THAT(proxy.requests(), SizeIs(asked ? 1 : 0));
  }
  ::unsetenv("http_proxy");
  EXPECT_EQ(proxy.requests().at(0).line, "POST " + receiver.url() + " HTTP/1.1");
}

TEST_F(WebhooksTest, wrong_options_are_refused_in_words) {
  const auto refused = [](WebhookOptions options) {
    const auto hooks = Webhooks::create(std::move(options));
    return hooks ? std::string("taken") : hooks.error().text;
  };
  const std::string good = "https://hooks.example.com/in";
  EXPECT_THAT(refused(at({good, "gopher:" + std::string("//secret")})),
              AllOf(HasSubstr("webhook 2: "), Not(HasSubstr("secret"))));
  EXPECT_THAT(refused(at(std::vector<std::string>(17, good))), HasSubstr("at most 16"));
  WebhookOptions options = at({good});
  options.key = "secret";
  EXPECT_THAT(refused(options), AllOf(HasSubstr("6 octets, 16 to 1024"), Not(HasSubstr("secret"))));
  options.key = std::string(1'025, 'k');
  EXPECT_THAT(refused(options), HasSubstr("1025 octets"));
}

TEST_F(WebhooksTest, none_at_all_costs_nothing) {
  const auto hooks = start(at({}));
  hooks->deliver("event", 0, "{}");
  EXPECT_TRUE(hooks->status().empty());
  EXPECT_EQ(hooks->stop(kLong), 0U);
}

}  // namespace
}  // namespace wirestamp::webhooks
