#pragma once

#include <chrono>
#include <cstdint>
#include <map>
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

// What backends have called back, in a log of its own: how long an edge that starts hears of it.
struct RevocationOptions {
  std::chrono::milliseconds max_age = std::chrono::hours(24);
};

// Messages of browsers on their way to backends.
struct ClientMessageOptions {
  std::chrono::milliseconds max_age = std::chrono::minutes(5);  // then it is dropped and counted
  uint64_t max_bytes = 64u << 20;                               // beyond: RESOURCE_EXHAUSTED
  uint64_t max_messages = 100'000;                              // the same
  // Not acknowledged within it: delivered again.
  std::chrono::milliseconds ack_wait = std::chrono::seconds(30);
  // How long a rejected message waits for its next attempt.
  std::chrono::milliseconds retry_delay = std::chrono::seconds(1);
};

enum class StreamStorage : uint8_t { kFile, kMemory };

// The log on NATS JetStream, for `gateway`, `edge` and `serve --nats`.
struct NatsOptions {
  std::vector<std::string> urls;                 // nats:// or tls://; empty: the log in memory
  std::string name_space = "default";            // SLUICE_<NAME_SPACE>_… are its streams
  StreamStorage storage = StreamStorage::kFile;  // of the stream, if this process creates it
  uint32_t replicas = 1;
  uint32_t max_appends_in_flight = 16'384;
  std::string user;
  std::string password;
  std::string password_file;
  std::string credentials_file;  // JWT and seed, as `nsc` writes them
  std::string tls_ca_file;       // empty: the system's
  std::string tls_cert_file = {};
  std::string tls_key_file = {};
};

// Whose tokens browsers may present, and the keys that they are checked with: one of the sources.
struct IssuerOptions {
  std::string issuer;    // what `iss` must be; empty: anything, if there is no other issuer
  std::string audience;  // what `aud` must hold; empty: no token may have one
  std::string secret;    // for HS256, HS384 and HS512
  std::string secret_file;
  std::string public_key_file;  // PEM
  std::string jwks_file;
  std::string jwks_url;                 // https
  std::vector<std::string> algorithms;  // empty: all that the keys allow

  friend bool operator==(const IssuerOptions&, const IssuerOptions&) = default;
};

// Who browsers are. Without keys the query says it, on loopback.
struct AuthOptions {
  IssuerOptions issuer;
  std::map<std::string, IssuerOptions> more_issuers;  // by the name of their section in the file
  bool require_expiry = true;
  std::chrono::milliseconds leeway = std::chrono::seconds(60);
  std::chrono::milliseconds jwks_refresh = std::chrono::minutes(10);
  std::string jwks_ca_file;  // whom to trust when keys are fetched; empty: the system's

  // True if browsers have to present tokens.
  bool is_on() const { return issuer != IssuerOptions() || !more_issuers.empty(); }
};

// One of those who may publish, known by a key or a client certificate.
struct PublisherOptions {
  std::string key;  // sent as `authorization: Bearer KEY`
  std::string key_file;
  std::string certificate;             // a name in its certificate: DNS, URI or common name
  std::vector<std::string> users;      // patterns of user ids that it may publish to
  std::vector<std::string> topics;     // and of topics; both empty: to all
  std::vector<std::string> receive;    // and of destinations; all three empty: all
  uint32_t max_events_per_second = 0;  // 0: no limit

  friend bool operator==(const PublisherOptions&, const PublisherOptions&) = default;
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
  std::string tls_cert_file = {};  // PEM; empty: no TLS
  std::string tls_key_file = {};
  std::string tls_client_ca_file = {};  // whose client certificates are asked for; empty: none are
  PublisherOptions publisher = {};
  std::map<std::string, PublisherOptions> more_publishers = {};  // by the name of their section

  // True if publishers have to say who they are.
  bool has_publishers() const {
    return publisher != PublisherOptions() || !more_publishers.empty();
  }
};

// Where the messages to one destination go instead of to backends.
struct RouteOptions {
  std::string destination;  // `chat.sendMessage` of `/app/chat.sendMessage`
  std::string to;           // see RouteTarget
  std::string type;         // of the events

  friend bool operator==(const RouteOptions&, const RouteOptions&) = default;
};

struct EdgeOptions {
  std::string listen = "127.0.0.1:8080";
  uint32_t shards = 0;                       // 0: one per core
  std::vector<std::string> allowed_origins;  // "https://app.example", exact match
  uint32_t max_sessions = 1'000'000;         // per process; beyond: closing overload
  uint32_t max_sessions_per_user = 1'000;    // on this edge; beyond: closing overload
  uint32_t max_connections_per_address = 0;  // 0: no limit
  uint32_t max_accepts_per_second = 0;       // new connections; beyond they wait; 0: no limit
  uint64_t memory_limit = 0;  // bytes of the process; 0: that of its control group, if any
  uint32_t max_topics_per_session = 64;
  uint32_t max_message_bytes = 64u << 10;        // of a client; beyond: 1009
  uint32_t max_messages_per_second = 100;        // of a session, control frames too; beyond: 1008
  uint32_t max_request_head_bytes = 16u << 10;   // beyond: 431
  uint32_t max_request_target_bytes = 8u << 10;  // beyond: 414
  std::chrono::milliseconds request_head_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(15);
  std::chrono::milliseconds retry = std::chrono::seconds(2);           // jittered by +-25 %
  std::chrono::milliseconds write_timeout = std::chrono::seconds(60);  // no progress: closing slow
  std::chrono::milliseconds max_session_age = std::chrono::hours(1);  // jittered by +-10 %; 0: none
  std::chrono::milliseconds stop_grace = std::chrono::seconds(5);
  std::chrono::milliseconds drain_window{0};  // over which sessions are ended before; 0: at once
  std::string tls_cert_file = {};             // PEM; empty: plain text
  std::string tls_key_file = {};
  uint32_t frame_cache_bytes = 16u << 20;  // encoded frames kept, per shard
  bool publish = false;                    // on NATS: an edge of its own may append to the log
  RouteOptions route = {};
  std::map<std::string, RouteOptions> more_routes = {};  // by their place in the file
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
  RevocationOptions revocations;
  ClientMessageOptions messages;
  NatsOptions nats;
  GatewayOptions gateway;
  AuthOptions auth;
  EdgeOptions edge;
  AdminOptions admin;
  LoggingOptions logging;
  bool insecure = false;  // other addresses than loopback without authentication
};

}  // namespace sluice
