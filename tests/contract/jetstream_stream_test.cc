#include <atomic>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/contract/jetstream_fixture.h"

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What happens to the stream behind the log's back.
class JetstreamStreamTest : public JetstreamTest {
 protected:
  std::string Stream(const std::string& verb, const std::string& body = "") {
    return NatsClient(server_).Request("$JS.API.STREAM." + verb + "." + kStream, body);
  }
  // Puts the data of the server back to where it was when Save was called: what a machine that lost
  // power has on its disk.
  void Save() {
    server_.Stop(SIGTERM);
    AwaitAway();
    std::filesystem::copy(server_.folder() / "store", server_.folder() / "saved",
                          std::filesystem::copy_options::recursive);
    server_.Start();
  }
  void Restore() {
    server_.Stop(SIGKILL);
    AwaitAway();
    std::filesystem::remove_all(server_.folder() / "store");
    std::filesystem::rename(server_.folder() / "saved", server_.folder() / "store");
    server_.Start();
  }
};

TEST_F(JetstreamStreamTest, ADeletedStreamIsMadeAgainAsAnotherEpoch) {
  Open();
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  const auto first = Append("1");
  sink.AwaitEvents(1);
  Stream("DELETE");
  ASSERT_TRUE(Eventually([&] { return sink.epochs().size() == 2; }));
  AwaitReady();
  absl::StatusOr<Appended> second = absl::UnavailableError("");
  ASSERT_TRUE(Eventually([&] { return (second = Append("2")).ok(); }));
  EXPECT_FALSE(second->id.epoch == first->id.epoch);
  EXPECT_EQ(second->id.epoch, sink.epochs()[1].first);
  sink.AwaitEvents(2);
  EXPECT_THAT(sink.data(), ElementsAre("1", "2"));
}

// One gateway has stored little and so cannot tell by the sequences.
TEST_F(JetstreamStreamTest, NoIdIsGivenTwiceAfterTheStreamWasMadeAnew) {
  Open();
  const auto first = Append("1");
  ASSERT_TRUE(first.ok()) << first.status();
  {
    NatsClient other(server_);
    other.Request(std::string("$JS.API.STREAM.DELETE.") + kStream);
    ASSERT_THAT(other.Request(std::string("$JS.API.STREAM.CREATE.") + kStream,
                              EventStream(options_, nats_).ConfigRequest("")),
                HasSubstr("\"created\""));
    for (int i = 0; i < 3; ++i) other.Request("sluice.default.ev.u.alice", "other");
  }
  absl::StatusOr<Appended> later = absl::UnavailableError("");
  ASSERT_TRUE(Eventually([&] { return (later = Append("2")).ok(); }));
  EXPECT_GE(later->id.sequence, 4u);  // the first may have met the change
  EXPECT_FALSE(later->id.epoch == first->id.epoch);
}

// What each id has been given to. Thread: any.
class NamedEvents {
 public:
  void Add(const Cursor& id, std::string_view data) {
    MutexLock lock(&mutex_);
    const auto [at, is_new] = data_.emplace(id.ToString(), data);
    EXPECT_TRUE(is_new || at->second == data) << id.ToString();
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::string> data_ ABSL_GUARDED_BY(mutex_);
};

class NamingSink final : public TailSink {
 public:
  explicit NamingSink(NamedEvents* events) : events_(*events) {}
  void OnEpoch(const Epoch& epoch, uint64_t) override { epoch_ = epoch; }
  void OnEvents(std::shared_ptr<const EventBatch> batch) override {
    for (const Event& event : batch->events) events_.Add({epoch_, event.sequence()}, event.data());
  }
  void OnHole(uint64_t, uint64_t) override {}
  void OnHead(uint64_t) override {}

