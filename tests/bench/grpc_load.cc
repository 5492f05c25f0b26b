// Loads a server of sluice.v1.Gateway and prints one JSON line.
//
//   grpc_load --target 127.0.0.1:50051 --mode unary|stream|batch [--seconds 10] [--warmup 2]
//             [--channels 2] [--in-flight 64] [--batch 64] [--data-bytes 200] [--users 10000]
//             [--pid SERVER]
//
// unary:  `in-flight` calls of Publish at any time, spread over the channels
// stream: one PublishStream per channel with `in-flight` events unanswered over all of them
// batch:  as unary, with PublishBatch of `batch` events
// A closed loop: it finds what a server costs per event and can carry, not its latency under a
// given load. CPU times are those of the whole process (its CPU clock), in microseconds per event.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/v1/gateway.pb.h"

namespace sluice::v1 {
namespace {

struct Options {
  std::string target = "127.0.0.1:50051";
  std::string mode = "unary";
  double seconds = 10;
  double warmup = 2;
  unsigned channels = 2;
  unsigned in_flight = 64;
  unsigned batch = 64;
  unsigned data_bytes = 200;
  unsigned users = 10'000;
  int pid = 0;
};

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::Slice slice;
  return bytes.DumpToSingleSlice(&slice).ok() &&
         message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

// Requests made ahead, so that the load costs the machine as little as it can.
class Requests {
 public:
  explicit Requests(const Options& options) {
    const bool batched = options.mode == "batch";
    for (unsigned user = 0; user < options.users; user += batched ? options.batch : 1) {
      if (batched) {
        PublishBatchRequest batch;
        for (unsigned i = 0; i < options.batch; ++i) {
          *batch.add_requests() = Request(options, (user + i) % options.users);
        }
        requests_.push_back(Serialize(batch));
      } else {
        requests_.push_back(Serialize(Request(options, user)));
      }
    }
  }
  const grpc::ByteBuffer& Next() { return requests_[next_++ % requests_.size()]; }

 private:
  static PublishRequest Request(const Options& options, unsigned user) {
    PublishRequest request;
    request.set_user_id("user-" + std::to_string(user));
    request.mutable_event()->set_type("order-update");
    request.mutable_event()->set_data(std::string(options.data_bytes, 'x'));
    return request;
  }
  std::vector<grpc::ByteBuffer> requests_;
  size_t next_ = 0;
};

struct Counts {
  uint64_t calls = 0;
  uint64_t events = 0;
  uint64_t errors = 0;
};

class StreamLoop;

struct Load {
  explicit Load(const Options& load_options) : options(load_options), requests(load_options) {}
  const Options options;
  Requests requests;
  Counts counts;
  grpc::CompletionQueue queue;
  std::vector<StreamLoop*> answered;  // in this turn
  bool stopping = false;
};

// Something that waits for the completion queue.
class Step {
 public:
  virtual ~Step() = default;
  virtual void Proceed(bool ok) = 0;
};

// One call after the other, of Publish or PublishBatch.
class UnaryLoop final : public Step {
 public:
  UnaryLoop(Load* load, grpc::GenericStub* stub) : load_(load), stub_(stub) { Start(); }

  void Proceed(bool) override {
    Count();
    if (load_->stopping) {
      delete this;
    } else {
      Start();
    }
  }

 private:
  void Start() {
    static const std::string kPublish = "/sluice.v1.Gateway/Publish";
    static const std::string kPublishBatch = "/sluice.v1.Gateway/PublishBatch";
    call_.reset();
    context_ = std::make_unique<grpc::ClientContext>();
    call_ = stub_->PrepareUnaryCall(context_.get(),
                                    load_->options.mode == "batch" ? kPublishBatch : kPublish,
                                    load_->requests.Next(), &load_->queue);
    call_->StartCall();
    call_->Finish(&response_, &status_, this);
  }

