// SPDX-License-Identifier: Apache-2.0
//
// One host of the tests that need more than `ping` and `reflect` give: any number of flows on one
// port, with or without a reflector on the same port.
//
//   rig_node LISTEN reflect|only_send COUNT INTERVAL_US [PEER...]
//
// LISTEN is ADDRESS:PORT, PEER too, or ADDRESS:PORT=FILE for a JSON line per probe in that file.
//
// Prints `ready` when its port is open and measures when standard input ends, so that several can
// be begun together. Prints `decided` when every flow is; with a reflector it then goes on until it
// is stopped. The end is one JSON line per flow with its outcomes and counters, and one for the
// reflector.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/engine.h"
#include "platform/entropy.h"
#include "platform/process.h"
#include "publish/jsonl.h"
#include "wire/request_layout.h"

namespace wirestamp {
namespace {

net::PacketIo* running = nullptr;
volatile bool stopped = false;

void stop() noexcept {
  stopped = true;
  if (running != nullptr) running->wake();
}

Result<packet::Endpoint> endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return fail(text + ": no port");
  packet::Endpoint found;
  found.address = TRY(packet::IpAddress::parse(text.substr(0, colon)));
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), found.port);
  return found;
}

Result<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0)
    return fail(text + ": no number above 0");
  return value;
}

template <typename Counters>
std::string in_json(const Counters& counters) {
  std::string text;
  for_each(counters, [&](std::string_view name, std::uint64_t value) {
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, value);
  });
  return "{" + text + "}";
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class Outcomes final : public agent::SessionObserver {
 public:
  Result<void> write_probes_to(const std::string& path) {
    file_.reset(std::fopen(path.c_str(), "w"));
    if (file_ == nullptr) return fail("cannot write " + path);
    return {};
  }

  void on_sample(const measure::Sample& sample) override {
    std::string key(name(sample.outcome));
    if (sample.outcome == measure::Outcome::Unsent) key += ":" + std::string(name(sample.cause));
    ++counts_[key];
    if (file_ == nullptr) return;
    std::string line;
    publish::append_json_line(sample, line);
    std::fputs(line.c_str(), file_.get());
  }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(session::FlowId, std::uint64_t, std::uint64_t) override {}
  void on_note(const std::string& note) override { fmt::print(stderr, "{}\n", note); }
  void on_event(const measure::Event& event) override { fmt::print(stderr, "{}\n", event.text); }

  void print(const std::string& peer, const session::SenderCounters& counters) const {
    fmt::print("{{\"peer\":\"{}\",\"outcomes\":{{", peer);
    const char* comma = "";
    for (const auto& [key, count] : counts_) {
      fmt::print("{}\"{}\":{}", comma, key, count);
      comma = ",";
    }
    fmt::print("}},\"counters\":{}}}\n", in_json(counters));
  }

 private:
  std::map<std::string, std::uint64_t> counts_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

Result<void> run(const std::vector<std::string>& words) {
  const packet::Endpoint listen = TRY(endpoint(words[0]));
  auto io = TRY(net::make_packet_io({}));
  running = io.get();
  net::PortOptions options;
  options.family = listen.address.family();
  options.address = listen.address;
  options.port = listen.port;
  options.separate_transmit = true;
  const net::PortId port = TRY(io->open(options));
  session::Reflector reflector(
      {.policy = {.rate = 0, .network_rate = 0, .total_rate = 0},
       .random = platform::random_bits,
       .note = [](const std::string& note) { fmt::print(stderr, "{}\n", note); }});
  agent::Engine engine(*io, words[1] == "reflect" ? &reflector : nullptr);
  fmt::print("ready\n");
  std::fflush(stdout);
  while (!stopped && std::getchar() != EOF) {
  }
  std::vector<std::unique_ptr<Outcomes>> outcomes;
  std::vector<const session::Session*> sessions;
  const std::int64_t count = TRY(number(words[2])), interval_us = TRY(number(words[3]));
  std::vector<std::string> peers;
  for (std::size_t i = 4; i < words.size(); ++i) {
    outcomes.push_back(std::make_unique<Outcomes>());
    const std::size_t equals = words[i].find('=');
    peers.push_back(words[i].substr(0, equals));
    if (equals != std::string::npos)
      TRY_VOID(outcomes.back()->write_probes_to(words[i].substr(equals + 1)));
    session::SessionOptions session;
    session.flow.session = static_cast<std::uint32_t>(i);
    session.flow.remote = TRY(endpoint(peers.back()));
    session.flow.ssid =
        static_cast<std::uint16_t>(i + (listen.address.octets()[3] == std::byte{1} ? 100 : 0));
    session.flow.loss_after = Duration::seconds(1);
    session.flow.may_send_bare = false;
    session.flow.seed = i;
    session.schedule = {.interval = Duration::microseconds(interval_us),
                        .at_once = true,
                        .count = static_cast<std::uint64_t>(count)};
    // The one port stays; that a peer is silent is what these tests are about.
    session.policy = session::PortPolicy::Fixed;
    session.heal_after.reset();
    sessions.push_back(
        TRY(engine.add_session(session, {.options = options, .given = port},
                               TRY(wire::plan_request(std::nullopt)), *outcomes.back())));
  }
  bool decided = false;
  while (!stopped && (!decided || words[1] == "reflect")) {
    TRY_VOID(engine.turn(io->clock().mono_now() + Duration::milliseconds(100)));
    if (decided || sessions.empty() || !engine.sessions_finished()) continue;
    decided = true;
    fmt::print("decided\n");
    std::fflush(stdout);
  }
  for (std::size_t i = 0; i < sessions.size(); ++i)
    outcomes[i]->print(peers[i], sessions[i]->counters());
  fmt::print("{{\"reflector\":{}}}\n", in_json(reflector.counters()));
  return {};
}

}  // namespace
}  // namespace wirestamp

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4) return 2;
  wirestamp::platform::on_stop_signal(wirestamp::stop);
  const auto result = wirestamp::run(words);
  if (!result) fmt::print(stderr, "{}\n", result.error().text);
  return result ? 0 : 1;
}
