// SPDX-License-Identifier: Apache-2.0
//
// A watch on the file alone would be on its inode, which a rename takes away. So each folder that a
// name of the path is looked up in and that can lead elsewhere is watched: the one of the file, and
// that of each symbolic link on the way; of what does not exist, the last folder that does. After
// each event the way is walked again, and what is there now is compared with what was there before.
#include "platform/file_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <compare>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "platform/descriptor.h"

namespace wirestamp::platform {

namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kMostLinks = 40;  // as the kernel has it
constexpr int kMostSettles = 10;

std::string message(int error) { return std::generic_category().message(error); }

// What tells one content from another, as far as one can see without reading it.
struct Identity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, modified_s = 0, modified_ns = 0;
  bool operator==(const Identity&) const = default;
};

std::optional<Identity> identity_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{.device = found.st_dev,
                  .inode = found.st_ino,
                  .size = found.st_size,
                  .modified_s = found.st_mtim.tv_sec,
                  .modified_ns = found.st_mtim.tv_nsec};
}

// A name that is looked up, and the folder this happens in.
struct Step {
  std::string folder, name;
  auto operator<=>(const Step&) const = default;
};

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size <= 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

// The steps on the way to the file that can lead elsewhere one day: symbolic links, the first name
// that is not there, and the last one.
std::set<Step> steps_to(const std::string& path) {
  std::set<Step> steps;
  std::string folder = path.starts_with('/') ? "/" : ".", left = path;
  for (int links = 0; !left.empty();) {
    const std::size_t end = std::min(left.find('/'), left.size());
    const std::string name = left.substr(0, end);
    left = left.substr(std::min(end + 1, left.size()));
    if (name.empty() || name == ".") continue;
    std::string here = folder;
    here.append("/").append(name);
    if (const auto target = link_target(here)) {
      steps.insert({folder, name});
      if (++links > kMostLinks) break;
      if (target->starts_with('/')) folder.assign(1, '/');
      if (!left.empty()) left.insert(0, 1, '/');
      left.insert(0, *target);
      continue;
    }
    struct stat found{};
    const bool there = ::lstat(here.c_str(), &found) == 0;
    if (left.empty() || !there) steps.insert({folder, name});
    if (!there) break;
    folder = here;
  }
  return steps;
}

class Watch final : public FileWatch {
 public:
  Watch(const Options& options, std::function<void()> changed, Descriptor inotify, Descriptor end)
      : options_(options),
        changed_(std::move(changed)),
        inotify_(std::move(inotify)),
        end_(std::move(end)),
        last_(identity_of(options.path)) {}
  ~Watch() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(end_.get(), &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  Result<void> watch_way();
  void begin() {
    thread_ = std::thread([this] { run(); });
  }

 private:
  enum class News : std::uint8_t { Nothing, OfOthers, Something, End };

  void run();
  bool read_events();
  News wait(std::optional<Duration> longest);

  Options options_;
  std::function<void()> changed_;
  Descriptor inotify_, end_;
  std::optional<Identity> last_;
  std::map<int, std::set<std::string>> names_;  // of interest in each watched folder
  std::thread thread_;
};

// Watches the folders of the way as it is now. The way may move while it is walked: then there is
// an event in a folder that is watched already, and it is walked once more.
Result<void> Watch::watch_way() {
  std::map<int, std::set<std::string>> names;
  int failure = ENOENT;
  for (const Step& step : steps_to(options_.path)) {
    const int watch =
        ::inotify_add_watch(inotify_.get(), step.folder.c_str(), kEvents | IN_ONLYDIR);
    if (watch < 0) {
      failure = errno;
      continue;
    }
    names[watch].insert(step.name);
  }
  // And the file itself: one that is mounted alone is written in a folder that is not ours.
  constexpr std::uint32_t kOfFile = IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
  const int file = ::inotify_add_watch(inotify_.get(), options_.path.c_str(), kOfFile);
  if (file >= 0) names[file];
  for (const auto& [watch, of_watch] : names_)
    if (!names.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
  names_ = std::move(names);
  if (names_.empty() || failure == ENOSPC)
    return fail(
        fmt::format("'{}' is not watched for changes: {}; reload by SIGHUP instead", options_.path,
                    failure == ENOSPC ? "the system's fs.inotify.max_user_watches are used up"
                                      : message(failure)),
        failure);
  return {};
}

// True when one of them concerns the way.
bool Watch::read_events() {
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  bool concerns = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) return concerns;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      const auto of_watch = names_.find(event.wd);
      const bool named =
          event.len > 0 && of_watch != names_.end() && of_watch->second.contains(name);
      // Without a name it is about the file or a folder itself, or some were lost.
      concerns = concerns || named || event.len == 0;
    }
  }
}

Watch::News Watch::wait(std::optional<Duration> longest) {
  std::array<pollfd, 2> both{{{end_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};
  const int ms = longest ? static_cast<int>(longest->ns() / 1'000'000) : -1;
  if (::poll(both.data(), both.size(), ms) < 0) return News::Nothing;
  if (both[0].revents != 0) return News::End;
  if (both[1].revents == 0) return News::Nothing;
  return read_events() ? News::Something : News::OfOthers;
}

void Watch::run() {
  for (;;) {
    const News news = wait(std::nullopt);
    if (news == News::End) return;
    if (news != News::Something) continue;
    for (int n = 0; n < kMostSettles; ++n) {
      (void)watch_way();
      const News more = wait(options_.settle);
      if (more == News::End) return;
      if (more == News::Nothing) break;
    }
    (void)watch_way();
    const std::optional<Identity> now = identity_of(options_.path);
    if (now == last_) continue;
    last_ = now;
    changed_();
  }
}

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::create(const Options& options,
                                                     std::function<void()> changed) {
  Descriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify)
    return fail(
        fmt::format("'{}' is not watched for changes: {}; reload by SIGHUP instead", options.path,
                    errno == EMFILE ? "fs.inotify.max_user_instances are used up" : message(errno)),
        errno);
  Descriptor end(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!end) return fail(fmt::format("no event descriptor: {}", message(errno)), errno);
  auto watch =
      std::make_unique<Watch>(options, std::move(changed), std::move(inotify), std::move(end));
  TRY_VOID(watch->watch_way());
  watch->begin();
  return watch;
}

}  // namespace wirestamp::platform
