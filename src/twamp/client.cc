// SPDX-License-Identifier: Apache-2.0
#include "twamp/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "twamp/random_block.h"

namespace wirestamp::twamp {

namespace {

using wire::Accept;

// Strongest first, as RFC 5357 3.1 leaves it to the client.
struct Mode {
  wire::TwampMode bit;
  const char* name;
};
constexpr std::array kModes{Mode{wire::kTwampEncrypted, "encrypted"},
                            Mode{wire::kTwampAuthenticated, "authenticated"},
                            Mode{wire::kTwampMixed, "mixed"}, Mode{wire::kTwampOpen, "open"}};

bool printable(base::Bytes octets) {
  return std::ranges::all_of(
      octets, [](std::byte octet) { return octet >= std::byte{0x20} && octet < std::byte{0x7f}; });
}

}  // namespace

std::string mode_names(std::uint32_t modes) {
  std::string names;
  for (const Mode& mode : kModes)
    if ((modes & mode.bit) != 0) names += (names.empty() ? "" : ", ") + std::string(mode.name);
  return names.empty() ? "none that is known" : names;
}

std::string accept_words(Accept accept) {
  switch (accept) {
    case Accept::Ok:
      return "accepted";
    case Accept::InternalError:
      return "the server had an internal error (Accept 2)";
    case Accept::NotSupported:
      return "something in the request is not supported there, or not permitted (Accept 3)";
    case Accept::PermanentLimit:
      return "it is beyond what the server permits (Accept 4)";
    case Accept::TemporaryLimit:
      return "the server has no room now, try again later (Accept 5)";
    case Accept::NoSecurityAssociation:
      return "the server knows no IKEv2 security association with us (Accept 6)";
    case Accept::Failure:
      break;
  }
  return "the server gives no reason (Accept 1)";
}

Client::Client(ClientOptions options) : options_(std::move(options)) {}

// --- what the server says

std::size_t Client::awaited() const {
  switch (phase_) {
    case Phase::Greeting:
      return wire::ServerGreeting::kSize;
    case Phase::ServerStart:
      return wire::ServerStart::kSize;
    case Phase::Accepting:
      return wire::AcceptSession::kSize;
    case Phase::Starting:
      return individual() ? wire::SessionList::size_for(sessions_.size()) : wire::kShortMessage;
    case Phase::Stopping:
      return wire::SessionList::size_for(sessions_.size());
    default:
      return 0;
  }
}

Result<void> Client::on_octets(base::Bytes octets) {
  while (!octets.empty()) {
    const std::size_t whole = awaited();
    if (whole == 0) {
      phase_ = Phase::Failed;
      return fail("the TWAMP server sent something that nobody asked for");
    }
    const std::size_t size = std::min(whole - input_.size(), octets.size());
    input_.insert(input_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    octets = octets.subspan(size);
    if (input_.size() < whole) break;
    std::vector<std::byte> message = std::exchange(input_, {});
    if (auto taken = on_message(message); !taken) {
      phase_ = Phase::Failed;
      return taken;
    }
  }
  // What is no greeting need not be awaited whole.
  if (phase_ == Phase::Greeting && input_.size() >= 4 && printable(input_)) {
    const std::string text(reinterpret_cast<const char*>(input_.data()),
                           std::min<std::size_t>(input_.size(), 40));
    phase_ = Phase::Failed;
    return fail(fmt::format("no TWAMP server there: it says '{}'", text));
  }
  return {};
}

// RFC 4656 3.1: every message but the set-up ends with its HMAC.
std::optional<Error> Client::open(base::MutableBytes message) {
  if (!in_) return std::nullopt;
  in_->open_part(message.first(message.size() - crypto::kTagSize));
  //= RFC4656:stream-hmac-wrong
  if (in_->open_end(message.last(crypto::kTagSize))) return std::nullopt;
  return Error{"the HMAC of what the TWAMP server sent is wrong: somebody changed it on the way",
               0};
}

Result<void> Client::on_message(base::MutableBytes message) {
  if (phase_ == Phase::Greeting) return on_greeting(message);
  if (phase_ == Phase::ServerStart) return on_server_start(message);
  if (auto broken = open(message)) return std::unexpected(*broken);
  if (phase_ == Phase::Accepting) return on_accept(message);
  if (phase_ == Phase::Starting) return on_start_ack(message);
  phase_ = Phase::Stopped;
  return {};
}

// RFC 4656 3.1: the mode is the client's choice.
Result<void> Client::on_greeting(base::Bytes message) {
  if (printable(message.first(12)))
    return fail("no TWAMP server there: what it says is no greeting");
  const auto greeting = wire::ServerGreeting::decode(message);
  //= RFC4656:not-willing
  if (greeting.modes == 0)
    return fail(
        "the TWAMP server is not willing to talk to us now: it has too many connections, or does "
        "not permit this host");
  for (const Mode& mode : kModes)
    //= RFC4656:mode-offered
    if (modes_ == 0 && (options_.modes & greeting.modes & mode.bit) != 0) modes_ = mode.bit;
  if (modes_ == 0)
    return fail(fmt::format("the TWAMP server speaks {}, {} asked for: choose one of its modes{}",
                            mode_names(greeting.modes),
                            mode_names(options_.modes) +
                                ((options_.modes & (options_.modes - 1)) == 0 ? " was" : " were"),
                            options_.key ? "" : "; all but open need a key"));
  modes_ |= options_.features & greeting.modes & ~wire::kTwampSecurityModes;
  wire::SetUpResponse response{.mode = modes_, .key_id = {}};
  if ((modes_ & wire::kTwampOpen) == 0) TRY_VOID(set_up_keys(greeting, response));
  output_.resize(wire::SetUpResponse::kSize);
  response.encode(output_);
  phase_ = Phase::ServerStart;
  return {};
}

Result<void> Client::set_up_keys(const wire::ServerGreeting& greeting,
                                 wire::SetUpResponse& response) {
  if (!options_.key)
    return fail(fmt::format("{} mode needs a key, and none was given", mode_names(modes_)));
  //= RFC4656:count-limit
  if (greeting.count == 0 || greeting.count > kMostRounds)
    return fail(
        fmt::format("the TWAMP server asks for {} rounds of PBKDF2, more than {} are not "
                    "done",
                    greeting.count, kMostRounds));
  const auto key =
      TRY(wire::derive_token_key(options_.key->passphrase(), greeting.salt, greeting.count));
  keys_.emplace();
  for (const base::MutableBytes part :
       {keys_->aes.octets(), keys_->hmac.octets().first(16), keys_->hmac.octets().last(16)})
    //= RFC4656:session-keys-random
    std::ranges::copy(random_block(options_.random), part.begin());
  response.key_id = options_.key->key_id();
  response.token = TRY(wire::encode_token(key, greeting.challenge, *keys_));
  response.client_iv = random_block(options_.random);
  out_ = TRY(wire::ControlStream::make(wire::ControlStream::Direction::Encrypt, *keys_,
                                       response.client_iv));
  return {};
}

Result<void> Client::on_server_start(base::MutableBytes message) {
  const auto start = wire::ServerStart::decode(message);
  if (start.accept != Accept::Ok) {
    const bool keyed = (modes_ & wire::kTwampOpen) == 0;
    return fail(fmt::format("the TWAMP server refuses {} mode: {}{}", mode_names(modes_),
                            accept_words(start.accept),
                            keyed ? "; are key id and passphrase those it knows?" : ""));
  }
  if (keys_) {
    in_ = TRY(wire::ControlStream::make(wire::ControlStream::Direction::Decrypt, *keys_,
                                        start.server_iv));
    in_->open_part(message.subspan(wire::ServerStart::kSealed));
  }
  phase_ = Phase::Ready;
  return {};
}

Result<void> Client::on_accept(base::Bytes message) {
  const auto answer = wire::AcceptSession::decode(message);
  if (answer.accept != Accept::Ok)
    return fail(
        fmt::format("the TWAMP server refuses the session: {}", accept_words(answer.accept)));
  if (answer.port == 0) return fail("the TWAMP server accepts the session on port 0");
  AgreedSession agreed{.sid = answer.sid,
                       //= RFC5357:client-takes-port
                       .port = answer.port,
                       .server_octets = answer.server_octets,
                       .layout = {.modes = modes_ & ~std::uint32_t{wire::kTwampIndividualSessions},
                                  .reflected = requested_.reflect_padding},
                       .keys = std::nullopt};
  if (agreed.layout.keyed()) agreed.keys = TRY(wire::derive_test_keys(*keys_, agreed.sid));
  sessions_.push_back(std::move(agreed));
  phase_ = Phase::Ready;
  return {};
}

Result<void> Client::on_start_ack(base::Bytes message) {
  Accept accept = Accept::Failure;
  if (individual()) {
    const auto list = wire::SessionList::decode(message);
    if (list && list->command == wire::TwampCommand::StartNAck) accept = list->accept;
  } else {
    accept = wire::decode_start_ack(message);
  }
  if (accept != Accept::Ok)
    return fail(
        fmt::format("the TWAMP server does not start the session: {}", accept_words(accept)));
  phase_ = Phase::Running;
  return {};
}

// --- what we say

void Client::send(base::MutableBytes message) {
  if (out_) out_->seal(message);
  output_.insert(output_.end(), message.begin(), message.end());
}

std::vector<std::byte> Client::list(wire::TwampCommand command) const {
  wire::SessionList list{.command = command, .accept = Accept::Ok, .sids = {}};
  for (const AgreedSession& session : sessions_) list.sids.push_back(session.sid);
  std::vector<std::byte> octets(list.size());
  list.encode(octets);
  return octets;
}

void Client::request(const wire::RequestSession& request) {
  CHECK(phase_ == Phase::Ready);
  requested_ = request;
  if ((modes_ & wire::kTwampReflectOctets) == 0)
    requested_.reflect_octets = requested_.reflect_padding = 0;
  std::array<std::byte, wire::RequestSession::kSize> octets;
  requested_.encode(octets);
  send(octets);
  phase_ = Phase::Accepting;
}

void Client::start() {
  CHECK(phase_ == Phase::Ready && !sessions_.empty());
  std::vector<std::byte> octets(wire::kShortMessage);
  if (individual()) {
    octets = list(wire::TwampCommand::StartNSessions);
  } else {
    wire::encode_start_sessions(octets);
  }
  send(octets);
  phase_ = Phase::Starting;
}

void Client::stop() {
  if (phase_ != Phase::Running) return;
  std::vector<std::byte> octets(wire::kShortMessage);
  if (individual()) {
    octets = list(wire::TwampCommand::StopNSessions);
  } else {
    wire::StopSessions{.accept = Accept::Ok,
                       //= RFC5357:stop-count
                       .sessions = static_cast<std::uint32_t>(sessions_.size())}
        .encode(octets);
  }
  send(octets);
  phase_ = individual() ? Phase::Stopping : Phase::Stopped;
}

// --- words

std::string Client::closed_words() const {
  switch (phase_) {
    case Phase::Greeting:
      return input_.empty() ? "it closed the connection before it said anything: no TWAMP server, "
                              "or one that does not permit this host"
                            : "it closed the connection in the middle of its greeting";
    case Phase::ServerStart:
      return fmt::format("the TWAMP server closed the connection instead of taking {} mode",
                         mode_names(modes_));
    case Phase::Accepting:
      return "the TWAMP server closed the connection instead of answering the session request";
    case Phase::Starting:
      return "the TWAMP server closed the connection instead of starting the session";
    default:
      break;
  }
  return "the TWAMP server closed the control connection: it will soon answer no more probes";
}

std::string Client::silence_words() const {
  switch (phase_) {
    case Phase::Greeting:
      return "it takes the connection and says nothing: no TWAMP server there?";
    case Phase::ServerStart:
      return "the TWAMP server does not answer our choice of a mode";
    case Phase::Accepting:
      return "the TWAMP server does not answer the session request";
    default:
      break;
  }
  return "the TWAMP server does not start the session";
}

}  // namespace wirestamp::twamp
