#include "tests/faults/retrying_publisher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/bench/bench_clock.h"
#include "tests/faults/numbered_payload.h"

namespace sluice::faults {
namespace {

using bench::NowNs;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int kMaxReconnectBackoffMs = 500;

}  // namespace

struct RetryingPublisher::Publication {
  uint64_t number = 0;
  std::string target;
  std::string key;
  uint32_t attempts = 0;
  size_t gateway = 0;
  int64_t begun_ns = 0;
};

// One call on its way; owned by the completion queue's tag.
struct RetryingPublisher::Call {
  std::unique_ptr<Publication> publication;
  int64_t begun_ns = 0;
  grpc::ClientContext context;
  grpc::Status status;
  v1::PublishResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PublishResponse>> reader;
};

RetryingPublisher::RetryingPublisher(PublisherOptions options, History* history)
    : options_(std::move(options)), history_(history), random_(std::random_device()()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs / 5);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs / 5);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // every answer is to be seen here
  for (const std::string& address : options_.gateways) {
    stubs_.push_back(v1::Gateway::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
}

RetryingPublisher::~RetryingPublisher() {
  for (; !retries_.empty(); retries_.pop()) delete retries_.top().second;
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) delete static_cast<Call*>(tag);
}

void RetryingPublisher::Start(double events_per_second) {
  interval_ns_ = static_cast<int64_t>(1e9 / events_per_second);
  next_ns_ = NowNs();
}

void RetryingPublisher::Turn(int64_t timeout_ms) {
  PublishDue();
  RetryDue();
  int64_t until_ns = NowNs() + timeout_ms * kNsPerMs;
  if (interval_ns_ > 0) until_ns = std::min(until_ns, next_ns_);
  if (!retries_.empty()) until_ns = std::min(until_ns, retries_.top().first);
  const auto wait = std::chrono::nanoseconds(std::max<int64_t>(until_ns - NowNs(), 0));
  void* tag = nullptr;
  bool ok = false;
  auto deadline = std::chrono::system_clock::now() + wait;
  while (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT) {
    Take(std::unique_ptr<Call>(static_cast<Call*>(tag)));
    deadline = std::chrono::system_clock::now();  // the rest of what is there
    if (interval_ns_ > 0 && NowNs() >= next_ns_) return;
  }
}

void RetryingPublisher::PublishDue() {
  while (interval_ns_ > 0 && next_ns_ <= NowNs()) {
    next_ns_ += interval_ns_;
    if (pending_ < options_.max_pending) {
      Publish("");
    } else {
      ++counts_.left_out;
    }
  }
}

void RetryingPublisher::RetryDue() {
  while (!retries_.empty() && retries_.top().first <= NowNs()) {
    std::unique_ptr<Publication> publication(retries_.top().second);
    retries_.pop();
    ++counts_.retries;
    StartCall(std::move(publication));
  }
}

void RetryingPublisher::Publish(const std::string& target) {
  auto publication = std::make_unique<Publication>();
  publication->number = next_number_++;
  publication->target = target.empty() ? PickTarget() : target;
  publication->key = options_.key_prefix + "-" + std::to_string(publication->number);
  publication->gateway = publication->number % stubs_.size();
  publication->begun_ns = NowNs();
  ++counts_.published;
  ++pending_;
  history_->Write('P', "%llu %s %s", static_cast<unsigned long long>(publication->number),
                  publication->target.c_str(), publication->key.c_str());
  StartCall(std::move(publication));
}

std::string RetryingPublisher::PickTarget() {
  std::uniform_real_distribution<double> share(0, 1);
  const bool to_topic = options_.topics > 0 && share(random_) < options_.topic_share;
  std::uniform_int_distribution<uint32_t> pick(0,
                                               (to_topic ? options_.topics : options_.users) - 1);
  return (to_topic ? "t" : "u") + std::to_string(pick(random_));
}

void RetryingPublisher::StartCall(std::unique_ptr<Publication> publication) {
  auto call = std::make_unique<Call>();
  v1::PublishRequest request;
  const NumberedPayload payload = {.number = publication->number, .target = publication->target};
  if (publication->target.starts_with('t')) {
    request.set_topic(publication->target);
  } else {
    request.set_user_id(publication->target);
  }
  request.mutable_event()->set_type("fault");
  request.mutable_event()->set_data(payload.Write());
  request.mutable_event()->set_idempotency_key(publication->key);
  ++publication->attempts;
  v1::Gateway::Stub& stub = *stubs_[publication->gateway];
  call->publication = std::move(publication);
  call->begun_ns = NowNs();
  call->context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::milliseconds(options_.deadline_ms));
  call->reader = stub.AsyncPublish(&call->context, request, &queue_);
  Call* const tag = call.release();  // Turn owns it again
  tag->reader->Finish(&tag->response, &tag->status, tag);
}

// One answer: the event is stored, or is tried again at the next gateway, or is given up.
void RetryingPublisher::Take(std::unique_ptr<Call> call) {
  constexpr int64_t kFirstBackoffNs = 20 * kNsPerMs;
  constexpr uint32_t kMaxDoublings = 5;
  Publication& publication = *call->publication;
  const int64_t took_ns = NowNs() - call->begun_ns;
  const auto code = call->status.error_code();
  ++counts_.codes[code];
  counts_.slowest_call_ns = std::max(counts_.slowest_call_ns, took_ns);
  const std::string id = call->status.ok() ? call->response.event_id() : "-";
  history_->Write('A', "%llu %u %zu %d %s %d %lld",
                  static_cast<unsigned long long>(publication.number), publication.attempts,
                  publication.gateway, static_cast<int>(code), id.c_str(),
                  call->response.duplicate() ? 1 : 0, static_cast<long long>(took_ns / 1'000));
  const bool is_over = NowNs() - publication.begun_ns > options_.give_up_ms * kNsPerMs;
  if (call->status.ok()) {
    TakeAcknowledgement(*call);
    --pending_;
  } else if (is_over || !IsWorthRetrying(code)) {
    ++counts_.failed;
    --pending_;
  } else {
    publication.gateway = (publication.gateway + 1) % stubs_.size();
    const int64_t longest = kFirstBackoffNs << std::min(publication.attempts, kMaxDoublings);
    std::uniform_int_distribution<int64_t> backoff(longest / 2, longest);
    retries_.emplace(NowNs() + backoff(random_), call->publication.release());
  }
}

void RetryingPublisher::TakeAcknowledgement(const Call& call) {
  ++counts_.acknowledged;
  if (call.response.duplicate()) ++counts_.duplicates;
  EventId id;
  if (!EventId::Read(call.response.event_id(), &id)) return;
  if (id.epoch != counts_.last.epoch || id.sequence > counts_.last.sequence) counts_.last = id;
}

bool RetryingPublisher::IsWorthRetrying(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::DEADLINE_EXCEEDED ||
         code == grpc::StatusCode::RESOURCE_EXHAUSTED || code == grpc::StatusCode::CANCELLED;
}

}  // namespace sluice::faults
