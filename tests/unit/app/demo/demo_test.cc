#include "app/demo/demo.h"

#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/demo/system_event.h"
#include "tests/unit/app/demo/fake_gateway.h"

namespace sluice::demo {
namespace {

using ::testing::HasSubstr;

class DemoTest : public ::testing::Test {
 protected:
  FakeGateway gateway_;
  Logger logger_{{.level = LogLevel::kError}};
  Demo demo_{{.gateway = gateway_.Channel(), .logger = &logger_}};
};

TEST_F(DemoTest, PublishesFiguresOfThisMachineToItsTopic) {
  demo_.Start({});
  const v1::PublishRequest request = gateway_.AwaitRequest(1);
  EXPECT_EQ(request.topic(), kSystemTopic);
  EXPECT_EQ(request.event().type(), kSystemEventType);
  EXPECT_THAT(request.event().data(), HasSubstr(R"("cpu_percent":[)"));
  gateway_.AwaitRequest(2);  // and goes on
}

TEST_F(DemoTest, GoesOnAfterASampleThatWasNotPublished) {
  gateway_.AnswerWith({grpc::StatusCode::UNAVAILABLE, "the log is away"});
  demo_.Start({});
  gateway_.AwaitRequest(2);
}

TEST_F(DemoTest, StopEndsACallThatHangs) {
  gateway_.Stall();
  demo_.Start({});
  gateway_.AwaitRequest(1);
  demo_.Stop();
  demo_.Stop();
}

TEST_F(DemoTest, StopsWithoutHavingStarted) { demo_.Stop(); }

TEST_F(DemoTest, ServesThePageAndItsForm) {
  bool has_page = false;
  bool has_form = false;
  for (const edge::HttpRoute& route : demo_.Routes()) {
    has_page |= route.method == "GET" && route.path == "/";
    has_form |= route.method == "POST" && route.path == "/demo/publish" && route.max_body_bytes > 0;
  }
  EXPECT_TRUE(has_page);
  EXPECT_TRUE(has_form);
}

TEST_F(DemoTest, ARouteThatOutlivesTheDemoRefuses) {
  std::optional<edge::HttpResponse> answer;
  std::vector<edge::HttpRoute> routes;
  {
    Demo demo({.gateway = gateway_.Channel(), .logger = &logger_});
    routes = demo.Routes();
  }
  for (const edge::HttpRoute& route : routes) {
    if (route.method != "POST") continue;
    route.handler({.method = "POST",
                   .path = route.path,
                   .query = {},
                   .host = "localhost",
                   .origin = {},
                   .body = "{}"},
                  [&](edge::HttpResponse response) { answer = std::move(response); });
  }
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 503);
}

}  // namespace
}  // namespace sluice::demo
