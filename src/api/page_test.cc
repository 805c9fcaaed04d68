// SPDX-License-Identifier: Apache-2.0
#include "api/page.h"

#include <gtest/gtest.h>

#include "api/headers.h"
#include "api/world_test.h"

namespace wirestamp::api {
namespace {

struct ApiPage : testing::Test {
  World world{[](ServerOptions&) {}};
};

constexpr std::string_view kGzip = "\x1f\x8b\x08";

TEST_F(ApiPage, every_file_is_answered_with_its_type_as_it_is_to_who_takes_no_other_form) {
  ASSERT_FALSE(page_files().empty());
  EXPECT_EQ(page_files().front().path, "/");
  for (const PageFile& file : page_files()) {
    const Response response = world.get(std::string(file.path));
    EXPECT_EQ(response.status, 200) << file.path;
    EXPECT_EQ(response.header("content-type"), file.type);
    EXPECT_EQ(response.header("content-encoding"), "");
    EXPECT_EQ(response.header("vary"), "Accept-Encoding");
    EXPECT_EQ(response.body, file.plain) << file.path;
  }
  EXPECT_NE(world.get("/").body.find("<!doctype html>"), std::string::npos);
}

TEST_F(ApiPage, who_takes_gzip_gets_it_under_another_tag) {
  for (const PageFile& file : page_files()) {
    const std::string target(file.path);
    const Response plain = world.get(target);
    const Response packed =
        world.ask({.target = target, .headers = {"Accept-Encoding: deflate, gzip;q=0.8, br"}});
    EXPECT_EQ(packed.status, 200) << target;
    EXPECT_EQ(packed.header("content-type"), file.type);
    EXPECT_TRUE(file.packed.starts_with(kGzip)) << target;
    if (file.packed.size() >= file.plain.size()) continue;
    EXPECT_EQ(packed.header("content-encoding"), "gzip") << target;
    EXPECT_EQ(packed.body, file.packed);
    EXPECT_NE(packed.header("etag"), plain.header("etag"));
  }
}

TEST_F(ApiPage, what_the_client_has_already_is_not_sent_again) {
  const std::string tag = world.get("/").header("etag");
  ASSERT_TRUE(tag.starts_with('"') && tag.ends_with('"') && tag.size() > 10) << tag;
  for (const std::string& known : {tag, "\"other\", " + tag, "W/" + tag, std::string("*")}) {
    const Response same = world.ask({.target = "/", .headers = {"If-None-Match: " + known}});
    EXPECT_EQ(same.status, 304) << known;
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.header("etag"), tag);
    EXPECT_EQ(same.header("cache-control"), "no-cache");
  }
  EXPECT_EQ(world.ask({.target = "/", .headers = {"If-None-Match: \"other\""}}).status, 200);
  // That of the other form is none of this one.
  EXPECT_EQ(
      world.ask({.target = "/", .headers = {"If-None-Match: " + tag, "Accept-Encoding: gzip"}})
          .status,
      200);
}

TEST_F(ApiPage, each_answer_forbids_what_the_page_does_not_need) {
  for (const char* target : {"/", "/app.js", "/api/v1/sessions", "/nothing"}) {
    const Response response = world.get(target);
    EXPECT_EQ(response.header("content-security-policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: "
              "blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
              "'none'")
        << target;
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(response.header("referrer-policy"), "no-referrer") << target;
    EXPECT_EQ(response.header("cross-origin-opener-policy"), "same-origin") << target;
    EXPECT_EQ(response.headers.count("cache-control"), 1U) << target;
  }
  EXPECT_EQ(world.get("/").header("cache-control"), "no-cache");
}

TEST_F(ApiPage, head_tells_the_same_without_the_file) {
  const Response head = world.ask({.method = "HEAD", .target = "/app.js"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-length"), std::to_string(world.get("/app.js").body.size()));
  EXPECT_EQ(head.header("etag"), world.get("/app.js").header("etag"));
}

TEST_F(ApiPage, what_it_does_not_answer_is_refused) {
  EXPECT_EQ(world.ask({.method = "POST", .target = "/"}).header("allow"), "GET, HEAD");
  EXPECT_EQ(world.get("/app.css.map").status, 404);
  EXPECT_EQ(world.get("/../etc/passwd").status, 404);
  EXPECT_EQ(world.get("/?rubbish=1").error(), "wrong_parameter");
  EXPECT_EQ(world.ask({.target = "/", .headers = {"Host: evil.example.com"}}).status, 421);
}

TEST(ApiHeaders, gzip_is_taken_where_it_is_named_and_not_refused) {
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=1.0", "*", "br ,gzip; q=0.1",
                          "identity;q=0, *;q=0.5", "gzip;q=0.5;x=y"})
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000", "*;q=0",
                         "*, gzip;q=0", "gzipped", ",,;", ";q=1"})
    EXPECT_FALSE(takes_gzip(no)) << no;
}

}  // namespace
}  // namespace wirestamp::api
