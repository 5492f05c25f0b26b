#include "ingest/nats_connection.h"

#include <atomic>
#include <memory>
#include <string>
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
  std::vector<std::string> heard() const {
    MutexLock lock(&mutex_);
    return heard_;
  }

  void OnConnected() override {}
  void OnDisconnected() override {}
  void OnMessage(const NatsMessage& message) override {
    MutexLock lock(&mutex_);
    heard_.emplace_back(message.data());
  }
  void OnNoResponders(bool) override {}
  void OnTick(SteadyTime) override { connection_->SetServed(is_served_); }

 private:
  NatsConnection* connection_ = nullptr;
  std::atomic<bool> is_served_{true};
  mutable Mutex mutex_;
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mutex_);
};

class NatsConnectionTest : public testing::Test {
 protected:
  void Connect() {
    NatsOptions options;
    options.urls = {servers_[0].url(), servers_[1].url()};
    auto connection = NatsConnection::Create({.options = options,
                                              .name = "test",
                                              .inbox = "sluice.test.inbox.edge",
                                              .handler = &handler_,
                                              .logger = nullptr});
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
    handler_.Use(connection_.get());
    connection_->Start();
  }
  // Which of the servers it is connected to: what is published there arrives, and nothing else.
  std::string Server() {
    EXPECT_TRUE(Eventually([this] { return connection_->is_connected(); }));
    const size_t before = handler_.heard().size();
    for (const NatsServer& server : servers_) {
      NatsClient(server).Publish(connection_->inbox() + ".name", server.url());
    }
    EXPECT_TRUE(Eventually([&] { return handler_.heard().size() > before; }));
    return handler_.heard().back();
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

}  // namespace
}  // namespace sluice::ingest
