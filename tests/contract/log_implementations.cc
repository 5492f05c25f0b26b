#include <memory>
#include <thread>

#include "core/check.h"
#include "ingest/jetstream_log.h"
#include "ingest/memory_log.h"
#include "tests/contract/log_fixture.h"
#include "tests/fake_clock.h"
#include "tests/nats_server.h"

namespace sluice::ingest {
namespace {

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  explicit MemoryLogUnderTest(const LogOptions& options) : log_(options, clock_) {}
  EventLog& log() override { return log_; }
  void Pass(std::chrono::milliseconds time) override { clock_.Advance(time); }
  std::chrono::milliseconds lateness() const override { return std::chrono::seconds(1); }
  SteadyTime now() const override { return clock_.Steady(); }

 private:
  FakeClock clock_;
  MemoryLog log_;
};

// Time cannot be moved in a server, so it runs faster: what the suite calls a minute is 1.5 s.
constexpr int kSpeed = 40;

class JetstreamLogUnderTest final : public LogUnderTest {
 public:
  explicit JetstreamLogUnderTest(LogOptions options) {
    options.idempotency_window /= kSpeed;
    options.retention.max_age /= kSpeed;
    NatsOptions nats;
    nats.urls = {server_.url()};
    auto log = JetstreamLog::Open({.log = options, .nats = nats});
    SLUICE_CHECK(log.ok());
    log_ = *std::move(log);
    while (!log_->is_ready()) std::this_thread::yield();
  }

  EventLog& log() override { return *log_; }
  void Pass(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time / kSpeed); }
  // The server looks for what has expired about once a second.
  std::chrono::milliseconds lateness() const override { return std::chrono::minutes(1); }
  SteadyTime now() const override { return Clock::System().Steady(); }

 private:
  NatsServer server_;
  std::unique_ptr<JetstreamLog> log_;
};

}  // namespace

std::vector<LogImplementation> LogImplementations() {
  return {{"Memory",
           [](const LogOptions& options) { return std::make_unique<MemoryLogUnderTest>(options); }},
          {"Jetstream", [](const LogOptions& options) {
             return std::make_unique<JetstreamLogUnderTest>(options);
           }}};
}

}  // namespace sluice::ingest
