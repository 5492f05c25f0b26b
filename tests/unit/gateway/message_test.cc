#include "gateway/message.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

const Cursor kLongestId = {Epoch::FromNumber(std::numeric_limits<uint64_t>::max()),
                           std::numeric_limits<uint64_t>::max()};

Append Answered(absl::StatusOr<ingest::Appended> result) {
  Append append;
  append.result = std::move(result);
  return append;
}

TEST(MessageTest, AResponseIsWhatTheGeneratedCodeReads) {
  for (const bool duplicate : {false, true}) {
    std::string bytes;
    WriteResponse({kLongestId, duplicate}, &bytes);
    v1::PublishResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    EXPECT_EQ(response.event_id(), kLongestId.ToString());
    EXPECT_EQ(response.duplicate(), duplicate);
    EXPECT_EQ(response.SerializeAsString(), bytes);
  }
}

TEST(MessageTest, AResultIsTheAnswerOfAStream) {
  std::string bytes;
  WriteResult(Answered(ingest::Appended{kLongestId, true}), &bytes);
  v1::PublishStreamResponse response;
  ASSERT_TRUE(response.ParseFromString(bytes));
  EXPECT_EQ(response.result().code(), 0);
  EXPECT_EQ(response.result().response().event_id(), kLongestId.ToString());
  EXPECT_TRUE(response.result().response().duplicate());
  EXPECT_EQ(response.SerializeAsString(), bytes);
}

TEST(MessageTest, ResultsOfAllKindsMakeTheAnswerOfABatch) {
  const std::string reason(300, 'x');  // its length takes two octets
  std::string bytes;
  WriteResult(Answered(ingest::Appended{kLongestId}), &bytes);
  WriteResult(Answered(absl::UnavailableError(reason)), &bytes);
  WriteResult(Answered(ingest::Appended{{*Epoch::Parse("e1"), 7}}), &bytes);
  v1::PublishBatchResponse response;
  ASSERT_TRUE(response.ParseFromString(bytes));
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).response().event_id(), kLongestId.ToString());
  EXPECT_EQ(response.results(1).code(), 14);
  EXPECT_EQ(response.results(1).message(), reason);
  EXPECT_EQ(response.results(2).response().event_id(), "e1-7");
  EXPECT_EQ(response.SerializeAsString(), bytes);
}

}  // namespace
}  // namespace sluice::gateway
