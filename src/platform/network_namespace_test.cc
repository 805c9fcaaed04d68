// SPDX-License-Identifier: Apache-2.0
#include "platform/network_namespace.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <future>
#include <set>
#include <string>

#include "platform/own_namespaces_test.h"
#include "platform/route.h"

namespace wirestamp::platform {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOwn = "/proc/thread-self/ns/net";

std::string error_of(std::string_view name_or_path) {
  const auto opened = NetworkNamespace::open(name_or_path);
  return opened ? "opened" : opened.error().text;
}

// The network that the calling thread is in: the inode names it.
ino_t network_of_this_thread() {
  struct stat status{};
  EXPECT_EQ(::stat(kOwn, &status), 0);
  return status.st_ino;
}

// The expectations of `body` are the case's.
void alone(const std::function<void()>& body) {
  const InOwnNamespaces outcome = in_own_namespaces([&] {
    body();
    return !::testing::Test::HasFailure();
  });
  // ThreadSanitizer has a thread of its own, and a process with threads gets no user namespace.
  if (outcome == InOwnNamespaces::Forbidden)
    GTEST_SKIP() << "this host gives no user namespaces to programs without privilege";
  EXPECT_EQ(outcome, InOwnNamespaces::Passed) << "see the failures above";
}

void make_file(const std::string& path) {
  const Descriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
  ASSERT_TRUE(made) << path;
}

// As `ip netns add NAME` does it.
void add_namespace(const std::string& name) {
  std::filesystem::create_directories("/run/netns");
  const std::string path = "/run/netns/" + name;
  make_file(path);
  std::async(std::launch::async, [&] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    ASSERT_EQ(::mount(kOwn, path.c_str(), "none", MS_BIND, nullptr), 0) << errno;
  }).get();
}

TEST(NetworkNamespace, AnEmptyOrImpossibleNameIsRefused) {
  EXPECT_THAT(error_of(""), HasSubstr("needs a name or a path"));
  EXPECT_THAT(error_of(std::string_view("a\0b", 3)), HasSubstr("no zero octet"));
  EXPECT_THAT(error_of(".."), HasSubstr("there is no network namespace '..'"));
}

TEST(NetworkNamespace, AFileThatIsNoneIsRefused) {
  EXPECT_THAT(error_of("/proc/self/status"), HasSubstr("not a network namespace but a plain file"));
  EXPECT_THAT(error_of("/proc/self/ns/uts"), HasSubstr("not a network namespace but a UTS"));
  EXPECT_THAT(error_of("/proc/self/ns/"), EndsWith("is not a network namespace"));
  EXPECT_THAT(error_of("/dev/null"), EndsWith("is not a network namespace"));
}

TEST(NetworkNamespace, APathThatLeadsNowhereSaysSo) {
  EXPECT_THAT(error_of("/nowhere/net"), AllOf(HasSubstr("no such file"), Not(HasSubstr("ended"))));
  // Process ids end at 2^22.
  EXPECT_THAT(error_of("/proc/4194305/ns/net"), HasSubstr("has the process ended?"));
}

TEST(NetworkNamespace, AnUnknownNameIsToldTheKnownOnes) {
  alone([] {
    EXPECT_THAT(error_of("blue"), HasSubstr("nor any other with a name: make it with `ip netns add "
                                            "blue`"));
    std::filesystem::create_directories("/run/netns");
    make_file("/run/netns/red");
    make_file("/run/netns/green");
    EXPECT_THAT(error_of("blue"), EndsWith("'blue'; there are: green, red"));
    for (char last = 'a'; last <= 'z'; ++last) make_file(std::string("/run/netns/n") + last);
    EXPECT_THAT(error_of("blue"), EndsWith("green, na, nb, nc, nd, ne, nf, ng, nh, ni, nj, nk and "
                                           "16 more (`ip netns`)"));
  });
}

