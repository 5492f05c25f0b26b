#pragma once

#include "edge/auth/authenticator.h"

namespace sluice::edge {

// Trusts `?user=NAME`: for a process that only listens on loopback, or was told --insecure. A
// foreign Origin is refused, and on loopback a foreign Host too, since a page of any site
// can have its own name resolve to 127.0.0.1 (DNS rebinding). Thread: any.
class QueryUserAuthenticator final : public Authenticator {
 public:
  explicit QueryUserAuthenticator(bool only_loopback_hosts)
      : only_loopback_hosts_(only_loopback_hosts) {}
  Authentication Authenticate(const Credentials& credentials) const override;
  bool takes_tokens() const override { return false; }

 private:
  const bool only_loopback_hosts_;
};

// True for `localhost`, 127.0.0.0/8 and [::1], with or without a port.
bool IsLoopbackHost(std::string_view host);

}  // namespace sluice::edge
