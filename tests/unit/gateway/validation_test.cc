#include "gateway/validation.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"

namespace sluice::gateway {
namespace {

using Target = PublishRequestView::Target;
using namespace std::string_literals;

constexpr uint32_t kMaxEventBytes = 100;

PublishRequestView Valid() {
  return {.target = Target::kUser,
          .target_name = "alice",
          .has_event = true,
          .type = "order-update",
          .data = "{}",
          .idempotency_key = "k1"};
}

std::string Text(size_t bytes) { return std::string(bytes, 'a'); }

// A value of one field, and what is wrong with it; empty if nothing is.
struct Case {
  std::string value;
  std::string_view complaint;
};

// Validates a request that has the case's value in `field`, and expects the case's complaint about
// the field called `name`.
template <typename Field>
void ExpectVerdicts(Field field, std::string_view name, const std::vector<Case>& cases,
                    PublishRequestView request = Valid()) {
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c.value.substr(0, 20)) + " of " +
                 std::to_string(c.value.size()) + " bytes in " + std::string(name));
    request.*field = c.value;
    const absl::Status status = ValidatePublishRequest(request, kMaxEventBytes);
    if (c.complaint.empty()) {
      EXPECT_TRUE(status.ok()) << status;
      continue;
    }
    const std::string message = std::string(name) + std::string(c.complaint);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()), message);
    const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
    ASSERT_TRUE(payload.has_value());
    google::rpc::BadRequest details;
    ASSERT_TRUE(details.ParseFromString(std::string(*payload)));
    ASSERT_EQ(details.field_violations_size(), 1);
    EXPECT_EQ(details.field_violations(0).field(), name);
    EXPECT_EQ(details.field_violations(0).description(), message);
  }
}

TEST(ValidationTest, AcceptsAValidRequest) {
  EXPECT_TRUE(ValidatePublishRequest(Valid(), kMaxEventBytes).ok());
}

TEST(ValidationTest, WantsATargetAndAnEvent) {
  PublishRequestView request = Valid();
  request.target = Target::kNone;
  EXPECT_EQ(ValidatePublishRequest(request, kMaxEventBytes).message(),
            "target must be set: user_id or topic");
  request = Valid();
  request.has_event = false;
  EXPECT_EQ(ValidatePublishRequest(request, kMaxEventBytes).message(), "event must be set");
}

const std::vector<Case>& NameCases() {
  static const std::vector<Case> cases = {
      {"", " must be 1 to 256 bytes, got 0"},
      {"a", ""},
      {Text(255), ""},
      {Text(256), ""},
      {Text(257), " must be 1 to 256 bytes, got 257"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", ""},
      {"*", ""},
      {">", ""},
      {"a.b", ""},
      {"a b", ""},
      {"$JS.API", ""},
      {"=2E", ""},
      {"\xc3\x28", " must be valid UTF-8"},
      {"\xc0\x80", " must be valid UTF-8"},
      {"\xed\xa0\x80", " must be valid UTF-8"},
      {"a\tb", " must not contain control characters"},
      {"a\r\nPUB x 1\r\ny", " must not contain control characters"},
      {"a\0b"s, " must not contain control characters"},
      {"a\xc2\x85", " must not contain control characters"},
  };
  return cases;
}

TEST(ValidationTest, ChecksTheUserId) {
  ExpectVerdicts(&PublishRequestView::target_name, "user_id", NameCases());
}

TEST(ValidationTest, ChecksTheTopic) {
  PublishRequestView request = Valid();
  request.target = Target::kTopic;
  ExpectVerdicts(&PublishRequestView::target_name, "topic", NameCases(), request);
}

TEST(ValidationTest, ChecksTheType) {
  ExpectVerdicts(&PublishRequestView::type, "event.type",
                 {{"", ""},
                  {Text(63), ""},
                  {Text(64), ""},
                  {Text(65), " must be at most 64 bytes, got 65"},
                  {"\xe2\x82\xac", ""},
                  {"with space and \t", ""},
                  {"a\rb", " must not contain CR, LF or NUL"},
                  {"a\nb", " must not contain CR, LF or NUL"},
                  {"a\0b"s, " must not contain CR, LF or NUL"},
                  {"\xff", " must be valid UTF-8"},
                  {"connected", " must not be connected, gap or closing"},
                  {"gap", " must not be connected, gap or closing"},
                  {"closing", " must not be connected, gap or closing"},
                  {"Gap", ""},
                  {"gaps", ""},
                  {"message", ""},
                  {"error", ""},
                  {"open", ""}});
}

TEST(ValidationTest, ChecksTheData) {
  ExpectVerdicts(&PublishRequestView::data, "event.data",
                 {{"", ""},
                  {Text(kMaxEventBytes - 1), ""},
                  {Text(kMaxEventBytes), ""},
                  {Text(kMaxEventBytes + 1), " must be at most 100 bytes, got 101"},
                  {"\r\n\0\xe2\x80\xa8\xef\xbb\xbf"s, ""},
                  {"\xed\xbf\xbf", " must be valid UTF-8"}});
}

TEST(ValidationTest, ChecksTheIdempotencyKey) {
  ExpectVerdicts(&PublishRequestView::idempotency_key, "event.idempotency_key",
                 {{"", ""},
                  {Text(127), ""},
                  {Text(128), ""},
                  {Text(129), " must be at most 128 bytes, got 129"},
                  {"\xc3\xa9", ""},
                  {"\xc3", " must be valid UTF-8"},
                  {"a\r\nb", " must not contain control characters"},
                  {"\x7f", " must not contain control characters"}});
}

}  // namespace
}  // namespace sluice::gateway
