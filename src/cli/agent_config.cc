// SPDX-License-Identifier: Apache-2.0
#include "config/agent_config.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cli/commands.h"

namespace wirestamp::cli {

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Result<std::string> contents_of(const std::string& path) {
  const auto failed = [&] {
    const int error = errno;
    return fail(fmt::format("cannot read the configuration '{}': {}", path,
                            std::generic_category().message(error)),
                error);
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return failed();
  std::string text;
  std::array<char, 65'536> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), size);
    if (text.size() > config::kLargestFile) break;  // read_file() says so
  }
  if (std::ferror(file.get()) != 0) return failed();
  return text;
}

}  // namespace

Result<config::AgentConfig> load_agent_config(const config::Source& flags,
                                              const config::Source& environment) {
  // Which file it is, flags and variables alone can say.
  const std::vector<config::Source> sources{flags, environment};
  const config::Settings settings = TRY(config::resolve(config::Command::Agent, sources));
  config::File file;
  if (const auto path = settings.get<std::string>(config::Key::ConfigFile))
    file = TRY(config::read_file(TRY(contents_of(*path)), *path));
  return config::load_agent(flags, environment, file);
}

}  // namespace wirestamp::cli
