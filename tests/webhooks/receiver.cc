// SPDX-License-Identifier: Apache-2.0
#include "receiver.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace wirestamp::webhooks {

namespace {

std::pair<platform::Descriptor, std::uint16_t> bound_socket() {
  platform::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(socket);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): as the socket interface wants it
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  CHECK(::bind(socket.get(), generic, size) == 0);
  CHECK(::getsockname(socket.get(), generic, &size) == 0);
  return {std::move(socket), ntohs(address.sin_port)};
}

std::string url_of(bool tls, const std::string& user, std::uint16_t port, const std::string& path) {
  return fmt::format("{}://{}127.0.0.1:{}{}", tls ? "https" : "http", user, port, path);
}

}  // namespace

std::string Request::header(const std::string& name) const {
  for (const std::string& one : headers)
    if (one.starts_with(name + ": ")) return one.substr(name.size() + 2);
  return {};
}

Reply status(unsigned code, const std::string& header) {
  return {.octets = fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: 0\r\n{}{}\r\n", code,
                                header, header.empty() ? "" : "\r\n")};
}

struct Receiver::Tls {
  Tls(const std::string& certificate, const std::string& key) {
    CHECK(SSL_CTX_use_certificate_file(context, certificate.c_str(), SSL_FILETYPE_PEM) == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  ~Tls() { SSL_CTX_free(context); }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
};

// Reads and writes that end when the receiver stops.
class Receiver::Connection {
 public:
  Connection(platform::Descriptor socket, int stop, const Tls* tls)
      : socket_(std::move(socket)), stop_(stop) {
    if (tls == nullptr) return;
    ssl_ = SSL_new(tls->context);
    SSL_set_fd(ssl_, socket_.get());
    good_ = SSL_accept(ssl_) == 1;
  }
  ~Connection() { SSL_free(ssl_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool good() const { return good_; }
  // "" at the end.
  std::string read() {
    if (ssl_ == nullptr || SSL_pending(ssl_) == 0) {
      if (!waited(POLLIN, -1)) return {};
    }
    std::array<char, 4'096> part{};
    const auto count = ssl_ != nullptr ? SSL_read(ssl_, part.data(), int{part.size()})
                                       : ::recv(socket_.get(), part.data(), part.size(), 0);
    return count > 0 ? std::string(part.data(), static_cast<std::size_t>(count)) : std::string();
  }
  bool write(const std::string& octets) {
    if (octets.empty()) return true;
    if (ssl_ != nullptr) return SSL_write(ssl_, octets.data(), static_cast<int>(octets.size())) > 0;
    for (std::size_t sent = 0; sent < octets.size();) {
      if (!waited(POLLOUT, -1)) return false;
      const auto count = ::send(socket_.get(), octets.data() + sent, octets.size() - sent,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  // False when the client or the receiver went within that time; it sends nothing more.
  bool stays(int milliseconds) { return !waited(POLLIN, milliseconds) && !stopped_; }

 private:
  bool waited(short events, int milliseconds) {
    std::array<pollfd, 2> both{pollfd{.fd = socket_.get(), .events = events, .revents = 0},
                               pollfd{.fd = stop_, .events = POLLIN, .revents = 0}};
    ::poll(both.data(), both.size(), milliseconds);
    stopped_ = stopped_ || both[1].revents != 0;
    return both[0].revents != 0 && !stopped_;
  }

  platform::Descriptor socket_;
  int stop_;
  SSL* ssl_ = nullptr;
  bool good_ = true, stopped_ = false;
};

Receiver::Receiver(Script script, const std::string& certificate, const std::string& key)
    : script_(std::move(script)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!certificate.empty()) tls_ = std::make_unique<Tls>(certificate, key);
  std::tie(listener_, port_) = bound_socket();
  CHECK(::listen(listener_.get(), 16) == 0);
  thread_ = std::thread([this] { run(); });
}

Receiver::~Receiver() {
  const std::uint64_t one = 1;
  CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

std::string Receiver::url(const std::string& user, const std::string& path) const {
  return url_of(tls_ != nullptr, user, port_, path);
}

std::vector<Request> Receiver::requests(std::size_t at_least) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return requests_.size() >= at_least; });
  return requests_;
}

std::size_t Receiver::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void Receiver::run() {
  for (;;) {
    std::array<pollfd, 2> both{pollfd{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) return;
    platform::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    Connection connection(std::move(socket), stop_.get(), tls_.get());
    if (connection.good()) serve(connection);
  }
}

void Receiver::serve(Connection& connection) {
  std::string text;
  for (;;) {
    Request request;
    std::size_t head = 0;
    while ((head = text.find("\r\n\r\n")) == std::string::npos) {
      const std::string more = connection.read();
      if (more.empty()) return;
      text += more;
    }
    std::size_t line = 0;
    for (std::size_t end = 0; line < head; line = end + 2) {
      end = text.find("\r\n", line);
      (line == 0 ? request.line : request.headers.emplace_back()) = text.substr(line, end - line);
    }
    const std::string length = request.header("Content-Length");
    std::size_t octets = 0;
    std::from_chars(length.data(), length.data() + length.size(), octets);
    while (text.size() < head + 4 + octets) {
      const std::string more = connection.read();
      if (more.empty()) return;
      text += more;
    }
    request.body = text.substr(head + 4, octets);
    text.erase(0, head + 4 + octets);

    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = requests_.size();
      requests_.push_back(request);
    }
    changed_.notify_all();
    if (!follow(connection, script_(request, number))) return;
  }
}

// True when the connection takes another request.
bool Receiver::follow(Connection& connection, const Reply& reply) {
  if (!connection.write(reply.octets)) return false;
  switch (reply.then) {
    case Reply::Then::Keep:
      return true;
    case Reply::Then::Close:
      return false;
    case Reply::Then::Hang:
      return connection.stays(-1);
    case Reply::Then::Drip:
      while (connection.stays(5) && connection.write(reply.more)) {
      }
      return false;
    case Reply::Then::Flood:
      while (connection.write(reply.more)) {
      }
      return false;
  }
  return false;
}

ClosedPort::ClosedPort() { std::tie(socket_, port_) = bound_socket(); }

std::string ClosedPort::url() const { return url_of(false, "", port_, "/in"); }

std::optional<std::string> output_of(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const platform::Descriptor output(ends[0]);
  platform::Descriptor input(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;
  input = platform::Descriptor();
  std::string text;
  std::array<char, 4'096> part{};
  for (ssize_t count = 0; (count = ::read(output.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(count));
  int ended = 0;
  ::waitpid(child, &ended, 0);
  if (ended != 0) return std::nullopt;
  return text;
}

}  // namespace wirestamp::webhooks
