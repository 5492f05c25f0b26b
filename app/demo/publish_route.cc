#include "app/demo/publish_route.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>

#include "core/json.h"
#include "edge/auth/query_user_authenticator.h"
#include "edge/http/origin_policy.h"

namespace sluice::demo {
namespace {

using edge::HttpRequest;
using edge::HttpRespond;
using edge::HttpResponse;

constexpr std::chrono::seconds kDeadline{5};

HttpResponse Refusal(int status, std::string_view code, std::string_view message) {
  HttpResponse response{
      .status = status, .content_type = "application/json", .body = {}, .headers = {}};
  response.body = R"({"error":{"code":")" + std::string(code) + R"(","message":)";
  AppendJsonString(message, &response.body);
  response.body += "}}\n";
  return response;
}

HttpResponse ToHttp(const grpc::Status& status, const v1::PublishResponse& published) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      break;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return Refusal(400, "bad_request", status.error_message());
    case grpc::StatusCode::CANCELLED:
      return Refusal(503, "unavailable", "the process stops");
    default:
      return Refusal(503, "unavailable", status.error_message());
  }
  HttpResponse response{.status = 200,
                        .content_type = "application/json",
                        .body = {},
                        .headers = {{"Cache-Control", "no-store"}}};
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  const auto printed =
      google::protobuf::util::MessageToJsonString(published, &response.body, options);
  if (!printed.ok()) return Refusal(500, "internal", "the answer cannot be printed");
  return response;
}

}  // namespace

PublishRoute::PublishRoute(const std::shared_ptr<grpc::Channel>& gateway, bool only_loopback_hosts)
    : gateway_(v1::Gateway::NewStub(gateway)), only_loopback_hosts_(only_loopback_hosts) {}

PublishRoute::~PublishRoute() { Stop(); }

void PublishRoute::Handle(const HttpRequest& http, HttpRespond respond) {
  if (IsForeign(http)) {
    return respond(Refusal(403, "forbidden", "only the page of this server may publish"));
  }
  auto call = std::make_unique<Call>();
  const std::string body(http.body);
  const auto parsed = google::protobuf::util::JsonStringToMessage(body, &call->request);
  if (!parsed.ok()) {
    return respond(Refusal(400, "bad_request", "the body is not a PublishRequest in JSON"));
  }
  call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  call->respond = std::move(respond);
  Call* const admitted = call.get();
  if (!Admit(&call)) {
    return admitted->respond(
        Refusal(503, "unavailable", "too many requests, or the process stops"));
  }
  gateway_->async()->Publish(
      &admitted->context, &admitted->request, &admitted->response,
      [this, admitted](const grpc::Status& status) { OnDone(admitted, status); });
}

bool PublishRoute::IsForeign(const HttpRequest& http) const {
  if (only_loopback_hosts_ && !edge::IsLoopbackHost(http.host)) return true;
  const edge::OriginPolicy same_origin_only({});
  return same_origin_only.Judge(http.origin, http.host) == edge::OriginPolicy::Verdict::kForeign;
}

bool PublishRoute::Admit(std::unique_ptr<Call>* call) {
  MutexLock lock(&mutex_);
  if (is_stopped_ || calls_.size() >= kMaxCalls) return false;
  Call* const key = call->get();
  calls_.emplace(key, std::move(*call));
  return true;
}

void PublishRoute::OnDone(Call* call, const grpc::Status& status) {
  call->respond(ToHttp(status, call->response));
  MutexLock lock(&mutex_);
  calls_.erase(call);
  call_done_.NotifyAll();
}

void PublishRoute::Stop() {
  MutexLock lock(&mutex_);
  is_stopped_ = true;
  // gRPC hands a client's callback to a thread of its own, so this does not enter OnDone.
  for (const auto& [call, owned] : calls_) call->context.TryCancel();
  while (!calls_.empty()) call_done_.Wait(&mutex_);
}

}  // namespace sluice::demo
