#include "gateway/publish_request.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

using Target = PublishRequestView::Target;
using namespace std::string_literals;

PublishRequestView Decode(std::string_view bytes) {
  PublishRequestView request;
  EXPECT_TRUE(DecodePublishRequest(bytes, &request).ok());
  return request;
}

TEST(PublishRequestTest, ReadsWhatTheGeneratedCodeWrites) {
  v1::PublishRequest message;
  message.set_topic("dashboards");
  message.mutable_event()->set_type("order-update");
  message.mutable_event()->set_data("{\"id\":7}");
  message.mutable_event()->set_idempotency_key("k1");
  const std::string bytes = message.SerializeAsString();
  const PublishRequestView request = Decode(bytes);
  EXPECT_EQ(request.target, Target::kTopic);
  EXPECT_EQ(request.target_name, "dashboards");
  EXPECT_TRUE(request.has_event);
  EXPECT_EQ(request.type, "order-update");
  EXPECT_EQ(request.data, "{\"id\":7}");
  EXPECT_EQ(request.idempotency_key, "k1");
}

TEST(PublishRequestTest, ReadsAnEmptyMessageAsOneWithoutFields) {
  const PublishRequestView request = Decode("");
  EXPECT_EQ(request.target, Target::kNone);
  EXPECT_FALSE(request.has_event);
}

TEST(PublishRequestTest, TellsAnEmptyTargetFromNone) {
  EXPECT_EQ(Decode("\x0a\x00"s).target, Target::kUser);
  EXPECT_EQ(Decode("\x12\x00"s).target, Target::kTopic);
}

TEST(PublishRequestTest, KeepsTheLastTargetAndMergesEvents) {
  const std::string bytes =
      "\x0a\x01u"
      "\x1a\x06\x0a\x01t\x12\x01"
      "1"
      "\x12\x01v"
      "\x1a\x03\x12\x01"
      "2"s;
  const PublishRequestView request = Decode(bytes);
  EXPECT_EQ(request.target, Target::kTopic);
  EXPECT_EQ(request.target_name, "v");
  EXPECT_EQ(request.type, "t");
  EXPECT_EQ(request.data, "2");
}

TEST(PublishRequestTest, SkipsUnknownFieldsOfEveryWireType) {
  const std::string bytes =
      "\x20\x96\x01"  // 4: varint
      "\x29"
      "12345678"          // 5: 64 bits
      "\x32\x02hi"        // 6: bytes
      "\x3b\x40\x01\x3c"  // 7: a group
      "\x45"
      "1234"      // 8: 32 bits
      "\x08\x05"  // user_id as a varint: unknown as well
      "\x0a\x01u"s;
  const PublishRequestView request = Decode(bytes);
  EXPECT_EQ(request.target_name, "u");
}

TEST(PublishRequestTest, HandsOnStringsThatAreNotUtf8) {
  EXPECT_EQ(Decode("\x0a\x02\xc3\x28").target_name, "\xc3\x28");
}

TEST(PublishRequestTest, RefusesBytesThatAreNoMessage) {
  const std::vector<std::string> malformed = {
      "\x0a"s,                      // no length
      "\x0a\x02u"s,                 // cut short
      "\x0a\xff\xff\xff\xff\x0f"s,  // longer than any message
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s,
      "\x00"s,  // field 0
      "\x02\x00"s,
      "\x0c"s,          // the end of a group that has not begun
      "\x3b\x40\x01"s,  // a group without end
      "\x3b\x44"s,      // the end of another group
      "\x0e"s,
      "\x0f"s,              // wire types that do not exist
      "\x1a\x02\x0a\x05"s,  // an event that is cut short
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
  };
  for (const std::string& bytes : malformed) {
    PublishRequestView request;
    const absl::Status status = DecodePublishRequest(bytes, &request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << testing::PrintToString(bytes);
  }
}

// The generated code is the reference, wherever it does not refuse for UTF-8.
TEST(PublishRequestTest, AgreesWithTheGeneratedCodeOnMutatedMessages) {
  std::mt19937 random(7);
  v1::PublishRequest seed;
  seed.set_user_id("alice");
  seed.mutable_event()->set_type("t");
  seed.mutable_event()->set_data("some data");
  seed.mutable_event()->set_idempotency_key("key");
  const std::string bytes = seed.SerializeAsString();
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string mutated = bytes;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const size_t at = random() % mutated.size();
      const auto octet = static_cast<char>(random() % 128);
      switch (random() % 3) {
        case 0:
          mutated[at] = octet;
          break;
        case 1:
          mutated.insert(at, 1, octet);
          break;
        default:
          if (mutated.size() > 1) mutated.erase(at, 1);
      }
    }
    v1::PublishRequest expected;
    const bool parsed = expected.ParseFromString(mutated);
    PublishRequestView request;
    const bool decoded = DecodePublishRequest(mutated, &request).ok();
    ASSERT_EQ(decoded, parsed) << testing::PrintToString(mutated);
    if (!parsed) continue;
    ++accepted;
    ASSERT_EQ(request.target == Target::kUser, expected.has_user_id());
    ASSERT_EQ(request.target == Target::kTopic, expected.has_topic());
    ASSERT_EQ(request.target_name, expected.has_topic() ? expected.topic() : expected.user_id());
    ASSERT_EQ(request.has_event, expected.has_event());
    ASSERT_EQ(request.type, expected.event().type());
    ASSERT_EQ(request.data, expected.event().data());
    ASSERT_EQ(request.idempotency_key, expected.event().idempotency_key());
  }
  EXPECT_GT(accepted, 10'000);
}

std::string Batch(int requests) {
  v1::PublishBatchRequest batch;
  for (int i = 0; i < requests; ++i) batch.add_requests()->set_user_id(std::to_string(i));
  return batch.SerializeAsString();
}

TEST(PublishBatchRequestTest, SplitsIntoRequestsInOrder) {
  const std::string bytes = Batch(3);
  std::vector<std::string_view> requests;
  ASSERT_TRUE(DecodePublishBatchRequest(bytes, 3, &requests).ok());
  ASSERT_EQ(requests.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Decode(requests[i]).target_name, std::to_string(i));
  }
}

TEST(PublishBatchRequestTest, CountsRequestsAgainstTheLimit) {
  for (const auto& [count, ok] : std::vector<std::pair<int, bool>>{
           {0, true}, {1, true}, {2, true}, {3, false}, {10'000, false}}) {
    const std::string bytes = Batch(count);
    std::vector<std::string_view> requests;
    const absl::Status status = DecodePublishBatchRequest(bytes, 2, &requests);
    EXPECT_EQ(status.ok(), ok) << count;
    if (!ok) {
      EXPECT_EQ(status.message(), "requests must be at most 2");
    }
  }
}

TEST(PublishBatchRequestTest, RefusesBytesThatAreNoMessage) {
  std::vector<std::string_view> requests;
  EXPECT_EQ(DecodePublishBatchRequest("\x0a\x05x", 2, &requests).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::gateway
