#include "gateway/gateway.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/listen_address.h"
#include "core/status.h"
#include "gateway/announcer.h"
#include "gateway/bind_failure.h"
#include "gateway/call_thread.h"
#include "gateway/health.h"
#include "gateway/publish_counters.h"
#include "gateway/publish_service.h"
#include "gateway/publisher.h"
#include "gateway/publisher_table.h"
#include "gateway/server_credentials.h"

namespace sluice::gateway {
namespace {

// Calls that wait for a client, per thread. Each takes its successor's place when it is accepted.
constexpr int kAcceptedAhead = 128;
constexpr int kRareAcceptedAhead = 16;
// Of one message: gRPC's own default, so that clients need no setting. A batch must fit.
constexpr int kMaxMessageBytes = 4 << 20;
constexpr int kMaxCallsPerConnection = 1'000;
// Reflection is served by threads that gRPC starts and each of its calls keeps one; this ends that.
constexpr int kMaxReflectionThreads = 8;
// Between answering what is left with UNAVAILABLE and cutting it off: for the answers to leave.
constexpr std::chrono::milliseconds kAbandonTime(100);

// Serves reflection or does not, as this server is told. Linking gRPC's library of it alone adds it
// to every server of the process.
class Reflection final : public grpc::ServerBuilderOption {
 public:
  explicit Reflection(bool wanted) : wanted_(wanted) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto plugin = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&](const auto& other) { return other->name() == plugin->name(); });
    if (wanted_) plugins->push_back(std::move(plugin));
  }

 private:
  const bool wanted_;
};

void SetLimits(const GatewayOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxCallsPerConnection);
  // An address in use is an error, not a share of its connections.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // 4 MiB of gzip may be 4 GiB of text, and gRPC bounds only the former: UNIMPLEMENTED.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Books about every call that nobody reads here.
  builder->AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  // Clients may ping every ten seconds, with or without calls; we do once a minute.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  if (options.max_connection_age.count() > 0) {
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                                static_cast<int>(options.max_connection_age.count()));
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                                static_cast<int>(options.max_connection_age_grace.count()));
  }
  builder->SetResourceQuota(
      grpc::ResourceQuota("sluice_gateway").SetMaxThreads(kMaxReflectionThreads));
  builder->SetOption(std::make_unique<Reflection>(options.reflection));
}

// One for two cores: gRPC polls all sockets of a process in one place, so each further thread costs
// hand-overs between threads, and the cores are not ours alone (docs/adr/0002).
uint32_t ThreadCount(const GatewayOptions& options) {
  if (options.threads != 0) return options.threads;
  return std::max(1u, std::thread::hardware_concurrency() / 2);
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(const Parts& parts, PublisherTable publishers)
      : publisher_({.options = parts.options,
                    .publishers = std::move(publishers),
                    .log = parts.log,
                    .revocations = parts.revocations,
                    .logger = parts.logger,
                    .clock = *parts.clock}),
        messages_(parts.messages),
        message_budget_(parts.options.max_in_flight_bytes),
        presence_(parts.presence) {}

  absl::Status Start() {
    const GatewayOptions& options = publisher_.options();
    SLUICE_ASSIGN_OR_RETURN(const ListenAddress address, ListenAddress::Parse(options.listen));
    grpc::ServerBuilder builder;
    SetLimits(options, &builder);
    SLUICE_ASSIGN_OR_RETURN(const auto credentials, ServerCredentialsOf(options));
    builder.AddListeningPort(address.ToString(), credentials, &port_);
    for (uint32_t i = 0; i < ThreadCount(options); ++i) {
      threads_.push_back(std::make_unique<CallThread>(builder.AddCompletionQueue()));
    }
    health_ = std::make_unique<Health>(threads_.front().get());
    builder.RegisterService(&service_);
    builder.RegisterService(health_->service());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      server_.reset();
      JoinThreads();
      return BindFailure(address);
    }
    for (const auto& thread : threads_) {
      announcers_.push_back(std::make_unique<Announcer>(&publisher_, thread.get()));
      Accept(thread.get(), announcers_.back().get());
    }
    health_->Accept();
    for (const auto& thread : threads_) thread->Start();
    return absl::OkStatus();
  }

  void Stop() {
    if (server_ == nullptr || std::exchange(stopped_, true)) return;
    const auto deadline = std::chrono::system_clock::now() + publisher_.options().stop_grace;
    health_->SetServing(false);
    for (const auto& thread : threads_) thread->Drain(deadline);
    // Returns when the last call has ended, which abandoning them brings about.
    server_->Shutdown(deadline + kAbandonTime);
    JoinThreads();
  }

  int port() const { return port_; }
  std::shared_ptr<grpc::Channel> InProcessChannel() { return server_->InProcessChannel({}); }
  void SetServing(bool serving) { health_->SetServing(serving); }

  std::vector<prometheus::MetricFamily> Collect() const {
    std::vector<const PublishCounters*> counters;
    for (const auto& thread : threads_) counters.push_back(&thread->counters());
    std::vector<prometheus::MetricFamily> families = CollectPublishMetrics(counters);
    std::vector<const ReceiveCounters*> receive_counters;
    for (const auto& thread : threads_) receive_counters.push_back(&thread->receive_counters());
    for (auto& family : CollectReceiveMetrics(receive_counters)) {
      families.push_back(std::move(family));
    }
    return families;
  }

 private:
  void Accept(CallThread* thread, Announcer* announcer) {
    const PublishParts parts = {&service_, &publisher_,      thread,   announcer,
                                messages_, &message_budget_, presence_};
    for (int i = 0; i < kAcceptedAhead; ++i) AcceptPublish(parts);
    for (int i = 0; i < kRareAcceptedAhead; ++i) {
      AcceptPublishBatch(parts);
      AcceptPublishStream(parts);
      AcceptDisconnect(parts);
      AcceptPresence(parts);
      AcceptReceive(parts);
    }
  }

  void JoinThreads() {
    for (const auto& thread : threads_) thread->Join();
  }

  // Constant once started. In this order: calls end before what they use.
  Publisher publisher_;
  ingest::ClientMessageQueue* const messages_;
  ByteBudget message_budget_;
  ingest::Presence* const presence_;
  PublishService service_;
  std::vector<std::unique_ptr<CallThread>> threads_;
  std::vector<std::unique_ptr<Announcer>> announcers_;  // one for each thread
  std::unique_ptr<Health> health_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;

  bool stopped_ = false;  // main only
};

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const Parts& parts) {
  SLUICE_ASSIGN_OR_RETURN(PublisherTable publishers, PublisherTable::Load(parts.options));
  auto impl = std::make_unique<Impl>(parts, std::move(publishers));
  SLUICE_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() { Stop(); }

int Gateway::port() const { return impl_->port(); }
std::shared_ptr<grpc::Channel> Gateway::InProcessChannel() { return impl_->InProcessChannel(); }
void Gateway::SetServing(bool serving) { impl_->SetServing(serving); }
void Gateway::Stop() { impl_->Stop(); }
std::vector<prometheus::MetricFamily> Gateway::Collect() const { return impl_->Collect(); }

}  // namespace sluice::gateway
