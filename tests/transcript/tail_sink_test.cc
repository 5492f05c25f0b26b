#include <chrono>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

// An edge whose log is the test itself.
class TailSinkTest : public EdgeFixture {
 protected:
  TailSinkTest() {
    routes_.push_back({.method = "GET",
                       .path = "/hold",
                       .max_body_bytes = 0,
                       .handler = [this](const edge::HttpRequest&, const edge::HttpRespond&) {
                         held_.set_value();
                         released_.wait();
                       }});
  }

  // Tells the shard all of it while it does something else, so that it comes in one mailbox.
  // Once in a test.
  void AtOnce(const std::function<void()>& tell) {
    RawClient client = Get("/hold");
    held_.get_future().wait();
    tell();
    release_.set_value();
    client.ReadResponse();
  }
  void Epoch(std::string_view epoch, uint64_t first_sequence) {
    edge_->OnEpoch(*sluice::Epoch::Parse(epoch), first_sequence);
  }
  // One batch of alice's events with these sequences.
  void Events(std::initializer_list<uint64_t> sequences, std::string_view user = "alice") {
    auto batch = std::make_shared<EventBatch>();
    for (const uint64_t sequence : sequences) {
      batch->events.emplace_back(
          sequence, ChannelView::User(user), "", "n" + std::to_string(sequence),
          Event::Times{.published = clock_.Wall(), .stored = clock_.Steady()});
    }
    edge_->OnEvents(std::move(batch));
  }
  void Head(uint64_t sequence) { edge_->OnHead(sequence); }
  void Hole(uint64_t first, uint64_t last) { edge_->OnHole(first, last); }

  RawClient Resume(const std::string& cursor) {
    return Get("/v1/events?user=alice", "Last-Event-ID: " + cursor + "\r\n");
  }
  static std::string GapData(const std::string& block) { return block.substr(block.find("data")); }

 private:
  std::promise<void> held_;
  std::promise<void> release_;
  std::future<void> released_ = release_.get_future();
};

TEST_F(TailSinkTest, AStreamBeginsWhenTheRetainedEventsHaveBeenRead) {
  StartEdgeWithoutLog();
  RawClient client = Get("/v1/events?user=alice&from=earliest");
  Epoch("e1", 5);
  Events({5, 6});
  AwaitShard();
  EXPECT_FALSE(edge_->is_caught_up());
  EXPECT_FALSE(client.HasInput());
  Head(6);
  EXPECT_TRUE(edge_->is_caught_up());
  EXPECT_TRUE(Connected(&client).starts_with("id: e1-4\nevent: connected\n"));
  EXPECT_EQ(Block(&client), "id: e1-5\ndata: n5");
  EXPECT_EQ(Block(&client), "id: e1-6\ndata: n6");
}

TEST_F(TailSinkTest, AStreamThatCannotBeginInTimeIsToldToComeBack) {
  StartEdgeWithoutLog();
  RawClient client = Get("/v1/events?user=alice");
  AwaitShard();
  clock_.Advance(std::chrono::seconds(11));
  const std::string answer = client.ReadToEnd();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("event: closing\ndata: {\"reason\":\"overload\"}\n\n")) << answer;
  EXPECT_EQ(Metric("sluice_edge_sessions_shed_total"), 1);
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"), 0);
}

TEST_F(TailSinkTest, ACursorAheadOfTheEdgeIsHeldUntilTheEdgeHasCaughtUp) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Events({1, 2, 3});
  Head(3);
  RawClient client = Resume("e1-5");
  AwaitShard();
  EXPECT_FALSE(client.HasInput());
  Events({4, 5});
  Events({6});
  Head(6);
  EXPECT_TRUE(Connected(&client).starts_with("id: e1-5\nevent: connected\n"));
  EXPECT_EQ(Block(&client), "id: e1-6\ndata: n6");
  EXPECT_EQ(Metric("sluice_edge_replays_total", "full"), 1);
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

TEST_F(TailSinkTest, ACursorAheadOfTheLogIsAGapOnceTheLogHasSaidTwiceWhereItEnds) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Events({1, 2, 3});
  Head(3);
  RawClient client = Resume("e1-5");
  AwaitShard();
  Head(3);  // may have been read before the request came
  AwaitShard();
  EXPECT_FALSE(client.HasInput());
  Events({4});
  Head(4);
  EXPECT_TRUE(Connected(&client).starts_with("id: e1-4\nevent: connected\n"));
  EXPECT_EQ(GapData(Block(&client)),
            "data: {\"reason\":\"invalid\",\"requested\":\"e1-5\",\"resumeAt\":\"e1-4\"}");
  Events({5});
  EXPECT_EQ(Block(&client), "id: e1-5\ndata: n5");
}

TEST_F(TailSinkTest, AClientThatLeavesWhileItsCursorIsHeldIsForgotten) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Head(0);
  RawClient client = Resume("e1-5");
  AwaitShard();
  client.Close();
  AwaitMetric("sluice_edge_connections", 0);
  Head(0);
  Head(0);
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"), 0);
}

