#include "ingest/stream_state.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "ingest/event_stream.h"

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What nats-server 2.9.10 says of the stream that the defaults ask for.
constexpr const char* kAnswer = R"({
  "type":"io.nats.jetstream.api.v1.stream_info_response",
  "config":{"name":"SLUICE_DEFAULT_EVENTS","subjects":["sluice.default.ev.\u003e"],
    "retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":268435456,
    "max_age":300000000000,"max_msgs_per_subject":10000,"max_msg_size":-1,"discard":"old",
    "storage":"file","num_replicas":1,"duplicate_window":120000000000,"allow_direct":false,
    "sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false},
  "created":"2026-11-24T22:39:01.244556677Z",
  "state":{"messages":3,"bytes":300,"first_seq":5,"last_seq":9,"consumer_count":1}})";

std::string Changed(const char* from, const char* to) {
  return absl::StrReplaceAll(kAnswer, {{from, to}});
}

const EventStream& Wanted() {
  static const EventStream wanted{LogOptions{}, NatsOptions{}};
  return wanted;
}

std::vector<std::string> Contradictions(const std::string& answer) {
  const auto state = StreamState::Parse(answer);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? state->Contradictions(Wanted()) : std::vector<std::string>{"unreadable"};
}

TEST(StreamStateTest, HasTheEndsOfTheStreamAndAnEpochOfItsCreation) {
  const auto state = StreamState::Parse(kAnswer);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->first_sequence(), 5u);
  EXPECT_EQ(state->last_sequence(), 9u);
  EXPECT_EQ(state->epoch(), Epoch::FromNumber(1'795'559'941'244'556'677));
  const auto later = StreamState::Parse(Changed("44556677Z", "44556678Z"));
  EXPECT_FALSE(later->epoch() == state->epoch());
}

// `cluster`: what a server of a cluster adds.
bool IsCutOff(const std::string& cluster) {
  return StreamState::Parse(Changed("\"state\"", (cluster + ",\"state\"").c_str()))->is_cut_off();
}

TEST(StreamStateTest, IsCutOffWithoutALeaderOrTheMajority) {
  const std::string near = R"({"name":"b","current":true,"active":192185534})";
  const std::string far = R"({"name":"c","current":true,"active":5000000001})";
  const std::string unheard = R"({"name":"c","current":false,"active":0})";
  const auto led = [](const std::string& replicas) {
    return R"("cluster":{"name":"x","leader":"a","replicas":[)" + replicas + "]}";
  };
  EXPECT_FALSE(StreamState::Parse(kAnswer)->is_cut_off());
  EXPECT_FALSE(IsCutOff(R"("cluster":{"name":"x","leader":"a"})"));
  EXPECT_FALSE(IsCutOff(led(near + "," + near)));
  EXPECT_FALSE(IsCutOff(led(near + "," + far)));
  EXPECT_FALSE(IsCutOff(led(unheard + "," + far)));  // one that is just being made
  EXPECT_FALSE(IsCutOff(led(near + "," + near + "," + far + "," + far)));
  EXPECT_TRUE(IsCutOff(led(far + "," + far)));
  EXPECT_TRUE(IsCutOff(led(far)));
  EXPECT_TRUE(IsCutOff(led(near + "," + far + "," + far + "," + far)));
  EXPECT_TRUE(IsCutOff(R"("cluster":{"name":"x","replicas":[)" + near + "," + near + "]}"));
}

