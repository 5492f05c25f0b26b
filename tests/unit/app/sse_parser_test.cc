#include "app/sse_parser.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::string_view_literals;

// Each event as `id|type|data`, the stream fed in portions of `portion` bytes.
std::vector<std::string> Events(std::string_view stream, size_t portion = 1'000'000) {
  std::vector<std::string> events;
  SseParser parser([&events](const SseEvent& event) {
    events.push_back(event.id + '|' + event.type + '|' + event.data);
  });
  for (size_t at = 0; at < stream.size(); at += portion) {
    EXPECT_TRUE(parser.Feed(stream.substr(at, portion)));
  }
  return events;
}

TEST(SseParserTest, ReadsIdTypeAndData) {
  EXPECT_THAT(Events("id: 1\nevent: order\ndata: {}\n\n"), ElementsAre("1|order|{}"));
  EXPECT_THAT(Events("data: x\n\n"), ElementsAre("|message|x"));
}

TEST(SseParserTest, JoinsDataLines) {
  EXPECT_THAT(Events("data: a\ndata:\ndata:  b\n\n"), ElementsAre("|message|a\n\n b"));
}

TEST(SseParserTest, AnEmptyDataLineIsAnEventButNoDataLineIsNone) {
  EXPECT_THAT(Events("data\n\ndata:\n\nevent: x\n\n: comment\n\nid: 7\n\n"),
              ElementsAre("|message|", "|message|"));
}

TEST(SseParserTest, EveryLineEndingAndEverySplitGiveTheSameEvents) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    const std::string stream =
        "\xEF\xBB\xBF"
        "id: 1" +
        end + "data: \u00e9" + end + "data: b" + end + end + "event: t" + end + "data: c" + end +
        end;
    for (size_t portion = 1; portion <= stream.size(); ++portion) {
      EXPECT_THAT(Events(stream, portion), ElementsAre("1|message|\u00e9\nb", "1|t|c"));
    }
  }
}

TEST(SseParserTest, IgnoresUnknownFieldsCommentsAndIdsWithNul) {
  EXPECT_THAT(Events("id: 1\nid: a\0b\nfoo: x\n:x\n data: y\ndata: z\n\n"sv),
              ElementsAre("1|message|z"));
}

TEST(SseParserTest, AnIdCountsOnceItsBlockHasEnded) {
  SseParser parser([](const SseEvent&) {});
  parser.Feed("id: 1\ndata: x\n\nid: 2\ndata: cut");
  EXPECT_EQ(parser.last_event_id(), "1");
  parser.EndStream();
  parser.Feed("data: y\n\n");
  EXPECT_EQ(parser.last_event_id(), "1");
  parser.Feed("id: 3\n\n");
  EXPECT_EQ(parser.last_event_id(), "3");
}

TEST(SseParserTest, AnUnfinishedEventIsForgottenAtTheEndOfAStream) {
  std::vector<std::string> data;
  SseParser parser([&data](const SseEvent& event) { data.push_back(event.data); });
  parser.Feed("data: half");
  parser.EndStream();
  EXPECT_THAT(data, IsEmpty());
  parser.Feed("data: whole\n\n");
  EXPECT_THAT(data, ElementsAre("whole"));
}

TEST(SseParserTest, RetryIsAWholeNumberOfMilliseconds) {
  SseParser parser([](const SseEvent&) {});
  for (const char* bad : {"retry: \n", "retry: x\n", "retry: 1.5\n", "retry: -0\n", "retry: +5\n",
                          "retry: 99999999999999999999\n"}) {
    parser.Feed(bad);
    EXPECT_FALSE(parser.retry()) << bad;
  }
  parser.Feed("retry: 2137\n");
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(2'137));
}

TEST(SseParserTest, AnEventWithoutEndIsRefused) {
  SseParser parser([](const SseEvent&) {});
  EXPECT_FALSE(parser.Feed(std::string(SseParser::kMaxEventBytes + 1, 'x')));
  SseParser lines([](const SseEvent&) {});
  bool is_taken = true;
  for (int i = 0; i < 5'000 && is_taken; ++i) {
    is_taken = lines.Feed("data: " + std::string(1'000, 'x') + "\n");
  }
  EXPECT_FALSE(is_taken);
}

}  // namespace
}  // namespace sluice::app
