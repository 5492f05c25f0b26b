#include <memory>

#include "ingest/memory_message_queue.h"
#include "tests/contract/message_queue_fixture.h"
#include "tests/fake_clock.h"

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

}  // namespace

std::vector<MessageQueueImplementation> MessageQueueImplementations() {
  return {{"Memory", [](const ClientMessageOptions& options) {
             return std::make_unique<MemoryQueueUnderTest>(options);
           }}};
}

}  // namespace sluice::ingest
