// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "packet/address.h"

namespace wirestamp::agent {

// Asks for the addresses of names over and over, on a thread of its own, because asking blocks.
class NameFollower {
 public:
  struct Name {
    std::uint32_t id = 0;  // the caller's; one of each in a list
    std::string host;
    std::uint16_t port = 0;
    std::optional<packet::Family> family;
    bool operator==(const Name&) const = default;
  };
  struct Answer {
    std::uint32_t id = 0;
    Result<std::vector<packet::Endpoint>> found;
  };
  using Resolve = std::function<Result<std::vector<packet::Endpoint>>(const Name&)>;

  // Begins at once. `wake` is called on the other thread when there are answers, `resolve` too;
  // both must stay usable after this is gone, because a question may still hang then.
  NameFollower(std::vector<Name> names, Resolve resolve, std::function<void()> wake);
  // Does not wait for a question that hangs.
  ~NameFollower();
  NameFollower(const NameFollower&) = delete;
  NameFollower& operator=(const NameFollower&) = delete;

  // Follows these from now on. A name that is the same in the old list, id included, goes on as if
  // nothing had happened; new ones are asked for next, and what was told of the others is dropped.
  // Any thread.
  void follow(std::vector<Name> names);

  // The answers that differ from the one before for the same name; failures only until the first
  // answer, and each failure once. Any thread.
  std::vector<Answer> take();

 private:
  struct State;
  static void run(State& state, const Resolve& resolve);
  std::shared_ptr<State> state_;
};

}  // namespace wirestamp::agent
