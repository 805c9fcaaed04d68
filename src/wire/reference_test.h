// SPDX-License-Identifier: Apache-2.0
//
// The reflector as RFC 8762, 8972, 9503 and 9534 tell it, step by step and slowly: octets are
// pushed into vectors, integers are put together by hand, the HMAC is the one-shot function. It
// shares no code with the reflector, only the types of what it is told, so that tests and fuzz
// targets can hold one against the other. Header only: the fuzz targets have no test library.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "wire/reflect.h"

namespace wirestamp::wire::reference {

using Raw = std::vector<unsigned>;  // one octet each

inline Raw raw(base::Bytes octets) {
  Raw out;
  for (const std::byte octet : octets) out.push_back(static_cast<unsigned>(octet));
  return out;
}

inline std::vector<std::byte> bytes(const Raw& in) {
  std::vector<std::byte> out;
  for (const unsigned octet : in) out.push_back(static_cast<std::byte>(octet));
  return out;
}

// One TLV of the request: where it begins, and whether it fits.
struct Part {
  std::size_t at = 0;
  unsigned flags = 0, type = 0;
  std::size_t length = 0;
  bool whole = true;  // false: it runs over the end
};

// All headers there are, up to the one that runs over the end.
inline std::vector<Part> parts(const Raw& area, std::size_t from, std::size_t to) {
  std::vector<Part> found;
  std::size_t at = from;
  while (to - at >= 4) {
    Part part{.at = at, .flags = area[at], .type = area[at + 1], .length = 0};
    part.length = area[at + 2] * 256U + area[at + 3];
    part.whole = at + 4 + part.length <= to;
    found.push_back(part);
    if (!part.whole) break;
    at += 4 + part.length;
  }
  return found;
}

// First 16 octets of HMAC-SHA-256(key, sequence | area up to `end`).
inline Raw tag(base::Bytes key, std::uint32_t sequence, const Raw& area, std::size_t end) {
  Raw input{sequence >> 24U & 255U, sequence >> 16U & 255U, sequence >> 8U & 255U, sequence & 255U};
  input.insert(input.end(), area.begin(), area.begin() + static_cast<std::ptrdiff_t>(end));
  const auto octets = bytes(input);
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), digest, nullptr);
  return {digest, digest + 16};
}

// What it knows besides TlvAnswers: the octets of the key, which those do not show.
struct Told {
  const TlvAnswers* answers = nullptr;
  std::optional<std::vector<std::byte>> key;
};

struct Outcome {
  Raw reply;
  bool malformed = false, integrity_failed = false;
  unsigned unrecognised = 0;
  bool no_reply = false;  // of any kind
};

inline void put(Raw& reply, std::size_t at, std::uint64_t value, unsigned octets) {
  for (unsigned i = 0; i < octets; ++i)
    reply[at + i] = static_cast<unsigned>(value >> 8U * (octets - 1 - i) & 255U);
}

inline void put_address(Raw& reply, std::size_t at, const packet::IpAddress& address) {
  const bool v4 = address.family() == packet::Family::V4;
  for (std::size_t i = 0; i < (v4 ? 4U : 16U); ++i)
    reply[at + i] = static_cast<unsigned>(address.octets()[i]);
}

// RFC 8972 4.2.
inline void location(Raw& reply, const Part& tlv, const LocationAnswer& told) {
  const std::size_t value = tlv.at + 4;
  put(reply, value, told.tell_ports ? told.destination.port : 0, 2);
  put(reply, value + 2, told.tell_ports ? told.source.port : 0, 2);
  for (const Part& sub : parts(reply, value + 4, value + tlv.length)) {
    const bool asks = sub.type == 1 || sub.type == 4 || sub.type == 7;
    if (!sub.whole || (asks && sub.length != (sub.type == 1 ? 8U : 16U))) {
      reply[sub.at] = 0x40;
      return;
    }
    if (!asks) {
      reply[sub.at] = 0x80;
      continue;
    }
    for (std::size_t i = 0; i < sub.length; ++i) reply[sub.at + 4 + i] = 0;
    reply[sub.at] = 0;
    if (sub.type == 1) {
      reply[sub.at + 1] = told.source_mac ? 2 : 3;
      if (told.source_mac)
        for (std::size_t i = 0; i < 6; ++i)
          reply[sub.at + 4 + i] = static_cast<unsigned>((*told.source_mac)[i]);
    } else {
      const auto& address = sub.type == 4 ? told.destination.address : told.source.address;
      reply[sub.at + 1] = sub.type + (address.family() == packet::Family::V4 ? 1U : 2U);
      if (sub.type == 4 ? told.tell_destination : told.tell_source)
        put_address(reply, sub.at + 4, address);
    }
  }
}

