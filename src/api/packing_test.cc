// SPDX-License-Identifier: Apache-2.0
#include "api/packing.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "api/world_test.h"

namespace wirestamp::api {
namespace {

std::string unpacked(const std::string& packed, std::size_t size) {
  std::string plain(size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

const std::string kLong = "/api/v1/sessions/office/windows?from=-1h&step=1m";

TEST(ApiPacking, a_long_answer_is_packed_for_who_takes_that) {
  World world([](ServerOptions&) {});
  for (const std::string& target : {kLong, kLong + "&format=csv"}) {
    const Response plain = world.get(target);
    ASSERT_GT(plain.body.size(), kLeastPacked);
    EXPECT_EQ(plain.header("content-encoding"), "");
    EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
    const Response packed = world.ask({.target = target, .headers = {"Accept-Encoding: gzip, br"}});
    EXPECT_EQ(packed.status, 200);
    EXPECT_EQ(packed.header("content-encoding"), "gzip");
    EXPECT_EQ(packed.header("content-type"), plain.header("content-type"));
    EXPECT_LT(packed.body.size(), plain.body.size() / 3);
    EXPECT_EQ(unpacked(packed.body, plain.body.size()), plain.body);
  }
}

TEST(ApiPacking, a_short_one_and_a_refusal_are_not) {
  World world([](ServerOptions&) {});
  for (const char* target : {"/api/v1/configuration", "/healthz", "/api/v1/sessions/nobody"}) {
    const Response response = world.ask({.target = target, .headers = {"Accept-Encoding: gzip"}});
    EXPECT_EQ(response.header("content-encoding"), "") << target;
    EXPECT_TRUE(response.json().is_object()) << target;
  }
}

TEST(ApiPacking, head_tells_the_length_of_what_get_answers) {
  World world([](ServerOptions&) {});
  const Ask get{.target = kLong, .headers = {"Accept-Encoding: gzip"}};
  Ask head = get;
  head.method = "HEAD";
  EXPECT_EQ(world.ask(head).header("content-length"), std::to_string(world.ask(get).body.size()));
}

TEST(ApiPacking, what_cannot_be_made_smaller_stays_as_it_is) {
  Reply reply;
  std::uint64_t state = 88'172'645'463'325'252;
  for (int i = 0; i < 20'000; ++i) {
    state ^= state << 13U, state ^= state >> 7U, state ^= state << 17U;
    reply.body += static_cast<char>(state & 0xffU);
  }
  const std::string before = reply.body;
  pack("gzip", reply);
  EXPECT_EQ(reply.body, before);
  EXPECT_EQ(reply.headers.size(), 1U);
  EXPECT_EQ(unpacked(*gzip(before), before.size()), before);
  EXPECT_EQ(unpacked(*gzip(""), 0), "");
}

}  // namespace
}  // namespace wirestamp::api
