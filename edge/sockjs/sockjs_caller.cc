#include "edge/sockjs/sockjs_caller.h"

#include <openssl/sha.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edge/http/query.h"

namespace sluice::edge {
namespace {

// Never 0.
uint64_t HashOf(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  uint64_t hash = 0;
  for (size_t i = 0; i < sizeof(hash); ++i) hash = hash << 8 | digest[i];
  return hash | 1;
}

}  // namespace

SockJsCaller SockJsCaller::Of(const RequestHead& head, const Authentication& who) {
  SockJsCaller caller;
  if (const auto* identity = std::get_if<Identity>(&who)) caller.user = HashOf(identity->user_id);
  std::string token(head.Value("Authorization"));
  if (const std::optional<Query> query = Query::Parse(head.query); token.empty() && query) {
    if (const std::string* value = query->Find("access_token")) token = *value;
  }
  if (!token.empty()) caller.credential = HashOf(token);
  return caller;
}

bool SockJsCaller::MayUseSessionOf(const SockJsCaller& opener) const {
  return opener.user == 0 || user == opener.user ||
         (opener.credential != 0 && credential == opener.credential);
}

}  // namespace sluice::edge
