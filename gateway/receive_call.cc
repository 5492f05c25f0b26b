#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "core/byte_budget.h"
#include "core/utf8.h"
#include "gateway/call_thread.h"
#include "gateway/message.h"
#include "gateway/publish_service.h"
#include "gateway/publisher.h"
#include "gateway/receive_request.h"
#include "gateway/rpc_status.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

using ingest::ClientDelivery;

class ReceiveCall;

// Brings what the queue says to the thread of a call. The queue's until the receiver is destroyed;
// what is on its way then finds `call` null. Thread: any, but for `call`, which is its thread's.
class ReceiveSink final : public ingest::ClientMessageSink {
 public:
  struct Link {
    ReceiveCall* call;
  };
  ReceiveSink(std::shared_ptr<Inbox> inbox, ReceiveCall* call)
      : inbox_(std::move(inbox)), link_(std::make_shared<Link>(Link{call})) {}
  ~ReceiveSink() { link_->call = nullptr; }

  void OnMessage(ClientDelivery delivery) override;
  void OnClosed(absl::Status why) override;

 private:
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Link> link_;  // shared with what is on its way
};

// One Receive. What the queue gives it, at most the window, is written in its order; what a slow
// client has not taken counts against a budget of the process, beyond which it goes back.
class ReceiveCall final : public Call {
 public:
  explicit ReceiveCall(const PublishParts& parts) : Call(parts.thread), parts_(parts) {
    parts.service->RequestReceive(&context_, &stream_, thread()->queue(), thread()->queue(),
                                  accepted_.tag());
  }
  ~ReceiveCall() override {
    for (const ClientDelivery& delivery : unwritten_)
      parts_.message_budget->Release(Cost(delivery));
  }

  void Drain() override {
    End(absl::UnavailableError("the gateway is stopping"));
    Advance();
  }
  void Abandon() override { Drain(); }

  void OnMessage(ClientDelivery delivery) {
    // Only another program on NATS can have put it there; protobuf's strings cannot carry it.
    if (!IsValidUtf8(delivery.message.data)) {
      counters().discarded.Add();
      return receiver_->Reject(delivery.id, /*discard=*/true);
    }
    if (!parts_.message_budget->Take(Cost(delivery))) {
      counters().returned.Add();
      return receiver_->Reject(delivery.id, /*discard=*/false);
    }
    unwritten_.push_back(std::move(delivery));
    Advance();
  }

  void OnClosed(absl::Status why) {
    End(why.ok() ? absl::UnavailableError("the queue has closed") : std::move(why));
    Advance();
  }

 private:
  static uint64_t Cost(const ClientDelivery& delivery) {
    return delivery.message.data.size() + kCallBytes;
  }

  void OnAccepted(bool ok) {
    if (!ok) {
      delete this;  // the server has stopped before a client came
      return;
    }
    Enter();
    AcceptReceive(parts_);
    grant_ = parts_.publisher->StreamFactsOf(context_).grant;
    if (!grant_.ok()) End(grant_.status());
    if (thread()->is_draining()) End(absl::UnavailableError("the gateway is stopping"));
    Advance();
  }

  void OnRead(bool ok) {
    reading_ = false;
    if (!ok) {
      reads_ended_ = true;
      End(absl::OkStatus());  // without a reader of its acknowledgements nothing more is given
    } else if (!is_ending_) {
      const MessageBytes message(request_);
      if (absl::Status status = Take(message.view()); !status.ok()) End(std::move(status));
    }
    Advance();
  }

