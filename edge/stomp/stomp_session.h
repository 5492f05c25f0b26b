#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/name_pattern.h"
#include "edge/auth/authenticator.h"
#include "edge/engine/head_waiter.h"
#include "edge/inbound/client_sends.h"
#include "edge/stomp/stomp_codec.h"
#include "edge/stomp/stomp_destination.h"
#include "edge/websocket/websocket_session.h"

namespace sluice::edge {

// How often each side promises to say something, in ms; 0: it does not.
struct StompHeartBeats {
  uint32_t of_server = 0;
  uint32_t of_client = 0;
};

// A stream over STOMP, once CONNECT was answered. An event goes out once for each subscription that
// takes it; what nobody subscribed to does not. Thread: shard.
class StompSession final : public WebSocketSession, public HeadWaiter {
 public:
  struct Parts {
    StompVersion version;
    StompHeartBeats heart_beats;
    std::vector<NamePattern> topics;   // that it may follow
    std::vector<NamePattern> publish;  // and publish to
    WebSocketReader websocket;         // has read what came so far
    StompReader stomp;
  };
  StompSession(Shard* shard, StreamSocket socket, Parts parts);
  ~StompSession() override;

  // Handles the frames that `stomp` holds already.
  void TakeHeld();

  void OnDeadline() override;
  // Says `gap` to subscriptions whose cursor is beyond the end of the log.
  bool OnHead() override;

 private:
  struct Subscription {
    std::string id;           // as it stands in headers
    std::string destination;  // as the client wrote it
    bool acknowledges;        // its messages say what ACK is to name
    StompDestination what;
    uint64_t since;  // events up to here it has had, or was not there for; may be ahead of the ring
  };

  void Renewed(const Identity& identity) override;
  void OnText(std::string_view text) override;
  FrameRef HeartbeatFrame() override;
  std::string GapFrame(GapReason reason, std::string_view requested,
                       const Cursor& resume_at) override;
  std::string ClosingFrame(DisconnectReason reason) override;
  bool AddPrefixes(const Event& event, size_t shared_bytes, AddPrefix add) override;
  void Passed(const Event& event) override;
  std::chrono::milliseconds HeartbeatInterval() const override;

  // False: nothing behind it is to be read.
  bool OnFrame(const StompFrame& frame);
  // In STOMP 1.0 a subscription without an id is named by its destination.
  std::string_view SubscriptionId(const StompFrame& frame) const;
  void Subscribe(const StompFrame& frame);
  void Unsubscribe(const StompFrame& frame);
  void Send(const StompFrame& frame);
  void Disconnect(const StompFrame& frame);
  // Moves the subscription to behind `cursor`; the reason if that cannot be had. A cursor that is
  // ahead of the ring is believed until the log has said where it ends: the edge that the client
  // left may have been further.
  GapReason Resume(std::string_view cursor, Subscription* subscription);
  // Moves it to where the header `from` says.
  void Begin(Reader::From from, Subscription* subscription);
  // STOMP 1.2 has what ACK names in the message. Any value does, as nothing waits for it.
  static std::string_view AckOf(const Subscription& subscription);
  ChannelView ChannelOf(const Subscription& subscription) const;
  // If the frame asks for it, behind the answers to those before it.
  void Receipt(const StompFrame& frame);
  // Says ERROR and ends the stream.
  void FailFrame(const StompFrame* frame, std::string_view message,
                 WebSocketCloseCode code = WebSocketCloseCode::kProtocolError);
  void FailSend(std::string_view receipt_id, const absl::Status& status);

  const StompVersion version_;
  const StompHeartBeats heart_beats_;
  std::vector<NamePattern> topics_;
  StompReader stomp_;
  std::vector<Subscription> subscriptions_;
  Tick last_heard_;
  bool awaits_head_ = false;
  uint8_t heads_seen_ = 0;  // since the last subscription that awaits it
  ClientSends sends_;
  uint32_t frames_of_message_ = 0;
  bool is_leaving_ = false;  // has said DISCONNECT
};

// ERROR and the close frame behind it. `receipt_id`: of the frame that was wrong; empty: none.
std::string StompErrorFrames(std::string_view message, std::string_view receipt_id,
                             WebSocketCloseCode code);

}  // namespace sluice::edge