// RFC 9503 4. Returns the flags of the outer TLV.
inline unsigned return_path(Raw& reply, const Part& tlv, const ReturnPathPolicy& policy,
                            bool& no_reply) {
  bool sound = true, code = false, no = false, other = false, segments = false;
  std::optional<packet::IpAddress> address;
  unsigned seen[5] = {};
  std::size_t end = tlv.at + 4;
  for (const Part& sub : parts(reply, tlv.at + 4, tlv.at + 4 + tlv.length)) {
    end = sub.at + 4 + sub.length;
    if (sub.whole && (sub.type < 1 || sub.type > 4)) {
      reply[sub.at] = 0x80;
      sound = false;
      continue;
    }
    const bool good = sub.whole && ((sub.type == 1 && sub.length == 4) ||
                                    (sub.type == 2 && (sub.length == 4 || sub.length == 16)) ||
                                    (sub.type == 3 && sub.length > 0 && sub.length % 4 == 0) ||
                                    (sub.type == 4 && sub.length > 0 && sub.length % 16 == 0));
    if (!good) {
      reply[sub.at] = 0x40;
      sound = false;
      end = tlv.at + 4 + tlv.length;
      break;
    }
    reply[sub.at] = 0;
    if (++seen[sub.type] > 1) sound = false;
    if (sub.type == 1 && seen[1] == 1) {
      code = true;
      no = reply[sub.at + 7] % 2 == 0;
    }
    if (sub.type == 2) {
      std::array<std::byte, 16> octets{};
      for (std::size_t i = 0; i < sub.length; ++i)
        octets[i] = static_cast<std::byte>(reply[sub.at + 4 + i]);
      if (sub.length == 4)
        address = packet::IpAddress::v4(
            std::array<std::byte, 4>{octets[0], octets[1], octets[2], octets[3]});
      else
        address = packet::IpAddress::v6(octets);
    }
    other = other || sub.type != 1;
    segments = segments || sub.type > 2;
  }
  if (end != tlv.at + 4 + tlv.length) sound = false;  // a tail too short for a header
  no_reply = code && no;
  if (no_reply) return 0;
  if (!sound || segments) return 0x80;
  if (code) return other ? 0x80 : 0;
  return address && policy.may_answer && policy.may_answer(*address) ? 0 : 0x80;
}

// draft-gandhi-ippm-stamp-ber: the first padding of the request against the first pattern.
struct Bits {
  bool countable = false;
  std::size_t padding = 0, octets = 0;  // where it is
  Raw pattern;
  unsigned wrong = 0, longest = 0;
};
inline Bits bits(const Raw& area) {
  Bits found{.pattern = {0xff, 0x00}};
  bool patterned = false, padded = false;
  for (const Part& part : parts(area, 0, area.size())) {
    if (!part.whole) break;
    const auto begin = area.begin() + static_cast<std::ptrdiff_t>(part.at + 4);
    if (part.type == 240 && !patterned) {
      patterned = true;
      found.pattern = Raw(begin, begin + static_cast<std::ptrdiff_t>(part.length));
    }
    if (part.type == 1 && !padded) {
      padded = true;
      found.padding = part.at + 4;
      found.octets = part.length;
    }
  }
  found.countable = padded && !found.pattern.empty() && found.octets % found.pattern.size() == 0;
  unsigned row = 0;
  for (std::size_t bit = 0; found.countable && bit < 8 * found.octets; ++bit) {
    const unsigned came = area[found.padding + bit / 8] >> (7 - bit % 8) & 1U;
    const unsigned meant = found.pattern[bit / 8 % found.pattern.size()] >> (7 - bit % 8) & 1U;
    row = came == meant ? 0 : row + 1;
    if (came != meant) ++found.wrong;
    if (row > found.longest) found.longest = row;
  }
  return found;
}

// draft-ietf-ippm-stamp-ext-hdr: the first header of that length that is asked for, or that is
// asked for by zeros.
inline unsigned header(Raw& reply, const Part& tlv, std::size_t requested,
                       std::span<const base::Bytes> headers) {
  for (const base::Bytes candidate : headers) {
    const Raw octets = raw(candidate);
    if (octets.size() != tlv.length) continue;
    bool zeros = true, same = true;
    for (std::size_t i = 0; i < requested; ++i) {
      zeros = zeros && reply[tlv.at + 4 + i] == 0;
      same = same && reply[tlv.at + 4 + i] == octets[i];
    }
    if (!zeros && !same) continue;
    for (std::size_t i = requested; i < tlv.length; ++i) reply[tlv.at + 4 + i] = octets[i];
    return 0;
  }
  return 0x10;
}

