#include "app/publication.h"

#include <memory>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "core/json.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::app {

absl::StatusOr<std::string> Publish(const Publication& publication) {
  v1::PublishRequest request;
  if (publication.is_topic) {
    request.set_topic(publication.target);
  } else {
    request.set_user_id(publication.target);
  }
  request.mutable_event()->set_type(publication.type);
  request.mutable_event()->set_data(publication.data);
  request.mutable_event()->set_idempotency_key(publication.idempotency_key);

  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);  // the server has the say
  const auto stub = v1::Gateway::NewStub(
      grpc::CreateCustomChannel(publication.server, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + publication.timeout);
  v1::PublishResponse response;
  const grpc::Status status = stub->Publish(&context, request, &response);
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  std::string json = "{\"event_id\":";
  AppendJsonString(response.event_id(), &json);
  json += response.duplicate() ? ",\"duplicate\":true}" : ",\"duplicate\":false}";
  return json;
}

}  // namespace sluice::app
