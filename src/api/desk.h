// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/host_status.h"
#include "api/problem.h"
#include "api/service.h"
#include "base/result.h"
#include "store/store.h"

namespace wirestamp::api {

// What Prometheus reads: the text and its media type.
struct Exposition {
  std::string type, body;
};

// What answers are made of. All of it is called from several threads.
struct Sources {
  Service& service;
  std::function<Result<std::unique_ptr<store::Reader>>()> open_store;
  std::function<Exposition(std::string_view accept)> metrics;
  std::function<HostStatus()> host = {};  // absent: nothing is known of it
};

// One thread's place to answer at: it has a reader of the store of its own, opened when it is first
// needed and anew after a failure.
class Desk {
 public:
  explicit Desk(const Sources& sources) : sources_(sources) {}

  Service& service() const { return sources_.service; }
  const Sources& sources() const { return sources_; }
  Answer<store::Reader*> reader();

  // The value of a store's answer, or the problem that it is not well.
  template <typename T>
  Answer<T> kept(Result<T> result) {
    if (result) return *std::move(result);
    return failed(result.error());
  }

 private:
  std::unexpected<Problem> failed(const Error& error);

  const Sources& sources_;
  std::unique_ptr<store::Reader> reader_;
};

}  // namespace wirestamp::api
