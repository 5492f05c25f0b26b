#include "gateway/publisher_table.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/small_file.h"
#include "core/status.h"

namespace sluice::gateway {
namespace {

constexpr size_t kMinKeyBytes = 16;
constexpr std::string_view kScheme = "Bearer ";
constexpr std::chrono::nanoseconds kBurst = std::chrono::seconds(1);
// Where gRPC puts the names of a client certificate that it has verified.
constexpr const char* kCertificateNames[] = {"x509_subject_alternative_name", "x509_common_name"};

// The settings have been checked when they were assigned.
std::vector<NamePattern> ParsePatterns(const std::vector<std::string>& texts) {
  std::vector<NamePattern> patterns;
  for (const std::string& text : texts) {
    absl::StatusOr<NamePattern> pattern = NamePattern::Parse(text);
    if (pattern.ok()) patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

// The key of `authorization: Bearer KEY`; empty if there is none.
std::string_view BearerKey(const grpc::ServerContext& call) {
  const auto [begin, end] = call.client_metadata().equal_range("authorization");
  if (begin == end || std::next(begin) != end) return {};  // absent or ambiguous
  const std::string_view value(begin->second.data(), begin->second.size());
  if (!absl::StartsWithIgnoreCase({value.data(), value.size()}, {kScheme.data(), kScheme.size()})) {
    return {};
  }
  return value.substr(kScheme.size());
}

}  // namespace

PublisherGrant::PublisherGrant(std::string name, std::vector<NamePattern> users,
                               std::vector<NamePattern> topics, std::vector<NamePattern> receive,
                               uint32_t max_events_per_second)
    : name_(std::move(name)),
      users_(std::move(users)),
      topics_(std::move(topics)),
      receive_(std::move(receive)),
      interval_(max_events_per_second == 0
                    ? std::chrono::nanoseconds(0)
                    : std::chrono::nanoseconds(std::chrono::seconds(1)) / max_events_per_second) {}

absl::Status PublisherGrant::Admit(ChannelKind kind, std::string_view channel,
                                   SteadyTime now) const {
  const bool is_user = kind == ChannelKind::kUser;
  if (!AnyMatches(is_user ? users_ : topics_, channel)) {
    return absl::PermissionDeniedError(
        absl::StrCat(name_, " may not publish to this ", is_user ? "user" : "topic"));
  }
  if (interval_.count() > 0 && !TakeTurn(now)) {
    return absl::ResourceExhaustedError(absl::StrCat(name_, " publishes too many events"));
  }
  return absl::OkStatus();
}

absl::Status PublisherGrant::MayDisconnectUser(std::string_view user) const {
  if (AnyMatches(users_, user)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(name_, " may not disconnect this user"));
}

absl::Status PublisherGrant::MaySeeUser(std::string_view user) const {
  if (AnyMatches(users_, user)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(name_, " may not ask about this user"));
}

absl::Status PublisherGrant::MayDisconnectToken() const {
  const bool has_all = std::any_of(users_.begin(), users_.end(), [](const NamePattern& users) {
    return users.ToString() == "*";
  });
  if (has_all) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(name_, " may not disconnect every user"));
}

absl::Status PublisherGrant::MayReceive(const NamePattern& destinations) const {
  if (AnyCovers(receive_, destinations)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(name_, " may not receive from ", destinations.ToString()));
}

bool PublisherGrant::TakeTurn(SteadyTime now) const {
  const int64_t now_ns = now.time_since_epoch() / std::chrono::nanoseconds(1);
  int64_t due = due_.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t next = std::max(due, now_ns) + interval_.count();
    if (next - now_ns > kBurst.count()) return false;
    if (due_.compare_exchange_weak(due, next, std::memory_order_relaxed)) return true;
  }
}

PublisherTable::Digest PublisherTable::DigestOf(std::string_view key) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return digest;
}

absl::Status PublisherTable::Add(const std::string& section, const PublisherOptions& options) {
  const bool has_all = options.users.empty() && options.topics.empty();
  const std::vector<std::string> all = {"*"};
  grants_.push_back(std::make_unique<PublisherGrant>(
      section, ParsePatterns(has_all ? all : options.users),
      ParsePatterns(has_all ? all : options.topics),
      ParsePatterns(has_all && options.receive.empty() ? all : options.receive),
      options.max_events_per_second));
  const PublisherGrant* const grant = grants_.back().get();
  if (!options.certificate.empty()) {
    if (by_certificate_.emplace(options.certificate, grant).second) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(section, ".certificate: another publisher has the same"));
  }
  std::string key = options.key;
  if (!options.key_file.empty()) {
    SLUICE_ASSIGN_OR_RETURN(key, ReadSecretFile(section + ".key_file", options.key_file));
  }
  if (key.size() < kMinKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat(section, ": a key has at least 16 bytes"));
  }
  if (by_key_.emplace(DigestOf(key), grant).second) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(section, ": another publisher has the same key"));
}

absl::StatusOr<PublisherTable> PublisherTable::Load(const GatewayOptions& options) {
  PublisherTable table;
  table.is_open_ = !options.has_publishers();
  if (table.is_open_) table.grants_.push_back(std::make_unique<PublisherGrant>());
  if (options.publisher != PublisherOptions()) {
    SLUICE_RETURN_IF_ERROR(table.Add("publisher", options.publisher));
  }
  for (const auto& [name, publisher] : options.more_publishers) {
    SLUICE_RETURN_IF_ERROR(table.Add("publishers." + name, publisher));
  }
  return table;
}

absl::StatusOr<const PublisherGrant*> PublisherTable::Identify(
    const grpc::ServerContext& call) const {
  if (is_open_) return grants_.front().get();
  if (const std::string_view key = BearerKey(call); !key.empty()) {
    const auto found = by_key_.find(DigestOf(key));
    if (found != by_key_.end()) return found->second;
    return absl::UnauthenticatedError("the key is not known here");
  }
  if (!by_certificate_.empty()) {
    const std::shared_ptr<const grpc::AuthContext> peer = call.auth_context();
    for (const char* property : kCertificateNames) {
      for (const grpc::string_ref& name : peer->FindPropertyValues(property)) {
        const auto found = by_certificate_.find(std::string(name.data(), name.size()));
        if (found != by_certificate_.end()) return found->second;
      }
    }
  }
  return absl::UnauthenticatedError("publishers must present a key or a certificate known here");
}

}  // namespace sluice::gateway
