#include <csignal>
#include <cstdio>
#include <list>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/gateway_client.h"
#include "app/server.h"
#include "core/listen_address.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"
#include "tests/unit/app/raw_client.h"
#include "tests/websocket_client_frame.h"

namespace sluice::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// `sluice gateway` and `sluice edge` around one nats-server, all but their signals.
class ServerRolesTest : public testing::Test {
 protected:
  ServerRolesTest() {
    options_.gateway.listen = options_.edge.listen = options_.admin.listen = "127.0.0.1:0";
    options_.gateway.threads = options_.edge.shards = 1;
    options_.nats.urls = {nats_.url()};
  }
  ~ServerRolesTest() override {
    edge_.reset();
    gateway_.reset();
    logger_.reset();
    std::fclose(log_);
  }

  std::unique_ptr<Server> Start(Role role) {
    auto server = Server::Start({.options = options_, .role = role, .logger = logger_.get()});
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }
  void StartBoth() {
    gateway_ = Start(Role::kGateway);
    edge_ = Start(Role::kEdge);
    ASSERT_TRUE(Eventually([&] { return gateway_->is_ready() && edge_->is_ready(); }));
  }
  std::string Publish(const std::string& data) {
    Publication publication;
    GatewayEndpoint gateway;
    gateway.server = gateway_->grpc_address();
    publication.target = "alice";
    publication.data = data;
    const auto answer = ::sluice::app::Publish(gateway, publication);
    return answer.ok() ? *answer : answer.status().ToString();
  }
  static std::string Admin(const Server& server, const std::string& path) {
    RawClient client(ListenAddress::Parse(server.admin_address())->port);
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.ReadAll();
  }

  // Whether `/readyz` names just these parts.
  static bool IsWaitingFor(const Server& server, const std::string& parts) {
    return Admin(server, "/readyz").find("\"waiting_for\":[" + parts + "]") != std::string::npos;
  }
  const std::string kNatsIsAway = R"("nats","stream","revocations","messages")";

  NatsServer nats_;
  Options options_;
  std::FILE* const log_ = std::tmpfile();
  std::unique_ptr<Logger> logger_ =
      std::make_unique<Logger>(LoggingOptions{}, Clock::System(), log_);
  std::unique_ptr<Server> gateway_;
  std::unique_ptr<Server> edge_;
};

TEST_F(ServerRolesTest, WhatTheGatewayTakesReachesTheBrowsersOfTheEdge) {
  StartBoth();
  EXPECT_EQ(gateway_->http_address(), "");
  EXPECT_EQ(edge_->grpc_address(), "");
  RawClient browser(ListenAddress::Parse(edge_->http_address())->port);
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  EXPECT_THAT(Publish("{\"n\":1}"), HasSubstr("\"duplicate\":false"));
  browser.ReadUntil("data: {\"n\":1}\n\n");
}

TEST_F(ServerRolesTest, TheGatewayCountsTheSessionsOfEveryEdge) {
  StartBoth();
  const std::unique_ptr<Server> other = Start(Role::kServe);
  ASSERT_TRUE(Eventually([&] { return other->is_ready(); }));
  std::list<RawClient> browsers;
  for (const Server* edge : {edge_.get(), other.get()}) {
    browsers.emplace_back(ListenAddress::Parse(edge->http_address())->port);
    browsers.back().Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    browsers.back().ReadUntil("event: connected\n");
  }
  for (const Server* server : {gateway_.get(), other.get()}) {
    GatewayEndpoint gateway;
    gateway.server = server->grpc_address();
    EXPECT_TRUE(Eventually([&] {
      const auto answer = GetPresence(gateway, {"alice"});
      return answer.ok() && answer->is_complete &&
             answer->users.at(0) == R"({"user_id":"alice","sessions":2})";
    }));
  }
}

