#include "edge/engine/address_quota.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace sluice::edge {
namespace {

constexpr size_t kMappedPrefixBytes = 12;  // of an IPv4 address in an IPv6 one (RFC 4291, 2.5.5.2)

AddressQuota::Address AddressOf(const sockaddr_storage& peer) {
  AddressQuota::Address address{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    std::memcpy(address.data(), &v4.sin_addr, sizeof(v4.sin_addr));
    return address;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::memcpy(address.data(), v6.s6_addr + kMappedPrefixBytes, sizeof(in_addr));
  } else {
    std::copy_n(v6.s6_addr, address.size(), address.begin());
  }
  return address;
}

}  // namespace

std::unique_ptr<AddressQuota::Slot> AddressQuota::Take(const sockaddr_storage& peer) {
  const Address address = AddressOf(peer);
  {
    MutexLock lock(&mutex_);
    uint32_t& connections = connections_[address];
    if (connections == max_connections_) return nullptr;
    ++connections;
  }
  return std::make_unique<Slot>(this, address);
}

void AddressQuota::Return(const Address& address) {
  MutexLock lock(&mutex_);
  const auto found = connections_.find(address);
  if (--found->second == 0) connections_.erase(found);
}

}  // namespace sluice::edge
