// SPDX-License-Identifier: Apache-2.0
#include "platform/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "platform/descriptor.h"

namespace wirestamp::platform {
namespace {

// The manager's end.
class Manager {
 public:
  explicit Manager(std::string name)
      : name_(std::move(name)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    const bool abstract = name_.front() == '@';
    if (abstract) address.sun_path[0] = '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size() + (abstract ? 0 : 1));
    EXPECT_EQ(::bind(socket_.get(),
                     static_cast<const sockaddr*>(static_cast<const void*>(&address)), length),
              0);
  }
  ~Manager() {
    if (name_.front() != '@') ::unlink(name_.c_str());
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  const std::string& name() const { return name_; }
  // The oldest datagram; "" when there is none.
  std::string heard() {
    std::array<char, 2'048> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  std::string name_;
  Descriptor socket_;
};

std::string here(const std::string& name) {
  return (std::filesystem::temp_directory_path() / (name + std::to_string(::getpid()))).string();
}

TEST(ServiceManager, hears_when_the_service_is_ready_reloads_and_stops) {
  for (const std::string& name : {here("wirestamp-notify-"), "@" + here("wirestamp-notify-")}) {
    SCOPED_TRACE(name);
    Manager manager(name);
    ServiceManager told(name, std::nullopt);
    EXPECT_TRUE(told.listens());
    EXPECT_TRUE(told.ready("3 sessions"));
    EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=3 sessions");
    EXPECT_TRUE(told.status("2 sessions"));
    EXPECT_EQ(manager.heard(), "STATUS=2 sessions");
    EXPECT_TRUE(told.stopping("bye"));
    EXPECT_EQ(manager.heard(), "STOPPING=1\nSTATUS=bye");
  }
}

TEST(ServiceManager, a_reload_has_the_time_of_the_managers_clock) {
  Manager manager("@" + here("wirestamp-reload-"));
  timespec before{}, after{};
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_TRUE(ServiceManager(manager.name(), std::nullopt).reloading());
  ::clock_gettime(CLOCK_MONOTONIC, &after);
  const std::string heard = manager.heard();
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(heard.starts_with(prefix)) << heard;
  long long us = 0;
  std::from_chars(heard.data() + prefix.size(), heard.data() + heard.size(), us);
  EXPECT_GE(us, before.tv_sec * 1'000'000LL + before.tv_nsec / 1'000);
  EXPECT_LE(us, after.tv_sec * 1'000'000LL + after.tv_nsec / 1'000);
}

TEST(ServiceManager, a_status_is_one_line_and_never_another_assignment) {
  Manager manager("@" + here("wirestamp-status-"));
  ServiceManager told(manager.name(), std::nullopt);
  EXPECT_TRUE(told.status("a\nMAINPID=1\r\nb"));
  EXPECT_EQ(manager.heard(), "STATUS=a MAINPID=1  b");
  EXPECT_TRUE(told.status(std::string(100'000, 'x')));
  EXPECT_EQ(manager.heard().size(), 512U + 7U);
}

TEST(ServiceManager, the_watchdog_is_fed_only_while_the_measuring_thread_turns) {
  Manager manager("@" + here("wirestamp-watchdog-"));
  ServiceManager told(manager.name(), Duration::seconds(10));
  EXPECT_EQ(told.keep_alive_every(), Duration::seconds(5));
  EXPECT_TRUE(told.keep_alive(Duration::seconds(1)));
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  EXPECT_TRUE(told.keep_alive(Duration::seconds(6)));
  EXPECT_EQ(manager.heard(), "");
  ServiceManager without(manager.name(), std::nullopt);
  EXPECT_FALSE(without.keep_alive_every());
  EXPECT_TRUE(without.keep_alive(Duration()));
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, where_nobody_listens_nothing_is_told_and_nothing_fails) {
  ServiceManager nobody("", Duration::seconds(10));
  EXPECT_FALSE(nobody.listens());
  EXPECT_FALSE(nobody.keep_alive_every());
  EXPECT_TRUE(nobody.ready("x"));
  EXPECT_TRUE(nobody.keep_alive(Duration()));
}

TEST(ServiceManager, a_socket_that_is_none_is_named) {
  for (const std::string& name :
       {std::string("relative"), std::string("@"), std::string("vsock:2:1"),
        "/" + std::string(200, 'x'), std::string("/nowhere/at/all")}) {
    const auto told = ServiceManager(name, std::nullopt).ready("x");
    ASSERT_FALSE(told) << name;
    EXPECT_NE(told.error().text.find("NOTIFY_SOCKET=" + name), std::string::npos);
  }
}

class Variables : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  static std::optional<Duration> watchdog(const char* us, const std::string& pid) {
    ::setenv("NOTIFY_SOCKET", "@x", 1);
    ::setenv("WATCHDOG_USEC", us, 1);
    if (pid.empty())
      ::unsetenv("WATCHDOG_PID");
    else
      ::setenv("WATCHDOG_PID", pid.c_str(), 1);
    return ServiceManager::of_this_process().keep_alive_every();
  }
};

TEST_F(Variables, tell_who_listens_and_how_often) {
  EXPECT_FALSE(ServiceManager::of_this_process().listens());
  EXPECT_EQ(watchdog("30000000", std::to_string(::getpid())), Duration::seconds(15));
  EXPECT_EQ(watchdog("30000000", ""), Duration::seconds(15));
  EXPECT_EQ(watchdog("30000000", "1"), std::nullopt) << "meant for another process";
  for (const char* wrong : {"", "0", "-5", "30s", "99999999999999999999999"})
    EXPECT_EQ(watchdog(wrong, ""), std::nullopt) << wrong;
  EXPECT_TRUE(watchdog("9223372036854775807", "")) << "no overflow";
}

}  // namespace
}  // namespace wirestamp::platform
