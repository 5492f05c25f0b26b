#include "ingest/jetstream_answer.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using ::testing::HasSubstr;

TEST(AppendAnswerTest, HasTheSequenceAndWhetherItIsADuplicate) {
  const auto plain = ParseAppendAnswer(R"({"stream":"S","seq":42})");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->sequence, 42u);
  EXPECT_FALSE(plain->is_duplicate);
  const auto again = ParseAppendAnswer(R"({"stream":"S", "seq": 7,"duplicate": true})");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->sequence, 7u);
  EXPECT_TRUE(again->is_duplicate);
  EXPECT_FALSE(ParseAppendAnswer(R"({"seq":7,"duplicate":false})")->is_duplicate);
}

TEST(AppendAnswerTest, AnErrorIsUnavailableUnlessTheEventCanNeverBeStored) {
  const auto code = [](const char* answer) { return ParseAppendAnswer(answer).status().code(); };
  EXPECT_EQ(code(R"({"error":{"code":503,"err_code":10077,"description":"x"},"seq":0})"),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(code(R"({"error":{"code":400,"err_code":10054,"description":"too large"},"seq":0})"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      code(
          R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"seq":0})"),
      absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(R"({"error":{"code":404}})"), absl::StatusCode::kUnavailable);
}

TEST(AppendAnswerTest, WhatIsNoAnswerIsUnavailable) {
  for (const char* answer : {"", "{", "[]", "{}", R"({"seq":0})", R"({"seq":-1})", R"({"seq":"7"})",
                             R"({"seq":99999999999999999999})", "+OK", "\xff"}) {
    EXPECT_TRUE(absl::IsUnavailable(ParseAppendAnswer(answer).status())) << answer;
  }
}

TEST(JetstreamAnswerTest, ErrorsAreToldApartAndEscaped) {
  EXPECT_TRUE(absl::IsNotFound(ParseJetstreamAnswer(R"({"error":{"code":404}})").status()));
  EXPECT_TRUE(absl::IsUnavailable(ParseJetstreamAnswer(R"({"error":{"code":503}})").status()));
  const absl::Status refused =
      ParseJetstreamAnswer(R"({"error":{"code":400,"description":"no\u001b[31m"}})").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("no\\x1b[31m"));
  EXPECT_EQ(ParseJetstreamAnswer("[1]").status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ParseJetstreamAnswer(std::string(10'000, '[')).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_TRUE(ParseJetstreamAnswer(R"({"error":"no object","x":1})").ok());
}

TEST(ConsumerStateTest, SaysHowFarItIsAndWhatIsUnanswered) {
  const auto state = ParseConsumerState(
      R"({"name":"c","delivered":{"consumer_seq":7,"stream_seq":9},"num_ack_pending":1})");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->delivered, 7u);
  EXPECT_EQ(state->unanswered, 1u);
}

TEST(ConsumerStateTest, ErrorsAndWhatIsNoConsumerAreNone) {
  EXPECT_TRUE(absl::IsNotFound(ParseConsumerState(R"({"error":{"code":404}})").status()));
  for (const char* answer : {"", "{}", R"({"delivered":7})", "[]"}) {
    EXPECT_TRUE(absl::IsInternal(ParseConsumerState(answer).status())) << answer;
  }
}

TEST(DeliveryPositionTest, IsReadFromEveryFormOfTheReplySubject) {
  for (const char* reply :
       {"$JS.ACK.S.edge-1.2.42.7.1700000000000000000.3",
        "$JS.ACK.domain.account.S.edge-1.2.42.7.1700000000000000000.3",
        "$JS.ACK.domain.account.S.edge-1.2.42.7.1700000000000000000.3.random"}) {
    const auto position = ParseDeliveryPosition(reply);
    ASSERT_TRUE(position) << reply;
    EXPECT_EQ(position->consumer, "edge-1");
    EXPECT_EQ(position->deliveries, 2u);
    EXPECT_EQ(position->sequence, 42u);
    EXPECT_EQ(position->consumer_sequence, 7u);
    EXPECT_EQ(position->stored_ns, 1'700'000'000'000'000'000);
    EXPECT_EQ(position->pending, 3u);
  }
}

TEST(DeliveryPositionTest, OtherSubjectsHaveNone) {
  for (const char* reply :
       {"", "$JS.ACK.", "$JS.ACK.S.c.1.2.3.4", "$JS.ACK.S.c.1.x.3.4.5", "$JS.ACK.S.c.1.2.3.4.-5",
        "$JS.ACK.S.c.1.2.3.4.", "$JS.ACK.S.c.1.99999999999999999999.3.4.5", "$JS.FC.S.c.x",
        "$JS.ACK.a.S.c.1.2.3.4.5", "reply"}) {
    EXPECT_EQ(ParseDeliveryPosition(reply), std::nullopt) << reply;
  }
}

}  // namespace
}  // namespace sluice::ingest
