// SPDX-License-Identifier: Apache-2.0
#include "api/server_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "platform/secret_file.h"

namespace wirestamp::api {

Result<void> check_token(std::string_view token) {
  constexpr std::size_t kShortest = 16, kLongest = 1'024;
  const bool plain = std::ranges::all_of(
      token, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain || token.size() < kShortest || token.size() > kLongest)
    return fail(
        fmt::format("the token has {} to {} visible ASCII characters without quotes and "
                    "backslashes; openssl rand -hex 32 makes one",
                    kShortest, kLongest));
  return {};
}

Result<std::string> read_certificate(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{1} << 20U;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMost, '\0');
  file.read(text.data(), static_cast<std::streamsize>(kMost));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  if (text.empty())
    return fail(fmt::format(
        "cannot read the certificate {}: is it there, and may this program read it?", path));
  if (text.find("-----BEGIN ") == std::string::npos)
    return fail(fmt::format("the certificate {} is no PEM file", path));
  return text;
}

// Who reads it is this server to everybody.
Result<std::string> read_certificate_key(const std::string& path) {
  std::string text = TRY(platform::read_secret_lines(path));
  if (text.find("-----BEGIN ") == std::string::npos)
    return fail(fmt::format("the key {} is no PEM file", path));
  return text;
}

}  // namespace wirestamp::api
