#pragma once

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/channel.h"
#include "core/clock.h"
#include "core/name_pattern.h"
#include "core/options.h"

namespace sluice::gateway {

// What one publisher may do. Thread: any.
class PublisherGrant final {
 public:
  // Anyone, anything.
  PublisherGrant() = default;
  PublisherGrant(std::string name, std::vector<NamePattern> users, std::vector<NamePattern> topics,
                 std::vector<NamePattern> receive, uint32_t max_events_per_second);

  const std::string& name() const { return name_; }
  // PERMISSION_DENIED: it may not publish to this user or, for a token, to some.
  absl::Status MayDisconnectUser(std::string_view user) const;
  absl::Status MayDisconnectToken() const;
  // PERMISSION_DENIED: it may not publish to this user.
  absl::Status MaySeeUser(std::string_view user) const;
  // PERMISSION_DENIED: it may not receive from all of `destinations`.
  absl::Status MayReceive(const NamePattern& destinations) const;
  // PERMISSION_DENIED: not to this channel. RESOURCE_EXHAUSTED: too many events of late; up to a
  // second's worth may come at once.
  absl::Status Admit(ChannelKind kind, std::string_view channel, SteadyTime now) const;

 private:
  bool TakeTurn(SteadyTime now) const;

  const std::string name_;
  const std::vector<NamePattern> users_ = {NamePattern::Any()};
  const std::vector<NamePattern> topics_ = {NamePattern::Any()};
  const std::vector<NamePattern> receive_ = {NamePattern::Any()};
  const std::chrono::nanoseconds interval_{0};  // between events; 0: no limit
  // When the next event would be due at that rate, in ns of SteadyTime (the GCRA's "theoretical
  // arrival time").
  mutable std::atomic<int64_t> due_{0};
};

// Who may publish, and how they are known: by a bearer key or a name in the client certificate.
// Keys are kept and compared as digests, so that neither memory nor timing tells one.
// Thread: any (constant).
class PublisherTable final {
 public:
  // INVALID_ARGUMENT: a key that cannot be read or is shorter than 16 bytes, one key or certificate
  // for two publishers.
  static absl::StatusOr<PublisherTable> Load(const GatewayOptions& options);

  // Whose call it is. UNAUTHENTICATED: nobody known.
  absl::StatusOr<const PublisherGrant*> Identify(const grpc::ServerContext& call) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  PublisherTable() = default;
  static Digest DigestOf(std::string_view key);
  absl::Status Add(const std::string& section, const PublisherOptions& options);

  std::vector<std::unique_ptr<PublisherGrant>> grants_;
  absl::flat_hash_map<Digest, const PublisherGrant*> by_key_;
  absl::flat_hash_map<std::string, const PublisherGrant*> by_certificate_;
  bool is_open_ = false;  // nobody has to say who they are
};

}  // namespace sluice::gateway
