#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/jetstream_log.h"
#include "tests/contract/recording_sink.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"

namespace sluice::ingest {

// The log on a real nats-server that a test may stop, pause and tamper with.
class JetstreamTest : public testing::Test {
 protected:
  using Answer = std::future<absl::StatusOr<Appended>>;

  // Opens the log, once, and waits until it can be used.
  void Open() {
    nats_.urls = {server_.url()};
    auto log = JetstreamLog::Open({.log = options_, .nats = nats_});
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    AwaitReady();
  }
  void AwaitReady() {
    ASSERT_TRUE(Eventually([this] { return log_->is_ready(); }));
  }
  void AwaitAway() {
    ASSERT_TRUE(Eventually([this] { return !log_->is_connected(); }));
  }

  // One that is answered later.
  Answer Begin(std::string_view data, std::string_view key = "",
               SteadyTime deadline = SteadyTime::max()) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Appended>>>();
    log_->Append({.channel = ChannelView::User("alice"),
                  .type = "type",
                  .data = data,
                  .idempotency_key = key,
                  .deadline = deadline},
                 [promise](absl::StatusOr<Appended> result) { promise->set_value(result); });
    return promise->get_future();
  }
  absl::StatusOr<Appended> Append(std::string_view data, std::string_view key = "") {
    return Begin(data, key).get();
  }
  uint64_t Publish(std::string_view data) {
    const auto appended = Append(data);
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() ? appended->id.sequence : 0;
  }
  double Metric(const std::string& name) {
    for (const auto& family : log_->Collect()) {
      if (family.name != name) continue;
      double sum = 0;
      for (const auto& metric : family.metric) sum += metric.counter.value + metric.gauge.value;
      return sum;
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }

  LogOptions options_;
  NatsOptions nats_;
  NatsServer server_;
  std::unique_ptr<JetstreamLog> log_;
};

constexpr const char* kStream = "SLUICE_DEFAULT_EVENTS";

}  // namespace sluice::ingest
