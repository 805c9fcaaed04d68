// SPDX-License-Identifier: Apache-2.0
#include "session/tlv_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/tlv_control.h"
#include "wire/tlv_names.h"
#include "wire/tlv_return_path.h"

namespace wirestamp::session {

namespace {

constexpr unsigned kMostTellings = 8;  // of one TLV

std::string title(std::uint8_t type) {
  const wire::TlvName* known = wire::tlv_name(type);
  return known != nullptr ? std::string(known->title) : fmt::format("TLV {}", type);
}

std::string_view clock_name(std::uint8_t source) {
  using wire::SyncSource;
  switch (static_cast<SyncSource>(source)) {
    case SyncSource::Ntp:
      return "NTP";
    case SyncSource::Ptp:
      return "PTP";
    case SyncSource::Ssu:
      return "SSU or BITS";
    case SyncSource::Gnss:
      return "a satellite receiver";
    case SyncSource::FreeRunning:
      return "free running";
  }
  return "not told";
}

std::string_view method_name(std::uint8_t method) {
  using wire::StampMethod;
  switch (static_cast<StampMethod>(method)) {
    case StampMethod::HwAssist:
      return "hardware";
    case StampMethod::SwLocal:
      return "software";
    case StampMethod::ControlPlane:
      return "control plane";
    case StampMethod::Unknown:
      break;
  }
  return "unknown";
}

std::string clock(const wire::TimestampInformation& told) {
  std::string text = fmt::format("reflector's clock: {}", clock_name(told.sync_in));
  if (told.sync_out != told.sync_in)
    text += fmt::format(" when received, {} when sent", clock_name(told.sync_out));
  if (told.method_in == told.method_out)
    return text + fmt::format(", {} stamps", method_name(told.method_in));
  return text + fmt::format(", {} stamps of requests, {} stamps of replies",
                            method_name(told.method_in), method_name(told.method_out));
}

std::string access(const wire::AccessReport& report) {
  return fmt::format("the reflector received the report: {} access {}",
                     report.access == wire::AccessReport::k3gpp ? "3GPP" : "non-3GPP",
                     report.return_code == wire::AccessReport::kAvailable     ? "available"
                     : report.return_code == wire::AccessReport::kUnavailable ? "unavailable"
                                                                              : "in another state");
}

std::string wish(base::Bytes value) {
  const auto path = wire::decode_return_path(value);
  if (!path) return "as asked";
  if (path->control_code)
    return *path->control_code == wire::ReturnPath::kSameLink
               ? "by the link that the request came by"
               : "not at all";
  return path->address ? "to " + packet::to_string(*path->address) : "over the segments asked for";
}

// What would make a reflector do it that is of this program: an answered WSTP tells.
std::string_view option_there(std::uint8_t type, const std::vector<wire::AskedTlv>& asked) {
  switch (type) {
    case wire::kReturnPath: {
      const auto found = std::ranges::find(asked, type, &wire::AskedTlv::type);
      const auto path =
          found == asked.end() ? std::nullopt : wire::decode_return_path(found->value);
      return path && path->address ? "`--return-to` there permits it" : "";
    }
    case wire::kMicroSession:
      return "`--micro-session` there tells the number of its link";
    case wire::kReflectedControl:
      return "`--reply-control` there permits it to sources of its --allow, up to that number";
    case wire::kBitPattern:
    case wire::kBitErrors:
    case wire::kErrorBurst:
    case wire::kExtensionHeader:
    case wire::kFixedHeader:
      return "`--drafts` there switches it on";
    default:
      return "";
  }
}

std::string_view why_not_believed(const std::vector<TlvState>& carried) {
  if (std::ranges::find(carried, std::uint8_t{wire::kHmac}, &TlvState::type) == carried.end())
    return "no TLV is believed: the reflector wants an HMAC over them (I). Give its key here, too, "
           "with --key-file and --tlv-hmac";
  return "no TLV is believed: the HMAC over them is wrong (I). Is the key the same at both ends, "
         "and "
         "--tlv-hmac given at both or at none? Else something on the way changes them";
}

std::optional<std::uint64_t> epoch_of(const Reply& reply) {
  if (!reply.state || reply.state->stateless) return std::nullopt;
  return reply.state->epoch;
}

// Of counters that may wrap.
bool is_above(std::uint32_t count, std::uint32_t other) {
  return static_cast<std::int32_t>(count - other) > 0;
}

bool same_end(const packet::Endpoint& end, const packet::IpAddress& address, std::uint16_t port) {
  return end.address == address && end.port == port;
}

}  // namespace

TlvWatch::TlvWatch(const wire::RequestLayout& layout, const std::vector<wire::AskedTlv>& asked)
    : asked_(asked) {
  wire::TlvReader reader(base::Bytes(layout.octets).subspan(wire::base_size(layout.mode)));
  while (const auto tlv = reader.next()) {
    const auto same = [&](const auto& one) { return one.type == tlv->type; };
    if (std::ranges::any_of(states_, same)) continue;
    const wire::TlvName* known = wire::tlv_name(tlv->type);
    states_.push_back(
        {.type = tlv->type,
         .name = known != nullptr ? std::string(known->name) : fmt::format("{}", tlv->type),
         .asked = std::ranges::any_of(asked_, same),
         .text = {}});
  }
  times_told_.resize(states_.size());
}

TlvAnswer TlvWatch::answer_of(std::uint8_t type, const TlvReply& reply) const {
  const wire::ReplyTlvs& told = reply.reply.tlvs;
  if (!reply.reply.tlvs_read) return TlvAnswer::None;
  if (told.integrity_failed) return TlvAnswer::IntegrityFailed;
  if (told.refused(type)) return TlvAnswer::NotUnderstood;
  if (told.could_not(type)) return TlvAnswer::NotFulfilled;
  if (told.answered(type)) return TlvAnswer::Answered;
  return told.malformed_type == type ? TlvAnswer::Malformed : TlvAnswer::None;
}

// Whether what it tells is other than before.
bool TlvWatch::changed(std::uint8_t type, const TlvReply& reply) const {
  const wire::ReplyTlvs& told = reply.reply.tlvs;
  switch (type) {
    case wire::kLocation:
      return told.location != last_.location || reply.local != last_local_;
    case wire::kTimestampInformation:
      return told.timestamp_information != last_.timestamp_information;
    case wire::kAccessReport:
      return told.access_report != last_.access_report;
    case wire::kMicroSession:
      return told.micro_session != last_.micro_session;
    case wire::kBitErrors:
      return told.bit_errors != last_.bit_errors;
    case wire::kErrorBurst:
      return told.error_burst != last_.error_burst;
    default:
      return false;
  }
}

void TlvWatch::begin_counts(const TlvReply& reply) {
  counted_anew_ = counted_.has_value();
  const wire::DirectMeasurement& direct = *reply.reply.tlvs.direct;
  counted_ = Counted{.local = reply.local,
                     .ssid = reply.reply.ssid,
                     .epoch = epoch_of(reply.reply),
                     .first = direct,
                     .last = direct,
                     .received_first = reply.replies_received,
                     .received_last = reply.replies_received};
}

// A new session over the port of the one before shows by its SSID, or by its replies, which are
// counted from 1.
bool TlvWatch::of_another_flow(const TlvReply& reply) const {
  return reply.local != counted_->local || reply.reply.ssid != counted_->ssid ||
         reply.replies_received <= counted_->received_last;
}

// A reflector that does not tell its epoch shows by a count that fell back to what we can have sent
// it since. (Where requests overtake each other it falls back, too, but not so far.)
bool TlvWatch::of_another_life(const TlvReply& reply) const {
  const auto epoch = epoch_of(reply.reply);
  if (epoch && counted_->epoch) return *epoch != *counted_->epoch;
  const wire::DirectMeasurement &now = *reply.reply.tlvs.direct, &last = counted_->last;
  return is_above(last.reflector_received, now.reflector_received) &&
         now.reflector_received <= now.sender_sent - last.sender_sent;
}

void TlvWatch::take_counters(const TlvReply& reply) {
  const auto& direct = reply.reply.tlvs.direct;
  if (!direct) return;
  if (!counted_ || of_another_flow(reply)) return begin_counts(reply);
  counted_->received_last = reply.replies_received;
  // A reply that was overtaken tells what is known already.
  if (is_above(counted_->last.sender_sent, direct->sender_sent)) return;
  if (of_another_life(reply)) return begin_counts(reply);
  counted_->last = *direct;
}

std::string TlvWatch::counted() const {
  const bool nothing = !counted_ || counted_->last.sender_sent == counted_->first.sender_sent;
  if (nothing) return "the reflector counts the packets of the session";
  const wire::DirectMeasurement &first = counted_->first, &last = counted_->last;
  //= RFC8972:direct-differences
  const std::uint32_t sent = last.sender_sent - first.sender_sent;
  const std::uint32_t arrived = last.reflector_received - first.reflector_received;
  const std::uint32_t replied = last.reflector_sent - first.reflector_sent;
  return fmt::format("since {} {} sent, {} received there, {} sent back, {} received here",
                     counted_anew_ ? "the counts began anew" : "the first reply", sent, arrived,
                     replied, counted_->received_last - counted_->received_first);
}

std::string TlvWatch::location(const wire::Location& seen, const TlvReply& reply) {
  translated_ = false;
  std::string text;
  const bool withheld = seen.source_port == 0 && seen.destination_port == 0 &&
                        (!seen.source || seen.source->is_any());
  if (withheld) return "the reflector does not tell what it saw";
  if (seen.source && !seen.source->is_any()) {
    translated_ = !same_end(reply.local, *seen.source, seen.source_port);
    text =
        "the reflector saw " + packet::to_string(packet::Endpoint{*seen.source, seen.source_port});
    text += translated_
                ? fmt::format(", we sent from {}: a NAT is between", packet::to_string(reply.local))
                : ", as sent: no NAT is between";
  } else {
    translated_ = seen.source_port != reply.local.port;
    text = fmt::format("the reflector saw source port {}", seen.source_port);
    if (translated_)
      text += fmt::format(", we sent from port {}: a NAT is between", reply.local.port);
  }
  const bool moved = seen.destination && !seen.destination->is_any() &&
                     !same_end(reply.remote, *seen.destination, seen.destination_port);
  if (moved)
    text +=
        fmt::format("; it was reached at {}: its address is translated, too",
                    packet::to_string(packet::Endpoint{*seen.destination, seen.destination_port}));
  if (seen.source_mac) {
    text += "; from MAC address ";
    for (std::size_t i = 0; i < seen.source_mac->size(); ++i)
      text +=
          fmt::format("{}{:02x}", i > 0 ? ":" : "", static_cast<unsigned>((*seen.source_mac)[i]));
  }
  return text;
}

std::string TlvWatch::answered(std::uint8_t type, const TlvReply& reply) {
  const wire::ReplyTlvs& told = reply.reply.tlvs;
  switch (type) {
    case wire::kLocation:
      return told.location ? location(*told.location, reply) : "it tells nothing";
    case wire::kTimestampInformation:
      return told.timestamp_information ? clock(*told.timestamp_information) : "it tells nothing";
    case wire::kDirectMeasurement:
      return counted();
    case wire::kAccessReport:
      return told.access_report ? access(*told.access_report) : "it is none that we know";
    case wire::kDestinationNode:
      return told.destination_node ? fmt::format("{} is an address of the reflector",
                                                 packet::to_string(*told.destination_node))
                                   : "it tells nothing";
    case wire::kReturnPath: {
      const auto asked = std::ranges::find(asked_, type, &wire::AskedTlv::type);
      return asked == asked_.end() ? "it is done" : "replies come " + wish(asked->value);
    }
    case wire::kMicroSession:
      return told.micro_session
                 ? fmt::format("member link {} here is {} there", told.micro_session->sender,
                               told.micro_session->reflector)
                 : "it tells nothing";
    case wire::kReflectedControl:
      return "replies come in the length and number asked for";
    case wire::kBitErrors:
      return told.bit_errors == 1U
                 ? "1 bit arrived wrong"
                 : fmt::format("{} bits arrived wrong", told.bit_errors.value_or(0));
    case wire::kErrorBurst:
      return fmt::format("{} wrong bits in a row at most", told.error_burst.value_or(0));
    default:
      return "understood";
  }
}

std::string TlvWatch::words(const TlvState& state, const TlvReply& reply) {
  std::string text = verdict(state, reply);
  const bool refused =
      state.answer == TlvAnswer::NotUnderstood || state.answer == TlvAnswer::NotFulfilled;
  if (!refused || !reply.reply.tlvs.wstp) return text;
  const bool header = state.type == wire::kExtensionHeader || state.type == wire::kFixedHeader;
  if (state.answer == TlvAnswer::NotFulfilled && header)
    return text + ": its system shows it no headers";
  if (const auto option = option_there(state.type, asked_); !option.empty())
    text += fmt::format(": {}", option);
  return text;
}

std::string TlvWatch::verdict(const TlvState& state, const TlvReply& reply) {
  std::string what = title(state.type);
  switch (state.answer) {
    case TlvAnswer::None:
      if (!reply.reply.tlvs_read)
        return fmt::format("{}: no answer, the peer speaks no TLVs", what);
      if (reply.reply.size < reply.request_size)
        return fmt::format("{}: it did not come back, replies are cut at {} octets", what,
                           reply.reply.size);
      return fmt::format("{}: it did not come back", what);
    case TlvAnswer::Answered:
      return fmt::format("{}: {}", what, answered(state.type, reply));
    case TlvAnswer::NotUnderstood:
      if (state.type == wire::kDestinationNode)
        return fmt::format("{}: the peer does not know it, or the address is not its own (U)",
                           what);
      if (state.type == wire::kReturnPath)
        return fmt::format("{}: not understood, or refused (U)", what);
      return fmt::format("{}: the peer does not know it (U)", what);
    case TlvAnswer::Malformed:
      return fmt::format("{}: malformed (M); nothing behind it is read", what);
    case TlvAnswer::IntegrityFailed:
      return fmt::format("{}: the HMAC over the TLVs is wrong (I): none is believed", what);
    case TlvAnswer::NotFulfilled:
      return fmt::format("{}: understood, the peer could not do it (C)", what);
  }
  return what;
}

void TlvWatch::on_reply(const TlvReply& reply) {
  take_counters(reply);
  for (std::size_t i = 0; i < states_.size(); ++i) {
    TlvState& state = states_[i];
    const TlvAnswer answer = answer_of(state.type, reply);
    const bool news = state.text.empty() || answer != state.answer || changed(state.type, reply);
    // Counters change with each reply, which is no news.
    const bool counts = state.type == wire::kDirectMeasurement && answer == TlvAnswer::Answered;
    if (!news && !counts) continue;
    state.answer = answer;
    state.text = words(state, reply);
    if (news) tell(i);
  }
  last_ = reply.reply.tlvs;
  last_local_ = reply.local;
}

void TlvWatch::tell(std::size_t i) {
  const TlvState& state = states_[i];
  if (state.answer == TlvAnswer::IntegrityFailed) {
    // That is so of all of them at once, and what to do is the same for each.
    if (i == 0 && ++times_told_[0] <= kMostTellings)
      news_.push_back({.text = std::string(why_not_believed(states_))});
    return;
  }
  const bool wrong =
      state.answer == TlvAnswer::Malformed || state.answer == TlvAnswer::IntegrityFailed;
  if ((!state.asked && !wrong) || times_told_[i] == kMostTellings) return;
  const bool last = ++times_told_[i] == kMostTellings;
  const bool translation = state.type == wire::kLocation && (translated_ || told_translated_);
  if (state.type == wire::kLocation) told_translated_ = translated_;
  news_.push_back(
      {.text = last ? state.text + "; it changes again and again: no more is told" : state.text,
       .translation = translation});
}

}  // namespace wirestamp::session
