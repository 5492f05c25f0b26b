#pragma once

#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice {
class ByteBudget;
namespace ingest {
class ClientMessageQueue;
class Presence;
}  // namespace ingest
}  // namespace sluice

namespace sluice::gateway {

class Announcer;
class CallThread;
class Publisher;

// sluice.v1.Gateway on completion queues, its messages as bytes (docs/adr/0002).
using PublishService = v1::Gateway::WithRawMethod_Publish<
    v1::Gateway::WithRawMethod_PublishBatch<v1::Gateway::WithRawMethod_PublishStream<
        v1::Gateway::WithRawMethod_Disconnect<v1::Gateway::WithRawMethod_GetPresence<
            v1::Gateway::WithRawMethod_Receive<v1::Gateway::Service>>>>>>;

// What every call needs; the parts outlive the calls.
struct PublishParts {
  PublishService* service;
  Publisher* publisher;
  CallThread* thread;
  Announcer* announcer;                  // of the thread
  ingest::ClientMessageQueue* messages;  // null: there is none
  ByteBudget* message_budget;            // what clients of Receive have not taken
  ingest::Presence* presence;            // null: there are no edges to ask
};

// Waits for one call of the method with the thread's queue; that call then waits for the next.
// Thread: any before the CallThread starts, then its own.
void AcceptPublish(const PublishParts& parts);
void AcceptPublishBatch(const PublishParts& parts);
void AcceptPublishStream(const PublishParts& parts);
void AcceptDisconnect(const PublishParts& parts);
void AcceptPresence(const PublishParts& parts);
void AcceptReceive(const PublishParts& parts);

}  // namespace sluice::gateway
