#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>

namespace sluice::app {

// A question with a name that the process asks itself; called on the admin server's thread.
struct Probe {
  std::string name;
  std::function<bool()> passes;
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// What the admin port says: `/livez` (200 while every live probe passes), `/readyz` (the same of
// the ready probes, and what it waits for) and `/metrics`. Thread: the admin server's.
class AdminEndpoints {
 public:
  struct Parts {
    std::vector<Probe> live = {};
    std::vector<Probe> ready = {};
    std::vector<const prometheus::Collectable*> metrics = {};  // outlive the endpoints
  };
  explicit AdminEndpoints(Parts parts) : parts_(std::move(parts)) {}

  // `target` as in the request line; its query is ignored. 404 and 405 otherwise.
  AdminResponse Respond(std::string_view method, std::string_view target) const;

 private:
  AdminResponse Health(const std::vector<Probe>& probes) const;
  AdminResponse Metrics() const;

  const Parts parts_;
};

}  // namespace sluice::app
