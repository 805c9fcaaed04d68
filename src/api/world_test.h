// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/server.h"
#include "base/check.h"
#include "platform/tcp_client_test.h"
#include "publish/document.h"

// An agent that is not there, its memory, and a client of its API.
namespace wirestamp::api {

inline constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";
// 2026-01-31T12:00:00Z.
inline constexpr WallTime kNow = WallTime::from_ns(1'769'860'800'000'000'000);

// Windows of a second with values that tell session and second.
inline measure::TimedWindow second_of(std::uint32_t session, WallTime begin) {
  measure::TimedWindow timed{.begin = begin, .length = Duration::seconds(1), .epoch = 1};
  measure::Window& window = timed.window;
  window.scheduled = window.sent = 2;
  window.delivered = window.arrived = session == 1 ? 2 : 1;
  window.lost.forward = session == 1 ? 0 : 1;
  const std::int64_t second = begin.ns() / 1'000'000'000 % 60;
  window.rtt.add(StampSource::Kernel,
                 Duration::microseconds(1'000 * static_cast<std::int64_t>(session) + second));
  window.ipdv.add(StampSource::Kernel, Duration::microseconds(second));
  window.schedule_error.add(Duration::microseconds(3));
  window.sender_tx.by_source[static_cast<std::size_t>(StampSource::Kernel)] = 2;
  window.sender_tx.weakest = StampSource::Kernel;
  return timed;
}

// The last hour of two sessions, as a store would tell it.
class FakeReader final : public store::Reader {
 public:
  explicit FakeReader(std::atomic<bool>& broken) : broken_(broken) {}

  Result<std::vector<store::SessionRow>> sessions() override {
    if (broken_) return fail("the file cannot be read");
    const auto row = [](std::uint32_t id, const char* name, const char* host) {
      return store::SessionRow{.id = id,
                               .info = {.name = name, .host = host},
                               .first = kNow - Duration::hours(1),
                               .last = kNow - Duration::seconds(1)};
    };
    return std::vector{row(1, "office", "198.51.100.7"), row(2, "dc", "dc.example.net"),
                       row(3, "gone", "gone.example.net")};
  }
  Result<std::vector<measure::TimedWindow>> windows(const WindowQuery& query) override {
    if (broken_) return fail("the file cannot be read");
    const Duration step = step_of(query);
    if (query.session == 3 && query.step == Duration::seconds(7))
      return fail("that is made of more than 9 windows: ask for a longer step", E2BIG);
    std::vector<measure::TimedWindow> found;
    const WallTime from = std::max(query.range.from, kNow - Duration::hours(1));
    const WallTime to = std::min(query.range.to, kNow);
    for (WallTime at = from; at < to; at += Duration::seconds(1)) {
      const WallTime begin = WallTime::from_ns(at.ns() / step.ns() * step.ns());
      if (found.empty() || found.back().begin != begin)
        found.push_back({.begin = begin, .length = step, .epoch = query.session});
      found.back().window.merge_finer(second_of(query.session, at).window, at);
    }
    return found;
  }
  Duration step_of(const WindowQuery& query) const override {
    if (query.step) return *query.step;
    const std::int64_t each = (query.range.to - query.range.from).ns() / 1'000'000'000 /
                              static_cast<std::int64_t>(query.most);
    return Duration::seconds(std::max<std::int64_t>(1, (each + 9) / 10 * 10));
  }
  Result<std::vector<measure::Sample>> samples(std::uint32_t session, store::TimeRange range,
                                               std::size_t limit) override {
    std::vector<measure::Sample> found;
    // Of the third in fives that were due in one moment.
    for (std::uint64_t probe = 0; session == 3 && probe < 40 && found.size() < limit; ++probe) {
      const WallTime at =
          kNow - Duration::minutes(10) + Duration::seconds(static_cast<std::int64_t>(probe / 5));
      if (at >= range.from && at < range.to)
        found.push_back({.session = session, .probe = probe, .scheduled_wall = at});
    }
    if (session == 3) return found;
    for (WallTime at = std::max(range.from, kNow - Duration::minutes(20));
         at < std::min(range.to, kNow) && found.size() < limit; at += Duration::milliseconds(500)) {
      const auto probe =
          static_cast<std::uint64_t>((at - (kNow - Duration::minutes(20))).ns()) / 500'000'000;
      measure::Sample sample{.session = session, .probe = probe, .scheduled_wall = at};
      sample.sequence = static_cast<std::uint32_t>(probe % 1'000);
      sample.outcome = probe % 10 == 9     ? measure::Outcome::LostForward
                       : probe % 100 == 50 ? measure::Outcome::LateSchedule
                                           : measure::Outcome::Delivered;
      sample.size = 200;
      found.push_back(sample);
    }
    return found;
  }
  Result<std::vector<measure::RecordedEvent>> events(const store::EventQuery& query) override {
    std::vector<measure::RecordedEvent> found;
    for (std::uint64_t id = 1; id <= 6; ++id) {
      measure::RecordedEvent event{.id = id,
                                   .session = id == 6       ? ""
                                              : id % 2 == 0 ? "dc"
                                                            : "office",
                                   .severity = static_cast<measure::Severity>(id % 3),
                                   .incident = id <= 3 ? 7U : 0U};
      event.event.kind = measure::EventKind::PathSwept;
      if (id == 6) {
        event.event.kind = measure::EventKind::ClockStepped;
        event.event.change = Duration::milliseconds(-250);
      }
      event.event.wall = kNow - Duration::minutes(static_cast<std::int64_t>(10 - id));
      event.event.text = "what happened";
      event.event.last_good = measure::ProbeMark{.probe = 5, .left = kNow};
      event.event.old_path = {{.distance = 1, .address = "192.0.2.1"}, {.distance = 2}};
      if (query.session && *query.session != (id == 6 ? 0U : id % 2 == 0 ? 2U : 1U)) continue;
      if (query.incident && *query.incident != event.incident) continue;
      if (!query.kinds.empty() &&
          std::ranges::find(query.kinds, event.event.kind) == query.kinds.end())
        continue;
      if (query.at_least && event.severity < *query.at_least) continue;
      if (query.range &&
          (event.event.wall < query.range->from || event.event.wall >= query.range->to))
        continue;
      found.push_back(event);
    }
    if (found.size() > query.limit)
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.limit));
    return found;
  }
  Result<std::vector<measure::Incident>> incidents(const store::EventQuery& query) override {
    std::vector<measure::Incident> found{known_incident()};
    measure::Incident open = known_incident();
    open.id = 8;
    open.session = "dc";
    open.closed.reset();
    found.push_back(open);
    std::erase_if(found, [&](const measure::Incident& one) {
      return (query.session && *query.session != (one.session == "dc" ? 2U : 1U)) ||
             (query.at_least && one.severity < *query.at_least);
    });
    return found;
  }
  Result<std::optional<measure::Incident>> incident(std::uint64_t id) override {
    if (id != 7) return std::optional<measure::Incident>();
    return std::optional(known_incident());
  }
  Result<std::vector<store::FlowRow>> flows(std::uint32_t session, store::TimeRange) override {
    return std::vector<store::FlowRow>{{.session = session,
                                        .flow = 0,
                                        .tuple = "192.0.2.1:23999 > 198.51.100.7:23999",
                                        .began = kNow - Duration::hours(1),
                                        .ended = kNow - Duration::minutes(5)},
                                       {.session = session,
                                        .flow = 1,
                                        .tuple = "192.0.2.1:40000 > 198.51.100.7:23999",
                                        .began = kNow - Duration::minutes(5)}};
  }

 private:
  static measure::IncidentFigure figure(double loss, WallTime at) {
    return {.crossing = {.figure = measure::Figure::Loss,
                         .error = true,
                         .loss = loss,
                         .loss_threshold = 0.05},
            .at = at,
            .direction = "forward"};
  }
  static measure::Incident known_incident() {
    return {.id = 7,
            .session = "office",
            .severity = measure::Severity::Error,
            .opened = kNow - Duration::minutes(9),
            .closed = kNow - Duration::minutes(7),
            .title = "loss 31 % forward (error from 5 % on)",
            .events = 3,
            .opened_as = "loss 12 % (error from 5 % on)",
            .crossed = figure(0.12, kNow - Duration::minutes(8)),
            .worst = figure(0.31, kNow - Duration::minutes(7)),
            .silent = Duration::seconds(20),
            .by_figure = true};
  }
  std::atomic<bool>& broken_;
};

class FakeService final : public Service {
 public:
  AgentStatus status() const override {
    const std::lock_guard lock(mutex);
    return agent;
  }
  std::vector<SessionStatus> sessions() const override {
    SessionStatus office{.name = "office", .host = "198.51.100.7"};
    office.peer = "198.51.100.7:23999";
    office.local = "192.0.2.1:23999";
    office.interface_name = "eth0";
    office.state = SessionState::Up;
    office.since = kNow - Duration::minutes(7);
    office.interval = Duration::milliseconds(500);
    office.size = 340;
    office.protocol = "stamp";
    office.mode = "authenticated";
    office.key_id = "site-2026";
    office.transmit = office.receive = StampSource::Kernel;
    office.last_minute = second_of(1, kNow - Duration::minutes(1));
    office.total = office.last_minute->window;
    SessionStatus dc{.name = "dc", .host = "dc.example.net"};
    dc.state = SessionState::Silent;
    dc.incident = 8;
    dc.protocol = "twamp-light";
    dc.mode = "open";
    SessionStatus fresh{.name = "fresh", .host = "nowhere.example.net"};
    fresh.problem = "the name is not found";
    return {office, dc, fresh};
  }
  std::vector<Setting> configuration() const override {
    return {{.name = "listen", .value = ":23999", .origin = "file"},
            {.session = "office", .name = "dscp", .value = "", .origin = "default"}};
  }
  Result<std::vector<std::string>> reload() override {
    ++reloads;
    if (reload_problem) return fail(*reload_problem);
    return std::vector<std::string>{"office: interval 1s"};
  }

  mutable std::mutex mutex;
  AgentStatus agent{.version = "1.2.3",
                    .began = kNow - Duration::hours(2),
                    .measuring = true,
                    .store_well = true,
                    .store_octets = 4'096,
                    .store_dropped = 3,
                    .samples_dropped = 2,
                    .reflector = {.listening = {"0.0.0.0:23999"},
                                  .counters = {{"requests", 5}},
                                  .meanings = {"all that came"}},
                    .webhooks = {{.url = "https://a.example.net/...", .delivered = 3},
                                 {.url = "https://b.example.net/...",
                                  .delivered = 1,
                                  .failed = 7,
                                  .given_up = 2,
                                  .dropped = 4,
                                  .pending = 5,
                                  .failing = true,
                                  .last_error = "no answer within 15 s"}}};
  std::atomic<int> reloads{0};
  std::optional<std::string> reload_problem;  // set before a request
};

inline HostStatus some_host() {
  HostStatus host{.name = "probe-1", .kernel = "Linux 6.1.0 x86_64", .processors = 2};
  host.interfaces = {{.name = "eth0",
                      .index = 2,
                      .mtu = 1'500,
                      .up = true,
                      .running = true,
                      .addresses = {"192.0.2.1/24"},
                      .stamps_told = true,
                      .transmit_software = true,
                      .receive_software = true,
                      .stamps_reason = "no hardware stamps"},
                     {.name = "tun0", .index = 3}};
  host.clock = {.source = "tsc",
                .told = true,
                .synchronised = true,
                .maximum_error = Duration::microseconds(1'500),
                .estimated_error = Duration::microseconds(20),
                .epoch = 3};
  host.socket_drops = 4;
  host.items_dropped = 1;
  return host;
}

struct Response {
  int status = 0;                                   // 0: none came
  std::multimap<std::string, std::string> headers;  // names in small letters
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string error() const {
    const nlohmann::json document = json();
    return document.is_object() ? document.value("/error/code"_json_pointer, "") : "";
  }
  std::string message() const {
    const nlohmann::json document = json();
    return document.is_object() ? document.value("/error/message"_json_pointer, "") : "";
  }
};

inline std::string small(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

inline std::string unchunked(std::string_view text) {
  std::string body;
  for (;;) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return body;
    std::size_t size = 0;
    for (const char c : text.substr(0, end))
      size = size * 16 + static_cast<std::size_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    if (size == 0 || text.size() < end + 2 + size) return body;
    body += text.substr(end + 2, size);
    text.remove_prefix(std::min(text.size(), end + 4 + size));
  }
}

inline Response parse_response(std::string_view text) {
  Response response;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || !text.starts_with("HTTP/1.1 ")) return response;
  for (const char c : text.substr(9, 3)) response.status = response.status * 10 + (c - '0');
  std::string_view head = text.substr(0, end + 2);
  while (!head.empty()) {
    const std::size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos)
      response.headers.emplace(small(std::string(line.substr(0, colon))), line.substr(colon + 2));
    head.remove_prefix(line_end + 2);
  }
  response.body = text.substr(end + 4);
  if (response.header("transfer-encoding") == "chunked") response.body = unchunked(response.body);
  return response;
}

struct Ask {
  std::string method = "GET", target = "/";
  std::vector<std::string> headers = {};  // "Name: value"; a Host is added where there is none
  std::string body = {};
};

// A server on loopback with all that it needs.
struct World {
  FakeService service;
  Feed feed;
  std::atomic<bool> store_broken{false};
  std::atomic<std::int64_t> mono_ns{1'000'000'000'000};
  // /metrics answers when it is not held, with so many octets behind the first line.
  std::mutex metrics_mutex;
  std::condition_variable metrics_change;
  int metrics_running = 0;
  bool metrics_held = false;
  std::size_t metrics_padding = 0;
  std::unique_ptr<Server> server;

