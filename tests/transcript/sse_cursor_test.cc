#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

// A cursor that a client presents to a log whose events 1 to 5 are all alice's.
struct Presented {
  std::string name;
  std::string cursor;                // as in the header
  std::optional<int> resumes_after;  // or
  std::string gap;                   // its reason
  std::string requested;             // as the gap repeats it
};
void PrintTo(const Presented& row, std::ostream* out) { *out << row.name; }

std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    escaped += '%';
    escaped += kHex[static_cast<unsigned char>(c) >> 4];
    escaped += kHex[static_cast<unsigned char>(c) & 15];
  }
  return escaped;
}

std::string ConnectedBlock(const std::string& id, bool resumed) {
  return "id: " + id + "\nevent: connected\ndata: {\"status\":\"connected\",\"userId\":\"alice\"," +
         "\"resumed\":" + (resumed ? "true" : "false") + "}";
}
std::string GapBlock(const std::string& reason, const std::string& requested,
                     const std::string& resume_at) {
  return "id: " + resume_at + "\nevent: gap\ndata: {\"reason\":\"" + reason +
         "\",\"requested\":\"" + requested + "\",\"resumeAt\":\"" + resume_at + "\"}";
}

class SseCursorFixture : public EdgeFixture {
 protected:
  void PublishFive() {
    for (int i = 1; i <= 5; ++i) PublishToUser("alice", std::to_string(i));
    AwaitMetric("sluice_ingest_tail_sequence", 5);  // a full channel may hold but three of them
  }
  // What a stream says first, given how the cursor came, is an exact resume or a gap, then live.
  void Expect(RawClient* client, const Presented& row) {
    if (row.resumes_after) {
      const std::string cursor = "e1-" + std::to_string(*row.resumes_after);
      EXPECT_EQ(Connected(client), ConnectedBlock(cursor, true));
      for (int i = *row.resumes_after + 1; i <= 5; ++i) ExpectNote(client, i);
    } else {
      EXPECT_EQ(Connected(client), ConnectedBlock("e1-5", false));
      EXPECT_EQ(Block(client), GapBlock(row.gap, row.requested, "e1-5"));
    }
    PublishToUser("alice", "6");
    ExpectNote(client, 6);
    EXPECT_EQ(Metric("sluice_edge_replays_total", row.resumes_after ? "full" : "gap"), 1);
    EXPECT_EQ(Metric("sluice_edge_gaps_total"), row.resumes_after ? 0 : 1);
    EXPECT_EQ(Metric("sluice_edge_gaps_total", row.gap.empty() ? "-" : row.gap),
              row.resumes_after ? 0 : 1);
  }
  static void ExpectNote(RawClient* client, int number) {
    const std::string text = std::to_string(number);
    EXPECT_EQ(Block(client), "id: e1-" + text + "\nevent: note\ndata: " + text);
  }
};

class SseCursorTest : public SseCursorFixture, public testing::WithParamInterface<Presented> {};

class SseHeaderCursorTest : public SseCursorTest {};

TEST_P(SseHeaderCursorTest, ResumesExactlyOrSaysGap) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: " + GetParam().cursor + "\r\n");
  Expect(&client, GetParam());
}

TEST_P(SseCursorTest, InTheQueryResumesExactlyOrSaysGap) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice&last_event_id=" + Escaped(GetParam().cursor));
  Expect(&client, GetParam());
}

TEST_P(SseCursorTest, UnderTheOtherNameInTheQueryResumesExactlyOrSaysGap) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?lastEventId=" + Escaped(GetParam().cursor) + "&user=alice");
  Expect(&client, GetParam());
}