TEST_F(TailSinkTest, ANewEpochIsSaidToEveryStream) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Events({1, 2});
  Head(2);
  RawClient alice = Stream("/v1/events?user=alice");
  RawClient bob = Stream("/v1/events?user=bob");
  Epoch("e2", 1);
  EXPECT_EQ(Block(&alice),
            "id: e2-0\nevent: gap\n"
            "data: {\"reason\":\"epoch\",\"requested\":\"e1-2\",\"resumeAt\":\"e2-0\"}");
  EXPECT_EQ(GapData(Block(&bob)),
            "data: {\"reason\":\"epoch\",\"requested\":\"e1-2\",\"resumeAt\":\"e2-0\"}");
  Events({1});
  EXPECT_EQ(Block(&alice), "id: e2-1\ndata: n1");
  Head(1);
  RawClient old = Resume("e1-2");
  EXPECT_TRUE(Connected(&old).starts_with("id: e2-1\n"));
  EXPECT_EQ(GapData(Block(&old)),
            "data: {\"reason\":\"epoch\",\"requested\":\"e1-2\",\"resumeAt\":\"e2-1\"}");
  EXPECT_EQ(Metric("sluice_edge_gaps_total", "epoch"), 3);
}

TEST_F(TailSinkTest, AHoleIsSaidToEveryStreamAndToCursorsBelowItsEnd) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Events({1, 2});
  Head(2);
  RawClient alice = Stream("/v1/events?user=alice");
  Hole(3, 9);
  EXPECT_EQ(Block(&alice),
            "id: e1-9\nevent: gap\n"
            "data: {\"reason\":\"overflow\",\"requested\":\"e1-2\",\"resumeAt\":\"e1-9\"}");
  Events({10});
  EXPECT_EQ(Block(&alice), "id: e1-10\ndata: n10");
  for (const auto& [cursor, resumes] :
       {std::pair("e1-2", false), std::pair("e1-8", false), std::pair("e1-9", true)}) {
    RawClient client = Resume(cursor);
    Connected(&client);
    const std::string block = Block(&client);
    EXPECT_EQ(block == "id: e1-10\ndata: n10", resumes) << cursor << ": " << block;
    EXPECT_EQ(block.find("\"reason\":\"expired\"") != std::string::npos, !resumes) << block;
  }
  EXPECT_EQ(Metric("sluice_edge_gaps_total", "overflow"), 1);
  EXPECT_EQ(Metric("sluice_ingest_holes_total"), 1);
}

TEST_F(TailSinkTest, OfSeveralNewEpochsAtOnceAStreamNamesTheOneThatItKnew) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Events({1, 2});
  Head(2);
  RawClient alice = Stream("/v1/events?user=alice");
  AtOnce([&] {
    Epoch("e2", 1);
    Events({1});
    Hole(2, 3);
    Epoch("e3", 7);
  });
  EXPECT_EQ(Block(&alice),
            "id: e3-6\nevent: gap\n"
            "data: {\"reason\":\"epoch\",\"requested\":\"e1-2\",\"resumeAt\":\"e3-6\"}");
  Hole(7, 8);
  EXPECT_EQ(Block(&alice),
            "id: e3-8\nevent: gap\n"
            "data: {\"reason\":\"overflow\",\"requested\":\"e3-6\",\"resumeAt\":\"e3-8\"}");
  Epoch("e4", 1);
  EXPECT_EQ(GapData(Block(&alice)),
            "data: {\"reason\":\"epoch\",\"requested\":\"e3-8\",\"resumeAt\":\"e4-0\"}");
}

TEST_F(TailSinkTest, ABurstBeyondWhatAChannelRetainsIsNoGapForWhoReads) {
  options_.log.retention.max_events_per_channel = 3;
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Head(0);
  RawClient alice = Stream("/v1/events?user=alice");
  AtOnce([&] {
    Events({1, 2});
    Events({3, 4, 5, 6, 7, 8, 9, 10, 11});
    Events({12});
  });
  for (int i = 1; i <= 12; ++i) {
    EXPECT_EQ(Block(&alice), "id: e1-" + std::to_string(i) + "\ndata: n" + std::to_string(i));
  }
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_ring_events"), 3);
}

TEST_F(TailSinkTest, SequencesOfOthersAndHolesInNumberingAreNoGap) {
  StartEdgeWithoutLog();
  Epoch("e1", 100);
  Head(99);
  RawClient alice = Stream("/v1/events?user=alice");
  Events({150}, "bob");
  Events({200, 18'000'000'000'000'000'000u});
  EXPECT_EQ(Block(&alice), "id: e1-200\ndata: n200");
  EXPECT_EQ(Block(&alice), "id: e1-18000000000000000000\ndata: n18000000000000000000");
}

TEST_F(TailSinkTest, AHeartbeatBehindANewEpochIsOfTheNewEpoch) {
  StartEdgeWithoutLog();
  Epoch("e1", 1);
  Head(7);
  RawClient alice = Stream("/v1/events?user=alice");
  clock_.Advance(std::chrono::seconds(16));
  EXPECT_EQ(Block(&alice), "id: e1-7");
  Epoch("e2", 8);
  EXPECT_TRUE(Block(&alice).starts_with("id: e2-7\nevent: gap\n"));
  AwaitShard();
  clock_.Advance(std::chrono::seconds(16));
  EXPECT_EQ(Block(&alice), "id: e2-7");
}

}  // namespace
}  // namespace sluice
