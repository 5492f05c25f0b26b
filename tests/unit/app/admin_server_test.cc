#include "app/admin_server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "app/process_metrics.h"
#include "tests/unit/app/raw_client.h"

namespace sluice::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AdminServerTest : public testing::Test {
 protected:
  AdminServer& server() {
    if (!server_) {
      auto started = AdminServer::Start("127.0.0.1:0", {.metrics = {&metrics_}}, limits_);
      EXPECT_TRUE(started.ok()) << started.status();
      server_ = *std::move(started);
    }
    return *server_;
  }
  // The whole answer to a request whose connection is then closed.
  std::string Answer(const std::string& head) {
    RawClient client(server().port());
    client.Send(head);
    return client.ReadAll();
  }

  AdminServer::Limits limits_;
  ProcessMetrics metrics_;

 private:
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersAndClosesWhenAsked) {
  const std::string answer = Answer("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr(" GMT\r\n"));  // Date
  EXPECT_THAT(answer, EndsWith("\r\n\r\n{\"status\":\"ok\"}\n"));
}

TEST_F(AdminServerTest, KeepsTheConnectionForFurtherRequests) {
  RawClient client(server().port());
  client.Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadUntil("{\"status\":\"ok\"}\n");
  client.ReadUntil("{\"status\":\"ok\"}\n");
  client.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadUntil("process_cpu_seconds_total ");
}

TEST_F(AdminServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  const std::string answer = Answer("HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, OldHttpClientsAreServedToo) {
  EXPECT_THAT(Answer("GET /livez HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, BadRequestsGetOneAnswerAndTheEnd) {
  for (const char* head : {"nonsense\r\n\r\n", "GET /livez HTTP/9.9\r\n\r\n",
                           "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
                           "POST /livez HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
                           "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_THAT(Answer(head), StartsWith("HTTP/1.1 400 ")) << head;
  }
  EXPECT_THAT(Answer("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Answer("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, AClientThatSendsNothingIsDropped) {
  limits_.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(Answer("GET /livez HT"), "");
}

TEST_F(AdminServerTest, ConnectionsBeyondTheLimitAreClosed) {
  limits_.max_connections = 2;
  RawClient first(server().port()), second(server().port());
  for (RawClient* client : {&first, &second}) {
    client->Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    client->ReadUntil("ok\"}\n");
  }
  RawClient third(server().port());
  EXPECT_EQ(third.ReadAll(), "");
  first.Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  first.ReadUntil("ok\"}\n");
}

// A part whose figures cannot be had must not end the process.
class Throwing final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override { throw std::bad_alloc(); }
};

TEST_F(AdminServerTest, AnExceptionEndsOneConnectionAlone) {
  const Throwing throwing;
  auto server = AdminServer::Start("127.0.0.1:0", {.metrics = {&throwing}}, limits_);
  ASSERT_TRUE(server.ok());
  RawClient client((*server)->port());
  client.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadAll(), "");
  RawClient other((*server)->port());
  other.Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  other.ReadUntil("ok\"}\n");
}

// Takes every descriptor that the process may still open, for as long as it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{256, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int taken; (taken = open("/dev/null", O_RDONLY)) >= 0;) taken_.push_back(taken);
  }
  ~NoDescriptors() {
    for (const int taken : taken_) close(taken);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST_F(AdminServerTest, AnswersWhenTheProcessHasNoMoreDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan's vptr check opens a pipe to look at an object, and fails without one";
#endif
  limits_.no_descriptor_delay = std::chrono::milliseconds(1);
  server();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<RawClient>());
  const NoDescriptors none;
  for (const auto& client : clients) {
    client->Connect(server().port());
    client->Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (const auto& client : clients) {
    const std::string answer = client->ReadAll();
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("process_open_fds 256\n"));
  }
}

TEST_F(AdminServerTest, SaysWhyItCannotListen) {
  const std::string taken = "127.0.0.1:" + std::to_string(server().port());
  const absl::Status in_use = AdminServer::Start(taken, {}).status();
  EXPECT_EQ(in_use.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(in_use.message()),
            "cannot listen on " + taken + ": Address already in use");
  EXPECT_EQ(AdminServer::Start("nonsense", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::app
