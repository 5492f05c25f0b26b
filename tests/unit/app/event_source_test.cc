#include "app/event_source.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// A server that gives each connection the next of some prepared answers and closes it; afterwards
// it listens no more. Runs the client until that is over.
class EventSourceTest : public testing::Test {
 protected:
  void Follow(std::vector<std::string> answers, EventSource::Options options = {}) {
    auto acceptor = std::make_unique<tcp::acceptor>(context_, tcp::endpoint(tcp::v4(), 0));
    const std::string port = std::to_string(acceptor->local_endpoint().port());
    if (answers.empty()) acceptor.reset();
    std::thread server([&] {
      for (const std::string& answer : answers) {
        tcp::socket socket = acceptor->accept();
        std::string request;
        asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n");
        requests_.push_back(request);
        asio::write(socket, asio::buffer(answer));
      }
      acceptor.reset();
    });
    options.url = *HttpUrl::Parse("http://127.0.0.1:" + port);
    options.target = "/v1/events?user=alice";
    options.retry = milliseconds(1);
    EventSource source(
        options, [this](const SseEvent& event) { events_.push_back(event.id + '|' + event.data); },
        [&](const absl::Status&, milliseconds delay) {
          delays_.push_back(delay);
          if (delays_.size() >= answers.size()) context_.stop();
        },
        [this](const absl::Status& status) {
          failure_ = std::string(status.message());
          context_.stop();
        });
    source.Start(&context_);
    context_.run();
    server.join();
  }

  asio::io_context context_{1};
  std::vector<std::string> requests_;
  std::vector<std::string> events_;
  std::vector<milliseconds> delays_;
  std::string failure_;
};

TEST_F(EventSourceTest, AsksForTheTargetAndReadsEvents) {
  Follow({std::string(kOk) + "id: 1\ndata: a\n\ndata: b\n\n"});
  EXPECT_THAT(events_, ElementsAre("1|a", "1|b"));
  EXPECT_THAT(requests_[0], HasSubstr("GET /v1/events?user=alice HTTP/1.1\r\n"));
  EXPECT_THAT(requests_[0], HasSubstr("Accept: text/event-stream\r\n"));
  EXPECT_THAT(requests_[0], Not(HasSubstr("Last-Event-ID")));
  EXPECT_EQ(failure_, "");
}

TEST_F(EventSourceTest, ResumesBehindTheLastIdAfterAsLongAsTheServerSays) {
  Follow({std::string(kOk) + "retry: 3\nid: e-1\ndata: a\n\nid: e-2\n\nid: e-3\ndata: cut",
          std::string(kOk) + "id: e-3\ndata: b\n\n"});
  EXPECT_THAT(events_, ElementsAre("e-1|a", "e-3|b"));
  EXPECT_THAT(delays_, ElementsAre(milliseconds(3), milliseconds(3)));
  EXPECT_THAT(requests_[1], HasSubstr("Last-Event-ID: e-2\r\n"));
}

TEST_F(EventSourceTest, BeginsBehindTheGivenId) {
  EventSource::Options options;
  options.last_event_id = "e-7";
  Follow({std::string(kOk) + "data: a\n\n"}, options);
  EXPECT_THAT(requests_[0], HasSubstr("Last-Event-ID: e-7\r\n"));
}

TEST_F(EventSourceTest, ReadsAChunkedStream) {
  Follow(
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "6\r\ndata: \r\n3\r\na\n\n\r\n0\r\n\r\n"});
  EXPECT_THAT(events_, ElementsAre("|a"));
}

TEST_F(EventSourceTest, ARefusalIsFinalAndQuoted) {
  Follow({"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno\x1b\n"});
  EXPECT_EQ(failure_, "the server answered 401: no\\x1b\\n");
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(EventSourceTest, OfARefusalInJsonTheMessageIsQuoted) {
  Follow(
      {"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n"
       "{\"error\":{\"code\":\"unauthenticated\",\"message\":\"who?\\u001b\"}}\n"});
  EXPECT_EQ(failure_, "the server answered 401: who?\\x1b");
}

TEST_F(EventSourceTest, ComesBackAfterAnErrorOfTheServer) {
  Follow({std::string(kOk) + "data: a\n\n", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
          std::string(kOk) + "data: b\n\n"});
  EXPECT_THAT(events_, ElementsAre("|a", "|b"));
  EXPECT_THAT(delays_, SizeIs(3));
}

TEST_F(EventSourceTest, TheFirstConnectionMustSucceed) {
  Follow({});
  EXPECT_THAT(failure_, HasSubstr("cannot connect to 127.0.0.1:"));
}

TEST_F(EventSourceTest, AnEventWithoutEndIsFinal) {
  Follow({std::string(kOk) + "data: " + std::string(SseParser::kMaxEventBytes, 'x')});
  EXPECT_THAT(failure_, HasSubstr("above 4 MiB"));
}

}  // namespace
}  // namespace sluice::app
