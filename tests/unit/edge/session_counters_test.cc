#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/transcript/edge_fixture.h"
#include "tests/unit/edge/allocation_count.h"

namespace sluice {
namespace {

constexpr size_t kSessions = 500;
constexpr uint64_t kEvents = 200;

// What delivery costs, counted on a real edge of one shard with real sockets.
class SessionCountersTest : public EdgeFixture {
 protected:
  SessionCountersTest() {
    // Routes are called on the shard: this one says how often that thread has allocated.
    routes_.push_back({.method = "GET",
                       .path = "/allocations",
                       .max_body_bytes = 0,
                       .handler = [](const edge::HttpRequest&, const edge::HttpRespond& respond) {
                         respond({.status = 200,
                                  .content_type = "text/plain",
                                  .body = std::to_string(AllocationsOfThisThread()),
                                  .headers = {}});
                       }});
  }

  void Begin() {
    StartEdgeWithoutLog();
    edge_->OnEpoch(*Epoch::Parse("e1"), 1);
    edge_->OnHead(0);
    for (size_t i = 0; i < kSessions; ++i) {
      clients_.push_back(Stream("/v1/events?topic=all&user=" + std::to_string(i)));
    }
    AwaitMetric("sluice_edge_socket_writes_total", kSessions);  // the prefaces
  }
  // Appends `count` events in one batch, and waits until every one has been delivered to
  // `sessions`.
  void Append(const ChannelView& channel, uint64_t count, size_t sessions) {
    auto batch = std::make_shared<EventBatch>();
    for (uint64_t i = 0; i < count; ++i) {
      batch->events.emplace_back(
          ++sequence_, channel, "note", std::string(200, 'x'),
          Event::Times{.published = clock_.Wall(), .stored = clock_.Steady()});
    }
    edge_->OnEvents(std::move(batch));
    deliveries_ += count * sessions;
    ASSERT_TRUE(Eventually([&] { return Deliveries() == static_cast<double>(deliveries_); }));
  }
  void AppendToAll(uint64_t count) { Append(ChannelView::Topic("all"), count, kSessions); }

  double Deliveries() const { return Metric("sluice_edge_events_delivered_total"); }
  double Writes() const { return Metric("sluice_edge_socket_writes_total"); }
  // Including those of asking, which are the same every time.
  uint64_t Allocations() { return std::stoull(Get("/allocations").ReadResponse().body); }

  std::vector<RawClient> clients_;

 private:
  uint64_t sequence_ = 0;
  uint64_t deliveries_ = 0;
};

TEST_F(SessionCountersTest, ADeliveryAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  Begin();
  for (uint64_t i = 0; i < kEvents; ++i) AppendToAll(1);  // buffers and tables reach their size
  Allocations();
  const uint64_t before = Allocations();
  const uint64_t asking = Allocations() - before;
  ASSERT_GT(asking, 0u) << "nothing is counted";

  const uint64_t start = Allocations();
  for (uint64_t i = 0; i < kEvents; ++i) AppendToAll(1);
  const uint64_t cost = Allocations() - start - asking;
  // Per event a frame, and its share of the deques and chunks of the ring; per delivery nothing:
  // there were 500 times as many.
  EXPECT_GE(cost, kEvents);
  EXPECT_LE(cost, 2 * kEvents);
}

TEST_F(SessionCountersTest, AnEventIsEncodedOnceForAllSessions) {
  Begin();
  AppendToAll(1);
  AwaitMetric("sluice_edge_ring_events", 1);
  const double frame = Metric("sluice_edge_frame_bytes");
  EXPECT_GT(frame, 200);
  EXPECT_LT(frame, 300);
  AppendToAll(9);
  AppendToAll(1);  // what the shard counts of the ring is a turn behind
  EXPECT_TRUE(Eventually([&] { return Metric("sluice_edge_ring_events") == 11; }));
  EXPECT_LT(Metric("sluice_edge_frame_bytes"), 12 * frame);
}

TEST_F(SessionCountersTest, ALoneEventIsOneWritePerDelivery) {
  Begin();
  const double before = Writes();
  for (int i = 0; i < 20; ++i) AppendToAll(1);
  EXPECT_EQ(Writes() - before, 20 * kSessions);
}

TEST_F(SessionCountersTest, ABurstIsOneWritePerSession) {
  Begin();
  const double before = Writes();
  const double delivered = Deliveries();
  for (int i = 0; i < 20; ++i) Append(ChannelView::User("7"), 10, 1);
  EXPECT_EQ(Writes() - before, 20);
  EXPECT_LE(Writes() - before, 0.2 * (Deliveries() - delivered));
}

TEST_F(SessionCountersTest, ABurstToManyIsOneWritePerSession) {
  Begin();
  const double before = Writes();
  AppendToAll(10);
  EXPECT_EQ(Writes() - before, kSessions);
}

TEST_F(SessionCountersTest, NothingIsWrittenToSessionsThatAnEventIsNotFor) {
  Begin();
  const double before = Writes();
  Append(ChannelView::User("7"), 1, 1);
  Append(ChannelView::User("of nobody here"), 10, 0);
  Append(ChannelView::User("8"), 1, 1);
  EXPECT_EQ(Writes() - before, 2);
  for (size_t i = 0; i < kSessions; ++i) {
    EXPECT_EQ(clients_[i].HasInput(), i == 7 || i == 8) << i;
  }
}

TEST_F(SessionCountersTest, AReplayIsOneWriteWithThePreface) {
  Begin();
  Append(ChannelView::User("7"), 50, 1);
  const double before = Writes();
  RawClient again = Get("/v1/events?user=7", "Last-Event-ID: e1-0\r\n");
  Connected(&again);
  for (int i = 0; i < 50; ++i) Block(&again);
  AwaitShard();
  EXPECT_EQ(Writes() - before, 1);
}

}  // namespace
}  // namespace sluice
