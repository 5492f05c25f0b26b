#include "app/server.h"

#include <cstdio>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/gateway_client.h"
#include "core/listen_address.h"
#include "tests/unit/app/raw_client.h"

namespace sluice::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The whole of `sluice serve` but its signals, on ports that the system chose.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.gateway.listen = "127.0.0.1:0";
    options_.gateway.threads = 1;
    options_.edge.listen = "127.0.0.1:0";
    options_.edge.shards = 1;
    options_.admin.listen = "127.0.0.1:0";
  }
  ~ServerTest() override {
    server_.reset();
    logger_.reset();
    std::fclose(log_);
  }

  absl::Status Start() {
    auto server = Server::Start({.options = options_, .logger = logger_.get()});
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }
  std::string Publish(const std::string& user, const std::string& data) {
    Publication publication;
    GatewayEndpoint gateway;
    gateway.server = server_->grpc_address();
    publication.target = user;
    publication.data = data;
    const auto answer = ::sluice::app::Publish(gateway, publication);
    return answer.ok() ? *answer : answer.status().ToString();
  }
  static uint16_t PortOf(const std::string& address) { return ListenAddress::Parse(address)->port; }
  std::string Admin(const std::string& path) {
    RawClient client(PortOf(server_->admin_address()));
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.ReadAll();
  }
  void AwaitReady() {
    while (!server_->is_ready()) std::this_thread::yield();
  }

  Options options_;
  std::FILE* const log_ = std::tmpfile();
  std::unique_ptr<Logger> logger_ =
      std::make_unique<Logger>(LoggingOptions{}, Clock::System(), log_);
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TurnsStreamsAwayWhileItHasMoreMemoryThanItMay) {
  options_.edge.memory_limit = 16u << 10;
  ASSERT_TRUE(Start().ok());
  AwaitReady();
  server_->Beat();
  RawClient client(PortOf(server_->http_address()));
  client.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(client.ReadAll().find("data: {\"reason\":\"overload\"}"), std::string::npos);
  EXPECT_NE(Admin("/metrics").find("\nsluice_edge_memory_level 2\n"), std::string::npos);
  EXPECT_TRUE(Admin("/livez").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, WhatIsPublishedReachesTheBrowser) {
  ASSERT_TRUE(Start().ok());
  RawClient browser(PortOf(server_->http_address()));
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  EXPECT_THAT(Publish("alice", "{\"n\":1}"), HasSubstr("\"duplicate\":false"));
  browser.ReadUntil("data: {\"n\":1}\n\n");
}

TEST_F(ServerTest, PublishersMayAskWhoIsOnline) {
  ASSERT_TRUE(Start().ok());
  RawClient browser(PortOf(server_->http_address()));
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  GatewayEndpoint gateway;
  gateway.server = server_->grpc_address();
  const auto answer = GetPresence(gateway, {"alice", "bob"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->users, ElementsAre(R"({"user_id":"alice","sessions":1})",
                                         R"({"user_id":"bob","sessions":0})"));
  EXPECT_TRUE(answer->is_complete);
  EXPECT_EQ(GetPresence(gateway, {""}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, IsReadyOnceItHasCaughtUpAndLiveAtOnce) {
  ASSERT_TRUE(Start().ok());
  EXPECT_THAT(Admin("/livez"), StartsWith("HTTP/1.1 200 "));
  AwaitReady();
  EXPECT_THAT(Admin("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, MetricsHaveEveryPart) {
  ASSERT_TRUE(Start().ok());
  const std::string metrics = Admin("/metrics");
  for (const char* name :
       {"sluice_build_info", "process_open_fds", "sluice_edge_sessions",
        "sluice_gateway_events_published_total", "sluice_ingest_log_last_sequence"}) {
    EXPECT_THAT(metrics, HasSubstr(std::string("# TYPE ") + name + " "));
  }
}

TEST_F(ServerTest, StoppingTellsTheBrowsersAndMayBeRepeated) {
  ASSERT_TRUE(Start().ok());
  RawClient browser(PortOf(server_->http_address()));
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  server_->Stop();
  EXPECT_FALSE(server_->is_ready());
  EXPECT_THAT(browser.ReadAll(), HasSubstr("event: closing\ndata: {\"reason\":\"shutdown\"}\n\n"));
  server_->Stop();
}

TEST_F(ServerTest, WhatWasAcknowledgedBeforeTheStopIsDelivered) {
  ASSERT_TRUE(Start().ok());
  RawClient browser(PortOf(server_->http_address()));
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  for (int i = 0; i < 20; ++i) Publish("alice", "event-" + std::to_string(i));
  server_->Stop();
  const std::string stream = browser.ReadAll();
  EXPECT_THAT(stream, HasSubstr("data: event-19\n\n"));
  EXPECT_LT(stream.find("event-19"), stream.find("event: closing"));
}

TEST_F(ServerTest, APortInUseEndsTheStartWithOneReason) {
  for (std::string* listen :
       {&options_.gateway.listen, &options_.edge.listen, &options_.admin.listen}) {
    ASSERT_TRUE(Start().ok());
    const Options free = options_;
    *listen = listen == &options_.gateway.listen ? server_->grpc_address()
              : listen == &options_.edge.listen  ? server_->http_address()
                                                 : server_->admin_address();
    const std::string taken = *listen;
    std::unique_ptr<Server> first = std::move(server_);
    const absl::Status status = Start();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr(taken));
    options_ = free;
  }
}

}  // namespace
}  // namespace sluice::app