  absl::Status Take(std::string_view bytes) {
    v1::ReceiveRequest request;
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return absl::InvalidArgumentError("the bytes are not a sluice.v1.ReceiveRequest");
    }
    if (receiver_ == nullptr) return Open(request);
    switch (request.request_case()) {
      case v1::ReceiveRequest::kAcknowledge:
        for (const std::string& id : request.acknowledge().ids()) receiver_->Acknowledge(id);
        counters().acknowledged.Add(static_cast<uint64_t>(request.acknowledge().ids_size()));
        return absl::OkStatus();
      case v1::ReceiveRequest::kReject: {
        const bool discard = request.reject().discard();
        for (const std::string& id : request.reject().ids()) receiver_->Reject(id, discard);
        (discard ? counters().discarded : counters().rejected)
            .Add(static_cast<uint64_t>(request.reject().ids_size()));
        return absl::OkStatus();
      }
      case v1::ReceiveRequest::kOpen:
        return FieldViolation("open", "only the first request opens");
      case v1::ReceiveRequest::REQUEST_NOT_SET:
        break;
    }
    return FieldViolation("request", "request must be set: acknowledge or reject");
  }

  absl::Status Open(const v1::ReceiveRequest& request) {
    absl::StatusOr<ingest::ReceiverOptions> options = ReceiverOptionsOf(request);
    if (!options.ok()) return options.status();
    if (absl::Status allowed = (*grant_)->MayReceive(options->destinations); !allowed.ok()) {
      return allowed;
    }
    if (parts_.messages == nullptr) return absl::UnavailableError("no messages come here");
    sink_ = std::make_unique<ReceiveSink>(thread()->inbox(), this);
    auto receiver = parts_.messages->OpenReceiver(*options, sink_.get());
    if (!receiver.ok()) return receiver.status();
    receiver_ = *std::move(receiver);
    counters().receivers.Add();
    writing_ = true;
    stream_.SendInitialMetadata(metadata_sent_.tag());  // so that the client knows
    return absl::OkStatus();
  }

  void OnMetadataSent(bool) {
    writing_ = false;
    Advance();
  }

  void OnWritten(bool ok) {
    writing_ = false;
    if (ok) {
      counters().delivered.Add();
      if (unwritten_.front().attempt > 1) counters().redelivered.Add();
    }
    parts_.message_budget->Release(Cost(unwritten_.front()));
    unwritten_.pop_front();
    Advance();
  }

  void OnFinished(bool) {
    finished_ = true;
    Advance();
  }

  // Gives back what the client has not acknowledged. Advance then ends the call, as soon as gRPC
  // lets it.
  void End(absl::Status status) {
    if (std::exchange(is_ending_, true)) return;
    status_ = std::move(status);
    if (receiver_ != nullptr) counters().receivers.Subtract();
    receiver_.reset();
    sink_.reset();
  }

  // Does what can be done now. The call may be gone afterwards.
  void Advance() {
    Write();
    Read();
    Finish();
    if (finished_ && !reading_) delete this;
  }

  void Write() {
    if (writing_ || is_ending_ || unwritten_.empty()) return;
    grpc::WriteOptions options;
    if (unwritten_.size() > 1) options.set_buffer_hint();
    writing_ = true;
    stream_.Write(ToBuffer(ReceiveResponseOf(unwritten_.front())), options, written_.tag());
  }

  void Read() {
    if (reading_ || reads_ended_ || is_ending_) return;
    reading_ = true;
    stream_.Read(&request_, read_.tag());
  }

  void Finish() {
    if (!is_ending_ || finishing_ || writing_) return;
    finishing_ = true;
    stream_.Finish(status_.ok() ? grpc::Status::OK : ToGrpcStatus(status_), ended_.tag());
  }

  ReceiveCounters& counters() { return thread()->receive_counters(); }

  const PublishParts parts_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  StepOf<ReceiveCall, &ReceiveCall::OnAccepted> accepted_{this};
  StepOf<ReceiveCall, &ReceiveCall::OnRead> read_{this};
  StepOf<ReceiveCall, &ReceiveCall::OnMetadataSent> metadata_sent_{this};
  StepOf<ReceiveCall, &ReceiveCall::OnWritten> written_{this};
  StepOf<ReceiveCall, &ReceiveCall::OnFinished> ended_{this};

  absl::StatusOr<const PublisherGrant*> grant_ = nullptr;
  grpc::ByteBuffer request_;                                 // of the read under way
  std::deque<ClientDelivery> unwritten_;                     // at most the window
  std::unique_ptr<ReceiveSink> sink_;                        // outlives receiver_
  std::unique_ptr<ingest::ClientMessageReceiver> receiver_;  // null: not open
  absl::Status status_;                                      // that it ends with
  bool reading_ = false;
  bool writing_ = false;      // the front, or the response's headers
  bool reads_ended_ = false;  // the client has sent its last request, or is gone
  bool is_ending_ = false;
  bool finishing_ = false;
  bool finished_ = false;
};

void ReceiveSink::OnMessage(ClientDelivery delivery) {
  inbox_->Post([link = link_, delivery = std::move(delivery)]() mutable {
    if (link->call != nullptr) link->call->OnMessage(std::move(delivery));
  });
}

void ReceiveSink::OnClosed(absl::Status why) {
  inbox_->Post([link = link_, why = std::move(why)]() mutable {
    if (link->call != nullptr) link->call->OnClosed(std::move(why));
  });
}

}  // namespace

void AcceptReceive(const PublishParts& parts) { new ReceiveCall(parts); }

}  // namespace sluice::gateway
