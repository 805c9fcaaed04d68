// SPDX-License-Identifier: Apache-2.0
#include "api/streams.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

namespace wirestamp::api {

namespace {

// What is taken of the feed at once, and what the library holds of it for each stream.
constexpr std::size_t kEnough = 8'192, kBlock = 4'096;
constexpr std::chrono::milliseconds kGather{50};
constexpr std::chrono::seconds kTick{1};

}  // namespace

Streams::Streams(Feed& feed, std::size_t most, Duration heartbeat, std::function<MonoTime()> clock,
                 std::function<void()> tick)
    : feed_(feed),
      most_(most),
      heartbeat_(heartbeat),
      clock_(std::move(clock)),
      tick_(std::move(tick)) {
  feed_.on_publish([this] {
    const std::lock_guard lock(mutex_);
    ++version_;
    wake_.notify_all();
  });
  thread_ = std::jthread([this] { run(); });
}

Streams::~Streams() { stop(); }

void Streams::stop() {
  feed_.on_publish(nullptr);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake(true);
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::size_t Streams::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

MHD_Response* Streams::open(MHD_Connection* connection, Feed::Filter filter, std::uint64_t position,
                            std::string greeting) {
  auto stream = std::unique_ptr<Stream>(new Stream{.all = *this,
                                                   .connection = connection,
                                                   .filter = std::move(filter),
                                                   .following = {},
                                                   .position = position,
                                                   .pending = std::move(greeting),
                                                   .last = clock_()});
  const std::lock_guard lock(mutex_);
  if (stopping_ || streams_.size() >= most_) return nullptr;
  MHD_Response* const response = MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, kBlock, &Streams::read, stream.get(), &Streams::release);
  if (response == nullptr) return nullptr;
  stream->following = Feed::Following(feed_, stream->filter);
  streams_.insert(stream.release());
  return response;
}

void Streams::release(void* cls) {
  const std::unique_ptr<Stream> stream(static_cast<Stream*>(cls));
  const std::lock_guard lock(stream->all.mutex_);
  stream->following = {};
  stream->all.streams_.erase(stream.get());
}

// Whether there is something to send.
bool Streams::fill(Stream& stream) {
  if (stream.sent < stream.pending.size()) return true;
  stream.pending.clear();
  stream.sent = 0;
  feed_.take(stream.position, stream.filter, kEnough, stream.pending);
  const MonoTime now = clock_();
  if (stream.pending.empty() && now - stream.last >= heartbeat_) stream.pending = ":\n\n";
  if (stream.pending.empty()) return false;
  stream.last = now;
  return true;
}

ssize_t Streams::read(void* cls, std::uint64_t, char* buffer, std::size_t room) {
  Stream& stream = *static_cast<Stream*>(cls);
  Streams& all = stream.all;
  for (;;) {
    std::uint64_t version = 0;
    {
      const std::lock_guard lock(all.mutex_);
      if (all.stopping_) return MHD_CONTENT_READER_END_OF_STREAM;
      version = all.version_;
    }
    // Not under the lock: the feed calls us under its own.
    if (all.fill(stream)) break;
    const std::lock_guard lock(all.mutex_);
    if (all.stopping_) return MHD_CONTENT_READER_END_OF_STREAM;
    // Something came meanwhile, of which we were not told since we did not wait yet.
    if (all.version_ != version) continue;
    stream.waiting = true;
    MHD_suspend_connection(stream.connection);
    return 0;
  }
  const std::size_t size = std::min(room, stream.pending.size() - stream.sent);
  std::copy_n(stream.pending.data() + stream.sent, size, buffer);
  stream.sent += size;
  return static_cast<ssize_t>(size);
}

void Streams::wake(bool all) {
  const MonoTime now = clock_();
  for (Stream* const stream : streams_) {
    if (!stream->waiting || (!all && now - stream->last < heartbeat_)) continue;
    stream->waiting = false;
    MHD_resume_connection(stream->connection);
  }
}

void Streams::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, kTick, [&] { return stopping_ || version_ != woken_; });
    const bool news = version_ != woken_;
    woken_ = version_;
    wake(news);
    lock.unlock();
    tick_();
    lock.lock();
    // What comes at once is told at once.
    if (news) wake_.wait_for(lock, kGather, [&] { return stopping_; });
  }
}

}  // namespace wirestamp::api
