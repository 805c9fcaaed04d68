// SPDX-License-Identifier: Apache-2.0
#include "api/door.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "api/packing.h"
#include "api/values.h"

namespace wirestamp::api {

namespace {

// On every answer that does not say otherwise: it is nobody else's to keep, to guess the type of or
// to frame, and what the page loads and runs comes from here alone.
constexpr std::pair<const char*, const char*> kHeaders[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

std::optional<std::string> header(MHD_Connection* connection, const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  if (value == nullptr) return std::nullopt;
  return value;
}

struct HostCount {
  int hosts = 0;
  static MHD_Result count(void* cls, MHD_ValueKind, const char* name, const char*) {
    if (same_letters(name, MHD_HTTP_HEADER_HOST)) ++static_cast<HostCount*>(cls)->hosts;
    return MHD_YES;
  }
};

Credentials credentials_of(MHD_Connection* connection, const packet::IpAddress& from) {
  HostCount count;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &HostCount::count, &count);
  return {.host = header(connection, MHD_HTTP_HEADER_HOST),
          .origin = header(connection, MHD_HTTP_HEADER_ORIGIN),
          .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
          .cookie = header(connection, MHD_HTTP_HEADER_COOKIE),
          .fetch_site = header(connection, "Sec-Fetch-Site"),
          .fetch_mode = header(connection, "Sec-Fetch-Mode"),
          .fetch_dest = header(connection, "Sec-Fetch-Dest"),
          .several_hosts = count.hosts > 1,
          .from = from};
}

// A body that is counted until it was sent.
struct Body {
  std::string text;
  std::atomic<std::size_t>& octets;