TEST(NetworkNamespace, ANameLeftBehindIsNone) {
  alone([] {
    std::filesystem::create_directories("/run/netns");
    make_file("/run/netns/left");
    EXPECT_THAT(error_of("left"), HasSubstr("'left' is not a network namespace but a plain file"));
    EXPECT_EQ(::mkfifo("/run/netns/pipe", 0600), 0);
    EXPECT_THAT(error_of("pipe"), EndsWith("is not a network namespace")) << "and does not wait";
  });
}

TEST(NetworkNamespace, OnlyTheCallingThreadEnters) {
  alone([] {
    add_namespace("blue");
    const ino_t before = network_of_this_thread();
    std::async(std::launch::async, [&] {
      const auto blue = NetworkNamespace::open("blue");
      ASSERT_TRUE(blue.has_value()) << blue.error().text;
      const auto entered = blue->enter();
      ASSERT_TRUE(entered.has_value()) << entered.error().text;
      struct stat status{};
      EXPECT_EQ(::stat("/run/netns/blue", &status), 0);
      EXPECT_EQ(network_of_this_thread(), status.st_ino);
      EXPECT_NE(network_of_this_thread(), before);
    }).get();
    EXPECT_EQ(network_of_this_thread(), before);
  });
}

TEST(NetworkNamespace, OneThreadGoesFromOneToTheNextAndBack) {
  alone([] {
    add_namespace("blue");
    add_namespace("green");
    const ino_t home = network_of_this_thread();
    const auto back = NetworkNamespace::open(kOwn);
    ASSERT_TRUE(back.has_value());
    std::set<ino_t> seen{home};
    for (const char* name : {"blue", "/run/netns/green"}) {
      const auto entered = NetworkNamespace::open(name).value().enter();
      ASSERT_TRUE(entered.has_value()) << entered.error().text;
      EXPECT_TRUE(seen.insert(network_of_this_thread()).second) << name;
      const auto loopback = interface_by_name("lo");
      ASSERT_TRUE(loopback.has_value());
      EXPECT_FALSE(loopback->up) << "of a new network";
    }
    ASSERT_TRUE(back->enter().has_value());
    EXPECT_EQ(network_of_this_thread(), home);
  });
}

TEST(NetworkNamespace, AnOpenOneOutlivesItsName) {
  alone([] {
    add_namespace("blue");
    const auto blue = NetworkNamespace::open("blue");
    ASSERT_TRUE(blue.has_value());
    ASSERT_EQ(::umount2("/run/netns/blue", MNT_DETACH), 0);
    ASSERT_EQ(::unlink("/run/netns/blue"), 0);
    EXPECT_TRUE(blue->enter().has_value());
  });
}

TEST(NetworkNamespace, OneThatIsNotOursToEnterSaysWhatItNeeds) {
  // Opened before the child leaves it: of the parent's user namespace, as it were the host's.
  const auto of_the_host = NetworkNamespace::open(kOwn);
  ASSERT_TRUE(of_the_host.has_value());
  alone([&] {
    const ino_t before = network_of_this_thread();
    const auto entered = of_the_host->enter();
    ASSERT_FALSE(entered.has_value());
    EXPECT_EQ(entered.error().os_error, EPERM);
    EXPECT_THAT(entered.error().text,
                AllOf(HasSubstr("needs CAP_SYS_ADMIN"), HasSubstr("nsenter"), HasSubstr(kOwn)));
    EXPECT_EQ(network_of_this_thread(), before);
  });
}

TEST(NetworkNamespace, TheNetworkOfAProcessThatMayNotBeLookedAtSaysWhatItNeeds) {
  const pid_t parent = ::getpid();
  alone([&] {
    EXPECT_THAT(error_of("/proc/" + std::to_string(parent) + "/ns/net"),
                AllOf(HasSubstr("not permitted to look at"), HasSubstr("CAP_SYS_PTRACE")));
  });
}

}  // namespace
}  // namespace wirestamp::platform
