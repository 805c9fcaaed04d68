// SPDX-License-Identifier: Apache-2.0
//
// The whole sender, fed with replies: true ones, true ones with octets overwritten, and arbitrary
// datagrams, with stamps, ICMP errors, clock steps and time between them. An input is a sequence
// of events; see Harness::event().
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "fuzz.h"
#include "measure/accumulator.h"
#include "session/reflector.h"
#include "session/session.h"

using namespace wirestamp;

namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr Duration kWallFromMono = Duration::seconds(1'700'000'000);
constexpr std::uint64_t kProbes = 40;
constexpr std::uint16_t kSsid = 0x1234;
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 23'999, 0};
const packet::Endpoint kUs{packet::IpAddress::v4(0x0a00'0001), 50'000, 0};

struct SentProbe {
  std::vector<std::byte> octets;
  bool answered = false;  // a datagram was given that answers it by every field
};

class Harness final : public session::SessionOutput {
 public:
  explicit Harness(fuzz::Input& input)
      : reflector_({.policy = {.allowed = {{packet::IpAddress(), 0}}, .rate = 0, .total_rate = 0},
                    .random = [this] { return random_.next(); },
                    .note = [](const std::string&) {}}),
        bits_(input.octet()),
        session_(options(bits_), layout(input.octet()), *this, budget_) {
    CHECK(session_.begin(stamp(StampSource::User)));
  }

  void event(fuzz::Input& input) {
    switch (input.octet() % 8U) {
      case 0:
        pass(Duration::microseconds(input.number<std::uint16_t>() * std::int64_t{100}));
        break;
      case 1:
      case 2:
        patched_reply(input);
        break;
      case 3:
        give(input.take(input.number<std::uint16_t>()), kPeer);
        break;
      case 4:
        session_.on_transmit_stamp(0, some_probe(input),
                                   stamp(static_cast<StampSource>(input.octet() % 5U)));
        break;
      case 5:
        path_error(input);
        break;
      case 6:
        disturb(input.octet());
        break;
      default:
        give(input.take(input.number<std::uint16_t>()), kUs);
        break;
    }
  }

  // The run ends, whatever came, and every probe has its one sample.
  void finish(bool interrupted) {
    if (interrupted) session_.stop(now_);
    for (unsigned steps = 0; !session_.finished(); ++steps) {
      CHECK(steps < 10'000);
      const std::optional<MonoTime> wake = session_.next_wake();
      CHECK(wake.has_value());
      pass(std::max(*wake - now_, Duration()));
    }
    CHECK(sampled_.size() == session_.progress().scheduled);
    CHECK(interrupted || sampled_.size() == kProbes);
    CHECK(resolved_ <= unknown_);
    check_counters();
    figures_.finish();
    check_figures(figures_.summary());
  }

 private:
  static session::SessionOptions options(std::uint8_t bits) {
    session::SessionOptions options;
    options.policy = session::PortPolicy::Fixed;
    options.heal_after.reset();
    options.flow.remote = kPeer;
    options.flow.ssid = kSsid;
    options.flow.format = (bits & 1U) != 0 ? wire::TimeFormat::Ptp : wire::TimeFormat::Ntp;
    options.schedule.interval = Duration::milliseconds(10);
    options.schedule.count = kProbes;
    options.flow.loss_after = Duration::milliseconds(100);
    options.flow.traffic_class = bits & 0xf0U;
    options.flow.seed = bits;
    return options;
  }

  static wire::RequestLayout layout(std::uint8_t choice) {
    constexpr std::uint32_t kSizes[] = {252, 44, 72, 140};
    const auto planned = wire::plan_request(kSizes[choice % 4U]);
    CHECK(planned.has_value());
    return *planned;
  }

  Timestamp stamp(StampSource source) const {
    return {.wall = WallTime::from_ns(now_.ns() + wall_offset_.ns()),
            .mono = now_,
            .error = Duration::microseconds(1),
            .source = source};
  }

  void pass(Duration time) {
    now_ += time;
    session_.on_time(stamp(StampSource::User), clock_);
    for (const std::uint64_t token : just_sent_) {
      packet::SendResult result;
      result.handed_over = stamp(StampSource::User);
      if (token % 13 == 12) result.status = packet::SendStatus::DroppedLocally;
      session_.on_sent(0, token, result);
    }
    just_sent_.clear();
  }

  std::uint64_t some_probe(fuzz::Input& input) const {
    const std::uint8_t back = input.octet();
    return probes_.size() > back ? probes_.size() - 1 - back : 0;
  }

  // What the true reflector answers to one of the probes, with a few octets overwritten.
  void patched_reply(fuzz::Input& input) {
    const auto probe = probes_.find(some_probe(input));
    if (probe == probes_.end()) return;
    packet::ReceivedDatagram request;
    request.payload = probe->second.octets;
    request.source = kUs;
    request.destination = kPeer;
    request.arrival = stamp(StampSource::Kernel);
    now_ += Duration::microseconds(10);
    std::vector<std::byte> buffer(request.payload.size());
    const auto reply = reflector_.reflect(request, stamp(StampSource::User), clock_, buffer);
    CHECK(reply.has_value());
    now_ += Duration::microseconds(3);
    reflector_.on_transmit_stamp(reply->token, stamp(StampSource::Kernel));
    for (unsigned patches = input.octet() % 4U; patches > 0; --patches) {
      const std::size_t at = input.octet() % buffer.size();
      buffer[at] = std::byte{input.octet()};
    }
    give(buffer, kPeer);
  }

  void give(base::Bytes octets, const packet::Endpoint& from) {
    ++given_;
    if (const auto reply = wire::decode_reply(octets); reply && from == kPeer) {
      const auto probe = probes_.find(reply->sender_sequence);
      if (probe != probes_.end()) probe->second.answered |= answers(*reply, probe->second);
    }
    packet::ReceivedDatagram datagram;
    datagram.payload = octets;
    datagram.source = from;
    datagram.destination = kUs;
    datagram.arrival = stamp(StampSource::Kernel);
    session_.on_datagram(0, datagram, clock_);
  }

  static bool answers(const wire::ReplyBase& reply, const SentProbe& probe) {
    const auto asked = wire::decode_request(probe.octets);
    return reply.sender_timestamp == asked->timestamp &&
           reply.sender_error_estimate == asked->error_estimate &&
           (reply.ssid == 0 || reply.ssid == kSsid);
  }

  void path_error(fuzz::Input& input) {
    packet::PathError error;
    error.kind = static_cast<packet::PathErrorKind>(input.octet() % 9U);
    error.destination = kPeer;
    error.noticed = now_;
    const auto probe = probes_.find(some_probe(input));
    const std::uint8_t length = input.octet();
    if ((length & 1U) == 0 && probe != probes_.end())
      error.quoted = base::Bytes(probe->second.octets)
                         .first(std::min<std::size_t>(length, probe->second.octets.size()));
    else
      error.quoted = input.take(length);
    session_.on_path_error(0, error);
  }

  void disturb(std::uint8_t what) {
    if ((what & 1U) != 0) session_.on_stamps_unreliable(0);
    if ((what & 2U) != 0) {
      wall_offset_ += Duration::milliseconds(std::int64_t{what} - 128);
      ++clock_.steps;
    }
    if ((what & 4U) != 0) clock_.suspended += Duration::seconds(5);
  }

  // What the sender says.

  void send(session::FlowId, const packet::OutgoingDatagram& datagram) override {
    CHECK(datagram.destination == kPeer && datagram.token == probes_.size());
    CHECK(wire::classify(datagram.payload) == wire::Kind::Request);
    probes_[datagram.token].octets.assign(datagram.payload.begin(), datagram.payload.end());
    just_sent_.push_back(datagram.token);
  }

  void on_sample(const measure::Sample& sample) override {
    using measure::Outcome;
    CHECK(sampled_.insert(sample.probe).second);
    const bool replied = sample.outcome == Outcome::Delivered || sample.outcome == Outcome::Late;
    CHECK(replied == sample.sender_rx.has_value());
    CHECK(replied == (sample.arrival_index != 0));
    if (replied) CHECK(sample.sender_tx && probes_.at(sample.sequence).answered);
    if (sample.outcome == Outcome::Unsent)
      CHECK(!sample.sender_tx && sample.cause != measure::UnsentCause::None);
    else
      CHECK(sample.cause == measure::UnsentCause::None);
    unknown_ += sample.outcome == Outcome::LostUnknown ? 1 : 0;
    figures_.add(sample);
  }

  void on_reply(const measure::Sample& provisional) override {
    CHECK(provisional.sender_rx && !sampled_.contains(provisional.probe));
  }
  void on_unknown_resolved(session::FlowId, std::uint64_t forward,
                           std::uint64_t backward) override {
    resolved_ += forward + backward;
    figures_.resolve_unknown(forward, backward);
  }
  void on_note(const std::string& note) override { CHECK(!note.empty()); }
  void on_event(const measure::Event& event) override { CHECK(!event.text.empty()); }
  void on_scheduler_stamps(session::FlowId) override {}
  Result<session::OpenedPort> open_flow(session::FlowId, const session::FlowPort&) override {
    return session::OpenedPort{
        .local = kUs, .transmit = (bits_ & 2U) != 0 ? StampSource::Kernel : StampSource::User};
  }
  void close_flow(session::FlowId) override {}
  std::optional<session::Egress> egress() override { return std::nullopt; }

  // Each datagram is in exactly one of these.
  void check_counters() const {
    const session::SenderCounters counters = session_.counters();
    CHECK(given_ == counters.replies + counters.malformed + counters.other_address +
                        counters.other_ssid + counters.future_sequence + counters.expired +
                        counters.mismatched_echo);
  }

  // Every probe is in exactly one of the figures.
  void check_figures(const measure::Summary& summary) const {
    const measure::LossSums& lost = summary.lost;
    CHECK(summary.scheduled == sampled_.size());
    CHECK(summary.received == summary.delivered + summary.late);
    CHECK(summary.sent == summary.received + lost.forward + lost.backward + lost.unknown +
                              summary.peer_closed + summary.too_big + summary.refused_by_peer);
    CHECK(summary.scheduled ==
          summary.sent + summary.unsent_total + summary.withheld + summary.late_schedule);
    for (const auto& ratio :
         {summary.loss_ratio, summary.network_loss_ratio, summary.unreachable_ratio})
      CHECK(!ratio || (*ratio >= 0 && *ratio <= 1));
    for (const measure::Reordering& order :
         {summary.round_trip_order, summary.forward_order, summary.backward_order})
      check_order(order, sampled_.size());
  }

  // Whatever numbers the peer gives its replies.
  static void check_order(const measure::Reordering& order, std::uint64_t probes) {
    CHECK(order.received <= probes && order.reordered <= order.received);
    CHECK(order.max_extent < std::max<std::uint64_t>(order.received, 1));
    CHECK(order.ratio.has_value() == (order.received > 0));
    for (std::size_t n = 1; n < order.n_reordered.size(); ++n)
      CHECK(order.n_reordered[n] <= (n == 1 ? order.reordered : order.n_reordered[n - 1]));
  }

  base::Random random_{1};
  MonoTime now_ = kStart;
  Duration wall_offset_ = kWallFromMono;
  ClockState clock_;
  session::Reflector reflector_;
  std::map<std::uint64_t, SentProbe> probes_;
  std::vector<std::uint64_t> just_sent_;
  std::set<std::uint64_t> sampled_;
  std::uint64_t given_ = 0, unknown_ = 0, resolved_ = 0;
  measure::Accumulator figures_{measure::AccumulatorOptions()};
  session::PortBudget budget_;
  std::uint8_t bits_;
  session::Session session_;
};

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  const bool interrupted = input.chance();
  Harness harness(input);
  while (!input.empty()) harness.event(input);
  harness.finish(interrupted);
}
