// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agent/keeper.h"
#include "base/result.h"
#include "config/settings.h"

namespace wirestamp::cli {

// A file of JSON lines that is appended to.
class LineFile {
 public:
  LineFile() = default;
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  Result<void> open(const std::string& path);  // "-" is standard output
  bool is_open() const { return stream_ != nullptr; }
  const std::string& path() const { return path_; }
  Result<void> write(const std::string& line);

 private:
  Result<void> failed() const;

  std::string path_;
  std::FILE* stream_ = nullptr;
  bool torn_ = false;
};

// Says a line to whoever watches the agent; `session` "": of the agent as a whole. Any thread.
using Say =
    std::function<void(measure::Severity level, std::string_view session, std::string_view text)>;

// Writes what the agent keeps: a log, results and events. A file that cannot be written is no
// reason to stop measuring: it is told once, and again when it works again.
class AgentWriter final : public agent::KeeperOutput {
 public:
  explicit AgentWriter(Say say) : say_(std::move(say)) {}
  // --results and --events.
  Result<void> open(const config::Settings& settings);

  void on_start(const agent::ReflectStart& start) override;
  void on_session(const agent::KeptSession& session, const agent::PingStart& start) override;
  void on_note(const std::string& session, const std::string& text) override;
  void on_event(const measure::RecordedEvent& event) override;
  void on_incident(const measure::Incident& incident) override;
  void on_window(const agent::KeptSession& session, const agent::ResultWindow& window) override;

 private:
  void put(LineFile& file, const std::string& line);

  Say say_;
  // What was said last of the incidents that are open.
  std::map<std::uint64_t, std::string> titles_;
  LineFile results_, events_;
  bool results_failing_ = false, events_failing_ = false;
};

}  // namespace wirestamp::cli