// The TLVs of the drafts. `counted`: the padding is to be as it was meant.
inline unsigned draft(Raw& reply, const Part& tlv, const TlvAnswers& told, const Raw& area,
                      bool& counted) {
  if (told.policy == nullptr || !told.policy->drafts) return 0x80;
  if (tlv.type == 240) return 0;
  if (tlv.type == 246) return tlv.length < 8 ? 0x40 : header(reply, tlv, 8, told.extension_headers);
  if (tlv.type == 247)
    return tlv.length != 20 && tlv.length != 40 ? 0x40 : header(reply, tlv, 4, told.fixed_headers);
  if (tlv.length != 4) return 0x40;
  const Bits found = bits(area);
  if (!found.countable) return 0x10;
  counted = true;
  put(reply, tlv.at + 4, tlv.type == 241 ? found.wrong : found.longest, 4);
  return 0;
}

// One TLV that is whole. 0, 0x80, 0x10, or 0x40: malformed.
inline unsigned one(Raw& reply, const Part& tlv, const TlvAnswers& told, bool keyed,
                    const Raw& area, Outcome& outcome, bool& path_seen, bool& control_seen,
                    bool& node_seen, bool& counted) {
  const std::size_t value = tlv.at + 4;
  const TlvPolicy* policy = told.policy;
  switch (tlv.type) {
    case 1:
      return 0;
    case 2:
      if (!told.location) return 0x80;
      if (tlv.length < 4) return 0x40;
      location(reply, tlv, *told.location);
      return 0;
    case 3:
      if (tlv.length < 4) return 0x40;
      reply[value] = told.timestamp_information.sync_in;
      reply[value + 1] = told.timestamp_information.method_in;
      reply[value + 2] = told.timestamp_information.sync_out;
      reply[value + 3] = told.timestamp_information.method_out;
      return 0;
    case 4: {
      if (tlv.length != 4) return 0x40;
      const unsigned wanted = reply[value] / 4, dscp = told.received_traffic_class / 4U;
      bool allowed = wanted <= told.highest_dscp;
      if (allowed && policy != nullptr && wanted != 0 && wanted != dscp)
        allowed = (policy->permitted_dscp >> wanted) % 2 == 1;
      const unsigned ec1 = reply[value + 2] / 64;
      reply[value] = wanted * 4 + dscp / 16;
      reply[value + 1] = dscp % 16 * 16 + told.received_traffic_class % 4U * 4 + (allowed ? 0 : 1);
      reply[value + 2] = policy != nullptr && policy->cos_ecn ? ec1 * 64 + 3 * 16 : 0;
      reply[value + 3] = 0;
      return 0;
    }
    case 5:
      if (!told.direct) return 0x80;
      if (tlv.length != 12) return 0x40;
      put(reply, value + 4, told.direct->received, 4);
      put(reply, value + 8, told.direct->sent, 4);
      return 0;
    case 6:
      if (!told.access_reports) return 0x80;
      if (tlv.length != 4 || reply[value] / 16 < 1 || reply[value] / 16 > 2) return 0x40;
      reply[value] = reply[value] / 16 * 16;
      reply[value + 2] = reply[value + 3] = 0;
      return 0;
    case 7:
      if (tlv.length != 16) {
        for (std::size_t i = 0; i < tlv.length && i < 12; ++i) reply[value + i] = 0;
        return 0x40;
      }
      for (std::size_t i = 0; i < 16; ++i) reply[value + i] = 0;
      if (!told.follow_up) return 0;
      put(reply, value, told.follow_up->sequence, 4);
      put(reply, value + 4, told.follow_up->timestamp, 8);
      reply[value + 12] = told.follow_up->method;
      return 0;
    case 8:
      return keyed ? 0 : 0x80;
    case 9: {
      if (policy == nullptr || !policy->own) return 0x80;
      if (tlv.length != 4 && tlv.length != 16) return 0x40;
      std::array<std::byte, 16> octets{};
      for (std::size_t i = 0; i < tlv.length; ++i)
        octets[i] = static_cast<std::byte>(reply[value + i]);
      const auto address = tlv.length == 16 ? packet::IpAddress::v6(octets)
                                            : packet::IpAddress::v4(std::array<std::byte, 4>{
                                                  octets[0], octets[1], octets[2], octets[3]});
      const bool ours =
          policy->own({.address = address, .length = static_cast<std::uint8_t>(8 * tlv.length)});
      if (node_seen || !ours) return 0x80;
      node_seen = true;
      return 0;
    }
    case 10: {
      if (policy == nullptr || !policy->return_path || path_seen) return 0x80;
      if (tlv.length < 4) return 0x40;
      path_seen = true;
      bool no_reply = false;
      const unsigned flags = return_path(reply, tlv, *policy->return_path, no_reply);
      outcome.no_reply = outcome.no_reply || no_reply;
      return flags;
    }
    case 11: {
      if (!told.micro_session) return 0x80;
      if (tlv.length != 4) return 0x40;
      const unsigned asked = reply[value + 2] * 256 + reply[value + 3];
      outcome.no_reply = outcome.no_reply || (asked != 0 && asked != *told.micro_session);
      put(reply, value + 2, *told.micro_session, 2);
      return 0;
    }
    case 12:  // here only as it is by default: understood, and not done
      if (policy == nullptr) return 0x80;
      if (tlv.length < 12) return 0x40;
      control_seen = true;
      return 0x10;
    case 240:
    case 241:
    case 242:
    case 246:
    case 247:
      return draft(reply, tlv, told, area, counted);
    default:
      return 0x80;  // WSTP is not known to the reference
  }
}

