#include "app/demo/publish_route.h"

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/app/demo/fake_gateway.h"

namespace sluice::demo {
namespace {

using edge::HttpRequest;
using edge::HttpResponse;

constexpr char kBody[] = R"({"userId":"alice","event":{"type":"note","data":"hi"}})";

class PublishRouteTest : public ::testing::Test {
 protected:
  std::future<HttpResponse> Post(HttpRequest request) {
    request.method = "POST";
    request.path = "/demo/publish";
    auto answer = std::make_shared<std::promise<HttpResponse>>();
    auto future = answer->get_future();
    route_.Handle(request,
                  [answer](HttpResponse response) { answer->set_value(std::move(response)); });
    return future;
  }
  HttpResponse PostBody(std::string_view body) {
    return Post({.method = {},
                 .path = {},
                 .query = {},
                 .host = "localhost:8080",
                 .origin = "http://localhost:8080",
                 .body = body})
        .get();
  }
  int StatusFrom(std::string_view host, std::string_view origin) {
    return Post({.method = {},
                 .path = {},
                 .query = {},
                 .host = host,
                 .origin = origin,
                 .body = kBody})
        .get()
        .status;
  }

  FakeGateway gateway_;
  PublishRoute route_{gateway_.Channel(), /*only_loopback_hosts=*/true};
};

TEST_F(PublishRouteTest, PassesTheRequestOnAndAnswersWithTheId) {
  const HttpResponse response = PostBody(kBody);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"eventId":"e1-1","duplicate":false})");
  const v1::PublishRequest request = gateway_.AwaitRequest(1);
  EXPECT_EQ(request.user_id(), "alice");
  EXPECT_EQ(request.event().type(), "note");
  EXPECT_EQ(request.event().data(), "hi");
}

TEST_F(PublishRouteTest, PublishesToTopicsToo) {
  EXPECT_EQ(PostBody(R"({"topic":"news","event":{"data":"hi"}})").status, 200);
  EXPECT_EQ(gateway_.AwaitRequest(1).topic(), "news");
}

TEST_F(PublishRouteTest, RefusesWhatIsNoPublishRequest) {
  for (const char* body : {"", "{", "[]", "7", "\"x\"", R"({"user":"alice"})", "{\"userId\":7",
                           R"({"userId":"a","topic":"b"})", "\xFF\xFE"}) {
    EXPECT_EQ(PostBody(body).status, 400) << body;
  }
}

TEST_F(PublishRouteTest, RefusesDeepNesting) {
  EXPECT_EQ(PostBody(std::string(100'000, '[')).status, 400);
}

TEST_F(PublishRouteTest, SaysWhatTheGatewayDidNotAccept) {
  gateway_.AnswerWith({grpc::StatusCode::INVALID_ARGUMENT, "event.type: too \"long\""});
  const HttpResponse response = PostBody(kBody);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(
      response.body,
      "{\"error\":{\"code\":\"bad_request\",\"message\":\"event.type: too \\\"long\\\"\"}}\n");
}

TEST_F(PublishRouteTest, AGatewayThatCannotStoreIsUnavailable) {
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::RESOURCE_EXHAUSTED,
                          grpc::StatusCode::DEADLINE_EXCEEDED}) {
    gateway_.AnswerWith({code, "no"});
    EXPECT_EQ(PostBody(kBody).status, 503) << code;
  }
}

TEST_F(PublishRouteTest, RefusesPagesOfOtherOriginsAndRebindings) {
  EXPECT_EQ(StatusFrom("localhost:8080", "http://localhost:8080"), 200);
  EXPECT_EQ(StatusFrom("127.0.0.1:8080", ""), 200);  // no browser
  EXPECT_EQ(StatusFrom("localhost:8080", "http://localhost:8081"), 403);
  EXPECT_EQ(StatusFrom("localhost:8080", "https://evil.example"), 403);
  EXPECT_EQ(StatusFrom("localhost:8080", "null"), 403);
  EXPECT_EQ(StatusFrom("evil.example", "http://evil.example"), 403);
  EXPECT_EQ(StatusFrom("", ""), 403);
}

TEST_F(PublishRouteTest, StopAnswersWhatIsInFlightAndWhatComesLater) {
  gateway_.Stall();
  auto in_flight = Post(
      {.method = {}, .path = {}, .query = {}, .host = "localhost", .origin = {}, .body = kBody});
  gateway_.AwaitRequest(1);
  route_.Stop();
  EXPECT_EQ(in_flight.get().status, 503);
  EXPECT_EQ(PostBody(kBody).status, 503);
}

TEST_F(PublishRouteTest, TooManyAtOnceAreTurnedAway) {
  gateway_.Stall();
  std::vector<std::future<HttpResponse>> in_flight;
  for (size_t i = 0; i < PublishRoute::kMaxCalls; ++i) {
    in_flight.push_back(Post(
        {.method = {}, .path = {}, .query = {}, .host = "localhost", .origin = {}, .body = kBody}));
  }
  EXPECT_EQ(PostBody(kBody).status, 503);
  route_.Stop();
  for (auto& answer : in_flight) EXPECT_EQ(answer.get().status, 503);
}

}  // namespace
}  // namespace sluice::demo