  void hold_metrics(bool held) {
    const std::lock_guard lock(metrics_mutex);
    metrics_held = held;
    metrics_change.notify_all();
  }
  void wait_for_metrics(int running) {
    std::unique_lock lock(metrics_mutex);
    metrics_change.wait(lock, [&] { return metrics_running >= running; });
  }
  void pass(Duration time) { mono_ns += time.ns(); }
  ServerOptions options() {
    ServerOptions options;
    options.token = kToken;
    options.open_store = [this]() -> Result<std::unique_ptr<store::Reader>> {
      if (store_broken) return fail("there is no file");
      return std::make_unique<FakeReader>(store_broken);
    };
    options.host = [] { return some_host(); };
    options.clock = [this] { return Times{MonoTime::from_ns(mono_ns), kNow}; };
    return options;
  }
  Result<void> start(const ServerOptions& with) {
    server = TRY(Server::create(with, service, feed, [this](std::string_view accept) {
      std::unique_lock lock(metrics_mutex);
      ++metrics_running;
      metrics_change.notify_all();
      metrics_change.wait(lock, [&] { return !metrics_held; });
      return Exposition{
          .type = "text/plain; version=0.0.4",
          .body = "# asked for " + std::string(accept) + "\n" + std::string(metrics_padding, '#')};
    }));
    return {};
  }
  World() = default;
  explicit World(const std::function<void(ServerOptions&)>& change) {
    ServerOptions with = options();
    change(with);
    CHECK(start(with));
  }

  packet::Endpoint at() const { return server->listening(); }
  static std::string text_of(const Ask& ask) {
    std::string text = ask.method + " " + ask.target + " HTTP/1.1\r\nConnection: close\r\n";
    const bool has_host = std::ranges::any_of(
        ask.headers, [](const std::string& line) { return line.starts_with("Host:"); });
    if (!has_host) text += "Host: localhost\r\n";
    for (const std::string& line : ask.headers) text += line + "\r\n";
    if (!ask.body.empty()) text += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
    return text + "\r\n" + ask.body;
  }
  Response ask(const Ask& what) const { return ask_at(at(), what); }
  static Response ask_at(const packet::Endpoint& where, const Ask& what) {
    platform::TcpClient client(where);
    if (!client.connected()) return {};
    client.send(text_of(what));
    return parse_response(client.receive_all());
  }
  Response get(const std::string& target) const { return ask({.target = target}); }
};

inline std::string authorization() { return "Authorization: Bearer " + std::string(kToken); }

}  // namespace wirestamp::api
