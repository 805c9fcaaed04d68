// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "platform/file_watch.h"
#include "session/auth_key.h"
#include "session/reflector.h"

// Where the keys of authenticated STAMP come from: a file that may change while we run, or the
// variable WIRESTAMP_KEY. The file is read on a thread of its own, because the measuring one never
// waits for a disk; that one takes what was read between two packets.
namespace wirestamp::agent {

// In place of the id of a key: the open mode, whatever keys there are.
inline constexpr const char* kNoKey = "none";

class KeySource {
 public:
  // Reads the keys. `file` "" is the variable; where that is not set either, there is no source
  // (null). Fails, naming place and what is allowed, when there is both, and when one is wrong.
  static Result<std::unique_ptr<KeySource>> open(const std::string& file);
  // Whether a file has keys that can be used, whatever the variable says.
  static Result<void> check_file(const std::string& file);
  ~KeySource();
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  // As they were read first.
  const session::KeyringPtr& first() const { return first_; }
  // "/etc/wirestamp.keys", "WIRESTAMP_KEY"
  const std::string& name() const { return name_; }

  // Begins to follow the file. `changed` is called on another thread when there is something to
  // take(), which must come soon. Absent where changes can be seen only by reload(): why.
  std::optional<std::string> follow(std::function<void()> changed);
  // Reads the file again, soon. Any thread, not from a signal handler.
  void reload();

  struct News {
    session::KeyringPtr keys;  // null: they could not be read, and those of before stay in force
    std::string text;          // what changed, or why not, for the user; "": nothing did
  };
  // What was read since the last call. Any thread.
  std::optional<News> take();

 private:
  explicit KeySource(std::string name) : name_(std::move(name)) {}
  void read_again();
  void work();

  std::string name_;
  bool is_file_ = false;
  session::KeyringPtr first_;
  std::function<void()> changed_;
  std::unique_ptr<platform::FileWatch> watch_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool wanted_ = false, ended_ = false;
  session::KeyringPtr newest_;  // of the thread
  std::optional<News> news_;
  std::atomic<bool> has_news_{false};
  std::thread thread_;
};

// The keys of a reflector from its source, for as long as both live; of the measuring thread.
class ReflectorKeys {
 public:
  // `source` may be null. `wake`: from another thread, take() has something to do.
  ReflectorKeys(KeySource* source, session::Reflector& reflector, std::function<void()> wake,
                std::function<void(const std::string&)> note);

  void reload();
  // What is new is the reflector's now; also returned, for the sessions beside it. Null: nothing.
  session::KeyringPtr take();

 private:
  KeySource* source_;
  session::Reflector& reflector_;
  std::function<void(const std::string&)> note_;
};

// The key that a session to `peer` sends with: the one of that id, else the first that is valid for
// the peer. Fails when there is none, saying what there is.
Result<session::AuthKeyPtr> key_to_send(const session::Keyring& keys, const std::string& id,
                                        const packet::IpAddress& peer, const std::string& source);

// "site-2026 (1f0c22e9) for 192.0.2.0/24, site-2027 (00a4b1c2)": nothing that is secret.
std::string told(const session::Keyring& keys);

}  // namespace wirestamp::agent
