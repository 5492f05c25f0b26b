#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/channel.h"
#include "core/status.h"
#include "gateway/message.h"
#include "gateway/publish_service.h"
#include "gateway/rpc_status.h"
#include "gateway/unary_call.h"
#include "ingest/presence.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

constexpr int kMaxUsers = 1'000;
// More than so many users of valid names take; so that what is parsed is bounded.
constexpr size_t kMaxRequestBytes = 300'000;
// As bytes, as a message, as the question to the edges, and in the answer.
constexpr uint64_t kCopies = 4;
constexpr std::chrono::milliseconds kPatience(100);
constexpr std::chrono::milliseconds kWayBack(10);  // of that: for the answer to reach the publisher

absl::Status Parse(std::string_view message, v1::GetPresenceRequest* request) {
  if (message.size() > kMaxRequestBytes) {
    return FieldViolation("user_ids", absl::StrCat("user_ids must be at most ", kMaxUsers,
                                                   " of at most ", kMaxChannelNameBytes, " bytes"));
  }
  if (request->ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("the bytes are not a sluice.v1.GetPresenceRequest");
}

absl::Status Validate(const v1::GetPresenceRequest& request) {
  if (request.user_ids_size() > kMaxUsers) {
    return FieldViolation("user_ids", absl::StrCat("user_ids must be at most ", kMaxUsers, ", got ",
                                                   request.user_ids_size()));
  }
  for (int i = 0; i < request.user_ids_size(); ++i) {
    const std::string field = absl::StrCat("user_ids[", i, "]");
    const absl::Status valid = ValidateChannelName(field, request.user_ids(i));
    if (!valid.ok()) return FieldViolation(field, valid.message());
  }
  return absl::OkStatus();
}

// Who is nobody learns nothing of what is wrong with the request.
absl::Status Check(std::string_view message, const CallFacts& call,
                   v1::GetPresenceRequest* request) {
  SLUICE_RETURN_IF_ERROR(call.grant.status());
  SLUICE_RETURN_IF_ERROR(Parse(message, request));
  SLUICE_RETURN_IF_ERROR(Validate(*request));
  for (const std::string& user : request->user_ids()) {
    SLUICE_RETURN_IF_ERROR((*call.grant)->MaySeeUser(user));
  }
  return absl::OkStatus();
}

// One GetPresence: the edges are asked, and answer through the thread's inbox.
class PresenceCall final : public UnaryCall {
 public:
  explicit PresenceCall(const PublishParts& parts) : UnaryCall(parts) {
    parts.service->RequestGetPresence(context(), request(), responder(), parts.thread->queue(),
                                      parts.thread->queue(), tag());
  }
  ~PresenceCall() override { *self_ = nullptr; }

  void Abandon() override {
    if (!is_answered()) Fail(absl::UnavailableError("the gateway is stopping"));
  }

 private:
  void AcceptNext() override { AcceptPresence(parts()); }

  void OnRequest() override {
    const MessageBytes message(*request());
    const CallFacts call = publisher().FactsOf(*context());
    absl::Status status = Check(message.view(), call, &asked_);
    if (status.ok() && call.started >= call.deadline) {
      status = absl::DeadlineExceededError("the deadline passed before the question");
    }
    if (status.ok() && parts().presence == nullptr) {
      status = absl::UnavailableError("this gateway has no edges");
    }
    if (status.ok()) status = TakeBytes(message.view().size());
    if (!status.ok()) return Fail(status);
    const SteadyTime::duration left = call.deadline - call.started;
    Ask(std::min<SteadyTime::duration>(kPatience, left) - kWayBack);
    if (thread()->is_abandoning()) Abandon();
  }

  absl::Status TakeBytes(size_t message_bytes) {
    const uint64_t bytes = kCopies * message_bytes + kCallBytes;
    if (!publisher().budget().Take(bytes)) {
      return absl::ResourceExhaustedError("too many bytes wait for the edges");
    }
    bytes_ = bytes;
    return absl::OkStatus();
  }

  void Ask(SteadyTime::duration timeout) {
    const auto on_answer = [self = self_, inbox = thread()->inbox()](auto answer) {
      inbox->Post([self, answer = std::move(answer)] {
        if (*self != nullptr) (*self)->OnAnswer(answer);
      });
    };
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    parts().presence->Ask({asked_.user_ids().begin(), asked_.user_ids().end()},
                          std::max(whole, std::chrono::milliseconds(0)), on_answer);
  }

  void OnAnswer(const absl::StatusOr<ingest::PresenceAnswer>& answer) {
    if (is_answered()) return;
    if (!answer.ok()) return Fail(answer.status());
    v1::GetPresenceResponse response;
    for (int i = 0; i < asked_.user_ids_size(); ++i) {
      v1::UserPresence* const user = response.add_users();
      user->set_user_id(asked_.user_ids(i));
      user->set_sessions(answer->sessions.at(static_cast<size_t>(i)));
    }
    response.set_complete(answer->is_complete());
    response.set_answered_edges(answer->edges);
    for (const std::string& edge : answer->missing_edges) response.add_missing_edges(edge);
    outcome_ = answer->is_complete() ? PresenceOutcome::kComplete : PresenceOutcome::kIncomplete;
    Answer(ToBuffer(response.SerializeAsString()));
  }

  void OnAnswered() override {
    publisher().budget().Release(bytes_);
    counters()->presence[static_cast<size_t>(outcome_)].Add();
  }

  // Of this call, until it ends; shared with the answer, which may come later. Own thread only.
  const std::shared_ptr<PresenceCall*> self_ = std::make_shared<PresenceCall*>(this);
  v1::GetPresenceRequest asked_;
  uint64_t bytes_ = 0;  // taken from the budget
  PresenceOutcome outcome_ = PresenceOutcome::kFailed;
};

}  // namespace

void AcceptPresence(const PublishParts& parts) { new PresenceCall(parts); }

}  // namespace sluice::gateway
