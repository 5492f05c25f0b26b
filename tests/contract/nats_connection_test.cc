#include "ingest/nats_connection.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/mutex.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"

namespace sluice::ingest {
namespace {

// Says again and again whether JetStream serves it, and keeps what it hears.
class JudgingHandler : public NatsHandler {
 public:
  // Before the connection starts.
  void Use(NatsConnection* connection) { connection_ = connection; }
  void SetServed(bool is_served) { is_served_ = is_served; }
  // The next message holds up the connection's thread until Release.
  void Hold() {
    MutexLock lock(&mutex_);
    is_held_ = true;
  }
  void Release() {
    MutexLock lock(&mutex_);
    is_held_ = false;
    released_.NotifyAll();
  }
  std::vector<std::string> heard() const {
    MutexLock lock(&mutex_);
    return heard_;
  }

  void OnConnected() override {}
  void OnDisconnected() override {}
  void OnMessage(const NatsMessage& message) override {
    MutexLock lock(&mutex_);
    heard_.emplace_back(message.data());
    while (is_held_) released_.Wait(&mutex_);
  }
  void OnNoResponders(bool) override {}
  void OnTick(SteadyTime) override { connection_->SetServed(is_served_); }

 private:
  NatsConnection* connection_ = nullptr;
  std::atomic<bool> is_served_{true};
  mutable Mutex mutex_;
  Condition released_;
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mutex_);
};

class NatsConnectionTest : public testing::Test {
 protected:
  void Connect() { connection_ = Connect({servers_[0].url(), servers_[1].url()}, &handler_); }
  static std::unique_ptr<NatsConnection> Connect(std::vector<std::string> urls,
                                                 JudgingHandler* handler) {
    NatsOptions options;
    options.urls = std::move(urls);
    auto connection = NatsConnection::Create({.options = options,
                                              .name = "test",
                                              .inbox = "sluice.test.inbox.edge",
                                              .also = {"news"},
                                              .handler = handler,
                                              .logger = nullptr});
    EXPECT_TRUE(connection.ok()) << connection.status();
    handler->Use(connection->get());
    (*connection)->Start();
    EXPECT_TRUE(Eventually([&] { return (*connection)->is_connected(); }));
    return *std::move(connection);
  }
  // Which of the servers it is connected to: what is published there arrives, and nothing else.
  std::string Server() {
    EXPECT_TRUE(Eventually([this] { return connection_->is_connected(); }));
    const size_t before = handler_.heard().size();
    EXPECT_TRUE(Eventually([&] {  // until the server knows of the subscription
      for (const NatsServer& server : servers_) {
        NatsClient(server).Publish(connection_->inbox() + ".name", server.url());
      }
      return handler_.heard().size() > before;
    }));
    return handler_.heard().empty() ? "" : handler_.heard().back();
  }

  NatsServer servers_[2];
  JudgingHandler handler_;
  std::unique_ptr<NatsConnection> connection_;
};

TEST_F(NatsConnectionTest, AServerThatDoesNotServeIsLeftForAnother) {
  Connect();
  const std::string first = Server();
  handler_.SetServed(false);
  ASSERT_TRUE(Eventually([this] { return connection_->reconnects() == 1; }));
  handler_.SetServed(true);
  EXPECT_NE(Server(), first);
}

TEST_F(NatsConnectionTest, OfWhatIsReadAtOnceTheInboxComesLast) {
  const auto connection = Connect({servers_[0].url()}, &handler_);
  NatsClient client(servers_[0]);
  handler_.Hold();
  ASSERT_TRUE(Eventually([&] {
    client.Publish(connection->inbox() + ".x", "first");
    return !handler_.heard().empty();
  }));
  client.Publish(connection->inbox() + ".x", "answer");
  client.Publish("news", "news");
  client.Publish(connection->inbox() + ".x", "end");  // when it has this, it has sent the others
  handler_.Release();
  ASSERT_TRUE(Eventually([&] { return handler_.heard().back() == "end"; }));
  const std::vector<std::string> heard = handler_.heard();
  EXPECT_LT(std::find(heard.begin(), heard.end(), "news"),
            std::find(heard.begin(), heard.end(), "answer"));
}

TEST_F(NatsConnectionTest, WhatWasPublishedBeforeAStopIsSent) {
  const auto reader = Connect({servers_[0].url()}, &handler_);
  const std::string subject = reader->inbox() + ".x";
  NatsClient client(servers_[0]);
  ASSERT_TRUE(Eventually([&] {  // until the server knows of the subscription
    client.Publish(subject, "first");
    return !handler_.heard().empty();
  }));
  constexpr size_t kStops = 300;
  constexpr size_t kEach = 30;  // the thread writes the first while the last are published
  for (size_t stop = 0; stop < kStops; ++stop) {
    JudgingHandler handler;
    const auto writer = Connect({servers_[0].url()}, &handler);
    for (size_t i = 0; i < kEach; ++i) {
      ASSERT_TRUE(writer->Publish(subject, "", "last").ok());
      writer->Flush();
    }
    writer->Stop();
  }
  const auto count = [&] {
    const std::vector<std::string> heard = handler_.heard();
    return static_cast<size_t>(std::count(heard.begin(), heard.end(), "last"));
  };
  EXPECT_TRUE(Eventually([&] { return count() == kStops * kEach; })) << count();
}

}  // namespace
}  // namespace sluice::ingest
