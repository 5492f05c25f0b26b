#include "ingest/memory_log.h"
#include "tests/contract/log_fixture.h"
#include "tests/fake_clock.h"

namespace sluice::ingest {
namespace {

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  explicit MemoryLogUnderTest(const LogOptions& options) : log_(options, clock_) {}
  EventLog& log() override { return log_; }
  void Pass(std::chrono::milliseconds time) override { clock_.Advance(time); }
  SteadyTime now() const override { return clock_.Steady(); }

 private:
  FakeClock clock_;
  MemoryLog log_;
};

}  // namespace

std::vector<LogImplementation> LogImplementations() {
  return {{"Memory", [](const LogOptions& options) {
             return std::make_unique<MemoryLogUnderTest>(options);
           }}};
}

}  // namespace sluice::ingest
