// SPDX-License-Identifier: Apache-2.0
#include "platform/background_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "platform/process.h"

namespace wirestamp::platform {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    if (!kept_) ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  // A thread that nobody joins may still use it: it stays open, with a number that nobody misses.
  void keep_writer() {
    const int high = ::fcntl(ends_[1], F_DUPFD_CLOEXEC, 500);
    ASSERT_GE(high, 0);
    ::close(ends_[1]);
    ends_[1] = high;
    kept_ = true;
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::size_t skip(std::size_t most) {
    std::array<char, 65'536> octets{};
    std::size_t all = 0;
    while (all < most) {
      const ssize_t got = ::read(ends_[0], octets.data(), std::min(octets.size(), most - all));
      if (got <= 0) break;
      all += static_cast<std::size_t>(got);
    }
    return all;
  }
  // Until `end` has come.
  std::string read_until(const std::string& end) {
    std::string text;
    std::array<char, 65'536> octets{};
    while (!text.ends_with(end)) {
      const ssize_t got = ::read(ends_[0], octets.data(), octets.size());
      if (got <= 0) break;
      text.append(octets.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  bool kept_ = false;
};

class BackgroundWriterTest : public testing::Test {
 protected:
  void SetUp() override { ignore_broken_pipes(); }
};

TEST_F(BackgroundWriterTest, writes_in_order_and_is_done_when_it_says_so) {
  Pipe one, other;
  BackgroundWriter writer;
  writer.write(one.writer(), "first\n");
  writer.write(other.writer(), "beside\n");
  writer.write(one.writer(), "second\n");
  EXPECT_TRUE(writer.finish(Duration::seconds(60)));
  EXPECT_EQ(one.read_until("second\n"), "first\nsecond\n");
  EXPECT_EQ(other.read_until("\n"), "beside\n");
}

TEST_F(BackgroundWriterTest, waits_for_no_reader_and_says_what_it_left_out) {
  Pipe pipe;
  BackgroundWriter writer;
  const std::string line = std::string(199'999, 'x') + '\n';
  for (int i = 0; i < 40; ++i) writer.write(pipe.writer(), line);  // 8 MB: it returns
  // Five fit, and what the pipe has taken, 64 KiB, makes no room for a sixth.
  EXPECT_EQ(pipe.skip(5 * line.size()), 5 * line.size());
  writer.write(pipe.writer(), "last\n");
  const std::string rest = pipe.read_until("last\n");
  EXPECT_THAT(rest, HasSubstr("35 messages before this one were left out"));
  EXPECT_THAT(rest, EndsWith("last\n"));
  EXPECT_TRUE(writer.finish(Duration::seconds(60)));
}

TEST_F(BackgroundWriterTest, gives_up_a_pipe_that_takes_nothing) {
  Pipe pipe;
  pipe.keep_writer();
  {
    BackgroundWriter writer;
    writer.write(pipe.writer(), std::string(500'000, 'x'));
    EXPECT_FALSE(writer.finish(Duration::milliseconds(20)));
    writer.write(pipe.writer(), "too late\n");
  }
  pipe.close_reader();  // the thread ends
}

TEST_F(BackgroundWriterTest, drops_what_nobody_can_have) {
  Pipe gone, there;
  gone.close_reader();
  BackgroundWriter writer;
  writer.write(gone.writer(), "nobody\n");
  writer.write(there.writer(), "somebody\n");
  EXPECT_TRUE(writer.finish(Duration::seconds(60)));
  EXPECT_EQ(there.read_until("\n"), "somebody\n");
}

}  // namespace
}  // namespace wirestamp::platform
