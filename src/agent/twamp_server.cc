// SPDX-License-Identifier: Apache-2.0
//
// Two threads. The control thread owns the connections and twamp::Server; what it wants done with
// ports and packets it writes on the Desk and waits for, and the measuring thread does it between
// two turns of the engine. So nothing that a client says on TCP delays a probe by more than the
// opening of a port, and PBKDF2 not at all.
#include "agent/twamp_server.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "agent/twamp_key.h"
#include "platform/entropy.h"
#include "platform/file_watch.h"
#include "platform/route.h"
#include "platform/system_clock.h"
#include "platform/tcp_stream.h"
#include "session/limits.h"

namespace wirestamp::agent {

namespace {

constexpr std::size_t kMostAccepts = 16;     // between two looks at the connections
constexpr std::size_t kMostUnread = 16'384;  // octets that a client does not read: then it goes
constexpr std::size_t kReadAtOnce = 4'096;
// Without a descriptor for it a client waits; looking all the time would not help it.
constexpr Duration kExhaustedPause = Duration::milliseconds(100);
constexpr Duration kRereadNetworksEvery = Duration::seconds(1);  // this host's networks

// Work of the control thread for the measuring thread.
class Desk {
 public:
  using Work = std::function<void(TwampReflector&)>;

  void open(net::PacketIo& io) { io_ = &io; }

  // Returns when it is done; false when it never will be.
  bool call(const Work& work) {
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    const std::uint64_t ticket = ++asked_;
    waiting_.push_back(&work);
    any_.store(true, std::memory_order_release);
    io_->wake();
    done_.wait(lock, [&] { return served_ >= ticket || closed_; });
    return served_ >= ticket;
  }

  // On the measuring thread.
  void serve(TwampReflector& reflector) {
    if (!any_.exchange(false, std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    for (; !waiting_.empty(); waiting_.pop_front(), ++served_) (*waiting_.front())(reflector);
    done_.notify_all();
  }
  // So that it looks at what else there is for it.
  void wake() { io_->wake(); }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
    done_.notify_all();
  }

 private:
  net::PacketIo* io_ = nullptr;
  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<const Work*> waiting_;
  std::uint64_t asked_ = 0, served_ = 0;
  std::atomic<bool> any_{false};
  bool closed_ = false;
};

// What one thread tells the other without waiting.
template <typename T>
class Tray {
 public:
  void put(T what) {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
  }
  std::vector<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> told_;
};

// The connections and what they say; all of it on the control thread.
class Control final : public twamp::ServerOutput {
 public:
  Control(TwampServerOptions options, std::vector<platform::Listener> listeners,
          platform::Waker waker)
      : options_(std::move(options)),
        policy_(options_.policy),
        listeners_(std::move(listeners)),
        waker_(std::move(waker)),
        server_({.limits = options_.reflector.limits,
                 .modes = options_.modes,
                 .key = [this](std::string_view key_id) { return key_of(key_id); },
                 .random = platform::random_bits,
                 .started = clock_.now().wall},
                *this) {}

  const std::vector<platform::Listener>& listeners() const { return listeners_; }
  // What run() told last. Any thread.
  twamp::ServerCounters counters() const {
    const std::lock_guard lock(told_mutex_);
    return told_;
  }

  void run() {
    while (!stop_.load(std::memory_order_relaxed)) {
      wait();
      waker_.clear();
      for (const twamp::SessionNumber number : ended.take())
        server_.on_session_ended(number, clock_.now());
      for (auto& peers : new_peers.take()) policy_.set_peers(std::move(peers));
      if (reread_.exchange(false, std::memory_order_relaxed)) read_key_again();
      accept();
      read();
      write();
      server_.on_time(clock_.now());
      drop_closed();
      tell_counters();
    }
    connections_.clear();
  }
  void stop() {
    stop_.store(true, std::memory_order_relaxed);
    waker_.wake();
  }
  void wake() noexcept { waker_.wake(); }
  void reread_key() noexcept {
    reread_.store(true, std::memory_order_relaxed);
    waker_.wake();
  }

  Desk desk;
  Tray<twamp::SessionNumber> ended;                // by the measuring thread
  Tray<std::string> notes;                         // for it
  Tray<std::vector<packet::IpAddress>> new_peers;  // by it

 private:
  struct Connection {
    platform::TcpStream stream;
    std::vector<std::byte> unsent;
    bool closed = false;  // goes when what is unsent is gone, as far as that is possible at once
    bool ready = false;
  };

