#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nats/nats.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/logging.h"

namespace sluice::ingest {

// nats.c's connection and its subscriptions, from when a server took it to when the link ends.
// Errors are UNAVAILABLE and say what nats.c says. Owner: NatsConnection, whose event loop drives
// it. Thread: the event loop's; `connection` any.
class NatsLink {
 public:
  // Waits for the server. `logger` may be null: silent; it outlives the link.
  static absl::StatusOr<std::unique_ptr<NatsLink>> Connect(natsOptions* options, Logger* logger);
  // Waits for nats.c's last callback.
  ~NatsLink();

  natsConnection* connection() const { return connection_; }
  bool is_closed() const { return is_closed_; }
  // Where it leads, and which other servers that one told of.
  std::string ServerUrl() const;
  std::vector<std::string> KnownServerUrls() const;

  absl::Status Subscribe(const std::string& subject);
  void Unsubscribe(const std::string& subject);
  // To the subject that a consumer delivers to, in place of the last such subject.
  absl::Status Listen(const std::string& subject);

  // Hands over what has come: subject by subject in the order in which they were subscribed to,
  // deliveries last, because they may not overtake the answer that tells of them. `message` is the
  // taker's, and null where nats.c told of "no responders" in its place. The taker may Listen.
  // Returns how many there were.
  using Take = absl::FunctionRef<void(natsMsg* message, bool is_delivery)>;
  int Read(Take take);
  // Messages that nats.c threw away because too many waited.
  uint64_t Dropped() const;

 private:
  struct Destroy {
    void operator()(natsSubscription* each) const { natsSubscription_Destroy(each); }
  };
  using Subscription = std::unique_ptr<natsSubscription, Destroy>;
  struct Subscribed {
    std::string subject;
    Subscription subscription;
  };

  explicit NatsLink(Logger* logger) : logger_(logger) {}

  static void OnClosed(natsConnection* connection, void* self);
  static void OnError(natsConnection* connection, natsSubscription* subscription, natsStatus status,
                      void* self);
  absl::StatusOr<Subscription> SubscribeTo(const std::string& subject);
  int ReadFrom(natsSubscription* subscription, Take take);

  Logger* const logger_;
  natsConnection* connection_ = nullptr;
  std::vector<Subscribed> subscribed_;  // in this order
  Subscription deliveries_;
  std::atomic<bool> is_closed_{false};
};

}  // namespace sluice::ingest
