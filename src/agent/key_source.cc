// SPDX-License-Identifier: Apache-2.0
#include "agent/key_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/key_file.h"
#include "crypto/secret.h"
#include "platform/process.h"
#include "platform/secret_file.h"

namespace wirestamp::agent {

namespace {

constexpr std::size_t kMostTold = 8;  // keys in one sentence

// A key that is the same as before is the same object: nobody changes over to it.
session::KeyringPtr made(const std::vector<config::KeyLine>& lines,
                         const session::KeyringPtr& before = nullptr) {
  std::vector<session::AuthKeyPtr> keys;
  for (const config::KeyLine& line : lines) {
    const auto key = std::make_shared<const session::AuthKey>(
        line.id, line.secret.octets(),
        session::AuthKey::For{.peers = line.peers, .ssids = line.ssids});
    const auto old = before ? before->find(line.id) : nullptr;
    keys.push_back(old && old->is_same(*key) ? old : key);
  }
  return std::make_shared<session::Keyring>(std::move(keys));
}

Result<session::KeyringPtr> read_file(const std::string& path,
                                      const session::KeyringPtr& before = nullptr) {
  std::string text = TRY(platform::read_secret_lines(path));
  const auto lines = config::read_key_text(text, path);
  crypto::wipe(std::as_writable_bytes(std::span(text)));
  if (!lines) return std::unexpected(lines.error());
  return made(*lines, before);
}

// Absent: it is not set. "" is set, and wrong.
Result<session::KeyringPtr> read_variable() {
  for (auto& [name, value] : platform::environment()) {
    if (name != config::kKeyVariable) continue;
    const auto lines = config::read_key_variable(value);
    crypto::wipe(std::as_writable_bytes(std::span(value)));
    if (!lines) return std::unexpected(lines.error());
    return made(*lines);
  }
  return session::KeyringPtr();
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostTold); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostTold) text += fmt::format(" and {} more", names.size() - kMostTold);
  return text;
}

std::string told(const session::AuthKey& key) {
  std::string text = fmt::format("{} ({})", key.id(), key.fingerprint());
  for (std::size_t i = 0; i < key.valid_for().peers.size(); ++i)
    text += (i == 0 ? " for " : " ") + packet::to_string(key.valid_for().peers[i]);
  return text;
}

// What is there and was not.
std::vector<std::string> without(const session::Keyring& keys, const session::Keyring& before) {
  std::vector<std::string> names;
  for (const session::AuthKeyPtr& key : keys.keys())
    if (std::ranges::none_of(before.keys(), [&](const auto& old) { return old == key; }))
      names.push_back(told(*key));
  return names;
}

std::string difference(const session::Keyring& now, const session::Keyring& before,
                       const std::string& source) {
  const std::vector<std::string> added = without(now, before), gone = without(before, now);
  if (added.empty() && gone.empty()) return {};
  std::string text = fmt::format("keys of {} read again", source);
  if (!added.empty()) text += "; new: " + list(added);
  if (!gone.empty()) text += "; no longer valid: " + list(gone);
  return text;
}

}  // namespace

Result<std::unique_ptr<KeySource>> KeySource::open(const std::string& file) {
  session::KeyringPtr of_variable = TRY(read_variable());
  if (file.empty() && !of_variable) return nullptr;
  if (!file.empty() && of_variable)
    return fail(fmt::format("there is a key in {} and a key file '{}': leave one of them out",
                            config::kKeyVariable, file));
  std::unique_ptr<KeySource> source(
      new KeySource(file.empty() ? std::string(config::kKeyVariable) : file));
  source->is_file_ = !file.empty();
  source->first_ = file.empty() ? std::move(of_variable) : TRY(read_file(file));
  source->newest_ = source->first_;
  return source;
}

Result<void> KeySource::check_file(const std::string& file) {
  TRY(read_file(file));
  return {};
}

KeySource::~KeySource() {
  watch_.reset();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  asked_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::optional<std::string> KeySource::follow(std::function<void()> changed) {
  if (!is_file_) return std::nullopt;
  changed_ = std::move(changed);
  thread_ = std::thread([this] { work(); });
  auto watch = platform::FileWatch::create({.path = name_}, [this] { reload(); });
  if (!watch) return watch.error().text;
  watch_ = std::move(*watch);
  reload();  // it may have changed since it was read
  return std::nullopt;
}

void KeySource::reload() {
  if (!is_file_) return;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  asked_.notify_one();
}

void KeySource::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [this] { return wanted_ || ended_; });
    if (ended_) return;
    wanted_ = false;
    lock.unlock();
    read_again();
    lock.lock();
  }
}

void KeySource::read_again() {
  auto read = read_file(name_, newest_);
  News news;
  if (!read) {
    news.text = read.error().text + "; the keys of before stay in force";
  } else {
    news.text = difference(**read, *newest_, name_);
    news.keys = newest_ = *read;
  }
  {
    const std::lock_guard lock(mutex_);
    news_ = std::move(news);
    has_news_.store(true, std::memory_order_release);
  }
  changed_();
}

std::optional<KeySource::News> KeySource::take() {
  if (!has_news_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  has_news_.store(false, std::memory_order_relaxed);
  return std::exchange(news_, std::nullopt);
}

ReflectorKeys::ReflectorKeys(KeySource* source, session::Reflector& reflector,
                             std::function<void()> wake,
                             std::function<void(const std::string&)> note)
    : source_(source), reflector_(reflector), note_(std::move(note)) {
  if (source_ == nullptr) return;
  reflector_.set_keys(source_->first());
  if (const auto blind = source_->follow(std::move(wake)))
    note_(*blind + "; a SIGHUP makes changed keys known");
}

void ReflectorKeys::reload() {
  if (source_ != nullptr) source_->reload();
}

session::KeyringPtr ReflectorKeys::take() {
  const auto news = source_ != nullptr ? source_->take() : std::nullopt;
  if (!news) return nullptr;
  if (!news->text.empty()) note_(news->text);
  if (news->keys) reflector_.set_keys(news->keys);
  return news->keys;
}

Result<session::AuthKeyPtr> key_to_send(const session::Keyring& keys, const std::string& id,
                                        const packet::IpAddress& peer, const std::string& source) {
  session::AuthKeyPtr key = id.empty() ? keys.to_send(peer) : keys.find(id);
  if (key) return key;
  if (id.empty())
    return fail(
        fmt::format("{} has no key for {}: it has {}; name one with --key-id, or measure "
                    "without a key",
                    source, packet::to_string(peer), told(keys)));
  return fail(fmt::format("{} has no key '{}': it has {}", source, id, told(keys)));
}

std::string told(const session::Keyring& keys) {
  std::vector<std::string> names;
  for (const session::AuthKeyPtr& key : keys.keys()) names.push_back(told(*key));
  return list(names);
}

}  // namespace wirestamp::agent
