// The floor of the gateway's bench: a server of sluice.v1.Gateway whose handlers do nothing. What a
// call costs here is what gRPC itself costs; `grpc_load` measures it from outside.
//
//   grpc_floor_server --api raw|cq|callback [--listen 127.0.0.1:0] [--threads N]
//
// raw:      completion queues, messages stay bytes (the server type of the gateway)
// cq:       completion queues, messages parsed and serialized by the generated code
// callback: the callback API, messages parsed and serialized by the generated code
// Prints one line, `{"port":N}`, when it listens; ends at SIGTERM or SIGINT.

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/mutex.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::v1 {
namespace {

constexpr int kPostedCalls = 128;  // per completion queue and method

// ---- callback -----------------------------------------------------------------------------------

class CallbackFloor final : public Gateway::CallbackService {
  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context, const PublishRequest*,
                                    PublishResponse* response) override {
    response->set_event_id("k3f9a-1042");
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* PublishBatch(grpc::CallbackServerContext* context,
                                         const PublishBatchRequest* request,
                                         PublishBatchResponse* response) override {
    for (int i = 0; i < request->requests_size(); ++i) {
      response->add_results()->mutable_response()->set_event_id("k3f9a-1042");
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<PublishRequest, PublishStreamResponse>* PublishStream(
      grpc::CallbackServerContext*) override;
};

// Reads on while answers are owed; answers that are owed together leave together. Reads and writes
// complete on any thread of the library.
class CallbackStream final : public grpc::ServerBidiReactor<PublishRequest, PublishStreamResponse> {
 public:
  CallbackStream() {
    response_.mutable_result()->mutable_response()->set_event_id("k3f9a-1042");
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    const MutexLock lock(&mutex_);
    if (ok) {
      ++owed_;
      StartRead(&request_);
    } else {
      ended_ = true;
    }
    if (!writing_) WriteOrFinishLocked();
  }
  void OnWriteDone(bool ok) override {
    const MutexLock lock(&mutex_);
    writing_ = false;
    if (ok) WriteOrFinishLocked();
  }
  void OnDone() override { delete this; }

 private:
  void WriteOrFinishLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (owed_ > 0) {
      writing_ = true;
      grpc::WriteOptions options;
      if (--owed_ > 0 && headers_sent_) options.set_buffer_hint();
      headers_sent_ = true;
      StartWrite(&response_, options);
    } else if (ended_) {
      Finish(grpc::Status::OK);
    }
  }

  PublishRequest request_;
  PublishStreamResponse response_;
  Mutex mutex_;
  uint64_t owed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool headers_sent_ ABSL_GUARDED_BY(mutex_) = false;  // a hint would hold them, and us, up
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

grpc::ServerBidiReactor<PublishRequest, PublishStreamResponse>* CallbackFloor::PublishStream(
    grpc::CallbackServerContext*) {
  return new CallbackStream;
}

// ---- completion queues --------------------------------------------------------------------------

// What a completion queue hands back: one step of a call, or the end of the call.
class Step {
 public:
  virtual ~Step() = default;
  virtual void Proceed(bool ok) = 0;
};

using ParsedService =
    Gateway::WithAsyncMethod_Publish<Gateway::WithAsyncMethod_PublishStream<Gateway::Service>>;
using RawService =
    Gateway::WithRawMethod_Publish<Gateway::WithRawMethod_PublishStream<Gateway::Service>>;

// The bytes of a message that is always the same, for the raw floor.
template <typename Message>
grpc::ByteBuffer Bytes(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

PublishResponse UnaryAnswer() {
  PublishResponse response;
  response.set_event_id("k3f9a-1042");
  return response;
}

PublishStreamResponse StreamAnswer() {
  PublishStreamResponse response;
  *response.mutable_result()->mutable_response() = UnaryAnswer();
  return response;
}

template <typename Service, typename Request, typename Response>
class UnaryCall final : public Step {
 public:
  UnaryCall(Service* service, grpc::ServerCompletionQueue* queue, const Response* answer)
      : service_(service), queue_(queue), answer_(answer), responder_(&context_) {
    service_->RequestPublish(&context_, &request_, &responder_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    if (!ok || finished_) {
      delete this;
      return;
    }
    new UnaryCall(service_, queue_, answer_);
    finished_ = true;
    // The generated code serializes at each call; a raw answer only shares the bytes.
    responder_.Finish(*answer_, grpc::Status::OK, this);
  }

 private:
  Service* const service_;
  grpc::ServerCompletionQueue* const queue_;
  const Response* const answer_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Response> responder_;
  bool finished_ = false;
};

// Reads on while answers are owed; answers that are owed together leave together.
template <typename Service, typename Request, typename Response>
class StreamCall final {
 public:
  StreamCall(Service* service, grpc::ServerCompletionQueue* queue, const Response* answer)
      : service_(service), queue_(queue), answer_(answer), stream_(&context_) {
    service_->RequestPublishStream(&context_, &stream_, queue_, queue_, &accepted_);
  }

 private:
  template <void (StreamCall::*kMember)(bool)>
  class Event final : public Step {
   public:
    explicit Event(StreamCall* owner) : owner_(owner) {}
    void Proceed(bool ok) override { (owner_->*kMember)(ok); }

   private:
    StreamCall* const owner_;
  };

  void OnAccepted(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    new StreamCall(service_, queue_, answer_);
    stream_.Read(&request_, &read_);
  }
  void OnRead(bool ok) {
    if (ok) {
      ++owed_;
      stream_.Read(&request_, &read_);
    } else {
      ended_ = true;
    }
    if (!writing_) WriteOrFinish();
  }
  void OnWritten(bool ok) {
    writing_ = false;
    if (!ok) owed_ = 0;
    WriteOrFinish();
  }
  void WriteOrFinish() {
    if (owed_ > 0) {
      writing_ = true;
      grpc::WriteOptions options;
      if (--owed_ > 0 && headers_sent_) options.set_buffer_hint();
      headers_sent_ = true;
      stream_.Write(*answer_, options, &written_);
    } else if (ended_) {
      stream_.Finish(grpc::Status::OK, &finished_);
    }
  }
  void OnFinished(bool) { delete this; }

  Service* const service_;
  grpc::ServerCompletionQueue* const queue_;
  const Response* const answer_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncReaderWriter<Response, Request> stream_;
  Event<&StreamCall::OnAccepted> accepted_{this};
  Event<&StreamCall::OnRead> read_{this};
  Event<&StreamCall::OnWritten> written_{this};
  Event<&StreamCall::OnFinished> finished_{this};
  uint64_t owed_ = 0;
  bool headers_sent_ = false;  // a hint would hold them, and us, up
  bool writing_ = false;
  bool ended_ = false;
};

void Drain(grpc::ServerCompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Step*>(tag)->Proceed(ok);
}

// ---- running ------------------------------------------------------------------------------------

struct Options {
  std::string api = "raw";
  std::string listen = "127.0.0.1:0";
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
};

// Listens, says where, and waits for the signal. The signals are blocked in every thread.
std::unique_ptr<grpc::Server> Listen(const Options& options, grpc::ServerBuilder* builder,
                                     grpc::Service* service) {
  int port = 0;
  builder->AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &port);
  builder->RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder->BuildAndStart();
  if (!server || port == 0) {
    std::fprintf(stderr, "cannot listen on %s\n", options.listen.c_str());
    std::exit(1);
  }
  std::printf("{\"port\":%d}\n", port);
  std::fflush(stdout);
  return server;
}

void AwaitSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int received = 0;
  sigwait(&signals, &received);
}

void RunCallback(const Options& options) {
  CallbackFloor service;
  grpc::ServerBuilder builder;
  const std::unique_ptr<grpc::Server> server = Listen(options, &builder, &service);
  AwaitSignal();
  server->Shutdown(std::chrono::system_clock::now());
}

template <typename Service, typename Unary, typename Stream, typename UnaryBytes,
          typename StreamBytes>
void RunQueues(const Options& options, const UnaryBytes& unary_answer,
               const StreamBytes& stream_answer) {
  Service service;
  grpc::ServerBuilder builder;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  for (unsigned i = 0; i < options.threads; ++i) queues.push_back(builder.AddCompletionQueue());
  const std::unique_ptr<grpc::Server> server = Listen(options, &builder, &service);
  std::vector<std::thread> threads;
  for (const auto& queue : queues) {
    for (int i = 0; i < kPostedCalls; ++i) new Unary(&service, queue.get(), &unary_answer);
    for (int i = 0; i < kPostedCalls; ++i) new Stream(&service, queue.get(), &stream_answer);
    threads.emplace_back(Drain, queue.get());
  }
  AwaitSignal();
  server->Shutdown(std::chrono::system_clock::now());
  for (const auto& queue : queues) queue->Shutdown();
  for (std::thread& thread : threads) thread.join();
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("The empty gRPC handler: the floor of the gateway's bench.");
  app.add_option("--api", options.api)->check(CLI::IsMember({"raw", "cq", "callback"}));
  app.add_option("--listen", options.listen);
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  if (options.api == "callback") {
    RunCallback(options);
  } else if (options.api == "cq") {
    RunQueues<ParsedService, UnaryCall<ParsedService, PublishRequest, PublishResponse>,
              StreamCall<ParsedService, PublishRequest, PublishStreamResponse>>(
        options, UnaryAnswer(), StreamAnswer());
  } else {
    RunQueues<RawService, UnaryCall<RawService, grpc::ByteBuffer, grpc::ByteBuffer>,
              StreamCall<RawService, grpc::ByteBuffer, grpc::ByteBuffer>>(
        options, Bytes(UnaryAnswer()), Bytes(StreamAnswer()));
  }
  return 0;
}

}  // namespace
}  // namespace sluice::v1

int main(int argc, char** argv) { return sluice::v1::Main(argc, argv); }
