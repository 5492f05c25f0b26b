#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/options.h"
#include "edge/auth/query_user_authenticator.h"
#include "edge/edge.h"
#include "ingest/memory_log.h"
#include "tests/eventually.h"
#include "tests/fake_clock.h"
#include "tests/transcript/raw_client.h"

namespace sluice {

// A real edge on a log in memory, with a clock that the test moves; clients are raw sockets.
class EdgeFixture : public testing::Test {
 protected:
  // Tests change the options before they call StartEdge.
  EdgeFixture() {
    options_.edge.listen = "127.0.0.1:0";
    options_.edge.shards = 1;
    options_.edge.max_session_age = std::chrono::milliseconds(0);
  }
  ~EdgeFixture() override { StopEdge(); }

  void StartEdge() {
    if (!log_) {
      log_ = std::make_unique<ingest::MemoryLog>(options_.log, clock_, *Epoch::Parse("e1"));
    }
    StartEdgeWithoutLog();
    edge_->Follow(log_.get(), &revocations_);
  }
  // An edge that hears of the log what the test tells it.
  void StartEdgeWithoutLog() {
    auto edge = edge::Edge::Start({.options = options_.edge,
                                   .retention = options_.log.retention,
                                   .authenticator = make_authenticator_(),
                                   .routes = std::move(routes_),
                                   .messages = messages_,
                                   .clock = &clock_});
    ASSERT_TRUE(edge.ok()) << edge.status();
    edge_ = *std::move(edge);
  }
  void StopEdge() { edge_.reset(); }

  // Appends and returns the event's id.
  std::string Publish(const ChannelView& channel, std::string_view type, std::string_view data) {
    std::string id;
    log_->Append({.channel = channel, .type = type, .data = data, .idempotency_key = ""},
                 [&](absl::StatusOr<ingest::Appended> appended) {
                   ASSERT_TRUE(appended.ok()) << appended.status();
                   id = appended->id.ToString();
                 });
    return id;
  }
  std::string PublishToUser(std::string_view user, std::string_view data) {
    return Publish(ChannelView::User(user), "note", data);
  }

  void RevokeUser(std::string_view user) { Revoke(ChannelView::User(user)); }
  void RevokeToken(std::string_view id) { Revoke(ChannelView::Topic(id)); }

  RawClient Connect(int receive_buffer_bytes = 0) {
    return RawClient(edge_->port(), receive_buffer_bytes);
  }
  // Returns when the (one) shard has handled all that clients sent and the log said before. It
  // takes bytes in the order in which they come, and in each turn the log's messages after the
  // bytes.
  void AwaitShard() {
    for (int turn = 0; turn < 2; ++turn) {
      // A request that arrives just when the clock jumps is timed out.
      EXPECT_TRUE(Eventually([&] { return Get("/nothing-here").ReadResponse().status == 404; }));
    }
  }
  // Returns when the rings hold this many events.
  void AwaitEvents(double events) { AwaitMetric("sluice_edge_ring_events", events); }
  // GET `target` with these extra header lines ("Name: value\r\n").
  RawClient Get(std::string_view target, std::string_view headers = "") {
    RawClient client = Connect();
    client.Send(std::string("GET ") + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
                std::string(headers) + "\r\n");
    return client;
  }
  // A stream that has said `connected`.
  RawClient Stream(std::string_view target, std::string_view headers = "") {
    RawClient client = Get(target, headers);
    const std::string preface = client.ReadThrough("event: connected\n");
    EXPECT_TRUE(preface.starts_with("HTTP/1.1 200 OK\r\n")) << preface;
    client.ReadThrough("\n\n");
    return client;
  }
  // The next block of a stream, without its empty line.
  static std::string Block(RawClient* client) {
    std::string block = client->ReadThrough("\n\n");
    if (block.ends_with("\n\n")) block.resize(block.size() - 2);
    return block;
  }
  // Reads off the preface of a stream from its first byte on; returns the `connected` block.
  static std::string Connected(RawClient* client) {
    const std::string head = client->ReadThrough("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_TRUE(Block(client).starts_with("retry: "));
    return Block(client);
  }
  // Waits until a metric has this value.
  void AwaitMetric(const std::string& name, double value, std::string_view label_value = "") const {
    EXPECT_TRUE(Eventually([&] { return Metric(name, label_value) == value; }))
        << name << " is " << Metric(name, label_value) << " instead of " << value;
  }
  // The sum of all samples of a metric, over those with this label value if one is given.
  double Metric(const std::string& name, std::string_view label_value = "") const {
    double sum = 0;
    for (const auto& family : edge_->Collect()) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) {
        bool matches = label_value.empty();
        for (const auto& label : metric.label) matches |= label.value == label_value;
        if (matches) sum += metric.counter.value + metric.gauge.value;
      }
    }
    return sum;
  }

  Options options_;
  std::vector<edge::HttpRoute> routes_;
  std::function<std::unique_ptr<edge::Authenticator>()> make_authenticator_ = [] {
    return std::make_unique<edge::QueryUserAuthenticator>(true);
  };
  ingest::ClientMessageQueue* messages_ = nullptr;  // outlives the edge
  FakeClock clock_;
  std::unique_ptr<ingest::MemoryLog> log_;
  ingest::MemoryLog revocations_{LogOptions(), clock_, *Epoch::Parse("r1")};
  std::unique_ptr<edge::Edge> edge_;

 private:
  void Revoke(const ChannelView& what) {
    revocations_.Append({.channel = what, .type = "", .data = "", .idempotency_key = ""},
                        [](const auto& appended) { ASSERT_TRUE(appended.ok()); });
  }
};

}  // namespace sluice
