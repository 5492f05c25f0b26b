#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "app/admin_endpoints.h"

namespace sluice::app {

// Serves AdminEndpoints over HTTP/1.1 on a port and a thread of its own, so that it answers when
// the rest is busy, and keeps a file descriptor in reserve, so that it answers when there are no
// more. Not for the internet: no authentication. Owner: Server. Thread: Start, Stop and the
// destructor on main.
class AdminServer {
 public:
  struct Limits {
    size_t max_connections = 32;  // further ones are closed at once
    uint32_t max_head_bytes = 8u << 10;
    std::chrono::milliseconds timeout = std::chrono::seconds(10);  // for each request and response
    std::chrono::milliseconds no_descriptor_delay = std::chrono::milliseconds(100);
  };
  // INVALID_ARGUMENT: bad address. UNAVAILABLE: cannot listen there; says why.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& listen,
                                                            AdminEndpoints::Parts parts,
                                                            const Limits& limits);
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& listen,
                                                            AdminEndpoints::Parts parts) {
    return Start(listen, std::move(parts), Limits{});
  }
  ~AdminServer();

  uint16_t port() const;
  // Closes every connection and joins the thread. Idempotent.
  void Stop();

 private:
  class Listener;
  explicit AdminServer(std::unique_ptr<Listener> listener);

  const std::unique_ptr<Listener> listener_;
  std::thread thread_;
};

}  // namespace sluice::app
