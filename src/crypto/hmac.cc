// SPDX-License-Identifier: Apache-2.0
// The low-level hash functions are deprecated in favour of EVP, which cannot start from a copied
// state without allocating (crypto/hmac.h has the figures). They are the same assembly.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hmac.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

#include "crypto/secret.h"

namespace wirestamp::crypto {

namespace {

constexpr std::size_t kBlock = 64;  // octets, of both hashes

struct Sha1 {
  using Context = SHA_CTX;
  static constexpr std::size_t kDigest = 20;
  static void begin(Context& state) { SHA1_Init(&state); }
  static void add(Context& state, base::Bytes octets) {
    SHA1_Update(&state, octets.data(), octets.size());
  }
  static void end(Context& state, unsigned char* digest) { SHA1_Final(digest, &state); }
};

struct Sha256 {
  using Context = SHA256_CTX;
  static constexpr std::size_t kDigest = 32;
  static void begin(Context& state) { SHA256_Init(&state); }
  static void add(Context& state, base::Bytes octets) {
    SHA256_Update(&state, octets.data(), octets.size());
  }
  static void end(Context& state, unsigned char* digest) { SHA256_Final(digest, &state); }
};

template <typename H>
typename H::Context load(base::Bytes state) {
  static_assert(std::is_trivially_copyable_v<typename H::Context>);
  typename H::Context context;
  std::memcpy(&context, state.data(), sizeof context);
  return context;
}

template <typename H>
void save(const typename H::Context& context, base::MutableBytes state) {
  std::memcpy(state.data(), &context, sizeof context);
}

// RFC 2104 2: the key, hashed if it is longer than a block, with each octet XORed.
template <typename H>
void begin_keyed(base::Bytes key, std::byte pad, base::MutableBytes state) {
  std::array<std::byte, kBlock> block{};
  if (key.size() > kBlock) {
    std::array<unsigned char, H::kDigest> digest{};
    typename H::Context context;
    H::begin(context);
    H::add(context, key);
    H::end(context, digest.data());
    std::memcpy(block.data(), digest.data(), digest.size());
    wipe(std::as_writable_bytes(std::span(digest)));
  } else {
    std::ranges::copy(key, block.begin());
  }
  for (std::byte& octet : block) octet ^= pad;
  typename H::Context context;
  H::begin(context);
  H::add(context, block);
  save<H>(context, state);
  wipe(block);
}

template <typename H>
Tag close(typename H::Context& inner, base::Bytes outer) {
  std::array<unsigned char, H::kDigest> digest;
  H::end(inner, digest.data());
  auto context = load<H>(outer);
  H::add(context, std::as_bytes(std::span(digest)));
  H::end(context, digest.data());
  Tag tag;
  std::memcpy(tag.data(), digest.data(), tag.size());
  return tag;
}

template <typename H>
Tag whole(base::Bytes inner, base::Bytes outer, base::Bytes first, base::Bytes second) {
  auto context = load<H>(inner);
  H::add(context, first);
  if (!second.empty()) H::add(context, second);
  return close<H>(context, outer);
}

}  // namespace

static_assert(sizeof(SHA256_CTX) <= 112 && sizeof(SHA_CTX) <= 112);

Hmac::Hmac(Hash hash, base::Bytes key) : hash_(hash) {
  constexpr std::byte kInner{0x36}, kOuter{0x5c};
  if (hash_ == Hash::Sha256) {
    begin_keyed<Sha256>(key, kInner, inner_.octets);
    begin_keyed<Sha256>(key, kOuter, outer_.octets);
  } else {
    begin_keyed<Sha1>(key, kInner, inner_.octets);
    begin_keyed<Sha1>(key, kOuter, outer_.octets);
  }
  running_ = inner_;
}

Hmac::~Hmac() {
  for (State* state : {&inner_, &outer_, &running_}) wipe(state->octets);
}

Tag Hmac::tag(base::Bytes first, base::Bytes second) const {
  return hash_ == Hash::Sha256 ? whole<Sha256>(inner_.octets, outer_.octets, first, second)
                               : whole<Sha1>(inner_.octets, outer_.octets, first, second);
}

bool Hmac::verify(base::Bytes expected, base::Bytes first, base::Bytes second) const {
  return equal(tag(first, second), expected);
}

void Hmac::add(base::Bytes piece) {
  const auto go_on = [&]<typename H>(H) {
    auto context = load<H>(running_.octets);
    H::add(context, piece);
    save<H>(context, running_.octets);
  };
  hash_ == Hash::Sha256 ? go_on(Sha256{}) : go_on(Sha1{});
}

Tag Hmac::finish() {
  const Tag tag = finished(running_);
  running_ = inner_;
  return tag;
}

Tag Hmac::finished(State& inner) const {
  const auto end = [&]<typename H>(H) {
    auto context = load<H>(inner.octets);
    return close<H>(context, outer_.octets);
  };
  return hash_ == Hash::Sha256 ? end(Sha256{}) : end(Sha1{});
}

}  // namespace wirestamp::crypto
