#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

// Everything that can be set, with its defaults. core/config.h fills it from flags, environment
// and file; docs/configuration.md lists it. Thread: any (constant after start).

// What the log keeps, and therefore what the ring of every edge keeps.
struct RetentionOptions {
  std::chrono::milliseconds max_age = std::chrono::minutes(5);
  uint64_t max_bytes = 256u << 20;
  uint64_t max_events_per_channel = 10'000;
};

struct LogOptions {
  RetentionOptions retention;
  std::chrono::milliseconds idempotency_window = std::chrono::minutes(2);
  uint64_t idempotency_max_bytes = 64u << 20;  // beyond: keyed publishes are RESOURCE_EXHAUSTED
  uint64_t max_tail_lag_bytes = 64u << 20;     // in process: beyond, publishes are the same
};

struct GatewayOptions {
  std::string listen = "127.0.0.1:50051";
  uint32_t threads = 0;                      // 0: one per two cores
  uint32_t max_event_bytes = 64u << 10;      // of `data`
  uint32_t max_batch_events = 1'000;         // of one PublishBatch
  uint32_t max_in_flight_bytes = 64u << 20;  // appends not yet answered, per process
  std::chrono::milliseconds max_append_time =
      std::chrono::seconds(5);                      // if the call has no deadline
  std::chrono::milliseconds max_connection_age{0};  // then it is asked to go elsewhere; 0: never
  std::chrono::milliseconds max_connection_age_grace =
      std::chrono::seconds(30);  // for its calls, then they are cut
  std::chrono::milliseconds stop_grace = std::chrono::seconds(5);
  bool reflection = true;
};

struct EdgeOptions {
  std::string listen = "127.0.0.1:8080";
  uint32_t shards = 0;                       // 0: one per core
  std::vector<std::string> allowed_origins;  // "https://app.example", exact match
  uint32_t max_sessions = 1'000'000;         // per process; beyond: closing overload
  uint32_t max_topics_per_session = 64;
  uint32_t max_request_head_bytes = 16u << 10;   // beyond: 431
  uint32_t max_request_target_bytes = 8u << 10;  // beyond: 414
  std::chrono::milliseconds request_head_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(15);
  std::chrono::milliseconds retry = std::chrono::seconds(2);           // jittered by +-25 %
  std::chrono::milliseconds write_timeout = std::chrono::seconds(60);  // no progress: closing slow
  std::chrono::milliseconds max_session_age = std::chrono::hours(1);  // jittered by +-10 %; 0: none
  std::chrono::milliseconds stop_grace = std::chrono::seconds(5);
  uint32_t frame_cache_bytes = 16u << 20;  // encoded frames kept, per shard
};

struct AdminOptions {
  std::string listen = "127.0.0.1:8081";
};

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct LoggingOptions {
  LogLevel level = LogLevel::kInfo;
};

struct Options {
  LogOptions log;
  GatewayOptions gateway;
  EdgeOptions edge;
  AdminOptions admin;
  LoggingOptions logging;
  bool insecure = false;  // other addresses than loopback without authentication
};

}  // namespace sluice
