#include "tests/faults/subscriber.h"

namespace sluice::faults {

std::string Subscriber::Request() const {
  std::string request = "GET /v1/events?user=" + user + topics;
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n";
  if (!cursor.epoch.empty()) request += "Last-Event-ID: " + cursor.ToString() + "\r\n";
  return request + "\r\n";
}

}  // namespace sluice::faults
