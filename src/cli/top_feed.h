// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/agent.h"
#include "client/fetch.h"
#include "time/clock.h"

namespace wirestamp::cli {

// What a screen wants to know of one session.
struct TopWish {
  std::string session;  // "": none is looked at
  Duration back = Duration::hours(1), step = Duration::minutes(1);
  bool probes = false;               // the newest single probes, too
  std::vector<std::string> visible;  // names whose sparklines are seen

  bool operator==(const TopWish&) const = default;
};

// All that is known of an agent.
struct TopNews {
  std::optional<std::vector<client::Session>> sessions;  // absent: it never answered
  std::map<std::string, client::Sparkline> sparklines;
  struct Detail {
    TopWish wish;
    WallTime at;
    client::Windows windows;
    std::vector<client::Flow> flows;
    std::vector<client::Event> events;
    std::vector<client::Incident> incidents;
    std::vector<client::Probe> probes;
    std::optional<client::Problem> problem;
  };
  std::optional<Detail> detail;
  // Of the last attempt; since when it is so.
  std::optional<client::Problem> problem;
  WallTime problem_since;
};

// Asks once, in order; what the thread of TopFeed does again and again. One thread.
class TopAsker {
 public:
  TopAsker(client::Fetch& agent, Clock& clock) : agent_(agent), clock_(clock) {}

  // Adds to `news` what the agent tells now. True: it answered.
  bool ask(const TopWish& wish, TopNews& news);
  // Sessions that no minute is decided of have their `total` then. ask() does it for some, those
  // that are seen before the others. True: there are more of them.
  bool ask_first_figures(const TopWish& wish, TopNews& news);

 private:
  struct First {
    MonoTime asked;
    std::optional<client::Figures> figures;
  };
  void ask_sparklines(const TopWish& wish, TopNews& news);
  void ask_detail(const TopWish& wish, TopNews& news);

  client::Fetch& agent_;
  Clock& clock_;
  std::optional<MonoTime> sparklines_at_;
  std::map<std::string, MonoTime> asked_;  // of an agent without the route for all of them
  std::map<std::string, First> first_;     // of sessions without a minute
};

// Asks an agent in a thread of its own, so that a slow or silent one never holds up the screen.
class TopFeed {
 public:
  // `tell`: called on that thread when there are news.
  TopFeed(std::unique_ptr<client::Fetch> agent, std::atomic<bool>& cancel,
          std::function<void()> tell);
  ~TopFeed();  // ends a request that is under way
  TopFeed(const TopFeed&) = delete;
  TopFeed& operator=(const TopFeed&) = delete;

  std::shared_ptr<const TopNews> news() const;
  // Another wish is asked for at once.
  void wish(const TopWish& wish);

 private:
  void run();

  std::unique_ptr<client::Fetch> agent_;
  std::atomic<bool>& cancel_;
  std::function<void()> tell_;
  mutable std::mutex mutex_;
  std::condition_variable wished_;
  TopWish wish_;
  bool new_wish_ = false;
  std::shared_ptr<const TopNews> news_ = std::make_shared<TopNews>();
  std::thread thread_;  // last: it uses the others
};

}  // namespace wirestamp::cli
