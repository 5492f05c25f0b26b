#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sluice/v1/gateway.grpc.pb.h"
#include "tests/faults/event_id.h"
#include "tests/faults/history.h"

namespace sluice::faults {

struct PublisherOptions {
  std::vector<std::string> gateways;  // A:P
  std::string key_prefix;             // of the idempotency keys: one per run
  uint32_t users = 1;                 // events go to u0 to u<users-1>, by chance
  uint32_t topics = 0;                // and, with topic_share, to t0 to t<topics-1>
  double topic_share = 0;
  int64_t deadline_ms = 1'000;    // of one call
  int64_t give_up_ms = 30'000;    // of one event
  uint64_t max_pending = 20'000;  // events without an answer; beyond it planned events are left out
};

struct PublisherCounts {
  uint64_t published = 0;  // begun
  uint64_t acknowledged = 0;
  uint64_t duplicates = 0;  // of the acknowledged
  uint64_t retries = 0;
  uint64_t failed = 0;    // given up, or an answer that a retry does not change
  uint64_t left_out = 0;  // planned, but too much was pending
  int64_t slowest_call_ns = 0;
  std::map<int, uint64_t> codes;  // of every answer
  EventId last;                   // the highest of the epoch that the latest answer named
};

// Publishes numbered events at their planned times whatever the gateways do (open loop), each with
// an idempotency key. An answer that proves nothing (UNAVAILABLE, DEADLINE_EXCEEDED, ...) makes it
// try the next gateway with the same key. Every answer is written to the history; nothing is judged
// here. Thread: one.
class RetryingPublisher {
 public:
  RetryingPublisher(PublisherOptions options, History* history);
  ~RetryingPublisher();
  RetryingPublisher(const RetryingPublisher&) = delete;
  RetryingPublisher& operator=(const RetryingPublisher&) = delete;

  // Plans events from now on, without end, until Pause.
  void Start(double events_per_second);
  void Pause() { interval_ns_ = 0; }
  // Publishes one event now; to chance if `target` is empty, to a topic if it begins with 't'.
  void Publish(const std::string& target);

  // Publishes what is due and takes answers, for at most `timeout_ms`.
  void Turn(int64_t timeout_ms);

  uint64_t pending() const { return pending_; }
  const PublisherCounts& counts() const { return counts_; }

 private:
  struct Publication;
  struct Call;
  using Due = std::pair<int64_t, Publication*>;  // when to retry; owned by the entry

  void PublishDue();
  void RetryDue();
  std::string PickTarget();
  void StartCall(std::unique_ptr<Publication> publication);
  void Take(std::unique_ptr<Call> call);
  void TakeAcknowledgement(const Call& call);
  static bool IsWorthRetrying(grpc::StatusCode code);

  const PublisherOptions options_;
  History* const history_;
  std::vector<std::unique_ptr<v1::Gateway::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> retries_;
  std::mt19937 random_;
  uint64_t next_number_ = 1;
  uint64_t pending_ = 0;
  int64_t interval_ns_ = 0;  // 0: pausing
  int64_t next_ns_ = 0;
  PublisherCounts counts_;
};

}  // namespace sluice::faults
