// SPDX-License-Identifier: Apache-2.0
#include "platform/host_facts.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

namespace wirestamp::platform {

namespace {

// Of a file of the kernel's, which says nothing of its size.
std::string read_some(const char* path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

// The sockets of this process, sorted.
std::vector<std::uint64_t> own_sockets() {
  constexpr std::size_t kMost = 65'536;
  std::vector<std::uint64_t> inodes;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end;
       !error && at != end && inodes.size() < kMost; at.increment(error)) {
    struct stat status{};
    if (::stat(at->path().c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
      inodes.push_back(status.st_ino);
  }
  std::ranges::sort(inodes);
  return inodes;
}

// The words of a line, blanks between them.
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  while (!line.empty()) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) found.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return found;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string kernel_text() {
  utsname names{};
  if (::uname(&names) != 0) return {};
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

std::optional<ClockDiscipline> clock_discipline() {
  timex query{};
  if (::adjtimex(&query) < 0) return std::nullopt;
  const bool nanoseconds = (query.status & STA_NANO) != 0;
  return ClockDiscipline{.synchronised = (query.status & STA_UNSYNC) == 0,
                         .maximum_error = Duration::microseconds(query.maxerror),
                         .estimated_error = Duration::microseconds(query.esterror),
                         .offset = nanoseconds ? Duration::nanoseconds(query.offset)
                                               : Duration::microseconds(query.offset),
                         // freq is in units of 2^-16 ppm; tick in microseconds per 10 ms.
                         .rate_ppb = std::int64_t{query.freq} * 1'000 / 65'536 +
                                     (std::int64_t{query.tick} - 10'000) * 100'000};
}

std::string clock_source() {
  std::string name =
      read_some("/sys/devices/system/clocksource/clocksource0/current_clocksource", 64);
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

std::vector<Interface> interfaces(std::size_t most) {
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> list(
      ::if_nameindex(), &::if_freenameindex);
  std::vector<Interface> found;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-bounds-pointer-arithmetic)
  for (const auto* one = list.get(); one != nullptr && one->if_index != 0 && found.size() < most;
       ++one)
    if (auto interface = interface_by_index(one->if_index)) found.push_back(*std::move(interface));
  std::ranges::sort(found, {}, &Interface::index);
  return found;
}

std::uint64_t drops_in(const std::string& table, const std::vector<std::uint64_t>& inodes) {
  // sl local rem st queues tr:tm retrnsmt uid timeout inode ref pointer drops
  constexpr std::size_t kInode = 9, kDrops = 12;
  std::uint64_t sum = 0;
  for (std::string_view rest = table; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto fields = words(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (fields.size() <= kDrops) continue;
    const auto inode = number(fields[kInode]), drops = number(fields[kDrops]);
    if (inode && drops && std::ranges::binary_search(inodes, *inode)) sum += *drops;
  }
  return sum;
}

std::optional<std::uint64_t> socket_drops() {
  constexpr std::size_t kMost = std::size_t{4} << 20U;
  const auto inodes = own_sockets();
  const std::string v4 = read_some("/proc/self/net/udp", kMost);
  if (v4.empty()) return std::nullopt;
  return drops_in(v4, inodes) + drops_in(read_some("/proc/self/net/udp6", kMost), inodes);
}

}  // namespace wirestamp::platform
