#pragma once

#include <cstdint>

namespace sluice::bench {

// Where a generator's connections go to and come from.
struct Route {
  uint16_t port = 0;       // of 127.0.0.1
  uint32_t sources = 8;    // 127.0.0.2 and so on: a source has 28,232 ports per destination
  int receive_buffer = 0;  // SO_RCVBUF in bytes; 0: the kernel's
};

// A non-blocking TCP socket that is connecting from the `index`-th source (modulo `sources`), or -1
// with errno set. The port is chosen at connect (IP_BIND_ADDRESS_NO_PORT), so sources can be used
// to their last port.
int ConnectFrom(const Route& route, uint32_t index);

}  // namespace sluice::bench
