#include "edge/http/response.h"

#include <sys/eventfd.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "edge/engine/socket.h"

namespace sluice::edge {
namespace {

TEST(ResponseTest, WritesHeadAndBody) {
  EXPECT_EQ(FormatResponse({.status = 200,
                            .content_type = "text/plain",
                            .body = "hello",
                            .headers = {{"ETag", "\"1\""}}},
                           {}),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Vary: Origin\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain\r\nContent-Length: 5\r\nETag: \"1\"\r\n"
            "Connection: keep-alive\r\n\r\nhello");
}

TEST(ResponseTest, AnswersHeadWithTheLengthAlone) {
  const std::string answer =
      FormatResponse({.status = 200, .content_type = "text/plain", .body = "hello", .headers = {}},
                     {.date = {}, .close = true, .without_body = true, .extra_headers = ""});
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\n")) << answer;
}

TEST(ResponseTest, AnswersWithoutContentHaveNoLength) {
  for (const int status : {204, 304}) {
    const std::string answer =
        FormatResponse({.status = status, .content_type = "", .body = "", .headers = {}}, {});
    EXPECT_EQ(answer.find("Content-"), answer.find("Content-Type-Options")) << answer;
    EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
  }
}

TEST(ResponseTest, ErrorsAreNotStored) {
  const HttpResponse response{
      .status = 404, .content_type = "application/json", .body = "{}", .headers = {}};
  EXPECT_NE(FormatResponse(response, {}).find("Cache-Control: no-store\r\n"), std::string::npos);
}

TEST(ResponseTest, AllowsAnOriginWithItsCredentials) {
  EXPECT_EQ(AllowOriginHeaders(""), "");
  EXPECT_EQ(AllowOriginHeaders("https://app.example"),
            "Access-Control-Allow-Origin: https://app.example\r\n"
            "Access-Control-Allow-Credentials: true\r\n");
}

TEST(ResponseTest, SaysHowToAuthenticateWhereThatIsMissing) {
  const HttpResponse refused{
      .status = 401, .content_type = "application/json", .body = "{}", .headers = {}};
  EXPECT_NE(FormatResponse(refused, {}).find("\r\nWWW-Authenticate: Bearer\r\n"),
            std::string::npos);
  const HttpResponse forbidden{
      .status = 403, .content_type = "application/json", .body = "{}", .headers = {}};
  EXPECT_EQ(FormatResponse(forbidden, {}).find("WWW-Authenticate"), std::string::npos);
}

class RespondThroughTest : public testing::Test {
 protected:
  // The answers that reached the mailbox.
  std::vector<HttpResponse> Answers() {
    std::vector<Message> messages;
    mailbox_.Take(&messages);
    std::vector<HttpResponse> answers;
    for (Message& message : messages) {
      EXPECT_EQ(std::get<RouteAnswer>(message).fd, 7);
      EXPECT_EQ(std::get<RouteAnswer>(message).id, 42u);
      answers.push_back(std::get<RouteAnswer>(message).response);
    }
    return answers;
  }

  FileDescriptor wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Mailbox mailbox_{wake_.get()};
};

TEST_F(RespondThroughTest, TakesTheFirstAnswerOnly) {
  {
    HttpRespond respond = RespondThrough(&mailbox_, 7, 42);
    respond({.status = 201, .content_type = "", .body = "first", .headers = {}});
    respond({.status = 202, .content_type = "", .body = "second", .headers = {}});
  }
  const std::vector<HttpResponse> answers = Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].body, "first");
}

TEST_F(RespondThroughTest, WithoutAnAnswerSays500WhenTheLastCopyGoes) {
  {
    HttpRespond respond = RespondThrough(&mailbox_, 7, 42);
    { const HttpRespond copy = respond; }
    EXPECT_TRUE(Answers().empty());
  }
  const std::vector<HttpResponse> answers = Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 500);
}

}  // namespace
}  // namespace sluice::edge
