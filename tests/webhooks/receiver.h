// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/descriptor.h"

// A small HTTP server for tests of webhooks, well behaved or not as its script says.
namespace wirestamp::webhooks {

struct Request {
  std::string line;                  // "POST /in HTTP/1.1"
  std::vector<std::string> headers;  // as they came
  std::string body;

  // The value of a header, "" without it.
  std::string header(const std::string& name) const;
};

struct Reply {
  enum class Then : std::uint8_t {
    Keep,  // the connection stays for the next request
    Close,
    Hang,   // nothing more until the client goes
    Drip,   // an octet at a time, until the client goes
    Flood,  // as much as the client takes
  };
  std::string octets;  // sent first
  Then then = Then::Keep;
  std::string more = "x";  // what drips and floods
};

Reply status(unsigned code, const std::string& header = {});

// Takes one connection at a time on a free port of 127.0.0.1.
class Receiver {
 public:
  using Script = std::function<Reply(const Request&, std::size_t number)>;  // from 0

  // With files of a certificate and its key it speaks TLS.
  explicit Receiver(Script script, const std::string& certificate = {},
                    const std::string& key = {});
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::string url(const std::string& user = {}, const std::string& path = "/in") const;
  // Those so far; waits until there are as many.
  std::vector<Request> requests(std::size_t at_least = 0);
  std::size_t connections() const;

 private:
  struct Tls;
  class Connection;
  void run();
  void serve(Connection& connection);
  bool follow(Connection& connection, const Reply& reply);

  Script script_;
  std::unique_ptr<Tls> tls_;
  platform::Descriptor listener_, stop_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::size_t connections_ = 0;
  std::thread thread_;
};

// A port of 127.0.0.1 where nothing listens: bound, so that nobody else takes it.
class ClosedPort {
 public:
  ClosedPort();
  std::string url() const;

 private:
  platform::Descriptor socket_;
  std::uint16_t port_ = 0;
};

// Runs a program of the system and returns what it printed; nothing when it failed.
std::optional<std::string> output_of(const std::vector<std::string>& command);

}  // namespace wirestamp::webhooks
