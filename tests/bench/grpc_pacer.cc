// Publishes a plan of events through the gateway's gRPC API at a constant rate, each at its planned
// time whatever the server does (open loop), and prints one JSON line: what was stored, how long
// the answers took from the planned times, and how far off the planned times the calls were begun.
#include <grpcpp/grpcpp.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "sluice/v1/gateway.grpc.pb.h"
#include "tests/bench/bench_clock.h"
#include "tests/bench/json_line.h"
#include "tests/bench/publish_plan.h"
#include "tests/bench/publish_tally.h"

namespace sluice::bench {
namespace {

namespace v1 = sluice::v1;

enum class Method : uint8_t { kUnary, kBatch, kStream };

struct PacerOptions {
  std::string address;
  Method method = Method::kUnary;
  PlanOptions plan;
};

// Sends on the calling thread at the planned times; answers are tallied on a second thread, which
// `Run` joins before it returns.
class Pacer {
 public:
  Pacer(const PacerOptions& options, std::shared_ptr<grpc::Channel> channel)
      : plan_(options.plan), tally_(options.plan), stub_(v1::Gateway::NewStub(channel)) {}

  void Run(Method method) {
    prctl(PR_SET_TIMERSLACK, 1);  // ns; the default of 50 us would be the publisher's error
    started_cpu_ns_ = ProcessCpuNs();
    plan_.Start(NowNs() + kLeadNs);
    if (method == Method::kStream) {
      RunStream();
    } else {
      RunCalls(method);
    }
  }

  void Print() const {
    JsonLine line("publish");
    line.Add("events", plan_.options().events);
    tally_.AddTo(line);
    line.Add("timer_error_p50_ns", timer_errors_.Quantile(0.5))
        .Add("timer_error_p99_ns", timer_errors_.Quantile(0.99))
        .Add("timer_error_max_ns", timer_errors_.max())
        .Add("wall_ns", NowNs() - plan_.PlannedNs(0))
        .Add("cpu_ns", ProcessCpuNs() - started_cpu_ns_);
    line.Print();
  }

 private:
  static constexpr int64_t kLeadNs = 1'000'000;

  // One call on its way; owned by the completion queue's tag.
  struct Call {
    grpc::ClientContext context;
    grpc::Status status;
    v1::PublishResponse response;
    v1::PublishBatchResponse batch_response;
    uint64_t events = 1;
    int64_t planned_ns = 0;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PublishResponse>> unary;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PublishBatchResponse>> batch;
  };

  void AwaitPlan(uint64_t index) {
    SleepUntil(plan_.PlannedNs(index));
    timer_errors_.Record(NowNs() - plan_.PlannedNs(index));
  }

  void RunCalls(Method method);
  void StartUnary(uint64_t index);
  void StartBatch(uint64_t index);
  void TakeAnswers();
  void Take(const Call& call);
  void RunStream();
  void TakeResult(const v1::PublishResult& result, int64_t planned_ns);

