#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "core/mutex.h"

namespace sluice::edge {

// How many connections each address may have, over all shards: an IPv4 address, or the first 64
// bits of an IPv6 one, which is what a network is given. Asked once for each connection. Thread:
// any.
class AddressQuota {
 public:
  using Address = std::array<uint8_t, 8>;

  // One connection of an address; gives it back at its end. The quota outlives it.
  class Slot {
   public:
    Slot(AddressQuota* quota, const Address& address) : quota_(quota), address_(address) {}
    ~Slot() { quota_->Return(address_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    AddressQuota* const quota_;
    const Address address_;
  };

  // 0: no limit, and nothing is counted.
  explicit AddressQuota(uint32_t max_connections) : max_connections_(max_connections) {}

  bool is_on() const { return max_connections_ > 0; }
  // Null: the address has as many as it may.
  std::unique_ptr<Slot> Take(const sockaddr_storage& peer) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Return(const Address& address) ABSL_LOCKS_EXCLUDED(mutex_);

  const uint32_t max_connections_;
  Mutex mutex_;
  absl::flat_hash_map<Address, uint32_t> connections_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::edge