  void send(twamp::ConnectionId id, base::Bytes octets) override {
    auto& unsent = connections_.at(id).unsent;
    unsent.insert(unsent.end(), octets.begin(), octets.end());
  }
  void close(twamp::ConnectionId id, twamp::Ending) override { connections_.at(id).closed = true; }
  Opened open(const twamp::TestSession& session) override {
    Opened opened{.accept = wire::Accept::InternalError, .port = 0};
    desk.call([&](TwampReflector& reflector) { opened = reflector.open(session); });
    return opened;
  }
  void start(twamp::SessionNumber number) override {
    desk.call([&](TwampReflector& reflector) { reflector.start(number); });
  }
  void stop(twamp::SessionNumber number) override {
    desk.call([&](TwampReflector& reflector) { reflector.stop(number); });
  }
  void abandon(twamp::SessionNumber number) override {
    desk.call([&](TwampReflector& reflector) { reflector.abandon(number); });
  }

  std::optional<twamp::SharedKey> key_of(std::string_view key_id) const {
    const bool is = options_.key && options_.key->key_id() == key_id;
    return is ? options_.key : std::nullopt;
  }
  void read_key_again();
  void note(std::string text) {
    notes.put(std::move(text));
    desk.wake();
  }

  void wait();
  void accept();
  bool greets(const packet::IpAddress& client);
  void note_refusal(const packet::IpAddress& client);
  void read();
  void write();
  void drop_closed();
  void tell_counters() {
    const std::lock_guard lock(told_mutex_);
    told_ = server_.counters();
  }

  TwampServerOptions options_;
  platform::SystemClock clock_;
  session::ReflectorPolicy policy_;
  std::vector<platform::Listener> listeners_;
  platform::Waker waker_;
  twamp::Server server_;
  std::map<twamp::ConnectionId, Connection> connections_;
  twamp::ConnectionId next_ = 1;
  std::atomic<bool> stop_{false}, reread_{false};
  std::set<packet::IpAddress> refused_noted_;
  std::optional<MonoTime> renewed_, listen_again_;
  mutable std::mutex told_mutex_;
  twamp::ServerCounters told_;
};

void Control::wait() {
  std::vector<platform::Awaited> awaited{{.descriptor = waker_.descriptor()}};
  const MonoTime now = clock_.mono_now();
  if (!listen_again_ || now >= *listen_again_) {
    listen_again_.reset();
    for (const platform::Listener& one : listeners_)
      awaited.push_back({.descriptor = one.socket.get()});
  }
  const std::size_t first = awaited.size();
  for (const auto& [id, one] : connections_)
    awaited.push_back({.descriptor = one.stream.descriptor(), .write = !one.unsent.empty()});
  std::optional<Duration> most;
  for (const auto& wake : {server_.next_wake(), listen_again_})
    if (wake && (!most || *wake - now < *most)) most = std::max(*wake - now, Duration());
  platform::wait_for(awaited, most);
  std::size_t i = first;
  for (auto& [id, one] : connections_) one.ready = awaited[i++].ready;
}

// Whom the reflector answers may ask for a session.
bool Control::greets(const packet::IpAddress& client) {
  const MonoTime now = clock_.mono_now();
  // A handshake proves the address, as an answered request would.
  const session::Credentials credentials{
      .standing = session::Standing::Established,
      .authenticated = (options_.modes & wire::kTwampOpen) == 0};  // or it gets no further
  if (policy_.admit(client, credentials, now) == session::Admission::Answer) return true;
  if (renewed_ && now - *renewed_ < kRereadNetworksEvery) return false;
  renewed_ = now;
  if (const auto local = platform::local_addresses()) {
    session::HostNetworks networks;
    for (const platform::LocalAddress& one : *local) {
      networks.connected.push_back(one.network);
      networks.addresses.push_back(one.address);
    }
    policy_.set_networks(std::move(networks));
  }
  return policy_.admit(client, credentials, now) == session::Admission::Answer;
}

void Control::note_refusal(const packet::IpAddress& client) {
  if (refused_noted_.size() >= session::kMaxRefusalNotes || !refused_noted_.insert(client).second)
    return;
  note(fmt::format("refused a TWAMP connection of {}: to take it, add  --allow {}/{}",
                   packet::to_string(client), packet::to_string(client),
                   client.family() == packet::Family::V4 ? 32 : 128));
}

// On this thread, since the measuring one waits for no disk.
void Control::read_key_again() {
  if (!options_.key) return;
  auto read = read_twamp_key(options_.key_file, options_.key->key_id());
  if (!read) return note(read.error().text + "; the passphrase of before stays in force");
  if (std::ranges::equal(read->passphrase(), options_.key->passphrase())) return;
  options_.key = std::move(*read);
  note(fmt::format("the passphrase in '{}' is another one: TWAMP connections need it from now on",
                   options_.key_file));
}

void Control::accept() {
  for (const platform::Listener& listener : listeners_) {
    for (std::size_t i = 0; i < kMostAccepts; ++i) {
      bool exhausted = false;
      auto stream = platform::TcpStream::accept(listener, exhausted);
      if (exhausted) listen_again_ = clock_.mono_now() + kExhaustedPause;
      if (!stream) break;
      const packet::IpAddress client = stream->remote().address;
      if (!greets(client)) {
        server_.on_refused_client();
        note_refusal(client);
        continue;
      }
      const twamp::ControlPeer peer{.remote = stream->remote(),
                                    .local = stream->local(),
                                    .dscp = policy_.permitted_dscp(client),
                                    .listed = policy_.listed(client)};
      const twamp::ConnectionId id = next_++;
      connections_.emplace(id, Connection{.stream = std::move(*stream), .unsent = {}});
      server_.on_connect(id, peer, clock_.now());
    }
  }
}

void Control::read() {
  std::array<std::byte, kReadAtOnce> buffer;
  for (auto& [id, one] : connections_) {
    if (!one.ready || one.closed) continue;
    auto state = platform::TcpStream::State::Open;
    const std::size_t got = one.stream.read(buffer, state);
    if (got > 0) server_.on_octets(id, base::Bytes(buffer).first(got), clock_.now());
    if (state == platform::TcpStream::State::Open && one.unsent.size() <= kMostUnread) continue;
    if (!one.closed) server_.on_closed(id, clock_.now());
    one.closed = true;
  }
}

void Control::write() {
  for (auto& [id, one] : connections_) {
    if (one.unsent.empty()) continue;
    const std::size_t put = one.stream.write(one.unsent);
    one.unsent.erase(one.unsent.begin(), one.unsent.begin() + static_cast<std::ptrdiff_t>(put));
  }
}

void Control::drop_closed() {
  write();  // what was said when they were closed
  std::erase_if(connections_, [](const auto& entry) { return entry.second.closed; });
}

class TwampServing final : public TwampServer {
 public:
  TwampServing(const TwampServerOptions& options, std::vector<platform::Listener> listeners,
               platform::Waker waker)
      : reflector_options_(options.reflector),
        key_file_(options.key ? options.key_file : std::string()),
        control_(options, std::move(listeners), std::move(waker)) {}
  ~TwampServing() override {
    if (thread_.joinable()) end();
  }

