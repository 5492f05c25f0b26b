#include "ingest/client_message_stream.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/stream_state.h"

namespace sluice::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ClientMessageStream& Stream() {
  static const ClientMessageStream stream{ClientMessageOptions{}, NatsOptions{}};
  return stream;
}

std::string SubjectOf(const std::string& user, const std::string& destination) {
  return Stream().Subject(
      {.user_id = user, .destination = destination, .data = "", .time = {}, .connection = ""});
}

std::string ConsumerOf(const std::string& pattern) {
  return Stream().ConsumerRequest("c", *NamePattern::Parse(pattern), 7);
}

TEST(ClientMessageStreamTest, TheRequestThatMakesItIsOneThatContradictsNothing) {
  const auto state =
      StreamState::Parse("{\"created\":\"2026-11-24T22:39:01Z\",\"state\":{},\"config\":" +
                         Stream().ConfigRequest("") + "}");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_THAT(state->Contradictions(Stream()), IsEmpty());
}

TEST(ClientMessageStreamTest, ADestinationsTokensStayTokens) {
  // The partition is part of the wire: another one would break the order during an upgrade.
  EXPECT_EQ(SubjectOf("alice", "chat.send"), "sluice.default.in.7.chat.send");
  EXPECT_EQ(SubjectOf("bob", "a b.*.>"), "sluice.default.in.20.a=20b.=2A.=3E");
}

TEST(ClientMessageStreamTest, UsersSpreadOverAllPartitions) {
  std::set<uint32_t> partitions;
  for (int i = 0; i < 1'000; ++i) {
    partitions.insert(ClientMessageStream::PartitionOf("user" + std::to_string(i)));
  }
  EXPECT_EQ(partitions.size(), ClientMessageStream::kPartitions);
}

TEST(ClientMessageStreamTest, APatternBecomesAFilterThatTakesTheSame) {
  EXPECT_THAT(ConsumerOf("*"), HasSubstr("\"sluice.default.in.7.>\""));
  EXPECT_THAT(ConsumerOf("chat.*"), HasSubstr("\"sluice.default.in.7.chat.>\""));
  EXPECT_THAT(ConsumerOf("a b.c.*"), HasSubstr("\"sluice.default.in.7.a=20b.c.>\""));
  EXPECT_THAT(ConsumerOf("chat.send"), HasSubstr("\"sluice.default.in.7.chat.send\""));
}

TEST(ClientMessageStreamTest, ConsumersOfOtherDestinationsHaveOtherNames) {
  const auto name = [](const char* group, const char* pattern) {
    return ClientMessageStream::ConsumerPrefix(
        {.destinations = *NamePattern::Parse(pattern), .group = group});
  };
  EXPECT_EQ(name("g", "a"), name("g", "a"));
  EXPECT_NE(name("g", "a"), name("g", "a.*"));
  EXPECT_NE(name("g", "a"), name("h", "a"));
}

TEST(OverlapTest, IsWhetherADestinationMatchesBoth) {
  const auto overlap = [](const char* a, const char* b) {
    const bool result = Overlap(*NamePattern::Parse(a), *NamePattern::Parse(b));
    EXPECT_EQ(result, Overlap(*NamePattern::Parse(b), *NamePattern::Parse(a))) << a << " " << b;
    return result;
  };
  EXPECT_TRUE(overlap("a", "a"));
  EXPECT_TRUE(overlap("*", "a"));
  EXPECT_TRUE(overlap("*", "*"));
  EXPECT_TRUE(overlap("*", "a.*"));
  EXPECT_TRUE(overlap("a.*", "a.b"));
  EXPECT_TRUE(overlap("a.*", "a.b.*"));
  EXPECT_FALSE(overlap("a", "b"));
  EXPECT_FALSE(overlap("a", "a.*"));
  EXPECT_FALSE(overlap("a.*", "ab.*"));
  EXPECT_FALSE(overlap("a.b", "a.b.*"));
  EXPECT_FALSE(overlap("a.b.*", "a.c.*"));
}

}  // namespace
}  // namespace sluice::ingest
