// The edge on 127.0.0.1, on a port that it prints, with WebSockets that echo (echo_endpoint.cc).
// Ends when its standard input does.
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <utility>

#include "core/options.h"
#include "edge/auth/query_user_authenticator.h"
#include "edge/edge.h"
#include "ingest/memory_log.h"

int main() {
  sluice::Options options;
  options.edge.listen = "127.0.0.1:0";
  options.edge.max_messages_per_second = std::numeric_limits<uint32_t>::max();
  sluice::ingest::MemoryLog log(options.log);
  auto edge = sluice::edge::Edge::Start(
      {.options = options.edge,
       .retention = options.log.retention,
       .authenticator = std::make_unique<sluice::edge::QueryUserAuthenticator>(true),
       .routes = {}});
  if (!edge.ok()) {
    std::cerr << edge.status() << '\n';
    return 1;
  }
  (*edge)->Follow(&log);
  std::cout << (*edge)->port() << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  (*edge)->Stop();
  return 0;
}