  static void release(void* cls) {
    const std::unique_ptr<Body> body(static_cast<Body*>(cls));
    body->octets -= body->text.size();
  }
};

bool of_metrics_listener(const Route& route) {
  return route.id == "metrics" || route.id == "alive" || route.id == "ready";
}

Problem busy(std::string message) {
  return {.status = 503,
          .code = "busy",
          .message = std::move(message),
          .headers = {{"Retry-After", "1"}}};
}

}  // namespace

struct Door::Exchange {
  MHD_Connection* connection;
  std::string target;  // as it was sent
  bool begun = false, has_body = false;
  std::string body;
  std::string last_event;
  Credentials credentials;
  Request request;
  std::optional<Reply> reply;  // set by who answers; sent when the request is whole
};

Door::Door(Options options, House& house)
    : options_(std::move(options)),
      house_(house),
      guard_(options_.guard),
      connections_({.request = house.limits.request_time, .answer = house.limits.answer_time}),
      desk_(house.sources) {}

Result<std::unique_ptr<Door>> Door::open(Options options, House& house) {
  std::unique_ptr<Door> door(new Door(std::move(options), house));
  TRY_VOID(door->start());
  return door;
}

Door::~Door() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

Result<void> Door::start() {
  platform::Listener listener = TRY(platform::listen_tcp(options_.listen, options_.families));
  at_ = listener.at;
  const bool tls = !options_.certificate.empty();
  const std::size_t open = platform::permit_descriptors(house_.limits.connections + 512);
  // Some descriptors are for others: the store, the sessions.
  const std::size_t connections = std::min<std::size_t>(
      house_.limits.connections, std::max<std::size_t>(open, 64) - std::min<std::size_t>(open, 48));
  const auto seconds = static_cast<unsigned>(
      std::max<std::int64_t>(1, house_.limits.request_time.ns() / 1'000'000'000));
  std::vector<MHD_OptionItem> items{
      {MHD_OPTION_CONNECTION_LIMIT, static_cast<std::intptr_t>(connections), nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, static_cast<std::intptr_t>(seconds), nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<std::intptr_t>(house_.limits.request_octets),
       nullptr},
      {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr},
  };
  if (tls) {
    items.push_back(
        {MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(options_.certificate.c_str())});
    items.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(options_.key.c_str())});
    items.push_back(
        {MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1")});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                         MHD_USE_ERROR_LOG | (tls ? unsigned{MHD_USE_TLS} : 0U);
  daemon_ = MHD_start_daemon(flags, 0, &Door::accept, this, &Door::handle, this,  //
                             MHD_OPTION_EXTERNAL_LOGGER, &Door::log, this, MHD_OPTION_LISTEN_SOCKET,
                             listener.socket.release(), MHD_OPTION_URI_LOG_CALLBACK, &Door::uri,
                             this, MHD_OPTION_NOTIFY_COMPLETED, &Door::completed, this,
                             MHD_OPTION_NOTIFY_CONNECTION, &Door::connection_changed, this,
                             MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
  if (daemon_ != nullptr) return {};
  const std::lock_guard lock(log_mutex_);
  return fail(
      fmt::format("the HTTP server on {} cannot start: {}{}", packet::to_string(options_.listen),
                  logged_.empty() ? "libmicrohttpd does not say why" : logged_,
                  tls ? "; the certificate and its key must be PEM and belong together" : ""));
}

void Door::log(void* cls, const char* format, std::va_list arguments) {
  std::array<char, 256> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  Door& door = *static_cast<Door*>(cls);
  const std::lock_guard lock(door.log_mutex_);
  door.logged_ = text.data();
  while (door.logged_.ends_with('\n')) door.logged_.pop_back();
}

MHD_Result Door::accept(void* cls, const sockaddr* address, socklen_t) {
  const Door& door = *static_cast<Door*>(cls);
  const packet::IpAddress from = platform::endpoint_of(address).address;
  if (from.is_loopback()) return MHD_YES;
  return door.connections_.of(from) < door.house_.limits.per_address ? MHD_YES : MHD_NO;
}

void Door::connection_changed(void* cls, MHD_Connection* connection, void** context,
                              MHD_ConnectionNotificationCode code) {
  Door& door = *static_cast<Door*>(cls);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    door.connections_.closed(static_cast<Connections::Connection*>(*context));
    *context = nullptr;
    return;
  }
  const auto* const socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const auto* const address =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  *context = door.connections_.opened(socket->connect_fd,
                                      platform::endpoint_of(address->client_addr).address,
                                      door.house_.clock().mono);
}

Connections::Connection* Door::connection_of(MHD_Connection* connection) const {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return static_cast<Connections::Connection*>(info->socket_context);
}

void Door::enter(const Exchange& exchange, Connections::Phase phase) {
  connections_.enter(connection_of(exchange.connection), phase, house_.clock().mono);
}

void* Door::uri(void*, const char* uri, MHD_Connection* connection) {
  return new Exchange{.connection = connection, .target = uri};
}

void Door::completed(void* cls, MHD_Connection* connection, void** context,
                     MHD_RequestTerminationCode) {
  Door& door = *static_cast<Door*>(cls);
  const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*context));
  *context = nullptr;
  door.connections_.enter(door.connection_of(connection), Connections::Phase::Asking,
                          door.house_.clock().mono);
}

MHD_Result Door::handle(void* cls, MHD_Connection*, const char*, const char* method, const char*,
                        const char* upload, std::size_t* upload_size, void** context) {
  Door& door = *static_cast<Door*>(cls);
  Exchange& exchange = *static_cast<Exchange*>(*context);
  if (!exchange.begun) return door.begin(exchange, method);
  if (*upload_size > 0) {
    // Not more than Content-Length said, which was looked at.
    exchange.body.append(upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  return door.go_on(exchange);
}

MHD_Result Door::begin(Exchange& exchange, const char* method) {
  exchange.begun = true;
  ++house_.requests;
  const auto prepared = prepare(exchange, method);
  if (prepared) return MHD_YES;
  exchange.reply = to_reply(prepared.error());
  // A body that is not wanted is not waited for.
  if (exchange.has_body) return send(exchange, *std::move(exchange.reply));
  return MHD_YES;
}

MHD_Result Door::go_on(Exchange& exchange) {
  if (exchange.reply) return send(exchange, *std::move(exchange.reply));
  switch (exchange.request.route->place) {
    case Place::Desk:
      return answer_later(exchange);
    case Place::Stream:
      return answer_stream(exchange);
    default:
      break;
  }
  auto answer = answer_here(exchange);
  return send(exchange, answer ? *std::move(answer) : to_reply(answer.error()));
}

Answer<void> Door::check_body(const Exchange& exchange) const {
  const auto length = header(exchange.connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (header(exchange.connection, MHD_HTTP_HEADER_TRANSFER_ENCODING))
    return refuse({.status = 411,
                   .code = "length_required",
                   .message = "a body comes with its Content-Length, not in chunks"});
  if (length && !parse_count(*length, 0, house_.limits.body_octets))
    return refuse(
        {.status = 413,
         .code = "body_too_large",
         .message = fmt::format("a body has at most {} octets", house_.limits.body_octets)});
  return {};
}

Answer<void> Door::prepare(Exchange& exchange, std::string_view method) {
  MHD_Connection* const connection = exchange.connection;
  exchange.credentials = credentials_of(connection, connection_of(connection)->from);
  const auto length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  exchange.has_body = header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).has_value() ||
                      (length && *length != "0");
  const Target target = TRY(parse_target(exchange.target));
  TRY_VOID(guard_.check_host(exchange.credentials));
  TRY_VOID(check_body(exchange));
  Request& request = exchange.request;
  request.route = TRY(find_route(method, target.segments, request.names));
  if (options_.metrics_only && !of_metrics_listener(*request.route))
    return refuse({.status = 404,
                   .code = "unknown_address",
                   .message = "this listener answers /metrics, /healthz and /readyz only"});
  TRY_VOID(guard_.check_origin(exchange.credentials));
  TRY_VOID(check_access(exchange));
  request.now = house_.clock().wall;
  request.query = TRY(Query::check(request.route->parameters, target, request.now));
  return read_query(exchange);
}

Answer<void> Door::read_query(Exchange& exchange) const {
  Request& request = exchange.request;
  TRY_VOID(request.query.check_values());
  request.accept = header(exchange.connection, MHD_HTTP_HEADER_ACCEPT).value_or("");
  request.encodings = header(exchange.connection, MHD_HTTP_HEADER_ACCEPT_ENCODING).value_or("");
  request.if_none_match = header(exchange.connection, MHD_HTTP_HEADER_IF_NONE_MATCH).value_or("");
  exchange.last_event = header(exchange.connection, "Last-Event-ID")
                            .value_or(request.query.text("last_event_id").value_or(""));
  if (const auto format = TRY(request.query.choice("format"))) {
    request.type = *format == "csv" ? "text/csv" : "application/json";
    return {};
  }
  // What Prometheus may ask for is known where the figures are told.
  if (request.route->id == "metrics") return {};
  request.type = TRY(choose_type(request.accept, request.route->types));
  return {};
}

Answer<void> Door::check_access(Exchange& exchange) {
  const Route& route = *exchange.request.route;
  if (options_.metrics_only || route.access == Access::Open) return {};
  const Credentials& credentials = exchange.credentials;
  const Who who = TRY(guard_.who(credentials, house_.clock().mono));
  if (route.access == Access::Read) {
    if (who != Who::Nobody || guard_.reads_are_open()) return {};
    return guard_.unauthorized(
        "this address needs the token: Authorization: Bearer TOKEN, or the cookie of POST "
        "/api/v1/session");
  }
  if (who == Who::Nobody)
    return guard_.unauthorized(
        "this changes something and needs the token, on loopback too: Authorization: Bearer TOKEN, "
        "or the cookie of POST /api/v1/session");
  if (who == Who::Cookie && !credentials.origin)
    return refuse({.status = 403,
                   .code = "origin_required",
                   .message = "with a cookie, what changes something needs an Origin header; a "
                              "program sends the token instead"});
  return {};
}

Answer<Reply> Door::answer_here(Exchange& exchange) {
  const Request& request = exchange.request;
  switch (request.route->place) {
    case Place::Login:
      return guard_.log_in(exchange.credentials, exchange.body, house_.clock().mono);
    case Place::Logout:
      return guard_.log_out(exchange.credentials);
    case Place::Document:
      return Reply{.body = house_.document};
    default:
      return request.route->answer(request, desk_);
  }
}

MHD_Result Door::answer_later(Exchange& exchange) {
  Exchange* const later = &exchange;
  enter(exchange, Connections::Phase::Waiting);
  const bool taken = house_.workers->add(
      [later](Desk* desk) {
        if (desk == nullptr) {
          later->reply = to_reply(busy("the agent ends"));
        } else {
          auto answer = later->request.route->answer(later->request, *desk);
          later->reply = answer ? *std::move(answer) : to_reply(answer.error());
          pack(later->request.encodings, *later->reply);
        }
        MHD_resume_connection(later->connection);
      },
      [later] { MHD_suspend_connection(later->connection); });
  if (taken) return MHD_YES;
  return send(exchange, to_reply(busy("too many requests wait already: try again in a second")));
}

Answer<MHD_Response*> Door::open_stream(Exchange& exchange) {
  const Request& request = exchange.request;
  Feed::Filter filter{.sessions = request.query.texts("session")};
  if (const auto kinds = request.query.texts("kind"); !kinds.empty()) {
    filter.kinds = 0;
    for (unsigned kind = 0; kind < Feed::kKinds; ++kind)
      if (std::ranges::find(kinds, name(static_cast<Feed::Kind>(kind))) != kinds.end())
        filter.kinds = static_cast<std::uint8_t>(filter.kinds | 1U << kind);
  }
  const packet::IpAddress& from = exchange.credentials.from;
  if (!from.is_loopback() && connections_.streams_of(from) >= house_.limits.streams_per_address)
    return refuse(busy("too many streams from this address (IPv6: its /64): close one"));

  // From here on nothing is spared, and what was before is looked at next.
  const Feed::Following following(house_.feed, filter);
  std::string greeting = "retry: 2000\n\n";
  std::uint64_t position = house_.feed.next();
  if (!exchange.last_event.empty()) {
    const auto behind = house_.feed.behind(exchange.last_event);
    // Nobody counts what was not made.
    if (!behind || house_.feed.spared(*behind, filter)) greeting += gap_event(std::nullopt);
    position = behind.value_or(position);
  }
  MHD_Response* const response =
      house_.streams->open(exchange.connection, std::move(filter), position, std::move(greeting));
  if (response == nullptr)
    return refuse(busy("there are as many streams as this server allows: try again later"));
  return response;
}

MHD_Result Door::answer_stream(Exchange& exchange) {
  const auto response = open_stream(exchange);
  if (!response) return send(exchange, to_reply(response.error()));
  enter(exchange, Connections::Phase::Streaming);
  return queue(exchange, 200, *response,
               {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}});
}

MHD_Result Door::send(Exchange& exchange, Reply reply) {
  if (house_.octets_out + reply.body.size() > house_.limits.answer_octets && reply.status < 400)
    reply = to_reply(busy("too many answers wait to be taken: try again in a second"));
  if (reply.status >= 400) ++house_.refused;
  enter(exchange, Connections::Phase::Answering);
  auto* const body = new Body{.text = std::move(reply.body), .octets = house_.octets_out};
  house_.octets_out += body->text.size();
  MHD_Response* const response = MHD_create_response_from_buffer_with_free_callback_cls(
      body->text.size(), body->text.data(), &Body::release, body);
  if (response == nullptr) {
    Body::release(body);
    return MHD_NO;
  }
  if (!reply.type.empty()) reply.headers.emplace_back("Content-Type", reply.type);
  return queue(exchange, reply.status, response, reply.headers);
}

MHD_Result Door::queue(Exchange& exchange, unsigned status, MHD_Response* response,
                       const Headers& headers) {
  for (const auto& [name, value] : kHeaders)
    if (std::ranges::find(headers, name, &Headers::value_type::first) == headers.end())
      MHD_add_response_header(response, name, value);
  for (const auto& [name, value] : headers)
    MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(exchange.connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace wirestamp::api
