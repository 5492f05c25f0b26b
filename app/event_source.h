#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "absl/status/status.h"
#include "app/http_url.h"
#include "app/sse_parser.h"

namespace sluice::app {

// A client of an SSE stream that comes back by itself: after the end of a stream, or a failure to
// connect, it waits as the server's `retry:` says and resumes with `Last-Event-ID`.
// Owner: the command. Thread: the one that runs `context`; stopping that ends everything.
class EventSource {
 public:
  struct Options {
    HttpUrl url;
    std::string target;         // path and query, encoded
    std::string token;          // sent as `Authorization: Bearer`; empty: none
    std::string last_event_id;  // where to resume first; empty: none
    std::chrono::milliseconds retry = std::chrono::seconds(2);  // until the server says another
    std::chrono::milliseconds max_delay = std::chrono::seconds(30);  // after several failures
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  };
  // `on_interrupted` hears why a stream ended and when it is tried again.
  using OnInterrupted = std::function<void(const absl::Status&, std::chrono::milliseconds delay)>;
  // Called once, for what trying again does not mend: the first connection fails, or the server
  // refuses the request (a status below 500 that is not 200; the message carries the body).
  using OnFailed = std::function<void(const absl::Status&)>;

  EventSource(Options options, SseParser::OnEvent on_event, OnInterrupted on_interrupted,
              OnFailed on_failed);

  // Starts on `context`; both outlive the last handler.
  void Start(boost::asio::io_context* context);

 private:
  struct End {
    absl::Status status;
    bool connected = false;  // the server answered 200
    bool refused = false;    // not to be tried again
  };
  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<End> ReadStream();
  std::chrono::milliseconds NextDelay(int failures);

  const Options options_;
  const OnInterrupted on_interrupted_;
  const OnFailed on_failed_;
  SseParser parser_;
  std::minstd_rand random_{std::random_device{}()};  // spreads reconnects, no secret
};

}  // namespace sluice::app
