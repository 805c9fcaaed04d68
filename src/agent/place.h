// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "platform/network_namespace.h"

namespace wirestamp::agent {

// Where a measurement works: this process's network namespace or another one. A namespace belongs
// to a thread, so that measurements in several of them can run in one process.
class Place {
 public:
  // "" is where the process is.
  static Result<Place> named(const std::string& name) {
    Place place;
    if (!name.empty()) place.namespace_ = TRY(platform::NetworkNamespace::open(name));
    return place;
  }

  // The calling thread goes there for good.
  Result<void> enter() const {
    if (namespace_) return namespace_->enter();
    return {};
  }

  // What `make` returns, a Result, made there: on a thread of its own, so that the caller stays.
  template <typename Make>
  std::invoke_result_t<Make> make(Make make) const {
    if (!namespace_) return make();
    std::invoke_result_t<Make> made = fail("nothing was made");
    std::thread([&] {
      if (auto entered = namespace_->enter(); !entered) {
        made = std::unexpected(std::move(entered).error());
      } else {
        made = make();
      }
    }).join();
    return made;
  }

 private:
  std::optional<platform::NetworkNamespace> namespace_;
};

}  // namespace wirestamp::agent
