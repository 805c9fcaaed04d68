// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
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
    std::string host;
    std::uint16_t port = 0;
    std::optional<packet::Family> family;
  };
  struct Answer {
    std::size_t name = 0;  // as in the list that was given
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

  // The answers that differ from the one before for the same name; failures only until the first
  // answer, and each failure once. Any thread.
  std::vector<Answer> take();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wirestamp::agent
