#include <memory>
#include <thread>

#include "core/check.h"
#include "ingest/jetstream_message_queue.h"
#include "ingest/memory_message_queue.h"
#include "tests/contract/message_queue_fixture.h"
#include "tests/fake_clock.h"
#include "tests/nats_server.h"

namespace sluice::ingest {
namespace {

class MemoryQueueUnderTest final : public MessageQueueUnderTest {
 public:
  explicit MemoryQueueUnderTest(const ClientMessageOptions& options) : queue_(options, clock_) {}
  ClientMessageQueue& queue() override { return queue_; }
  ClientMessageQueue& other_queue() override { return queue_; }
  void Pass(std::chrono::milliseconds time) override { clock_.Advance(time); }
  std::chrono::milliseconds lateness() const override { return std::chrono::milliseconds(0); }

 private:
  FakeClock clock_;
  MemoryMessageQueue queue_;
};

// Time cannot be moved in a server, so it runs faster: what the suite calls a minute is 6 s.
constexpr int kSpeed = 10;

class JetstreamQueueUnderTest final : public MessageQueueUnderTest {
 public:
  explicit JetstreamQueueUnderTest(ClientMessageOptions options) {
    options.max_age /= kSpeed;
    options.ack_wait /= kSpeed;
    options.retry_delay /= kSpeed;
    queue_ = Open(options);
    other_queue_ = Open(options);
  }
  ClientMessageQueue& queue() override { return *queue_; }
  ClientMessageQueue& other_queue() override { return *other_queue_; }
  void Pass(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time / kSpeed); }
  // The server looks for what has expired about once a second.
  std::chrono::milliseconds lateness() const override { return std::chrono::seconds(10); }

 private:
  std::unique_ptr<JetstreamMessageQueue> Open(const ClientMessageOptions& options) {
    NatsOptions nats;
    nats.urls = {server_.url()};
    auto queue = JetstreamMessageQueue::Open({.options = options, .nats = nats});
    SLUICE_CHECK(queue.ok());
    while (!(*queue)->is_ready()) std::this_thread::yield();
    return *std::move(queue);
  }

  NatsServer server_;
  std::unique_ptr<JetstreamMessageQueue> queue_;
  std::unique_ptr<JetstreamMessageQueue> other_queue_;
};

}  // namespace

std::vector<MessageQueueImplementation> MessageQueueImplementations() {
  return {{"Memory",
           [](const ClientMessageOptions& options) {
             return std::make_unique<MemoryQueueUnderTest>(options);
           }},
          {"Jetstream", [](const ClientMessageOptions& options) {
             return std::make_unique<JetstreamQueueUnderTest>(options);
           }}};
}

}  // namespace sluice::ingest