  void Count() {
    ++load_->counts.calls;
    if (!status_.ok()) {
      if (load_->counts.errors++ == 0) {
        std::fprintf(stderr, "first error: %d %s\n", status_.error_code(),
                     status_.error_message().c_str());
      }
    } else if (load_->options.mode == "batch") {
      PublishBatchResponse response;
      if (!Parse(response_, &response)) ++load_->counts.errors;
      for (const PublishResult& result : response.results()) {
        ++(result.code() == 0 ? load_->counts.events : load_->counts.errors);
      }
    } else {
      ++load_->counts.events;
    }
  }

  Load* const load_;
  grpc::GenericStub* const stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> call_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

// One PublishStream that keeps `window` events unanswered. Answers that have come together are all
// read before the events that take their place are written, in one go: one that is written for each
// answer would be a packet of its own.
class StreamLoop final {
 public:
  StreamLoop(Load* load, grpc::GenericStub* stub, unsigned window)
      : load_(load), window_(window), started_(this), read_(this), written_(this), finished_(this) {
    call_ = stub->PrepareCall(&context_, "/sluice.v1.Gateway/PublishStream", &load->queue);
    call_->StartCall(&started_);
  }

  // All answers of this turn are read.
  void EndTurn() {
    turn_awaited_ = false;
    if (finishing_) {
      call_->Finish(&status_, &finished_);
    } else if (!writing_ && !done_writing_) {
      OnWritten(true);
    }
  }

 private:
  template <void (StreamLoop::*kMember)(bool)>
  class Event final : public Step {
   public:
    explicit Event(StreamLoop* owner) : owner_(owner) {}
    void Proceed(bool ok) override { (owner_->*kMember)(ok); }

   private:
    StreamLoop* const owner_;
  };

  void OnStarted(bool ok) {
    if (!ok) return Finish();
    writing_ = true;
    Write();
    call_->Read(&response_, &read_);
  }

  void OnWritten(bool ok) {
    writing_ = false;
    if (!ok) return;  // the read fails too and ends the stream
    if (load_->stopping) {
      if (!done_writing_) call_->WritesDone(&written_);
      done_writing_ = true;
    } else if (unanswered_ < window_) {
      writing_ = true;
      Write();
    }
  }

  void Write() {
    ++unanswered_;
    grpc::WriteOptions options;
    if (unanswered_ < window_) options.set_buffer_hint();
    call_->Write(load_->requests.Next(), options, &written_);
  }

  void OnRead(bool ok) {
    if (!ok) return Finish();
    --unanswered_;
    ++load_->counts.calls;
    PublishStreamResponse response;
    const bool stored = Parse(response_, &response) && response.result().code() == 0;
    ++(stored ? load_->counts.events : load_->counts.errors);
    call_->Read(&response_, &read_);
    AwaitTurn();
  }

  void Finish() {
    finishing_ = true;
    AwaitTurn();
  }

  void AwaitTurn() {
    if (std::exchange(turn_awaited_, true)) return;
    load_->answered.push_back(this);
  }

  void OnFinished(bool) {
    if (!status_.ok()) {
      ++load_->counts.errors;
      std::fprintf(stderr, "stream ended: %d %s\n", status_.error_code(),
                   status_.error_message().c_str());
    }
    delete this;
  }