// The area behind the base packet of a reply (RFC 8972 4). Not for policies with `control`,
// nor for answers with WSTP.
inline Outcome reflect(base::Bytes request, const Told& told) {
  const TlvAnswers& answers = *told.answers;
  Outcome outcome{.reply = raw(request)};
  Raw& reply = outcome.reply;
  const Raw area = reply;
  if (area.empty()) return outcome;
  const bool authenticated = answers.integrity.mode == Mode::Authenticated;
  if (!authenticated && (area[0] & 0x80U) == 0) return outcome;

  const std::vector<Part> all = parts(area, 0, area.size());
  std::optional<std::size_t> hmac;
  if (told.key) {
    bool failed = false, others = false;
    for (const Part& part : all) {
      if (part.type == 1) continue;
      if (hmac) failed = true;  // something behind it that may not be there
      if (part.type == 8 && !hmac) {
        hmac = part.at;
        if (!part.whole || part.length != 16) failed = true;
      } else {
        others = true;
      }
    }
    if (!hmac && others && (authenticated || answers.integrity.required)) failed = true;
    if (hmac && !failed) {
      const Raw good = tag(*told.key, answers.request_sequence, area, *hmac);
      for (std::size_t i = 0; i < 16; ++i) failed = failed || area[*hmac + 4 + i] != good[i];
    }
    if (failed) {
      for (const Part& part : all) reply[part.at] = 0x20;
      outcome.integrity_failed = true;
      return outcome;
    }
  }
  bool path_seen = false, control_seen = false, node_seen = false, counted = false;
  std::size_t behind = area.size();  // nothing from here on was looked at
  std::size_t control_at = 0, path_at = 0;
  bool path_no_reply = false;
  for (const Part& part : all) {
    const bool had_path = path_seen, had_control = control_seen;
    const bool before = outcome.no_reply;
    const unsigned flags = part.whole ? one(reply, part, answers, told.key.has_value(), area,
                                            outcome, path_seen, control_seen, node_seen, counted)
                                      : 0x40;
    if (!had_path && path_seen) {
      path_at = part.at;
      bool no = false;
      Raw copy = area;
      return_path(copy, part, *answers.policy->return_path, no);
      path_no_reply = no;
      outcome.no_reply = before;  // told apart below
    }
    if (!had_control && control_seen) control_at = part.at;
    reply[part.at] = flags;
    if (flags == 0x80) ++outcome.unrecognised;
    if (flags == 0x40) {
      outcome.malformed = true;
      behind = part.at;
      break;
    }
  }
  if (const Bits found = bits(area); counted && found.padding < behind)
    for (std::size_t i = 0; i < found.octets; ++i)
      reply[found.padding + i] = found.pattern[i % found.pattern.size()];
  if (path_no_reply && control_seen) {
    outcome.unrecognised += 2;
    reply[path_at] = reply[control_at] = 0x80;
  } else if (path_no_reply) {
    outcome.no_reply = true;
  }
  if (hmac) {  // behind a malformed one, too
    const Raw good = tag(*told.key, answers.reply_sequence, reply, *hmac);
    for (std::size_t i = 0; i < 16; ++i) reply[*hmac + 4 + i] = good[i];
  }
  return outcome;
}

}  // namespace wirestamp::wire::reference
