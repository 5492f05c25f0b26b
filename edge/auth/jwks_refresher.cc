#include "edge/auth/jwks_refresher.h"

#include <curl/curl.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/metric_family.h"
#include "core/status.h"

namespace sluice::edge {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kConnectTimeoutMs = 5'000;
constexpr long kTimeoutMs = 10'000;
constexpr long kHttpOk = 200;
// How often a token's wish for newer keys is looked for.
constexpr std::chrono::milliseconds kLook{200};

size_t Append(const char* data, size_t size, size_t count, void* out) {
  auto* body = static_cast<std::string*>(out);
  if (body->size() + size * count > KeySet::kMaxJwksBytes) return 0;  // ends the request
  body->append(data, size * count);
  return size * count;
}

}  // namespace

// When a source is fetched next.
struct JwksRefresher::Plan {
  Clock::time_point last;
  Clock::time_point next;
  bool has_keys = false;
};

JwksRefresher::JwksRefresher(Options options)
    : options_(std::move(options)), missing_(options_.sources.size()) {
  thread_ = std::thread([this] { Run(); });
}

JwksRefresher::~JwksRefresher() {
  {
    MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  stopped_.NotifyAll();
  thread_.join();
}

bool JwksRefresher::is_stopping() const {
  MutexLock lock(&mutex_);
  return is_stopping_;
}

void JwksRefresher::Run() {
  std::vector<Plan> plans(options_.sources.size());
  while (!is_stopping()) {
    for (size_t i = 0; i < plans.size() && !is_stopping(); ++i) {
      const Source& source = options_.sources[i];
      const Clock::time_point now = Clock::now();
      const bool is_wanted =
          source.keys->is_refresh_wanted() && now >= plans[i].last + options_.min_interval;
      if (now >= plans[i].next || is_wanted) Refresh(source, &plans[i]);
    }
    MutexLock lock(&mutex_);
    if (!is_stopping_) stopped_.WaitFor(&mutex_, kLook);
  }
}

void JwksRefresher::Refresh(const Source& source, Plan* plan) {
  absl::StatusOr<KeySet> keys = Fetch(source);
  plan->last = Clock::now();
  if (is_stopping()) return;
  if (!keys.ok()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    plan->next = plan->last + options_.retry;
    if (options_.logger != nullptr) {
      options_.logger->Log(LogLevel::kWarning, "edge", "the keys of an issuer cannot be fetched",
                           {{"url", source.url}, {"error", keys.status().message()}});
    }
    return;
  }
  succeeded_.fetch_add(1, std::memory_order_relaxed);
  plan->next = plan->last + options_.interval;
  source.keys->Replace(*std::move(keys));
  if (!std::exchange(plan->has_keys, true)) missing_.fetch_sub(1, std::memory_order_release);
}

absl::StatusOr<KeySet> JwksRefresher::Fetch(const Source& source) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> request(curl_easy_init(),
                                                                    &curl_easy_cleanup);
  if (request == nullptr) return absl::ResourceExhaustedError("no memory");
  CURL* const curl = request.get();
  std::string body;
  std::array<char, CURL_ERROR_SIZE> error{};
  curl_easy_setopt(curl, CURLOPT_URL, source.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(
      curl, CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
        return static_cast<const JwksRefresher*>(self)->is_stopping() ? 1 : 0;
      });
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  const CURLcode result = curl_easy_perform(curl);
  if (result != CURLE_OK) {
    return absl::UnavailableError(error[0] != '\0' ? error.data() : curl_easy_strerror(result));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != kHttpOk) return absl::UnavailableError(absl::StrCat("the answer is ", status));
  SLUICE_ASSIGN_OR_RETURN(KeySet keys, KeySet::FromJwks(body));
  keys.Restrict(source.algorithms);
  if (keys.size() == 0) return absl::InvalidArgumentError("no key allows one of auth.algorithms");
  return keys;
}

std::vector<prometheus::MetricFamily> JwksRefresher::Collect() const {
  prometheus::MetricFamily family{"sluice_edge_jwks_refreshes_total",
                                  "Fetches of issuers' keys, by result.",
                                  prometheus::MetricType::Counter,
                                  {}};
  for (const auto& [result, count] :
       {std::pair("ok", &succeeded_), std::pair("failed", &failed_)}) {
    family.metric.push_back(
        MetricSample(family.type, static_cast<double>(count->load(std::memory_order_relaxed)),
                     {{"result", result}}));
  }
  return {std::move(family)};
}

}  // namespace sluice::edge