  Load* const load_;
  const unsigned window_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  Event<&StreamLoop::OnStarted> started_;
  Event<&StreamLoop::OnRead> read_;
  Event<&StreamLoop::OnWritten> written_;
  Event<&StreamLoop::OnFinished> finished_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  unsigned unanswered_ = 0;
  bool writing_ = false;
  bool done_writing_ = false;
  bool finishing_ = false;
  bool turn_awaited_ = false;
};

// CPU time that process `pid` (0: this one) has used, all its threads together.
double CpuSeconds(int pid) {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  if (pid != 0 && clock_getcpuclockid(pid, &clock) != 0) return 0;
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Sample {
  Sample(const Load& load, int pid)
      : time(std::chrono::steady_clock::now()),
        own_cpu(CpuSeconds(0)),
        server_cpu(pid != 0 ? CpuSeconds(pid) : 0),
        counts(load.counts) {}
  std::chrono::steady_clock::time_point time;
  double own_cpu;
  double server_cpu;
  Counts counts;
};

void RunFor(Load* load, double seconds) {
  const auto end = std::chrono::system_clock::now() + std::chrono::duration<double>(seconds);
  const auto deadline = std::chrono::time_point_cast<std::chrono::system_clock::duration>(end);
  void* tag = nullptr;
  bool ok = false;
  while (std::chrono::system_clock::now() < deadline) {
    const bool in_turn = !load->answered.empty();
    const auto status = in_turn ? load->queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_REALTIME))
                                : load->queue.AsyncNext(&tag, &ok, deadline);
    if (status == grpc::CompletionQueue::GOT_EVENT) {
      static_cast<Step*>(tag)->Proceed(ok);
    } else if (in_turn) {
      for (StreamLoop* stream : std::exchange(load->answered, {})) stream->EndTurn();
    } else {
      return;
    }
  }
}

void Report(const Options& options, const Sample& from, const Sample& to) {
  const double seconds = std::chrono::duration<double>(to.time - from.time).count();
  const auto events = static_cast<double>(to.counts.events - from.counts.events);
  const auto calls = static_cast<double>(to.counts.calls - from.counts.calls);
  const double scale = events > 0 ? 1e6 / events : 0;
  std::printf(
      "{\"mode\":\"%s\",\"seconds\":%.3f,\"calls\":%.0f,\"events\":%.0f,\"errors\":%llu,"
      "\"events_per_second\":%.0f,\"client_cpu_us_per_event\":%.3f,\"client_cores\":%.3f,"
      "\"server_cpu_us_per_event\":%.3f,\"server_cores\":%.3f}\n",
      options.mode.c_str(), seconds, calls, events,
      static_cast<unsigned long long>(to.counts.errors - from.counts.errors), events / seconds,
      (to.own_cpu - from.own_cpu) * scale, (to.own_cpu - from.own_cpu) / seconds,
      (to.server_cpu - from.server_cpu) * scale, (to.server_cpu - from.server_cpu) / seconds);
}

// Each channel has its own connection; gRPC would share one between equal channels.
std::vector<std::unique_ptr<grpc::GenericStub>> Connect(const Options& options) {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (unsigned i = 0; i < options.channels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("sluice.channel", static_cast<int>(i));
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel =
        grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      std::fprintf(stderr, "cannot connect to %s\n", options.target.c_str());
      std::exit(1);
    }
    stubs.push_back(std::make_unique<grpc::GenericStub>(channel));
  }
  return stubs;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Loads a server of sluice.v1.Gateway.");
  app.add_option("--target", options.target);
  app.add_option("--mode", options.mode)->check(CLI::IsMember({"unary", "stream", "batch"}));
  app.add_option("--seconds", options.seconds);
  app.add_option("--warmup", options.warmup);
  app.add_option("--channels", options.channels)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight)->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--data-bytes", options.data_bytes);
  app.add_option("--users", options.users)->check(CLI::PositiveNumber);
  app.add_option("--pid", options.pid, "The server's process, to report its CPU time too");
  CLI11_PARSE(app, argc, argv);

  Load load(options);
  const auto stubs = Connect(options);
  if (options.mode == "stream") {
    const unsigned window = std::max(1u, options.in_flight / options.channels);
    for (const auto& stub : stubs) new StreamLoop(&load, stub.get(), window);
  } else {
    for (unsigned i = 0; i < options.in_flight; ++i) {
      new UnaryLoop(&load, stubs[i % stubs.size()].get());
    }
  }
  RunFor(&load, options.warmup);
  const Sample from(load, options.pid);
  RunFor(&load, options.seconds);
  const Sample to(load, options.pid);
  Report(options, from, to);
  load.stopping = true;
  RunFor(&load, 1);
  // The process ends here with whatever a stuck server still owes; nothing outlives it.
  std::fflush(stdout);
  _exit(to.counts.errors == from.counts.errors ? 0 : 1);
}

}  // namespace
}  // namespace sluice::v1

int main(int argc, char** argv) { return sluice::v1::Main(argc, argv); }
