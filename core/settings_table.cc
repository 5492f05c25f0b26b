#include <algorithm>

#include "core/settings.h"

namespace sluice {
namespace {

using Type = Setting::Type;

constexpr uint64_t kSecond = 1'000;
constexpr uint64_t kMinute = 60 * kSecond;
constexpr uint64_t kHour = 60 * kMinute;
constexpr uint64_t kKiB = 1u << 10;
constexpr uint64_t kMiB = 1u << 20;
constexpr uint64_t kGiB = 1u << 30;

// The place of one field of Options.
#define AT(field) [](Options& options) -> decltype((options.field)) { return options.field; }

// clang-format off
const Setting kSettings[] = {
    {"insecure", Type::kSwitch, AT(insecure),
     "Serve other addresses than loopback although nobody has to authenticate."},

    {"retention.max_age", Type::kDuration, AT(log.retention.max_age),
     "How long an event can be replayed.", kSecond, 24 * kHour},
    {"retention.max_bytes", Type::kByteSize, AT(log.retention.max_bytes),
     "How many bytes of events are kept, in the log and in each edge's ring.", kMiB, 64 * kGiB},
    {"retention.max_events_per_channel", Type::kCount, AT(log.retention.max_events_per_channel),
     "How many events of one user or topic can be replayed.", 1, 10'000'000},

    {"log.idempotency_window", Type::kDuration, AT(log.idempotency_window),
     "How long an idempotency key is remembered.", 100, kHour},
    {"log.idempotency_max_bytes", Type::kByteSize, AT(log.idempotency_max_bytes),
     "Memory for idempotency keys; beyond it publishes with a key are refused.", 64 * kKiB, 4 * kGiB},
    {"log.max_tail_lag_bytes", Type::kByteSize, AT(log.max_tail_lag_bytes),
     "How far the edge may lag behind the log before publishes are refused.", kMiB, 4 * kGiB},

    {"revocations.max_age", Type::kDuration, AT(revocations.max_age),
     "How long a revocation is kept for edges that start; no shorter than tokens live.", kSecond,
     90 * 24 * kHour},

    {"messages.max_age", Type::kDuration, AT(messages.max_age),
     "How long a message to backends waits to be acknowledged; then it is dropped.", kSecond, 24 * kHour},
    {"messages.max_bytes", Type::kByteSize, AT(messages.max_bytes),
     "How many bytes of messages wait for backends; beyond it sends are refused.", kMiB, 64 * kGiB},
    {"messages.max_messages", Type::kCount, AT(messages.max_messages),
     "How many messages wait for backends; beyond it sends are refused.", 1, 10'000'000},
    {"messages.ack_wait", Type::kDuration, AT(messages.ack_wait),
     "How long a backend may take to acknowledge a message; then it is delivered again.", 100, kHour},
    {"messages.retry_delay", Type::kDuration, AT(messages.retry_delay),
     "How long a rejected message waits until it is delivered again.", 10, kHour},

    {"nats.urls", Type::kServers, AT(nats.urls),
     "NATS servers that hold the log; without one it is in this process's memory."},
    {"nats.namespace", Type::kName, AT(nats.name_space),
     "Whose events: names the stream and its subjects."},
    {"nats.storage", Type::kStorage, AT(nats.storage), "Where the stream is kept."},
    {"nats.replicas", Type::kCount, AT(nats.replicas), "How many servers keep the stream.", 1, 5},
    {"nats.max_appends_in_flight", Type::kCount, AT(nats.max_appends_in_flight),
     "Events sent to NATS and not yet acknowledged; beyond it publishes are refused.", 64, 1'000'000},
    {"nats.user", Type::kText, AT(nats.user), "User name."},
    {"nats.password", Type::kSecret, AT(nats.password), "Password; better by nats.password_file."},
    {"nats.password_file", Type::kText, AT(nats.password_file), "A file that holds the password."},
    {"nats.credentials_file", Type::kText, AT(nats.credentials_file),
     "A file with user JWT and seed, instead of a password."},
    {"nats.tls_ca_file", Type::kText, AT(nats.tls_ca_file),
     "Whom to trust instead of the system's authorities (PEM)."},
    {"nats.tls_cert_file", Type::kText, AT(nats.tls_cert_file), "The certificate to present (PEM)."},
    {"nats.tls_key_file", Type::kText, AT(nats.tls_key_file), "Its private key (PEM)."},

    {"gateway.listen", Type::kAddress, AT(gateway.listen), "Where publishers connect (gRPC)."},
    {"gateway.threads", Type::kCount, AT(gateway.threads),
     "Threads that serve gRPC calls.", 1, 256, "one per two cores"},
    {"gateway.max_event_bytes", Type::kByteSize, AT(gateway.max_event_bytes),
     "The largest `data` of one event.", 1, kMiB},
    {"gateway.max_batch_events", Type::kCount, AT(gateway.max_batch_events),
     "The most events in one PublishBatch.", 1, 10'000},
    {"gateway.max_in_flight_bytes", Type::kByteSize, AT(gateway.max_in_flight_bytes),
     "Events on their way to the log, per process; beyond it publishes are refused.", kMiB, kGiB},
    {"gateway.max_append_time", Type::kDuration, AT(gateway.max_append_time),
     "How long a call without a deadline may wait for the log.", 10, kMinute},
    {"gateway.max_connection_age", Type::kDuration, AT(gateway.max_connection_age),
     "Age at which a publisher is asked to connect anew, so that load spreads.", kSecond, 168 * kHour,
     "no limit"},
    {"gateway.max_connection_age_grace", Type::kDuration, AT(gateway.max_connection_age_grace),
     "How long its running calls may still take.", kSecond, kHour},
    {"gateway.stop_grace", Type::kDuration, AT(gateway.stop_grace),
     "How long running calls may take when the process stops.", 0, 10 * kMinute},
    {"gateway.reflection", Type::kSwitch, AT(gateway.reflection),
     "Whether gRPC reflection is served."},

    {"gateway.tls_cert_file", Type::kText, AT(gateway.tls_cert_file),
     "The certificate to present to publishers (PEM); read again when it changes."},
    {"gateway.tls_key_file", Type::kText, AT(gateway.tls_key_file), "Its private key (PEM)."},
    {"gateway.tls_client_ca_file", Type::kText, AT(gateway.tls_client_ca_file),
     "Who must have signed the certificates that publishers have to present (PEM)."},

    {"publisher.key", Type::kSecret, AT(gateway.publisher.key),
     "What a publisher sends as `authorization: Bearer`; better by publisher.key_file."},
    {"publisher.key_file", Type::kText, AT(gateway.publisher.key_file), "A file that holds the key."},
    {"publisher.certificate", Type::kText, AT(gateway.publisher.certificate),
     "Or the name in its client certificate."},
    {"publisher.users", Type::kPatterns, AT(gateway.publisher.users),
     "The users it may publish to; if topics are not set either, to all."},
    {"publisher.topics", Type::kPatterns, AT(gateway.publisher.topics),
     "The topics it may publish to; if users are not set either, to all."},
    {"publisher.receive", Type::kPatterns, AT(gateway.publisher.receive),
     "The destinations it may receive from; if nothing is set of users, topics and this, all."},
    {"publisher.max_events_per_second", Type::kCount, AT(gateway.publisher.max_events_per_second),
     "How many events it may publish; beyond it RESOURCE_EXHAUSTED.", 1, 10'000'000, "no limit"},

    {"auth.issuer", Type::kText, AT(auth.issuer.issuer), "What the `iss` of a token must be."},
    {"auth.audience", Type::kText, AT(auth.issuer.audience), "What its `aud` must hold."},
    {"auth.secret", Type::kSecret, AT(auth.issuer.secret),
     "The secret that tokens are signed with; better by auth.secret_file."},
    {"auth.secret_file", Type::kText, AT(auth.issuer.secret_file), "A file that holds the secret."},
    {"auth.public_key_file", Type::kText, AT(auth.issuer.public_key_file),
     "The public key or certificate of the issuer (PEM)."},
    {"auth.jwks_file", Type::kText, AT(auth.issuer.jwks_file), "The issuer's keys as a JWK Set."},
    {"auth.jwks_url", Type::kUrl, AT(auth.issuer.jwks_url),
     "Where the issuer publishes its keys as a JWK Set; they are fetched again and again."},
    {"auth.algorithms", Type::kAlgorithms, AT(auth.issuer.algorithms),
     "The only algorithms accepted, of those that the keys allow."},
    {"auth.require_expiry", Type::kSwitch, AT(auth.require_expiry),
     "Whether a token must have an `exp`."},
    {"auth.jwks_refresh", Type::kDuration, AT(auth.jwks_refresh),
     "How often keys are fetched.", kSecond, 24 * kHour},
    {"auth.jwks_ca_file", Type::kText, AT(auth.jwks_ca_file),
     "Whom to trust there instead of the system's authorities (PEM)."},
    {"auth.leeway", Type::kDuration, AT(auth.leeway),
     "How far the clocks of issuers may differ from this one.", 0, 10 * kMinute},

    {"edge.listen", Type::kAddress, AT(edge.listen), "Where browsers connect (HTTP)."},
    {"edge.shards", Type::kCount, AT(edge.shards),
     "Threads that serve browsers.", 1, 256, "one per core"},
    {"edge.allowed_origins", Type::kOrigins, AT(edge.allowed_origins),
     "Other origins whose pages may connect."},
    {"edge.max_sessions", Type::kCount, AT(edge.max_sessions),
     "The most sessions in the process; beyond it they get `closing overload`.", 1, 10'000'000},
    {"edge.max_sessions_per_user", Type::kCount, AT(edge.max_sessions_per_user),
     "The most sessions of one user in the process; beyond it they get `closing overload`.", 1,
     10'000'000, "no limit"},
    {"edge.max_connections_per_address", Type::kCount, AT(edge.max_connections_per_address),
     "The most connections of one IPv4 address or IPv6 /64; beyond it they are closed. Not behind a "
     "proxy, whose address everybody has.", 1, 1'000'000, "no limit"},
    {"edge.max_accepts_per_second", Type::kCount, AT(edge.max_accepts_per_second),
     "How many connections are accepted, and their TLS begun; beyond it they wait in the kernel.", 1,
     1'000'000, "no limit"},
    {"edge.memory_limit", Type::kByteSize, AT(edge.memory_limit),
     "What the process may have. From 85 % on new sessions get `closing overload`, from 95 % on the "
     "slowest readers are ended.", 16 * kMiB, 16'384 * kGiB, "that of its control group, if any"},
    {"edge.max_topics_per_session", Type::kCount, AT(edge.max_topics_per_session),
     "The most topics that one session may follow.", 1, 4'096},
    {"edge.max_message_bytes", Type::kByteSize, AT(edge.max_message_bytes),
     "The largest message of a client over WebSocket; beyond it close code 1009.", 1024, 16 * kMiB},
    {"edge.max_messages_per_second", Type::kCount, AT(edge.max_messages_per_second),
     "How many messages one session may send, pings too; beyond it close code 1008.", 1, 1'000'000},
    {"edge.max_request_head_bytes", Type::kByteSize, AT(edge.max_request_head_bytes),
     "The largest request line and headers together; beyond it 431.", kKiB, 64 * kKiB},
    {"edge.max_request_target_bytes", Type::kByteSize, AT(edge.max_request_target_bytes),
     "The longest path and query; beyond it 414.", 256, 64 * kKiB},
    {"edge.request_head_timeout", Type::kDuration, AT(edge.request_head_timeout),
     "How long a client may take to send its request.", 100, 5 * kMinute},
    {"edge.heartbeat_interval", Type::kDuration, AT(edge.heartbeat_interval),
     "Silence on a session after which its cursor is sent.", 100, 10 * kMinute},
    {"edge.retry", Type::kDuration, AT(edge.retry),
     "How long browsers wait before they reconnect, +-25 % by chance.", 10, 5 * kMinute},
    {"edge.write_timeout", Type::kDuration, AT(edge.write_timeout),
     "How long a session may take no bytes before it gets `closing slow`.", 100, kHour},
    {"edge.max_session_age", Type::kDuration, AT(edge.max_session_age),
     "Age at which a session gets `closing max-age`, +-10 % by chance.", kSecond, 168 * kHour,
     "no limit"},
    {"edge.stop_grace", Type::kDuration, AT(edge.stop_grace),
     "How long the last bytes may take to leave when the process stops.", 0, 10 * kMinute},
    {"edge.drain_window", Type::kDuration, AT(edge.drain_window),
     "Over which time sessions are sent elsewhere, evenly, before the process stops.", 100, kHour,
     "all at once"},
    {"edge.tls_cert_file", Type::kText, AT(edge.tls_cert_file),
     "The certificate to present to browsers, with its chain (PEM); read again on SIGHUP and when "
     "it changes."},
    {"edge.tls_key_file", Type::kText, AT(edge.tls_key_file), "Its private key (PEM)."},
    {"edge.frame_cache_bytes", Type::kByteSize, AT(edge.frame_cache_bytes),
     "Memory for encoded events, per shard.", 64 * kKiB, kGiB},

    {"edge.publish", Type::kSwitch, AT(edge.publish),
     "Whether `sluice edge` publishes what clients send to topics and along routes. It then needs the "
     "rights of a gateway on NATS. `sluice serve` always does."},
    {"edge.route.destination", Type::kDestination, AT(edge.route.destination),
     "What of `/app/DESTINATION` is not for backends but for the channel `to`."},
    {"edge.route.to", Type::kRouteTarget, AT(edge.route.to),
     "The channel that its messages are published to; {user} is who sent it."},
    {"edge.route.type", Type::kEventType, AT(edge.route.type), "The type of these events."},

    {"admin.listen", Type::kAddress, AT(admin.listen),
     "Where `/livez`, `/readyz` and `/metrics` are served."},

    {"logging.level", Type::kLevel, AT(logging.level), "The least severe lines that are logged."},
};
// clang-format on
#undef AT

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

const Setting* FindSetting(std::string_view key) {
  const auto* const found =
      std::find_if(std::begin(kSettings), std::end(kSettings),
                   [key](const Setting& setting) { return setting.key == key; });
  return found == std::end(kSettings) ? nullptr : found;
}

}  // namespace sluice