const auto kCursors = testing::Values(
    Presented{"Zero", "e1-0", 0, "", ""}, Presented{"Middle", "e1-3", 3, "", ""},
    Presented{"Head", "e1-5", 5, "", ""}, Presented{"Ahead", "e1-6", {}, "invalid", "e1-6"},
    Presented{"FarAhead", "e1-9223372036854775808", {}, "invalid", "e1-9223372036854775808"},
    Presented{"Largest", "e1-18446744073709551615", {}, "invalid", "e1-18446744073709551615"},
    Presented{"TooLarge", "e1-18446744073709551616", {}, "invalid", "e1-18446744073709551616"},
    Presented{"OtherEpoch", "e0-3", {}, "epoch", "e0-3"},
    Presented{"OtherEpochAhead", "e2-99", {}, "epoch", "e2-99"},
    Presented{"LongEpoch", "abcdefghijklmn-3", {}, "invalid", "abcdefghijklmn-3"},
    Presented{"UpperCaseEpoch", "E1-3", {}, "invalid", "E1-3"},
    Presented{"NumberAlone", "0", {}, "invalid", "0"},
    Presented{"NoDash", "e13", {}, "invalid", "e13"},
    Presented{"NoNumber", "e1-", {}, "invalid", "e1-"},
    Presented{"NoEpoch", "-3", {}, "invalid", "-3"},
    Presented{"Negative", "e1--3", {}, "invalid", "e1--3"},
    Presented{"Plus", "e1-+3", {}, "invalid", "e1-?3"},
    Presented{"Fraction", "e1-3.0", {}, "invalid", "e1-3.0"},
    Presented{"Exponent", "e1-1e3", {}, "invalid", "e1-1e3"},
    Presented{"LeadingZero", "e1-03", {}, "invalid", "e1-03"},
    Presented{"Earliest", "earliest", {}, "invalid", "earliest"},
    Presented{"Uuid", "urn:uuid:1f", {}, "invalid", "urn?uuid?1f"},
    Presented{"Utf8", "e1-\xC3\xA9", {}, "invalid", "e1-??"},
    Presented{"NotUtf8", "\xFF", {}, "invalid", "?"},
    Presented{"Markup", "\"}<a>", {}, "invalid", "???a?"},
    Presented{"Long", std::string(2'000, '7'), {}, "invalid", std::string(64, '7')});
// Which no header can hold.
const auto kControlCharacters =
    testing::Values(Presented{"LineBreak", "e1-3\r\nevent: x", {}, "invalid", "e1-3??event??x"},
                    Presented{"LineFeed", "e1-3\n\n", {}, "invalid", "e1-3??"},
                    Presented{"Nul", std::string("e1-3\0", 5), {}, "invalid", "e1-3?"});
const auto kName = [](const auto& row) { return row.param.name; };

INSTANTIATE_TEST_SUITE_P(Cursors, SseHeaderCursorTest, kCursors, kName);
INSTANTIATE_TEST_SUITE_P(Cursors, SseCursorTest, kCursors, kName);
INSTANTIATE_TEST_SUITE_P(ControlCharacters, SseCursorTest, kControlCharacters, kName);

class SseResumeTest : public SseCursorFixture {};

TEST_F(SseResumeTest, AnEmptyCursorIsNone) {
  StartEdge();
  PublishFive();
  RawClient header = Get("/v1/events?user=alice", "Last-Event-ID: \r\n");
  EXPECT_EQ(Connected(&header), ConnectedBlock("e1-5", false));
  RawClient query = Get("/v1/events?user=alice&last_event_id=&lastEventId");
  EXPECT_EQ(Connected(&query), ConnectedBlock("e1-5", false));
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
  EXPECT_EQ(Metric("sluice_edge_replays_total", "none"), 2);
}

TEST_F(SseResumeTest, ATenKilobyteCursorIsAGap) {
  StartEdge();
  PublishFive();
  RawClient client =
      Get("/v1/events?user=alice", "Last-Event-ID: " + std::string(10'240, 'e') + "\r\n");
  Expect(&client, {"", "", {}, "invalid", std::string(64, 'e')});
}

TEST_F(SseResumeTest, ATenKilobyteCursorInTheQueryIsTooLongATarget) {
  StartEdge();
  for (const std::string_view name : {"last_event_id", "lastEventId"}) {
    RawClient client =
        Get("/v1/events?user=alice&" + std::string(name) + '=' + std::string(10'240, 'e'));
    EXPECT_EQ(client.ReadResponse().status, 414);
  }
}

TEST_F(SseResumeTest, TheHeaderWinsOverTheQuery) {
  StartEdge();
  PublishFive();
  RawClient client =
      Get("/v1/events?user=alice&last_event_id=e1-1&from=earliest", "Last-Event-ID: e1-4\r\n");
  Expect(&client, {"", "", 4, "", ""});
}

TEST_F(SseResumeTest, AnEmptyHeaderLeavesTheQueryItsSay) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice&last_event_id=e1-4", "Last-Event-ID:\r\n");
  Expect(&client, {"", "", 4, "", ""});
}

TEST_F(SseResumeTest, ACursorWinsOverFrom) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice&lastEventId=e1-4&from=earliest");
  Expect(&client, {"", "", 4, "", ""});
}

TEST_F(SseResumeTest, ARepeatedHeaderCannotBeTrusted) {
  StartEdge();
  PublishFive();
  for (const std::string second : {"e1-4", "e1-3", ""}) {
    RawClient client =
        Get("/v1/events?user=alice", "Last-Event-ID: e1-4\r\nLast-Event-ID: " + second + "\r\n");
    EXPECT_EQ(Connected(&client), ConnectedBlock("e1-5", false));
    EXPECT_EQ(Block(&client), GapBlock("invalid", "", "e1-5"));
  }
}

TEST_F(SseResumeTest, CursorsThatDifferInTheQueryCannotBeTrusted) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice&last_event_id=e1-4&lastEventId=e1-3");
  Expect(&client, {"", "", {}, "invalid", ""});
}

TEST_F(SseResumeTest, CursorsThatAgreeInTheQueryAreOne) {
  StartEdge();
  PublishFive();
  RawClient client =
      Get("/v1/events?user=alice&last_event_id=e1-4&lastEventId=e1-4&last_event_id=e1-4");
  Expect(&client, {"", "", 4, "", ""});
}

TEST_F(SseResumeTest, ACursorThatExpiredIsAGap) {
  StartEdge();
  PublishFive();
  clock_.Advance(std::chrono::minutes(6));
  AwaitEvents(0);
  RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: e1-4\r\n");
  Expect(&client, {"", "", {}, "expired", "e1-4"});
}

TEST_F(SseResumeTest, ACursorAtTheFloorIsNotExpired) {
  StartEdge();
  PublishFive();
  clock_.Advance(std::chrono::minutes(6));
  AwaitEvents(0);
  RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: e1-5\r\n");
  Expect(&client, {"", "", 5, "", ""});
}

TEST_F(SseResumeTest, ACursorBelowWhatAFullChannelDroppedIsAGap) {
  options_.log.retention.max_events_per_channel = 3;
  StartEdge();
  PublishFive();
  RawClient lost = Get("/v1/events?user=alice", "Last-Event-ID: e1-1\r\n");
  EXPECT_EQ(Connected(&lost), ConnectedBlock("e1-5", false));
  EXPECT_EQ(Block(&lost), GapBlock("expired", "e1-1", "e1-5"));
  RawClient whole = Get("/v1/events?user=alice", "Last-Event-ID: e1-2\r\n");
  EXPECT_EQ(Connected(&whole), ConnectedBlock("e1-2", true));
  for (int i = 3; i <= 5; ++i) ExpectNote(&whole, i);
  RawClient other = Get("/v1/events?user=bob", "Last-Event-ID: e1-1\r\n");
  EXPECT_NE(Connected(&other).find("\"resumed\":true"), std::string::npos);
}

TEST_F(SseResumeTest, ReconnectingAtEveryEventLosesAndRepeatsNothing) {
  StartEdge();
  std::string cursor = "e1-0";
  for (int i = 1; i <= 50; ++i) {
    PublishToUser("alice", std::to_string(i));
    RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: " + cursor + "\r\n");
    EXPECT_EQ(Connected(&client), ConnectedBlock(cursor, true));
    ExpectNote(&client, i);
    cursor = "e1-" + std::to_string(i);
  }
}

class SseFromTest : public SseCursorFixture {};

TEST_F(SseFromTest, EarliestSendsAllThatIsRetained) {
  StartEdge();
  PublishFive();
  RawClient client = Get("/v1/events?user=alice&from=earliest");
  EXPECT_EQ(Connected(&client), ConnectedBlock("e1-0", false));
  for (int i = 1; i <= 5; ++i) ExpectNote(&client, i);
  PublishToUser("alice", "6");
  ExpectNote(&client, 6);
}

TEST_F(SseFromTest, EarliestBeginsAtTheFloor) {
  StartEdge();
  PublishFive();
  clock_.Advance(std::chrono::minutes(4));
  PublishToUser("alice", "6");
  AwaitEvents(6);
  clock_.Advance(std::chrono::minutes(2));
  AwaitEvents(1);
  RawClient client = Get("/v1/events?user=alice&from=earliest");
  EXPECT_EQ(Connected(&client), ConnectedBlock("e1-5", false));
  ExpectNote(&client, 6);
}

TEST_F(SseFromTest, LastSendsTheNewestOfEachChannel) {
  StartEdge();
  PublishFive();
  Publish(ChannelView::Topic("cpu"), "", "80 %");
  Publish(ChannelView::Topic("cpu"), "", "90 %");
  AwaitEvents(7);
  RawClient client = Get("/v1/events?user=alice&topic=cpu&topic=none&from=last");
  EXPECT_EQ(Connected(&client), ConnectedBlock("e1-4", false));
  ExpectNote(&client, 5);
  EXPECT_EQ(Block(&client), "id: e1-7\ndata: 90 %");
  PublishToUser("alice", "8");
  ExpectNote(&client, 8);
}

TEST_F(SseFromTest, LastOfNothingBeginsAtTheHead) {
  StartEdge();
  PublishToUser("bob", "1");
  AwaitEvents(1);
  RawClient client = Get("/v1/events?user=alice&from=last");
  EXPECT_EQ(Connected(&client), ConnectedBlock("e1-1", false));
}

TEST_F(SseFromTest, NowIsTheDefault) {
  StartEdge();
  PublishFive();
  for (const std::string_view target :
       {"/v1/events?user=alice", "/v1/events?user=alice&from=now"}) {
    RawClient client = Get(target);
    EXPECT_EQ(Connected(&client), ConnectedBlock("e1-5", false));
  }
}

TEST_F(SseFromTest, AnEdgeThatStartsLateHasWhatTheLogRetained) {
  StartEdge();
  PublishFive();
  StopEdge();
  PublishToUser("alice", "6");
  StartEdge();
  RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: e1-4\r\n");
  EXPECT_EQ(Connected(&client), ConnectedBlock("e1-4", true));
  ExpectNote(&client, 5);
  ExpectNote(&client, 6);
}

}  // namespace
}  // namespace sluice