  PublishPlan plan_;
  PublishTally tally_;  // second thread while running
  LogHistogram timer_errors_;
  std::unique_ptr<v1::Gateway::Stub> stub_;
  grpc::CompletionQueue queue_;
  int64_t started_cpu_ns_ = 0;
};

void Pacer::RunCalls(Method method) {
  std::thread answers([this] { TakeAnswers(); });
  const uint64_t step = method == Method::kBatch ? plan_.options().batch : 1;
  for (uint64_t i = 0; i < plan_.options().events; i += step) {
    if (i % plan_.options().batch == 0) AwaitPlan(i);
    if (method == Method::kBatch) {
      StartBatch(i);
    } else {
      StartUnary(i);
    }
  }
  answers.join();
  queue_.Shutdown();
}

void Pacer::StartUnary(uint64_t index) {
  auto call = std::make_unique<Call>();
  call->planned_ns = plan_.PlannedNs(index);
  v1::PublishRequest request;
  plan_.Fill(index, &request);
  call->unary = stub_->AsyncPublish(&call->context, request, &queue_);
  Call* tag = call.release();  // TakeAnswers owns it from here
  tag->unary->Finish(&tag->response, &tag->status, tag);
}

void Pacer::StartBatch(uint64_t index) {
  auto call = std::make_unique<Call>();
  call->planned_ns = plan_.PlannedNs(index);
  call->events = std::min(plan_.options().batch, plan_.options().events - index);
  v1::PublishBatchRequest request;
  for (uint64_t i = 0; i < call->events; ++i) plan_.Fill(index + i, request.add_requests());
  call->batch = stub_->AsyncPublishBatch(&call->context, request, &queue_);
  Call* tag = call.release();  // TakeAnswers owns it from here
  tag->batch->Finish(&tag->batch_response, &tag->status, tag);
}

void Pacer::TakeAnswers() {
  void* tag = nullptr;
  bool ok = false;
  while (tally_.answered() < plan_.options().events && queue_.Next(&tag, &ok)) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    Take(*call);
  }
}

void Pacer::Take(const Call& call) {
  if (!call.status.ok()) {
    tally_.Failed(call.events, call.status.error_message());
  } else if (call.unary != nullptr) {
    tally_.Stored(call.response, call.planned_ns, NowNs());
  } else {
    for (const auto& result : call.batch_response.results()) TakeResult(result, call.planned_ns);
  }
}

void Pacer::RunStream() {
  grpc::ClientContext context;
  const auto stream = stub_->PublishStream(&context);
  std::thread answers([&] {
    v1::PublishStreamResponse response;
    uint64_t index = 0;
    while (stream->Read(&response)) TakeResult(response.result(), plan_.PlannedNs(index++));
  });
  const uint64_t batch = plan_.options().batch;
  for (uint64_t i = 0; i < plan_.options().events; ++i) {
    if (i % batch == 0) AwaitPlan(i);
    v1::PublishRequest request;
    plan_.Fill(i, &request);
    grpc::WriteOptions write;
    if (i % batch != batch - 1 && i + 1 < plan_.options().events) write.set_buffer_hint();
    if (!stream->Write(request, write)) break;
  }
  stream->WritesDone();
  answers.join();
  const grpc::Status status = stream->Finish();
  const uint64_t unanswered = plan_.options().events - tally_.answered();
  if (unanswered > 0) tally_.Failed(unanswered, status.error_message());
}

void Pacer::TakeResult(const v1::PublishResult& result, int64_t planned_ns) {
  if (result.code() == 0) {
    tally_.Stored(result.response(), planned_ns, NowNs());
  } else {
    tally_.Failed(1, result.message());
  }
}

void AddOptions(CLI::App& app, PacerOptions& options) {
  const std::map<std::string, Method> methods = {
      {"unary", Method::kUnary}, {"batch", Method::kBatch}, {"stream", Method::kStream}};
  const std::map<std::string, Target> targets = {{"topic", Target::kTopic},
                                                 {"user", Target::kUser},
                                                 {"random", Target::kRandom},
                                                 {"round", Target::kRound},
                                                 {"burst", Target::kBurst}};
  PlanOptions& plan = options.plan;
  app.add_option("--address", options.address, "of the gateway, HOST:PORT")->required();
  app.add_option("--method", options.method)->transform(CLI::CheckedTransformer(methods));
  app.add_option("--target", plan.target)->transform(CLI::CheckedTransformer(targets));
  app.add_option("--name", plan.name, "of the topic or the user");
  app.add_option("--first-user", plan.first_user, "users are u<first>...");
  app.add_option("--users", plan.users)->check(CLI::PositiveNumber);
  app.add_option("--events", plan.events)->check(CLI::PositiveNumber);
  app.add_option("--rate", plan.rate, "events a second")->check(CLI::PositiveNumber);
  app.add_option("--batch", plan.batch, "events at the same moment")->check(CLI::Range(1, 1000));
  app.add_option("--data-bytes", plan.data_bytes, "of each event")->check(CLI::Range(100, 65536));
  app.add_option("--seed", plan.seed);
}

int Main(int argc, char** argv) {
  PacerOptions options;
  CLI::App app("Publishes events at planned times through gRPC");
  AddOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  const auto channel = grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials());
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(10);
  if (!channel->WaitForConnected(deadline)) {
    std::fprintf(stderr, "grpc_pacer: no gateway at %s\n", options.address.c_str());
    return 1;
  }
  Pacer pacer(options, channel);
  pacer.Run(options.method);
  pacer.Print();
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::Main(argc, argv); }