  std::vector<packet::Endpoint> listening() const override {
    std::vector<packet::Endpoint> at;
    for (const platform::Listener& one : control_.listeners()) at.push_back(one.at);
    return at;
  }

  void begin(net::PacketIo& io, Engine& engine,
             std::function<void(const std::string&)> note) override {
    io_ = &io;
    note_ = std::move(note);
    reflector_.emplace(reflector_options_, io, engine);
    control_.desk.open(io);
    thread_ = std::thread([this] { control_.run(); });
    if (!key_file_.empty()) follow_key();
  }
  std::optional<MonoTime> next_wake() override { return reflector_->next_wake(); }
  void after_turn() override {
    control_.desk.serve(*reflector_);
    const auto ended = reflector_->after_turn();
    for (const twamp::SessionNumber number : ended) control_.ended.put(number);
    if (!ended.empty()) control_.wake();
    for (const std::string& note : control_.notes.take()) note_(note);
  }
  void set_peers(std::vector<packet::IpAddress> peers) override {
    control_.new_peers.put(std::move(peers));
    control_.wake();
  }
  void reload_key() override { control_.reread_key(); }
  void end() override {
    key_watch_.reset();
    control_.desk.close();
    control_.stop();
    thread_.join();
    last_ = reflector_->counters();
    reflector_.reset();
  }
  TwampTotals totals() const override {
    return {.control = control_.counters(), .test = reflector_ ? reflector_->counters() : last_};
  }

 private:
  void follow_key() {
    auto watch =
        platform::FileWatch::create({.path = key_file_}, [this] { control_.reread_key(); });
    if (watch)
      key_watch_ = std::move(*watch);
    else
      note_(watch.error().text + "; a SIGHUP makes a changed passphrase known");
    control_.reread_key();  // it may have changed since it was read
  }

  TwampReflector::Options reflector_options_;
  std::string key_file_;  // "": there is no key
  Control control_;
  net::PacketIo* io_ = nullptr;
  std::function<void(const std::string&)> note_;
  std::optional<TwampReflector> reflector_;
  twamp::TestCounters last_;
  std::unique_ptr<platform::FileWatch> key_watch_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<TwampServer>> TwampServer::create(const TwampServerOptions& options) {
  // Each session has a port with two sockets, each client a connection.
  const twamp::Limits& limits = options.reflector.limits;
  platform::permit_descriptors(2 * limits.sessions + 2 * limits.connections + 256);
  std::vector<platform::Listener> listeners;
  for (const packet::Endpoint& at : options.listen) {
    listeners.push_back(TRY(platform::listen_tcp(at)));
    platform::keep_first_packets(listeners.back());
  }
  platform::Waker waker = TRY(platform::Waker::make());
  return std::make_unique<TwampServing>(options, std::move(listeners), std::move(waker));
}

}  // namespace wirestamp::agent
