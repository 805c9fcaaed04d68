// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wirestamp::config {
namespace {

// Texts that no option of the type may accept, whatever its bounds are.
std::vector<std::string> never_right(Type type) {
  const std::string long_text(70'000, '9');
  switch (type) {
    case Type::Flag:
      return {"maybe", "2", "-1", "TRUE ", long_text};
    case Type::Integer:
      return {"x", "-1", "1.5", "1e3", "0x10", " 1", "1 ", "--", "99999999999999999999", long_text};
    case Type::Duration:
      return {"5", "-5s", "0s", "5 s", "s", "99999999d", "1y", long_text};
    case Type::DurationOrNever:
      return {"5", "-5s", "0s", "Never", "never ", "99999999d", long_text};
    case Type::Ports:
      return {"5000",   "5000-",       "-5000", "6000-5000", "0-10",  "1-65536",
              "5000-x", "5000-6000-7", "a-b",   "--",        "1 - 2", long_text};
    case Type::Choice:
      return {"nothing", "-1", "AUTO", " auto", "auto|user", long_text};
    case Type::Dscp:
      return {"64", "-1", "EF1", "AF44", "0x2e", "999999999999999999999", long_text};
    case Type::Namespace:
      return {"..", ".", "a\tb", std::string("a\0b", 3), std::string(256, 'n'), long_text};
    case Type::Interface:
      return {"a/b", "..", ".", "a b", "sixteen-letters!", "\x01", long_text};
    case Type::Session:
      return {" ", "a/b=h", "h:0", "=h", "h x", "h x=1", "h host=i", "h ttl=1 ttl=1", long_text};
    case Type::File:
      return {std::string("a\0b", 3)};
    case Type::InputFile:
    case Type::SecretFile:
    case Type::FileOrNone:
      return {"-", std::string("a\0b", 3)};
    case Type::Address:
      return {"1.2.3", "1.2.3.4:5", "[::1]", "host", "fe80::1%eth0", "-1", long_text};
    case Type::Prefix:
      return {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10/8",
              "::/129",     "x",           "10.0.0.0/",   long_text};
    case Type::Listen:
      return {"23999",
              "1.2.3.4",
              ":65536",
              ":-1",
              ":x",
              "1.2.3.4:",
              "host:1",
              "[::1]",
              "[::1",
              "::1:",
              "1.2.3.4%eth0:5",
              "[fe80::1%]:5",
              "169.254.1.1%eth0:5",
              ":" + long_text};
    case Type::Host:
      return {":1",
              "[]:1",
              "h:0",
              "h:65536",
              "h:-1",
              "h:",
              "[::1",
              "[::1]1",
              "[host]:1",
              "a b",
              "-h",
              "a/b",
              "[::1]:",
              "1::2::3",
              "[x::]:1",
              "user@host",
              long_text,
              std::string("h\0", 2),
              std::string(254, 'h')};
    case Type::ListenOrNone:
      return {"23999", "1.2.3.4", ":65536", "None", "none ", "host:1", "[::1]", ":" + long_text};
    case Type::PercentOrNever:
      return {"2", "-1%", "%", "1e3%", "2 %", "nan%", "inf%", "100001%", "Never", long_text};
    case Type::Octets:
      return {"-1", "1.5GiB", "1gib", "GiB", "99999999999999999999", "20000000TiB", long_text};
    case Type::Maintenance:
      return {"daily",
              "02:00-03:00",
              "daily 02:00",
              "daily 25:00-26:00",
              "daily 02:00-02:00",
              "fun 02:00-03:00",
              "sat+ 02:00-03:00",
              "daily 1:00-2:00",
              "2026-01-02/2026-01-01",
              "x/y",
              "daily 02:00-03:00 x",
              long_text};
    case Type::Url:
      return {"x",
              "ftp://h",
              "http://",
              "https:///x",
              "http://example/a b",
              "HTTP://example",
              "http://:1",
              std::string("http://example\0", 15),
              "http://" + long_text};
    case Type::Text:
      return {"a\tb", "\xc3\xa9", std::string("a\0b", 3), long_text};
    case Type::SessionName:
      return {"a b", "a/b", "\xc3\xa9", std::string(65, 'a'), long_text};
  }
  return {};
}

TEST(Value, no_option_accepts_an_empty_value) {
  for (const Option& row : options()) EXPECT_FALSE(parse_value(row, "")) << row.name;
}

TEST(Value, every_option_refuses_what_is_wrong_for_its_type) {
  for (const Option& row : options())
    for (const std::string& text : never_right(row.type))
      EXPECT_FALSE(parse_value(row, text)) << row.name << " '" << text.substr(0, 40) << "'";
}

// Words for files that are written do not describe those that are read.
TEST(Value, a_file_is_described_as_what_is_done_with_it) {
  for (const Option& row : options()) {
    const std::string words = allowed(row), help(row.help);
    const bool reads = row.type == Type::InputFile || row.type == Type::SecretFile;
    const bool writes = row.type == Type::File;
    EXPECT_EQ(help.find("- is standard output") != std::string::npos, writes) << row.name;
    EXPECT_EQ(words.find("standard output") != std::string::npos, writes) << row.name;
    EXPECT_EQ(words.find("read") != std::string::npos, reads) << row.name;
    EXPECT_EQ(words.find("owner alone") != std::string::npos, row.type == Type::SecretFile);
    EXPECT_EQ(help.find("owner alone") != std::string::npos, row.type == Type::SecretFile)
        << row.name;
    if (row.value_name == "FILE") {
      EXPECT_TRUE(reads || writes || row.type == Type::FileOrNone) << row.name;
    }
  }
}

TEST(Value, standard_input_is_no_file_of_keys) {
  const auto wrong = parse_value(option(Key::KeyFile), "-");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text, "is standard input, which is not read here; name a file");
  EXPECT_EQ(allowed(option(Key::KeyFile)),
            "the path of a file that its owner alone can read (chmod 600)");
  EXPECT_EQ(allowed(option(Key::ApiCertificate)), "the path of a file that can be read");
  EXPECT_EQ(allowed(option(Key::Csv)), "a path that can be written, or - for standard output");
}

TEST(Value, every_number_has_bounds_that_hold) {
  for (const Option& row : options()) {
    if (row.type != Type::Integer) continue;
    EXPECT_TRUE(parse_value(row, std::to_string(row.minimum))) << row.name;
    EXPECT_TRUE(parse_value(row, std::to_string(row.maximum))) << row.name;
    if (row.minimum == 0) continue;  // the whole of 64 bits
    EXPECT_EQ(parse_value(row, std::to_string(row.minimum - 1)).error().text, "is too small");
    EXPECT_EQ(parse_value(row, std::to_string(row.maximum + 1)).error().text, "is too large");
  }
}

TEST(Value, every_duration_has_bounds_that_hold) {
  for (const Option& row : options()) {
    if (row.type != Type::Duration) continue;
    EXPECT_TRUE(parse_value(row, std::to_string(row.minimum) + "ns")) << row.name;
    EXPECT_TRUE(parse_value(row, std::to_string(row.maximum) + "ns")) << row.name;
    EXPECT_EQ(parse_value(row, std::to_string(row.minimum - 1) + "ns").error().text,
              "is too short");
    EXPECT_EQ(parse_value(row, std::to_string(row.maximum + 1) + "ns").error().text, "is too long");
  }
}

TEST(Value, every_default_is_allowed) {
  for (const Option& row : options())
    EXPECT_TRUE(row.fallback.empty() || parse_value(row, row.fallback)) << row.name;
}

TEST(Value, a_wrong_choice_names_the_nearest) {
  EXPECT_EQ(parse_value(option(Key::Stamps), "kernal").error().text,
            "is not known; did you mean 'kernel'?");
}

TEST(Value, a_duration_may_be_never_where_that_makes_sense) {
  EXPECT_EQ(std::get<Duration>(*parse_value(option(Key::HealAfter), "never")), Duration());
  EXPECT_EQ(std::get<Duration>(*parse_value(option(Key::HealAfter), "2m")), Duration::minutes(2));
  EXPECT_FALSE(parse_value(option(Key::Silence), "never"));
}

TEST(Value, a_port_range_has_both_ends) {
  const auto range = [](std::string_view text) {
    return std::get<PortRange>(*parse_value(option(Key::PortRange), text));
  };
  EXPECT_EQ(range("50000-50999"), (PortRange{50'000, 50'999}));
  EXPECT_EQ(range("1-1"), (PortRange{1, 1}));
  EXPECT_EQ(parse_value(option(Key::PortRange), "9-8").error().text,
            "is reversed: the first port is above the last");
}

//= RFC2474:names
TEST(Value, a_code_point_goes_by_number_or_name) {
  const auto dscp = [](std::string_view text) {
    return std::get<std::uint64_t>(*parse_value(option(Key::Dscp), text));
  };
  EXPECT_EQ(dscp("46"), 46U);
  EXPECT_EQ(dscp("EF"), 46U);
  EXPECT_EQ(dscp("af41"), 34U);
  EXPECT_EQ(dscp("CS6"), 48U);
  EXPECT_EQ(dscp("le"), 1U);
}

//= RFC8762:sender-port-configurable
TEST(Value, a_host_may_have_a_port_and_an_ipv6_address_brackets_and_a_zone) {
  const auto same = [](std::string_view text, const HostPort& wanted) {
    const auto parsed = parse_host_port(text);
    ASSERT_TRUE(parsed) << text << " " << parsed.error().text;
    EXPECT_EQ(*parsed, wanted) << text;
  };
  same("example.net", {"example.net", std::nullopt});
  same("example.net:862", {"example.net", 862});
  same("192.0.2.1:65535", {"192.0.2.1", 65535});
  same("2001:db8::1", {"2001:db8::1", std::nullopt});
  same("[2001:db8::1]", {"2001:db8::1", std::nullopt});
  same("[2001:db8::1]:1", {"2001:db8::1", 1});
  same("fe80::1%eth0", {"fe80::1%eth0", std::nullopt});
  same("[fe80::1%eth0]:23999", {"fe80::1%eth0", 23999});
}

//= RFC8762:reflector-port-configurable
TEST(Value, a_listen_address_may_be_any_one_family_or_one_address) {
  EXPECT_EQ(*parse_listen(":0"), (ListenAddress{std::nullopt, "", 0}));
  EXPECT_EQ(*parse_listen("*:5"), (ListenAddress{std::nullopt, "", 5}));
  EXPECT_EQ(*parse_listen("192.0.2.1:5"),
            (ListenAddress{*packet::IpAddress::parse("192.0.2.1"), "", 5}));
  EXPECT_EQ(*parse_listen("[::]:5"), (ListenAddress{*packet::IpAddress::parse("::"), "", 5}));
  EXPECT_EQ(*parse_listen("[fe80::1%eth0]:5"),
            (ListenAddress{*packet::IpAddress::parse("fe80::1"), "eth0", 5}));
}

TEST(Value, a_zone_of_what_is_not_link_local_is_refused_as_such) {
  constexpr std::string_view kTold = "has a zone, which only a link-local IPv6 address has; ";
  for (const char* text : {"2001:db8::1%eth0", "[2001:db8::1%2]:23999", "::1%lo", "192.0.2.1%eth0",
                           "169.254.1.1%eth0", "example.net%eth0:862"})
    EXPECT_EQ(parse_host_port(text).error().text,
              std::string(kTold) + "leave it out, or name the interface by --device")
        << text;
  EXPECT_EQ(parse_host_port("fe80::1%").error().text, "has an empty zone");
  for (const char* text : {"[2001:db8::1%eth0]:5", "169.254.1.1%eth0:5"})
    EXPECT_EQ(parse_listen(text).error().text, std::string(kTold) + "leave it out") << text;
}

TEST(Value, a_url_hides_its_secret_also_where_it_is_one_of_several_things) {
  const auto api = [](std::string_view text) { return shown(option(Key::Api), text); };
  EXPECT_EQ(api("http://example:word@example.net:9100"), "http://example.net:9100");
  EXPECT_EQ(api("http://example:word@example.net/?token=word"), "http://example.net/...");
  EXPECT_EQ(api("http:/user:word@example.net"), "...@example.net") << "of a wrong one, too";
  for (const char* text : {":9100", "[fe80::1%eth0]:9100", "none"}) EXPECT_EQ(api(text), text);
}

TEST(Value, an_address_of_many_or_of_nobody_is_no_host_to_measure) {
  for (const char* text : {"224.0.0.1", "ff02::1%eth0", "[ff02::1]:23999"})
    EXPECT_EQ(parse_host_port(text).error().text, "is a multicast address; name one host") << text;
  EXPECT_EQ(parse_host_port("255.255.255.255").error().text,
            "is a broadcast address; name one host");
  for (const char* text : {"0.0.0.0:862", "::", "[::]:862"})
    EXPECT_EQ(parse_host_port(text).error().text,
              "is the unspecified address; this host is 127.0.0.1 or ::1")
        << text;
}

TEST(Value, an_ipv4_address_is_not_written_as_ipv6) {
  constexpr std::string_view kTold = "is an IPv4 address written as IPv6; write 192.0.2.1";
  for (const char* text : {"::ffff:192.0.2.1", "[::ffff:c000:201]:5"})
    EXPECT_EQ(parse_host_port(text).error().text, kTold) << text;
  EXPECT_EQ(parse_listen("[::ffff:192.0.2.1]:5").error().text, kTold);
  EXPECT_EQ(parse_value(option(Key::Source), "::ffff:192.0.2.1").error().text, kTold);
  EXPECT_EQ(parse_value(option(Key::Allow), "::ffff:192.0.2.0/120").error().text,
            "is an IPv4 address written as IPv6; write 192.0.2.0");
}

TEST(Value, a_reflector_answers_from_an_address_of_its_own) {
  EXPECT_EQ(parse_listen("224.0.0.1:5").error().text,
            "is a multicast address, from which nobody can answer");
  EXPECT_EQ(parse_listen("[ff02::1]:5").error().text,
            "is a multicast address, from which nobody can answer");
  EXPECT_EQ(parse_listen("255.255.255.255:5").error().text,
            "is a broadcast address, from which nobody can answer");
}

TEST(Value, what_was_meant_by_a_wrong_host_is_told) {
  EXPECT_EQ(parse_host_port("http://example.net/").error().text,
            "is a URL; leave out all but the name");
  EXPECT_EQ(parse_host_port("2001:db8::1:23999x").error().text, "is no IPv6 address");
  EXPECT_EQ(parse_host_port("2001:db8:0:0:0:0:0:1:23999").error().text,
            "is no IPv6 address; did you mean '[2001:db8:0:0:0:0:0:1]:23999'?");
  EXPECT_EQ(parse_host_port("::1:23999").error().text,
            "is no IPv6 address; did you mean '[::1]:23999'?");
}

TEST(Value, a_bare_number_to_listen_on_is_advised_to_take_a_colon) {
  EXPECT_EQ(parse_listen("23999").error().text, "has no ':'; did you mean ':23999'?");
}

}  // namespace
}  // namespace wirestamp::config
