#pragma once

#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::ingest {
class Presence;
}  // namespace sluice::ingest

namespace sluice::gateway {

class Announcer;
class CallThread;
class Publisher;

// sluice.v1.Gateway on completion queues, its messages as bytes (docs/adr/0002).
using PublishService = v1::Gateway::WithRawMethod_Publish<v1::Gateway::WithRawMethod_PublishBatch<
    v1::Gateway::WithRawMethod_PublishStream<v1::Gateway::WithRawMethod_Disconnect<
        v1::Gateway::WithRawMethod_GetPresence<v1::Gateway::Service>>>>>;

// What every publishing call needs; the parts outlive the calls.
struct PublishParts {
  PublishService* service;
  Publisher* publisher;
  CallThread* thread;
  Announcer* announcer;        // of the thread
  ingest::Presence* presence;  // null: there are no edges to ask
};

// Waits for one call of the method with the thread's queue; that call then waits for the next.
// Thread: any before the CallThread starts, then its own.
void AcceptPublish(const PublishParts& parts);
void AcceptPublishBatch(const PublishParts& parts);
void AcceptPublishStream(const PublishParts& parts);
void AcceptDisconnect(const PublishParts& parts);
void AcceptPresence(const PublishParts& parts);

}  // namespace sluice::gateway
