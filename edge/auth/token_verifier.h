#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edge/auth/auth_refusal.h"
#include "edge/auth/key_set.h"
#include "edge/auth/token_claims.h"

namespace sluice::edge {

// Where the keys of an issuer are: fixed, or replaced while the process runs. Thread: any.
class KeySource {
 public:
  explicit KeySource(KeySet keys) { Replace(std::move(keys)); }
  std::shared_ptr<const KeySet> Current() const { return keys_.load(); }
  // Replacing grants the wish for newer ones.
  void Replace(KeySet keys) { Share(std::make_shared<const KeySet>(std::move(keys))); }
  void Share(std::shared_ptr<const KeySet> keys) {
    keys_.store(std::move(keys));
    refresh_wanted_.store(false, std::memory_order_relaxed);
  }
  // A token names a key that is not there.
  void WantRefresh() { refresh_wanted_.store(true, std::memory_order_relaxed); }
  bool is_refresh_wanted() const { return refresh_wanted_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> refresh_wanted_{false};
  // Shared, because a token is being verified with the old keys when new ones come.
  std::atomic<std::shared_ptr<const KeySet>> keys_;
};

// Somebody whose tokens are accepted. Its keys verify its tokens alone, so a key id means nothing
// beyond its issuer.
struct TokenIssuer {
  std::string name;  // what `iss` must be, exactly; empty: whatever it is, only in a table of one
  std::shared_ptr<KeySource> keys;  // shared with whoever refreshes it
  ClaimRules rules;
};

// Checks JSON Web Tokens in compact form: form, issuer, algorithm, signature, claims, in this
// order, so that nothing of a token is believed before its signature but what finds the key.
// Source: RFC 7515, 7519, 8725; docs/protocol.md, "Tokens". Thread: any (immutable, but for keys).
class TokenVerifier {
 public:
  static constexpr size_t kMaxTokenBytes = 8u << 10;

  explicit TokenVerifier(std::vector<TokenIssuer> issuers) : issuers_(std::move(issuers)) {}

  std::variant<TokenClaims, AuthRefusal> Verify(std::string_view token, WallTime now) const;

 private:
  const TokenIssuer* FindIssuer(std::string_view name) const;

  const std::vector<TokenIssuer> issuers_;
};

}  // namespace sluice::edge