 private:
  NamedEvents& events_;
  Epoch epoch_;
};

TEST_F(JetstreamStreamTest, AnIdNamesOneEventAlsoWhileTheStreamIsMadeAnew) {
  constexpr int kTimes = 8;
  constexpr size_t kPublishers = 4;
  Open();
  NamedEvents events;
  NamingSink sink(&events);
  const auto tail = log_->OpenTail(&sink);
  std::atomic<uint64_t> stored{0};
  std::atomic<bool> is_over{false};
  std::vector<std::thread> publishers;
  for (size_t publisher = 0; publisher < kPublishers; ++publisher) {
    publishers.emplace_back([&, publisher] {
      for (size_t i = 0; !is_over; ++i) {
        const std::string data = std::to_string(publisher) + "-" + std::to_string(i);
        const absl::StatusOr<Appended> appended = Append(data);
        if (!appended.ok()) continue;
        events.Add(appended->id, data);
        ++stored;
      }
    });
  }
  NatsClient other(server_);
  for (int time = 0; time < kTimes; ++time) {
    const uint64_t before = stored;
    EXPECT_TRUE(Eventually([&] { return stored >= before + 50; }));
    other.Request(std::string("$JS.API.STREAM.DELETE.") + kStream);
    other.Request(std::string("$JS.API.STREAM.CREATE.") + kStream,
                  EventStream(options_, nats_).ConfigRequest(""));
  }
  is_over = true;
  for (std::thread& publisher : publishers) publisher.join();
}

TEST_F(JetstreamStreamTest, EventsThatWerePurgedWhileTheTailWasAwayAreAHole) {
  Open();
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  Publish("1");
  sink.AwaitEvents(1);
  server_.Stop(SIGTERM);
  AwaitAway();
  // Another gateway publishes and somebody purges before this process is back.
  server_.Start();
  {
    NatsClient other(server_);
    other.Request("sluice.default.ev.u.alice", "2");
    other.Request(std::string("$JS.API.STREAM.PURGE.") + kStream);
    other.Request("sluice.default.ev.u.alice", "3");
  }
  ASSERT_TRUE(Eventually([&] { return !sink.data().empty() && sink.data().back() == "3"; }));
  // Unless the tail was back before the purge and so missed nothing.
  EXPECT_EQ(sink.holes(), sink.data().size() == 2 ? 1u : 0u);
}

TEST_F(JetstreamStreamTest, AStreamThatLostAcknowledgedEventsBecomesAnotherEpoch) {
  Open();
  const auto kept = Append("kept");
  Save();
  AwaitReady();
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  const auto lost = Append("lost");
  ASSERT_TRUE(lost.ok()) << lost.status();
  sink.AwaitEvents(2);
  Restore();
  ASSERT_TRUE(Eventually([&] { return sink.epochs().size() == 2; }));
  AwaitReady();
  EXPECT_FALSE(sink.epochs()[1].first == kept->id.epoch);
  const auto next = Append("next");
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->id.sequence, lost->id.sequence) << "the server did not lose it";
  EXPECT_FALSE(next->id.epoch == lost->id.epoch) << "one id for two events";
  sink.AwaitEvents(4);
  EXPECT_THAT(sink.data(), ElementsAre("kept", "lost", "kept", "next"));
}

TEST_F(JetstreamStreamTest, OneThatLostEventsAndGrewAgainIsAnotherEpochToo) {
  Open();
  Publish("kept");
  Save();
  AwaitReady();
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  Publish("lost");
  sink.AwaitEvents(2);
  server_.Stop(SIGKILL);
  AwaitAway();
  std::filesystem::remove_all(server_.folder() / "store");
  std::filesystem::rename(server_.folder() / "saved", server_.folder() / "store");
  // It has grown beyond what was read before the tail can see that it was shorter.
  server_.Start();
  {
    NatsClient other(server_);
    for (int i = 0; i < 3; ++i) other.Request("sluice.default.ev.u.alice", "other");
  }
  ASSERT_TRUE(Eventually([&] { return sink.epochs().size() == 2; }));
  ASSERT_TRUE(Eventually([&] { return sink.data().size() == 6; }));
  EXPECT_THAT(sink.data(), ElementsAre("kept", "lost", "kept", "other", "other", "other"));
}

TEST_F(JetstreamStreamTest, ARemovedLastEventDoesNotHoldUpTheHead) {
  Open();
  Publish("1");
  const uint64_t last = Publish("2");
  Stream("MSG.DELETE", "{\"seq\":" + std::to_string(last) + "}");
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  EXPECT_EQ(sink.AwaitHead(), last);
  EXPECT_THAT(sink.data(), ElementsAre("1"));
  EXPECT_GT(Publish("3"), last);
  sink.AwaitEvents(2);
  EXPECT_THAT(sink.data(), ElementsAre("1", "3"));
}

TEST_F(JetstreamStreamTest, AStreamWithOtherSettingsIsRefusedByName) {
  NatsClient(server_).Request(
      std::string("$JS.API.STREAM.CREATE.") + kStream,
      R"({"name":"SLUICE_DEFAULT_EVENTS","subjects":["sluice.default.ev.>"],"max_age":60000000000,)"
      R"("storage":"memory","num_replicas":1,"duplicate_window":1000000000})");
  nats_.urls = {server_.url()};
  log_ = *JetstreamLog::Open({.log = options_, .nats = nats_});
  ASSERT_TRUE(Eventually([&] { return !log_->refusal().ok(); }));
  const std::string message(log_->refusal().message());
  EXPECT_THAT(message, HasSubstr("max_age is 60s, not 300s"));
  EXPECT_THAT(message, HasSubstr("storage is memory, not file"));
  EXPECT_THAT(message, HasSubstr("duplicate_window is 1s, not 120s"));
  EXPECT_FALSE(log_->is_ready());
}

TEST_F(JetstreamStreamTest, ChangedWhileInUseItIsUsedOn) {
  Open();
  Publish("1");
  const std::string answer =
      Stream("UPDATE", R"({"name":"SLUICE_DEFAULT_EVENTS","subjects":["sluice.default.ev.>"],)"
                       R"("retention":"limits","discard":"old","storage":"file","num_replicas":1,)"
                       R"("max_age":250000000000,"duplicate_window":120000000000,)"
                       R"("max_msgs_per_subject":10000})");
  ASSERT_THAT(answer, HasSubstr("\"max_age\":250000000000")) << answer;
  server_.Stop(SIGKILL);
  AwaitAway();
  server_.Start();
  AwaitReady();
  Publish("2");
  EXPECT_TRUE(log_->refusal().ok());
}

}  // namespace
}  // namespace sluice::ingest
