#include "edge/renewal.h"

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

TEST(ConnectionIdTest, ReadsWhatItWrites) {
  const ConnectionId id{.edge = "0af3", .shard = 7, .fd = 1234, .secret = 0x00ff00ff00ff00ff};
  EXPECT_EQ(id.ToString(), "0af3-7-1234-00ff00ff00ff00ff");
  const std::optional<ConnectionId> read = ConnectionId::Parse(id.ToString());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->edge, id.edge);
  EXPECT_EQ(read->shard, id.shard);
  EXPECT_EQ(read->fd, id.fd);
  EXPECT_EQ(read->secret, id.secret);
}

TEST(ConnectionIdTest, ReadsNothingElse) {
  for (const char* text : {"", "-", "---", "a-0-0", "a-0-0-", "-0-0-1", "g-0-0-1", "a.b-0-0-1",
                           "a-0-0-1-1", "a--1-0-1", "a-0--1-1", "a-0-x-1", "a-0-0-x", "a- 1-0-1",
                           "a-4294967296-0-1", "a-0-2147483648-1", "a-0-0-10000000000000000",
                           "A-0-0-1", "000000000000000000000000000000000-0-0-1"}) {
    EXPECT_FALSE(ConnectionId::Parse(text)) << text;
  }
}

TEST(RenewalTest, ReadsWhatItWrites) {
  Renewal renewal{.connection = {.edge = "a", .shard = 1, .fd = 2, .secret = 3}, .identity = {}};
  renewal.identity.user_id = "ali\"ce\u00e9";
  renewal.identity.token_id = "t1";
  renewal.identity.topics = {*NamePattern::Parse("news"), *NamePattern::Parse("dash.*")};
  renewal.identity.publish = {*NamePattern::Parse("room.*")};
  renewal.identity.issued = WallTime(std::chrono::seconds(1'700'000'000));
  const std::optional<Renewal> read = Renewal::FromJson(renewal.ToJson());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->connection.ToString(), renewal.connection.ToString());
  EXPECT_EQ(read->identity.user_id, renewal.identity.user_id);
  EXPECT_EQ(read->identity.token_id, "t1");
  EXPECT_EQ(read->identity.issued, renewal.identity.issued);
  EXPECT_EQ(read->identity.expires, WallTime::max());
  ASSERT_EQ(read->identity.topics.size(), 2u);
  EXPECT_TRUE(read->identity.topics[1].Matches("dash.x"));
  ASSERT_EQ(read->identity.publish.size(), 1u);
  EXPECT_TRUE(read->identity.publish[0].Matches("room.1"));
}

TEST(RenewalTest, ReadsNothingElse) {
  Renewal renewal{.connection = {.edge = "a", .shard = 1, .fd = 2, .secret = 3}, .identity = {}};
  renewal.identity.user_id = "alice";
  const std::string whole = renewal.ToJson();
  ASSERT_TRUE(Renewal::FromJson(whole));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(Renewal::FromJson(whole.substr(0, length)));
  }
  EXPECT_FALSE(Renewal::FromJson(R"({"connection":"a-1-2-3","user":"alice"})"));
  std::string without_topics = whole;
  without_topics.replace(without_topics.find("[]"), 2, "[1]");
  EXPECT_FALSE(Renewal::FromJson(without_topics));
}

TEST(RenewalResultTest, NamesAreReadBack) {
  for (size_t i = 0; i < kRenewalResults; ++i) {
    const auto result = static_cast<RenewalResult>(i);
    EXPECT_EQ(ParseRenewalResult(RenewalResultName(result)), result);
  }
  EXPECT_EQ(ParseRenewalResult("anything"), std::nullopt);
}

}  // namespace
}  // namespace sluice::edge