TEST(StreamStateTest, ANoteInTheDescriptionIsAnotherEpoch) {
  const WallTime now(std::chrono::seconds(1'800'000'000));
  const std::string noted = Changed(
      "\"subjects\"", ("\"description\":\"" + IncarnationNote(now) + "\",\"subjects\"").c_str());
  EXPECT_EQ(StreamState::Parse(noted)->epoch(), Epoch::FromNumber(1'800'000'000'000'000'000));
  // The note of its own creation, a little older than what the server says of that.
  const WallTime made(std::chrono::seconds(1'795'559'940));
  const std::string own = Changed(
      "\"subjects\"", ("\"description\":\"" + IncarnationNote(made) + "\",\"subjects\"").c_str());
  EXPECT_EQ(StreamState::Parse(own)->epoch(), Epoch::FromNumber(1'795'559'940'000'000'000));
  // Anyone may describe a stream; an older time changes nothing.
  for (const char* other : {"our events", "incarnation", "incarnation 7", "incarnation x"}) {
    const std::string text = Changed(
        "\"subjects\"", (std::string("\"description\":\"") + other + "\",\"subjects\"").c_str());
    EXPECT_EQ(StreamState::Parse(text)->epoch(), StreamState::Parse(kAnswer)->epoch()) << other;
  }
}

TEST(StreamStateTest, AnEmptyStreamBeginsAtOne) {
  const auto state = StreamState::Parse(
      Changed("\"first_seq\":5,\"last_seq\":9", "\"first_seq\":0,\"last_seq\":0"));
  EXPECT_EQ(state->first_sequence(), 1u);
  EXPECT_EQ(state->last_sequence(), 0u);
}

TEST(StreamStateTest, WhatTheDefaultsAskForContradictsNothing) {
  EXPECT_THAT(Contradictions(kAnswer), IsEmpty());
}

TEST(StreamStateTest, EachContradictionNamesTheSettingAndBothValues) {
  EXPECT_THAT(Contradictions(Changed("300000000000", "60000000000")),
              ElementsAre("max_age is 60s, not 300s"));
  EXPECT_THAT(Contradictions(Changed("\"file\"", "\"memory\"")),
              ElementsAre("storage is memory, not file"));
  EXPECT_THAT(Contradictions(Changed("\"limits\"", "\"interest\"")),
              ElementsAre("retention is interest, not limits"));
  EXPECT_THAT(Contradictions(Changed("\"old\"", "\"new\"")),
              ElementsAre("discard is new, not old"));
  EXPECT_THAT(Contradictions(Changed("268435456", "-1")),
              ElementsAre("max_bytes is -1, not 268435456"));
  EXPECT_THAT(Contradictions(Changed("\"num_replicas\":1", "\"num_replicas\":3")),
              ElementsAre("num_replicas is 3, not 1"));
  EXPECT_THAT(Contradictions(Changed("10000", "1")),
              ElementsAre("max_msgs_per_subject is 1, not 10000"));
  EXPECT_THAT(Contradictions(Changed("120000000000", "100000000")),
              ElementsAre("duplicate_window is 0.1s, not 120s"));
  EXPECT_THAT(Contradictions(Changed("\"max_msgs\":-1", "\"max_msgs\":5")),
              ElementsAre("max_msgs is 5, not -1"));
  EXPECT_THAT(Contradictions(Changed("\"sealed\":false", "\"sealed\":true,\"no_ack\":true")),
              ElementsAre("no_ack is 1, not 0", "sealed is 1, not 0"));
  EXPECT_THAT(Contradictions(Changed("[\"sluice.default.ev.\\u003e\"]", "[\"a\",\"b\"]")),
              ElementsAre("subjects is a,b, not sluice.default.ev.>"));
}

TEST(StreamStateTest, WhatIsNoDescriptionOfAStreamIsInternal) {
  for (const std::string& answer :
       {std::string("{}"), Changed("\"config\"", "\"other\""), Changed("\"state\"", "\"other\""),
        Changed("2026-11-24T", "yesterday "), Changed("\"created\"", "\"other\"")}) {
    EXPECT_EQ(StreamState::Parse(answer).status().code(), absl::StatusCode::kInternal) << answer;
  }
}

TEST(EventStreamTest, TheRequestThatMakesItIsOneThatContradictsNothing) {
  const std::string config = Wanted().ConfigRequest("");
  const auto state = StreamState::Parse(
      "{\"created\":\"2026-11-24T22:39:01Z\",\"state\":{},\"config\":" + config + "}");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_THAT(state->Contradictions(Wanted()), IsEmpty());
}

TEST(EventStreamTest, NamesFollowTheNamespace) {
  NatsOptions nats;
  nats.name_space = "team-1_a";
  const EventStream stream(LogOptions{}, nats);
  EXPECT_EQ(stream.name(), "SLUICE_TEAM-1_A_EVENTS");
  EXPECT_EQ(stream.subjects(), "sluice.team-1_a.ev.>");
  EXPECT_EQ(stream.RequestSubject("INFO"), "$JS.API.STREAM.INFO.SLUICE_TEAM-1_A_EVENTS");
  EXPECT_EQ(stream.ConsumerSubject("CREATE", "edge-x"),
            "$JS.API.CONSUMER.CREATE.SLUICE_TEAM-1_A_EVENTS.edge-x");
}

}  // namespace
}  // namespace sluice::ingest
