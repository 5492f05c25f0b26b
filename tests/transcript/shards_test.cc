#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/transcript/edge_fixture.h"
#include "tests/transcript/sse_blocks.h"

namespace sluice {
namespace {

// The promises of a stream, on an edge of one shard and of several.
class ShardsTest : public EdgeFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  ShardsTest() { options_.edge.shards = GetParam(); }
};

TEST_P(ShardsTest, EveryStreamGetsWhatIsForItWhereverItIs) {
  StartEdge();
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(Stream("/v1/events?topic=all&user=" + std::to_string(i)));
  }
  EXPECT_EQ(Metric("sluice_edge_sessions"), 40);
  for (int i = 0; i < 40; ++i) PublishToUser(std::to_string(i), "for " + std::to_string(i));
  Publish(ChannelView::Topic("all"), "", "for all");
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(Block(&clients[static_cast<size_t>(i)]).ends_with("for " + std::to_string(i)));
    EXPECT_EQ(Block(&clients[static_cast<size_t>(i)]), "id: e1-41\ndata: for all");
  }
  AwaitMetric("sluice_edge_events_delivered_total", 80);
}

TEST_P(ShardsTest, ACursorFromOneShardResumesOnAnother) {
  StartEdge();
  for (int i = 1; i <= 10; ++i) PublishToUser("alice", std::to_string(i));
  for (int i = 0; i < 40; ++i) {
    RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: e1-7\r\n");
    EXPECT_NE(Connected(&client).find("\"resumed\":true"), std::string::npos);
    for (const std::string text : {"8", "9", "10"}) {
      EXPECT_EQ(Block(&client), "id: e1-" + text + "\nevent: note\ndata: " + text);
    }
  }
}

TEST_P(ShardsTest, StreamsThatComeAndGoAmidTrafficMissAndRepeatNothing) {
  StartEdge();
  constexpr int kEvents = 2000;
  std::thread publisher([this] {
    for (int i = 1; i <= kEvents; ++i) PublishToUser("alice", std::to_string(i));
  });
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([this, reader] {
      int seen = 0;
      while (seen < kEvents) {
        RawClient client =
            Get("/v1/events?user=alice", "Last-Event-ID: e1-" + std::to_string(seen) + "\r\n");
        EXPECT_NE(Connected(&client).find("\"resumed\":true"), std::string::npos);
        for (int i = 0; i < 50 + 30 * reader && seen < kEvents; ++i) {
          const std::string text = std::to_string(++seen);
          ASSERT_EQ(Block(&client), "id: e1-" + text + "\nevent: note\ndata: " + text);
        }
      }
    });
  }
  publisher.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

TEST_P(ShardsTest, WhateverBytesAreAllowedComeOutAsTheyWentIn) {
  StartEdge();
  const std::string user = "caf\xC3\xA9 *>.=$/\\'\"\xF0\x9F\x98\x80";
  std::string escaped;
  for (const char c : user) {
    char text[4];
    std::snprintf(text, sizeof(text), "%%%02X", static_cast<unsigned char>(c));
    escaped += text;
  }
  RawClient client = Stream("/v1/events?user=" + escaped);
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\xF0\x9F\x98\x80";
  const std::vector<std::string> sent = {all,
                                         "",
                                         "\n",
                                         "\r",
                                         "\r\n",
                                         "a\rb",
                                         "\n\na",
                                         "\xEF\xBB\xBF",
                                         "data: x",
                                         " x",
                                         "id: e9-9\n\nevent: gap",
                                         std::string(60'000, 'x'),
                                         std::string(3, '\0')};
  for (const std::string& data : sent) Publish(ChannelView::User(user), "t\xC3\xA9", data);
  std::string stream;
  for (size_t i = 0; i < sent.size(); ++i) stream += Block(&client) + "\n\n";
  const std::vector<SseMessage> messages = ParseSse(stream);
  ASSERT_EQ(messages.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    std::string seen;  // by a client: every line end is LF
    for (size_t at = 0; at < sent[i].size(); ++at) {
      if (sent[i][at] == '\r' && sent[i].substr(at, 2) == "\r\n") continue;
      seen += sent[i][at] == '\r' ? '\n' : sent[i][at];
    }
    EXPECT_EQ(messages[i].data, seen) << i;
    EXPECT_EQ(messages[i].type, "t\xC3\xA9");
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, ShardsTest, testing::Values(1, 4),
                         [](const auto& count) { return std::to_string(count.param); });

}  // namespace
}  // namespace sluice
