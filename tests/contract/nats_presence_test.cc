#include "ingest/nats_presence.h"

#include <csignal>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/nats_peer_network.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

// As much of an edge as answers.
class AnsweringEdge {
 public:
  AnsweringEdge(const NatsOptions& options, std::map<std::string, uint32_t> sessions)
      : sessions_(std::move(sessions)) {
    auto network = NatsPeerNetwork::Create({.options = options});
    EXPECT_TRUE(network.ok()) << network.status();
    network_ = *std::move(network);
    network_->Serve([](auto, auto) {}, [this](auto users) { return Count(users); });
  }
  ~AnsweringEdge() { Resume(); }

  const std::string& id() const { return network_->self(); }
  // Its connection's thread stands still at the next question, until Resume.
  void Hang() { hangs_ = true; }
  bool is_asked() const { return is_asked_; }
  void Resume() {
    hangs_ = false;
    hangs_.notify_all();
  }
  void Stop() { network_->Stop(); }

 private:
  std::vector<uint32_t> Count(std::span<const std::string> users) {
    is_asked_ = true;
    hangs_.wait(true);
    is_asked_ = false;
    std::vector<uint32_t> counts;
    for (const std::string& user : users) counts.push_back(sessions_[user]);
    return counts;
  }

  std::map<std::string, uint32_t> sessions_;
  std::atomic<bool> hangs_{false};
  std::atomic<bool> is_asked_{false};  // and has not answered yet
  std::unique_ptr<NatsPeerNetwork> network_;
};

// A gateway's side, and edges, around a real nats-server.
class NatsPresenceTest : public testing::Test {
 protected:
  using Answer = absl::StatusOr<PresenceAnswer>;

  NatsPresenceTest() { options_.urls = {server_.url()}; }

