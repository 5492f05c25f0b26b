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

    {"edge.listen", Type::kAddress, AT(edge.listen), "Where browsers connect (HTTP)."},
    {"edge.shards", Type::kCount, AT(edge.shards),
     "Threads that serve browsers.", 1, 256, "one per core"},
    {"edge.allowed_origins", Type::kOrigins, AT(edge.allowed_origins),
     "Other origins whose pages may connect."},
    {"edge.max_sessions", Type::kCount, AT(edge.max_sessions),
     "The most sessions in the process; beyond it they get `closing overload`.", 1, 10'000'000},
    {"edge.max_topics_per_session", Type::kCount, AT(edge.max_topics_per_session),
     "The most topics that one session may follow.", 1, 4'096},
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
    {"edge.frame_cache_bytes", Type::kByteSize, AT(edge.frame_cache_bytes),
     "Memory for encoded events, per shard.", 64 * kKiB, kGiB},

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