TEST_F(ServerRolesTest, WhatABrowserSendsToAnEdgeIsReceivedFromAGateway) {
  options_.edge.publish = true;
  options_.edge.route = {.destination = "chat", .to = "topic:chat", .type = ""};
  StartBoth();
  RawClient browser(ListenAddress::Parse(edge_->http_address())->port);
  browser.Send(
      "GET /v1/ws?user=alice&topic=chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  browser.ReadUntil("\"connected\"");
  // The queue's stream may not be there yet.
  ASSERT_TRUE(Eventually([&] {
    browser.Send(
        ClientFrame(0x81, R"({"type":"send","destination":"/app/chat.ask","data":"hi","ref":1})"));
    return browser.ReadUntil("\"ref\":1").ends_with("\"ok\",\"ref\":1");
  }));
  GatewayEndpoint gateway;
  gateway.server = gateway_->grpc_address();
  std::string received;
  const auto take = [&received](const std::string& json) {
    received = json;
    return true;
  };
  absl::Status status;
  EXPECT_TRUE(Eventually([&] {  // the gateway's link to the queue may not be there yet either
    status = Receive(gateway, {.destination = "chat.*", .group = "g", .count = 1}, take);
    return status.ok();
  })) << status;
  EXPECT_THAT(received, HasSubstr(R"("user_id":"alice","destination":"chat.ask","data":"hi",)"));
  browser.Send(ClientFrame(0x81, R"({"type":"send","destination":"/app/chat","data":"all"})"));
  browser.ReadUntil(R"(\"sender\":\"alice\")");
}

TEST_F(ServerRolesTest, WithoutNatsSessionsStayAndTheRestIsSaid) {
  StartBoth();
  RawClient browser(ListenAddress::Parse(edge_->http_address())->port);
  browser.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  browser.ReadUntil("event: connected\n");
  nats_.Stop(SIGKILL);
  for (Server* server : {gateway_.get(), edge_.get()}) {
    EXPECT_TRUE(Eventually([&] { return IsWaitingFor(*server, kNatsIsAway); }));
  }
  EXPECT_THAT(Publish("lost"), HasSubstr("UNAVAILABLE"));
  EXPECT_THAT(Admin(*edge_, "/livez"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Admin(*edge_, "/metrics"), HasSubstr("\nsluice_ingest_nats_connected 0\n"));
  nats_.Start();
  ASSERT_TRUE(Eventually([&] { return gateway_->is_ready() && edge_->is_ready(); }));
  EXPECT_THAT(Publish("{\"n\":2}"), HasSubstr("\"duplicate\":false"));
  browser.ReadUntil("data: {\"n\":2}\n\n");
}

TEST_F(ServerRolesTest, NatsMayComeLater) {
  nats_.Stop(SIGTERM);
  gateway_ = Start(Role::kGateway);
  edge_ = Start(Role::kEdge);
  EXPECT_TRUE(IsWaitingFor(*edge_, R"("nats","stream","revocations","messages","catch-up")"));
  EXPECT_TRUE(IsWaitingFor(*gateway_, kNatsIsAway));
  nats_.Start();
  EXPECT_TRUE(Eventually([&] { return gateway_->is_ready() && edge_->is_ready(); }));
}

TEST_F(ServerRolesTest, AStreamThatContradictsTheConfigurationIsRefused) {
  StartBoth();
  options_.log.retention.max_age = std::chrono::minutes(7);
  const std::unique_ptr<Server> other = Start(Role::kEdge);
  ASSERT_TRUE(Eventually([&] { return !other->refusal().ok(); }));
  EXPECT_THAT(std::string(other->refusal().message()), HasSubstr("max_age is 300s, not 420s"));
  EXPECT_FALSE(other->is_ready());
  EXPECT_TRUE(edge_->refusal().ok());
}

TEST_F(ServerRolesTest, AFileThatCannotBeReadIsAnErrorOfTheConfiguration) {
  options_.nats.user = "edge";
  options_.nats.password_file = "/nonexistent/password";
  const auto server =
      Server::Start({.options = options_, .role = Role::kEdge, .logger = logger_.get()});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(server.status().message()),
              HasSubstr("nats.password_file: /nonexistent/password cannot be read"));
}

}  // namespace
}  // namespace sluice::app
