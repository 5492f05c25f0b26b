#include "edge/auth/key_set.h"

#include <algorithm>

#include <boost/json.hpp>

#include "edge/auth/json_object.h"

namespace sluice::edge {
namespace {

bool MayBe(const VerificationKey& key, std::string_view kid) {
  return kid.empty() || key.id().empty() || key.id() == kid;
}

}  // namespace

absl::StatusOr<KeySet> KeySet::FromJwks(std::string_view text) {
  if (text.size() > kMaxJwksBytes) return absl::InvalidArgumentError("larger than 256 KiB");
  const std::optional<boost::json::object> document = ParseStrictObject(text);
  const boost::json::value* const list = document ? document->if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array()) {
    return absl::InvalidArgumentError("not a JWK Set: a JSON object with an array `keys`");
  }
  if (list->get_array().size() > kMaxKeys) return absl::InvalidArgumentError("more than 64 keys");
  KeySet set;
  for (const boost::json::value& element : list->get_array()) {
    if (!element.is_object()) continue;
    absl::StatusOr<VerificationKey> key = VerificationKey::FromJwk(element.get_object());
    if (!key.ok()) continue;
    const bool is_known = !key->id().empty() && std::any_of(set.keys_.begin(), set.keys_.end(),
                                                            [&](const VerificationKey& other) {
                                                              return other.id() == key->id();
                                                            });
    if (is_known) return absl::InvalidArgumentError("two keys with the same `kid`");
    set.keys_.push_back(*std::move(key));
  }
  if (set.keys_.empty())
    return absl::InvalidArgumentError("no key that tokens can be checked with");
  return set;
}

bool KeySet::MayHave(std::string_view kid) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [kid](const VerificationKey& key) { return MayBe(key, kid); });
}

std::vector<const VerificationKey*> KeySet::Candidates(std::string_view kid,
                                                       SignatureAlgorithm algorithm) const {
  std::vector<const VerificationKey*> candidates;
  for (const VerificationKey& key : keys_) {
    if (key.Allows(algorithm) && MayBe(key, kid)) candidates.push_back(&key);
  }
  return candidates;
}

void KeySet::Restrict(const AlgorithmSet& algorithms) {
  for (VerificationKey& key : keys_) key.Restrict(algorithms);
  std::erase_if(keys_, [](const VerificationKey& key) { return key.algorithms().none(); });
}

}  // namespace sluice::edge
