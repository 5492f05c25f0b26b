// Whatever comes over a connection, in two pieces, the edge answers in HTTP or not at all, ends the
// connection when the client has, and serves the next one.
#include <memory>
#include <string>

#include "core/check.h"
#include "edge/auth/query_user_authenticator.h"
#include "edge/edge.h"
#include "ingest/memory_log.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/transcript/raw_client.h"

namespace {

using sluice::edge::HttpRequest;
using sluice::edge::HttpRespond;

struct Server {
  Server() : log(options.log) {
    options.edge.listen = "127.0.0.1:0";
    options.edge.shards = 1;
    auto started = sluice::edge::Edge::Start(
        {.options = options.edge,
         .retention = options.log.retention,
         .authenticator = std::make_unique<sluice::edge::QueryUserAuthenticator>(false),
         .routes = {{.method = "POST",
                     .path = "/echo",
                     .max_body_bytes = 100,
                     .handler = [](const HttpRequest& request, const HttpRespond& respond) {
                       respond({.status = 200,
                                .content_type = "text/plain",
                                .body = std::string(request.body),
                                .headers = {}});
                     }}}});
    SLUICE_CHECK(started.ok());
    edge = *std::move(started);
    edge->Follow(&log);
  }
  ~Server() { edge.reset(); }

  sluice::Options options;
  sluice::ingest::MemoryLog log;
  std::unique_ptr<sluice::edge::Edge> edge;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Server server;
  const std::string_view bytes = sluice::AsText(data, size);
  const size_t split = size == 0 ? 0 : data[size - 1] % size;
  // Each connection from an address of its own, 127.0.0.2 and on.
  static uint32_t source = INADDR_LOOPBACK;
  source = source == 0x7fffff00 ? INADDR_LOOPBACK + 1 : source + 1;
  sluice::RawClient client(server.edge->port(), 0, source);
  client.Send(bytes.substr(0, split));
  client.Send(bytes.substr(split));
  client.EndSending();
  const std::string answer = client.ReadToEnd();
  SLUICE_CHECK(answer.empty() || answer.starts_with("HTTP/1.1 "));
  return 0;
}
