#include "app/gateway_client.h"

#include <memory>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "core/json.h"
#include "core/small_file.h"
#include "core/status.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::app {
namespace {

absl::StatusOr<std::unique_ptr<v1::Gateway::Stub>> Connect(const GatewayEndpoint& gateway) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!gateway.tls_ca_file.empty()) {
    grpc::SslCredentialsOptions options;
    SLUICE_ASSIGN_OR_RETURN(options.pem_root_certs, ReadSmallFile("--tls-ca", gateway.tls_ca_file));
    credentials = grpc::SslCredentials(options);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);  // the server has the say
  return v1::Gateway::NewStub(grpc::CreateCustomChannel(gateway.server, credentials, arguments));
}

void PrepareStream(const GatewayEndpoint& gateway, grpc::ClientContext* context) {
  if (!gateway.key.empty()) context->AddMetadata("authorization", "Bearer " + gateway.key);
}

void Prepare(const GatewayEndpoint& gateway, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + gateway.timeout);
  PrepareStream(gateway, context);
}

std::string ToJson(const v1::ReceiveResponse& message) {
  std::string json = "{\"id\":";
  AppendJsonString(message.id(), &json);
  json += ",\"user_id\":";
  AppendJsonString(message.user_id(), &json);
  json += ",\"destination\":";
  AppendJsonString(message.destination(), &json);
  json += ",\"data\":";
  AppendJsonString(message.data(), &json);
  json += ",\"time\":" + std::to_string(message.time()) + ",\"connection\":";
  AppendJsonString(message.connection(), &json);
  return json + ",\"attempt\":" + std::to_string(message.attempt()) + '}';
}

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

absl::StatusOr<std::string> Publish(const GatewayEndpoint& gateway,
                                    const Publication& publication) {
  v1::PublishRequest request;
  if (publication.is_topic) {
    request.set_topic(publication.target);
  } else {
    request.set_user_id(publication.target);
  }
  request.mutable_event()->set_type(publication.type);
  request.mutable_event()->set_data(publication.data);
  request.mutable_event()->set_idempotency_key(publication.idempotency_key);

  SLUICE_ASSIGN_OR_RETURN(const auto stub, Connect(gateway));
  grpc::ClientContext context;
  Prepare(gateway, &context);
  v1::PublishResponse response;
  SLUICE_RETURN_IF_ERROR(ToStatus(stub->Publish(&context, request, &response)));
  std::string json = "{\"event_id\":";
  AppendJsonString(response.event_id(), &json);
  json += response.duplicate() ? ",\"duplicate\":true}" : ",\"duplicate\":false}";
  return json;
}

absl::Status Disconnect(const GatewayEndpoint& gateway, const Disconnection& disconnection) {
  v1::DisconnectRequest request;
  if (disconnection.is_token) {
    request.set_token_id(disconnection.target);
  } else {
    request.set_user_id(disconnection.target);
  }
  request.set_reason(disconnection.reason);
  SLUICE_ASSIGN_OR_RETURN(const auto stub, Connect(gateway));
  grpc::ClientContext context;
  Prepare(gateway, &context);
  v1::DisconnectResponse response;
  return ToStatus(stub->Disconnect(&context, request, &response));
}

absl::StatusOr<Attendance> GetPresence(const GatewayEndpoint& gateway,
                                       const std::vector<std::string>& users) {
  v1::GetPresenceRequest request;
  for (const std::string& user : users) request.add_user_ids(user);
  SLUICE_ASSIGN_OR_RETURN(const auto stub, Connect(gateway));
  grpc::ClientContext context;
  Prepare(gateway, &context);
  v1::GetPresenceResponse response;
  SLUICE_RETURN_IF_ERROR(ToStatus(stub->GetPresence(&context, request, &response)));
  Attendance attendance{
      .users = {},
      .is_complete = response.complete(),
      .missing_edges = {response.missing_edges().begin(), response.missing_edges().end()}};
  for (const v1::UserPresence& user : response.users()) {
    std::string& json = attendance.users.emplace_back("{\"user_id\":");
    AppendJsonString(user.user_id(), &json);
    json += ",\"sessions\":" + std::to_string(user.sessions()) + "}";
  }
  return attendance;
}

absl::Status Receive(const GatewayEndpoint& gateway, const Reception& reception,
                     absl::FunctionRef<bool(const std::string& json)> on_message) {
  SLUICE_ASSIGN_OR_RETURN(const auto stub, Connect(gateway));
  grpc::ClientContext context;
  PrepareStream(gateway, &context);
  const auto stream = stub->Receive(&context);
  v1::ReceiveRequest request;
  request.mutable_open()->set_destination(reception.destination);
  request.mutable_open()->set_group(reception.group);
  stream->Write(request);
  v1::ReceiveResponse message;
  uint32_t count = 0;
  bool goes_on = true;
  while (goes_on && stream->Read(&message)) {
    goes_on = on_message(ToJson(message));
    if (!goes_on) break;
    request.mutable_acknowledge()->clear_ids();
    request.mutable_acknowledge()->add_ids(message.id());
    stream->Write(request);
    goes_on = ++count != reception.count;
  }
  stream->WritesDone();
  if (!goes_on) {
    // What came meanwhile is not acknowledged, and comes again to another.
    while (stream->Read(&message)) {
    }
  }
  return ToStatus(stream->Finish());
}

}  // namespace sluice::app
