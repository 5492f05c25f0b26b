#include "absl/strings/escaping.h"
#include "tests/contract/jetstream_fixture.h"

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What other programs publish into the stream, and what they see of ours.
class JetstreamMessagesTest : public JetstreamTest {
 protected:
  JetstreamMessagesTest() {
    Open();
    tail_ = log_->OpenTail(&sink_);
    sink_.AwaitHead();
    client_ = std::make_unique<NatsClient>(server_);
  }
  // Everything that was published so far has been read.
  std::vector<std::string> Received() {
    const uint64_t last = Publish("end");
    EXPECT_TRUE(Eventually([&] {
      const auto sequences = sink_.sequences();
      return !sequences.empty() && sequences.back() == last;
    }));
    std::vector<std::string> data = sink_.data();
    data.pop_back();
    return data;
  }

  RecordingSink sink_;
  std::unique_ptr<Tail> tail_;
  std::unique_ptr<NatsClient> client_;
};

TEST_F(JetstreamMessagesTest, AnEventOfAnotherProgramArrivesLikeAnyOther) {
  client_->Publish("sluice.default.ev.u.alice", "plain");
  client_->Publish("sluice.default.ev.t.news=2Etoday", "typed",
                   {"Sluice-Type: order", "Sluice-Time: 1700000000000000000", "X-Other: y"});
  EXPECT_THAT(Received(), ElementsAre("plain", "typed"));
  const auto batches = sink_.batches();
  std::vector<Event const*> events;
  for (const auto& batch : batches) {
    for (const Event& event : batch->events) events.push_back(&event);
  }
  EXPECT_TRUE(events[0]->channel() == ChannelView::User("alice"));
  EXPECT_EQ(events[0]->type(), "");
  EXPECT_TRUE(events[1]->channel() == ChannelView::Topic("news.today"));
  EXPECT_EQ(events[1]->type(), "order");
  // Published in 2023, says it; stored now, says NATS. A time that cannot be is not believed.
  EXPECT_GT(events[1]->published(), Clock::System().Wall() - std::chrono::hours(1));
}

TEST_F(JetstreamMessagesTest, WhatIsNoEventIsCountedAndSkipped) {
  for (const char* subject :
       {"sluice.default.ev.u", "sluice.default.ev.x.alice", "sluice.default.ev.u.a.b",
        "sluice.default.ev.u.=4", "sluice.default.ev.u.=41", "sluice.default.ev.u.=2e",
        "sluice.default.ev.u.a=zz", "sluice.default.ev.u.=0A", "sluice.default.ev.u.=FF"}) {
    client_->Publish(subject, "x");
  }
  client_->Publish(std::string("sluice.default.ev.u.") + std::string(257, 'n'), "x");
  for (const char* type : {"connected", "gap", "closing", "\xff"}) {
    client_->Publish("sluice.default.ev.u.alice", "x", {std::string("Sluice-Type: ") + type});
  }
  client_->Publish("sluice.default.ev.u.alice", "x", {"Sluice-Type-Token: =0D=0A"});
  client_->Publish("sluice.default.ev.u.alice", "x", {"Sluice-Type-Token: %"});
  client_->Publish("sluice.default.ev.u.alice", "x", {"Sluice-Type: " + std::string(65, 't')});
  client_->Publish("sluice.default.ev.u.alice", "\xff\xfe");
  EXPECT_THAT(Received(), IsEmpty());
  EXPECT_EQ(Metric("sluice_ingest_malformed_messages_total"), 10 + 7 + 1);
  EXPECT_EQ(sink_.holes(), 0u);
}

TEST_F(JetstreamMessagesTest, OddButHarmlessMessagesAreDelivered) {
  client_->Publish("sluice.default.ev.u.alice", "time", {"Sluice-Time: -1"});
  client_->Publish("sluice.default.ev.u.alice", "absurd", {"Sluice-Time: 99999999999999999999"});
  client_->Publish("sluice.default.ev.u.alice", "forged",
                   {"Nats-Last-Consumer: 7", "Nats-Sequence: 1", "Status: 409"});
  client_->Publish("sluice.default.ev.u.alice", "twice", {"Sluice-Type: a", "Sluice-Type: b"});
  const std::string large(900 << 10, 'x');
  client_->Publish("sluice.default.ev.u.alice", large);
  EXPECT_THAT(Received(), ElementsAre("time", "absurd", "forged", "twice", large));
  EXPECT_EQ(sink_.epochs().size(), 1u);
  EXPECT_EQ(sink_.batches()[0]->events.size() > 0, true);
}

TEST_F(JetstreamMessagesTest, AnEventLiesInItsMessageAsDocumented) {
  std::promise<absl::StatusOr<Appended>> answer;
  log_->Append({.channel = ChannelView::Topic("a.b"),
                .type = "order",
                .data = "{}",
                .idempotency_key = "k 1",
                .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
               [&answer](absl::StatusOr<Appended> result) { answer.set_value(result); });
  const auto appended = answer.get_future().get();
  ASSERT_TRUE(appended.ok()) << appended.status();
  const std::string stored =
      client_->Request(std::string("$JS.API.STREAM.MSG.GET.") + kStream,
                       "{\"seq\":" + std::to_string(appended->id.sequence) + "}");
  EXPECT_THAT(stored, HasSubstr("\"subject\":\"sluice.default.ev.t.a=2Eb\""));
  const size_t at = stored.find("\"hdrs\":\"") + 8;
  std::string headers;
  ASSERT_TRUE(absl::Base64Unescape(stored.substr(at, stored.find('"', at) - at), &headers));
  EXPECT_THAT(headers, HasSubstr("\r\nSluice-Type: order\r\n"));
  EXPECT_THAT(headers, HasSubstr("\r\nSluice-Time: "));
  EXPECT_THAT(headers, HasSubstr("\r\nNats-Msg-Id: t.a=2Eb.k=201\r\n"));
  EXPECT_THAT(headers, HasSubstr("\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-"));
}

TEST_F(JetstreamMessagesTest, AHeaderThatIsGivenTwiceHasItsLastValue) {
  client_->Publish("sluice.default.ev.u.alice", "twice", {"Sluice-Type: a", "Sluice-Type: b"});
  EXPECT_THAT(Received(), ElementsAre("twice"));
  EXPECT_EQ(sink_.batches()[0]->events[0].type(), "b");
}

}  // namespace
}  // namespace sluice::ingest
