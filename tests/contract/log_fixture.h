#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/options.h"
#include "ingest/event_log.h"
#include "tests/contract/recording_sink.h"

namespace sluice::ingest {

// One implementation with what a test needs around it.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual EventLog& log() = 0;
  // Lets retention and the idempotency window see this much time pass, or a little more.
  virtual void Pass(std::chrono::milliseconds time) = 0;
  // How much later than due something may leave.
  virtual std::chrono::milliseconds lateness() const = 0;
  virtual SteadyTime now() const = 0;
};

struct LogImplementation {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>(const LogOptions&)> create;

  friend void PrintTo(const LogImplementation& log, std::ostream* out) { *out << log.name; }
};

// Every implementation that is linked; one more is one more entry.
std::vector<LogImplementation> LogImplementations();

// The words in which the suite speaks of a log.
class EventLogTest : public testing::TestWithParam<LogImplementation> {
 protected:
  // Before the first use of the log.
  LogOptions options_;

  LogUnderTest& under_test() {
    if (!under_test_) under_test_ = GetParam().create(options_);
    return *under_test_;
  }
  EventLog& log() { return under_test().log(); }
  void Pass(std::chrono::milliseconds time) { under_test().Pass(time); }
  // Until what is due after `time` has left.
  void PassBeyond(std::chrono::milliseconds time) { Pass(time + under_test().lateness()); }

  absl::StatusOr<Appended> Append(const AppendRequest& request) {
    std::promise<absl::StatusOr<Appended>> answer;
    log().Append(request, [&answer](absl::StatusOr<Appended> result) {
      answer.set_value(std::move(result));
    });
    return answer.get_future().get();
  }
  // Appends and returns the sequence; 0, with a failure, on an error.
  uint64_t Publish(const ChannelView& channel, std::string_view data, std::string_view key = "") {
    const auto appended =
        Append({.channel = channel, .type = "type", .data = data, .idempotency_key = key});
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() ? appended->id.sequence : 0;
  }
  bool IsDuplicate(const ChannelView& channel, std::string_view data, std::string_view key) {
    const auto appended =
        Append({.channel = channel, .type = "type", .data = data, .idempotency_key = key});
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() && appended->duplicate;
  }
  // The data of all events that a tail gets which is opened now.
  std::vector<std::string> Retained() {
    RecordingSink sink;
    const auto tail = log().OpenTail(&sink);
    sink.AwaitHead();
    return sink.data();
  }

 private:
  std::unique_ptr<LogUnderTest> under_test_;
};

}  // namespace sluice::ingest
