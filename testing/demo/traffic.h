// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"
#include "measure/sample.h"
#include "plan.h"
#include "script.h"

namespace wirestamp::demo {

// The probes of one session, each of them, in the order they are due.
class Traffic {
 public:
  struct Probe {
    const measure::Sample& sample;
    std::optional<Duration> ipdv;  // of its round trip against that of the one before
    bool arrived = false;          // its reply came
  };

  Traffic(const Plan& plan, std::uint64_t seed);

  // The agent begins: a flow is opened, and numbers begin with 0. Its first story is told by
  // events().
  void begin(WallTime time);
  // Probes due in [from, to), which is at most a minute and in one of the plan's stories as a whole
  // or in none: `take(Probe)`.
  template <typename Take>
  void run(WallTime to, Take&& take) {
    while (const measure::Sample* sample = next(to)) {
      const std::optional<Duration> ipdv = vary(*sample);
      take(Probe{.sample = *sample, .ipdv = ipdv, .arrived = sample->arrival_index > 0});
    }
  }
  // What the session tells before `to`, each once.
  std::vector<measure::Event> events(WallTime to);
  // The flow it began with.
  std::pair<std::uint32_t, std::uint16_t> flow() const { return {standing_.flow, standing_.port}; }

 private:
  const measure::Sample* next(WallTime to);
  const measure::Sample* next_of_script(WallTime to);
  void begin_due_story(WallTime to);
  void play(const Story& story);
  void look_at(WallTime time);
  void scheduled(WallTime due);
  void answer(bool scripted);
  void lose(measure::Outcome outcome);
  double chance() { return random_.unit(); }
  std::optional<Duration> vary(const measure::Sample& sample);

  const Plan& plan_;
  base::Random random_;
  Conditions now_;
  WallTime looked_;
  WallTime due_;
  Standing standing_;
  std::uint64_t arrivals_ = 0;
  std::size_t next_story_ = 0;
  std::optional<Script> script_;
  WallTime script_from_;
  std::size_t script_at_ = 0;
  std::deque<measure::Event> events_;
  measure::Sample sample_;
  std::optional<Duration> last_rtt_;
  std::uint32_t last_flow_ = 0;
};

}  // namespace wirestamp::demo
