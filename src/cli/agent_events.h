// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/daemon.h"

namespace wirestamp::cli {

// Carries what the agent tells from its measuring thread to the one that writes it, in order. The
// measuring thread never waits: what finds the queue full is counted instead.
class AgentEvents final : public agent::DaemonObserver {
 public:
  static constexpr std::size_t kMaxWaiting = 8'192;

  struct Begun {
    std::uint32_t session = 0;
    agent::PingStart start;
  };
  struct Note {
    std::optional<std::uint32_t> session;
    std::string text;
  };
  struct Happened {
    std::uint32_t session = 0;
    measure::Event event;
  };
  struct Window {
    std::uint32_t session = 0;
    std::shared_ptr<const agent::ResultWindow> window;  // large, and items are moved about
  };
  using Item = std::variant<agent::ReflectStart, Begun, Note, Happened, Window>;

  // The measuring thread.
  void on_start(const agent::ReflectStart& start) override { put(start); }
  void on_session(std::uint32_t session, const agent::PingStart& start) override {
    put(Begun{session, start});
  }
  void on_note(const std::string& note) override { put(Note{std::nullopt, note}); }
  void on_note(std::uint32_t session, const std::string& note) override {
    put(Note{session, note});
  }
  void on_event(std::uint32_t session, const measure::Event& event) override {
    put(Happened{session, event});
  }
  void on_window(std::uint32_t session, const agent::ResultWindow& window) override {
    put(Window{session, std::make_shared<const agent::ResultWindow>(window)});
  }
  void end();

  // The writing thread. Waits until there is something; empty only when it has ended.
  std::vector<Item> take();
  // Items that found the queue full since the last call.
  std::uint64_t take_dropped();

 private:
  void put(Item item);

  std::mutex mutex_;
  std::condition_variable something_;
  std::vector<Item> waiting_;
  std::uint64_t dropped_ = 0;
  bool ended_ = false;
};

}  // namespace wirestamp::cli
