#pragma once

#include <chrono>
#include <thread>

namespace sluice {

// Waits until `condition` holds, for what cannot be awaited otherwise; false after 20 s, so that a
// test fails instead of hanging.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace sluice