  std::unique_ptr<AnsweringEdge> StartEdge(std::map<std::string, uint32_t> sessions) {
    return std::make_unique<AnsweringEdge>(options_, std::move(sessions));
  }
  void StartGateway() {
    auto presence = NatsPresence::Start({.options = options_});
    ASSERT_TRUE(presence.ok()) << presence.status();
    presence_ = *std::move(presence);
  }
  std::future<Answer> Begin(std::chrono::milliseconds timeout = kLong) {
    auto promise = std::make_shared<std::promise<Answer>>();
    presence_->Ask({"alice", "bob"}, timeout,
                   [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  Answer Ask(std::chrono::milliseconds timeout = kLong) { return Begin(timeout).get(); }
  // The answer of that many edges, once it is complete.
  PresenceAnswer AwaitComplete(uint32_t edges) {
    Answer answer;
    EXPECT_TRUE(Eventually([&] {
      answer = Ask(100ms);
      return answer.ok() && answer->is_complete() && answer->edges == edges;
    }));
    return answer.ok() ? *answer : PresenceAnswer();
  }

  static constexpr std::chrono::milliseconds kLong = 60s;  // no test waits so long

  NatsServer server_;
  NatsOptions options_;
  std::unique_ptr<NatsPresence> presence_;
};

TEST_F(NatsPresenceTest, SumsWhatAllEdgesSayAndWaitsForNoTimeout) {
  const auto first = StartEdge({{"alice", 2}, {"bob", 1}});
  const auto second = StartEdge({{"alice", 3}});
  StartGateway();
  AwaitComplete(2);
  const Answer answer = Ask();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->sessions, ElementsAre(5, 1));
  EXPECT_EQ(answer->edges, 2u);
  EXPECT_TRUE(answer->is_complete());
}

TEST_F(NatsPresenceTest, AnEdgeThatHangsIsNamedAndTheOthersAreCounted) {
  const auto first = StartEdge({{"alice", 2}});
  const auto second = StartEdge({{"alice", 3}});
  StartGateway();
  AwaitComplete(2);
  second->Hang();
  const auto began = std::chrono::steady_clock::now();
  const Answer answer = Ask(100ms);
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->sessions, ElementsAre(2, 0));
  EXPECT_EQ(answer->edges, 1u);
  EXPECT_THAT(answer->missing_edges, ElementsAre(second->id()));
  EXPECT_FALSE(answer->is_complete());
  EXPECT_GE(took, 100ms - 2 * NatsConnection::kTick);
  RecordProperty("milliseconds", static_cast<int>(took / 1ms));
  second->Resume();
  EXPECT_THAT(AwaitComplete(2).sessions, ElementsAre(5, 0));
}

TEST_F(NatsPresenceTest, AnEdgeThatLeavesIsNoLongerWaitedFor) {
  const auto first = StartEdge({{"alice", 2}});
  const auto second = StartEdge({{"alice", 3}});
  StartGateway();
  AwaitComplete(2);
  second->Stop();
  EXPECT_THAT(AwaitComplete(1).sessions, ElementsAre(2, 0));
  first->Stop();
  EXPECT_THAT(AwaitComplete(0).sessions, ElementsAre(0, 0));
}

TEST_F(NatsPresenceTest, AnEdgeThatComesLaterIsAskedToo) {
  StartGateway();
  AwaitComplete(0);
  const auto edge = StartEdge({{"bob", 1}});
  EXPECT_THAT(AwaitComplete(1).sessions, ElementsAre(0, 1));
}

TEST_F(NatsPresenceTest, AGatewayThatHasJustStartedCountsAndIsNotSure) {
  const auto edge = StartEdge({{"alice", 2}});
  StartGateway();
  Answer answer;
  ASSERT_TRUE(Eventually([&] {
    answer = Ask(100ms);
    return answer.ok() && answer->edges == 1;
  }));
  EXPECT_THAT(answer->missing_edges, IsEmpty());
  EXPECT_THAT(answer->sessions, ElementsAre(2, 0));
  AwaitComplete(1);
}

TEST_F(NatsPresenceTest, WithoutNatsNobodyCanBeAskedAndWhoWaitsIsTold) {
  const auto edge = StartEdge({{"alice", 2}});
  StartGateway();
  AwaitComplete(1);
  edge->Hang();
  std::future<Answer> waiting = Begin();
  ASSERT_TRUE(Eventually([&] { return edge->is_asked(); }));
  server_.Stop(SIGKILL);
  const Answer answer = waiting.get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->missing_edges, ElementsAre(edge->id()));
  ASSERT_TRUE(Eventually([&] { return absl::IsUnavailable(Ask().status()); }));
  edge->Resume();
  server_.Start();
  EXPECT_THAT(AwaitComplete(1).sessions, ElementsAre(2, 0));
}

TEST_F(NatsPresenceTest, WhatIsNoAnswerIsPassedOver) {
  const auto edge = StartEdge({{"alice", 2}});
  StartGateway();
  AwaitComplete(1);
  NatsClient other(server_);
  for (const char* text : {"", "{}", "{\"edge\":\">\",\"leaves\":false}", "[1]"}) {
    other.Publish("sluice.default.edges", text);
    other.Publish("sluice.default.presence", text);
  }
  EXPECT_THAT(AwaitComplete(1).sessions, ElementsAre(2, 0));
  // One that nobody hears of again is waited for as any other.
  other.Publish("sluice.default.edges", R"({"edge":"0a","leaves":false})");
  Answer answer;
  ASSERT_TRUE(Eventually([&] {
    answer = Ask(100ms);
    return answer.ok() && !answer->missing_edges.empty();
  }));
  EXPECT_THAT(answer->missing_edges, ElementsAre("0a"));
  other.Publish("sluice.default.edges", R"({"edge":"0a","leaves":true})");
  AwaitComplete(1);
}

TEST_F(NatsPresenceTest, QuestionsAtATimeAreBounded) {
  const auto edge = StartEdge({{"alice", 2}});
  StartGateway();
  AwaitComplete(1);
  edge->Hang();
  std::vector<std::future<Answer>> waiting;
  for (size_t i = 0; i < NatsPresence::kMaxQuestions; ++i) waiting.push_back(Begin());
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kResourceExhausted);
  edge->Resume();
  for (auto& answer : waiting) EXPECT_THAT(answer.get()->sessions, ElementsAre(2, 0));
}

}  // namespace
}  // namespace sluice::ingest
