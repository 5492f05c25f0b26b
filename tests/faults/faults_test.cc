#include <gtest/gtest.h>

#include "tests/faults/event_id.h"
#include "tests/faults/numbered_payload.h"

namespace sluice::faults {
namespace {

TEST(NumberedPayloadTest, ReadsWhatItWrites) {
  const std::string data = NumberedPayload{.number = 17, .target = "u3"}.Write();
  EXPECT_EQ(data, R"({"n":17,"to":"u3"})");
  NumberedPayload payload;
  ASSERT_TRUE(NumberedPayload::Read(data, &payload));
  EXPECT_EQ(payload.number, 17u);
  EXPECT_EQ(payload.target, "u3");
}

TEST(NumberedPayloadTest, RefusesWhatOthersWrote) {
  NumberedPayload payload;
  for (const char* data :
       {"", "{}", R"({"n":,"to":"u3"})", R"({"n":17})", R"({"n":17,"to":"u3")"}) {
    EXPECT_FALSE(NumberedPayload::Read(data, &payload)) << data;
  }
}

TEST(StringFieldTest, FindsOneFieldOfAFlatObject) {
  constexpr std::string_view kGap = R"({"reason":"epoch","requested":"a-1","resumeAt":"b-2"})";
  EXPECT_EQ(StringField(kGap, "requested"), "a-1");
  EXPECT_EQ(StringField(kGap, "user"), "");
}

TEST(EventIdTest, ReadsEpochAndSequence) {
  EventId id;
  ASSERT_TRUE(EventId::Read("k3f9a-18446744073709551615", &id));
  EXPECT_EQ(id.epoch, "k3f9a");
  EXPECT_EQ(id.sequence, UINT64_MAX);
  EXPECT_EQ(id.ToString(), "k3f9a-18446744073709551615");
}

TEST(EventIdTest, KeepsItsValueWhenTheTextIsNone) {
  EventId id = {"a", 1};
  for (const char* text :
       {"", "a", "-1", "a-", "a-1x", "a-18446744073709551616", "abcdefghijklmn-1"}) {
    EXPECT_FALSE(EventId::Read(text, &id)) << text;
  }
  EXPECT_EQ(id.ToString(), "a-1");
}

}  // namespace
}  // namespace sluice::faults
