// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/random.h"
#include "measure/samples_test.h"
#include "store/database.h"
#include "store/window_form.h"

// What the tests of the store share: a folder of their own, and windows of which no two are alike.
namespace wirestamp::store {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "wirestamp-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = name + "/store.db";
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Store::Opened opened(const Retention& retention = {}, const Limits& limits = {}) {
    auto result = open_store(path_, retention, limits);
    EXPECT_TRUE(result) << (result ? "" : result.error().text);
    return result ? std::move(*result) : Store::Opened{};
  }
  std::unique_ptr<Reader> reader() {
    auto result = Reader::open(path_);
    EXPECT_TRUE(result) << (result ? "" : result.error().text);
    return result ? std::move(*result) : nullptr;
  }
  std::string refusal() {
    auto result = Store::open(path_, {});
    EXPECT_FALSE(result);
    return result ? "" : result.error().text;
  }

  std::filesystem::path folder_;
  std::string path_;
};

inline constexpr WallTime kNoon = WallTime::from_ns(1'700'049'600'000'000'000);  // 12:00 UTC

// Two probes, of which the second is lost in one window of eight.
inline measure::Window second_of(std::uint64_t number) {
  measure::Window window;
  base::Random random(number);
  const auto delay = [&] { return static_cast<std::int64_t>(200'000 + random.below(900'000)); };
  for (std::uint64_t i = 0; i < 2; ++i) {
    const bool lost = i == 1 && number % 8 == 3;
    window.add(lost ? measure::probe(2 * number + i, measure::Outcome::LostForward)
                    : measure::answered(2 * number + i, delay(), delay(), 2 * number + i + 1));
    if (!lost) window.ipdv.add(StampSource::Kernel, Duration::nanoseconds(delay()));
    if (!lost) ++window.arrived;
  }
  return window;
}

inline measure::TimedWindow timed(WallTime begin, std::uint64_t number, std::uint32_t epoch = 0) {
  return {
      .begin = begin, .length = Duration::seconds(1), .epoch = epoch, .window = second_of(number)};
}

inline std::string text_of(const Result<void>& result) { return result ? "" : result.error().text; }

// The windows of one length, as they are stored.
inline std::vector<measure::TimedWindow> all(Reader& reader, std::uint32_t session,
                                             Duration length) {
  auto found = reader.windows({.session = session,
                               .range = {WallTime::from_ns(0), WallTime::from_ns(INT64_MAX)},
                               .step = length});
  EXPECT_TRUE(found) << (found ? "" : found.error().text);
  return found ? std::move(*found) : std::vector<measure::TimedWindow>{};
}

}  // namespace wirestamp::store
