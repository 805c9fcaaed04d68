// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "api/connections.h"
#include "api/desk.h"
#include "api/feed.h"
#include "api/guard.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/streams.h"
#include "api/workers.h"
#include "platform/listener.h"

namespace wirestamp::api {

// What the doors of one server share.
struct House {
  Limits limits;
  Sources sources;
  Feed& feed;
  std::function<Times()> clock;
  std::string document;  // OpenAPI
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Streams> streams;
  std::atomic<std::uint64_t> requests{0}, refused{0};
  std::atomic<std::size_t> octets_out{0};  // of answers that are not sent yet
};

// A place where the server listens: a libmicrohttpd daemon with one thread for all its connections.
// The life of a request: the library calls uri() with its first line (an Exchange begins), handle()
// with its header, again for each piece of its body and once when it is whole, again when it was
// suspended and resumed, and completed() at its end.
class Door {
 public:
  struct Options {
    packet::Endpoint listen;
    platform::Families families = platform::Families::OfAddress;
    Guard::Options guard;
    std::string certificate, key;  // PEM; "": no TLS
    bool metrics_only = false;     // /metrics, /healthz and /readyz, to anybody
  };
  // `house` outlives it.
  static Result<std::unique_ptr<Door>> open(Options options, House& house);
  // No connection may be suspended: Workers and Streams are stopped before.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  const packet::Endpoint& at() const { return at_; }
  std::size_t connections() const { return connections_.size(); }
  void tick(MonoTime now) { connections_.tick(now); }

 private:
  struct Exchange;
  Door(Options options, House& house);
  Result<void> start();

  static MHD_Result accept(void* cls, const sockaddr* address, socklen_t length);
  static void connection_changed(void* cls, MHD_Connection* connection, void** context,
                                 MHD_ConnectionNotificationCode code);
  static void* uri(void* cls, const char* uri, MHD_Connection* connection);
  static MHD_Result handle(void* cls, MHD_Connection* connection, const char* url,
                           const char* method, const char* version, const char* upload,
                           std::size_t* upload_size, void** context);
  static void completed(void* cls, MHD_Connection* connection, void** context,
                        MHD_RequestTerminationCode code);
  static void log(void* cls, const char* format, std::va_list arguments);

  MHD_Result begin(Exchange& exchange, const char* method);
  MHD_Result go_on(Exchange& exchange);
  Answer<void> prepare(Exchange& exchange, std::string_view method);
  Answer<void> check_body(const Exchange& exchange) const;
  Answer<void> check_access(Exchange& exchange);
  Answer<void> read_query(Exchange& exchange) const;
  Answer<Reply> answer_here(Exchange& exchange);
  MHD_Result answer_later(Exchange& exchange);
  MHD_Result answer_stream(Exchange& exchange);
  Answer<MHD_Response*> open_stream(Exchange& exchange);
  MHD_Result send(Exchange& exchange, Reply reply);
  MHD_Result queue(Exchange& exchange, unsigned status, MHD_Response* response,
                   const Headers& headers);
  Connections::Connection* connection_of(MHD_Connection* connection) const;
  void enter(const Exchange& exchange, Connections::Phase phase);

  const Options options_;
  House& house_;
  Guard guard_;
  Connections connections_;
  Desk desk_;
  packet::Endpoint at_;
  MHD_Daemon* daemon_ = nullptr;
  std::mutex log_mutex_;
  std::string logged_;
};

}  // namespace wirestamp::api
