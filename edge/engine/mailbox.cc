#include "edge/engine/mailbox.h"

#include <sys/eventfd.h>

#include "core/check.h"

namespace sluice::edge {
namespace {

uint64_t EventBytes(const Message& message) {
  const auto* events = std::get_if<LogEvents>(&message);
  if (events == nullptr) return 0;
  uint64_t bytes = 0;
  for (const Event& event : events->batch->events) bytes += event.size_bytes();
  return bytes;
}

}  // namespace

void Mailbox::Post(Message message) {
  const uint64_t bytes = EventBytes(message);
  {
    MutexLock lock(&mutex_);
    while (bytes > 0 && !closed_ && waiting_bytes_ > kMaxEventBytes) room_.Wait(&mutex_);
    if (closed_) return;
    waiting_bytes_ += bytes;
    messages_.push_back(std::move(message));
  }
  // Sequentially consistent against PrepareToSleep: either the shard sees the message there, or
  // this sees it asleep.
  if (asleep_.exchange(false)) SLUICE_CHECK(eventfd_write(wake_fd_, 1) == 0);
}

void Mailbox::Take(std::vector<Message>* messages) {
  messages->clear();
  MutexLock lock(&mutex_);
  messages->swap(messages_);
  if (waiting_bytes_ > kMaxEventBytes) room_.NotifyAll();
  waiting_bytes_ = 0;
}

bool Mailbox::PrepareToSleep() {
  asleep_.store(true);
  MutexLock lock(&mutex_);
  if (messages_.empty()) return true;
  asleep_.store(false);
  return false;
}

void Mailbox::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  messages_.clear();
  room_.NotifyAll();
}

}  // namespace sluice::edge
