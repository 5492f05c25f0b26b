#include "edge/stomp/stomp_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/inbound/send_result.h"
#include "edge/stream_request.h"
#include "edge/websocket/close_policy.h"

namespace sluice::edge {
namespace {

constexpr size_t kMaxSubscriptionIdBytes = 128;
// Clients are late, and networks too: the specification asks for a margin of error.
constexpr int kHeartBeatPatience = 2;

bool AsksForAcks(StompVersion version, std::string_view mode) {
  return version == StompVersion::k12 && (mode == "client" || mode == "client-individual");
}

std::string TextFrame(std::string_view text) {
  return WebSocketFrame(WebSocketOpcode::kText, text);
}

}  // namespace

std::string StompErrorFrames(std::string_view message, std::string_view receipt_id,
                             WebSocketCloseCode code) {
  StompHeaders headers = {{"message", std::string(message)}};
  if (!receipt_id.empty()) headers.emplace_back("receipt-id", receipt_id);
  return TextFrame(StompServerFrame("ERROR", headers)) + WebSocketCloseFrame(code, message);
}

StompSession::StompSession(Shard* shard, StreamSocket socket, Parts parts)
    : WebSocketSession(shard, std::move(socket), Protocol::kStomp, WireFormat::kStomp,
                       std::move(parts.websocket), true),
      version_(parts.version),
      heart_beats_(parts.heart_beats),
      topics_(std::move(parts.topics)),
      stomp_(std::move(parts.stomp)),
      last_heard_(shard->wheel().now()),
      sends_(shard, Protocol::kStomp, this, std::move(parts.publish)) {
  stomp_.set_version(parts.version);
}

StompSession::~StompSession() {
  if (awaits_head_) shard().StopAwaitingHead(this);
}

void StompSession::TakeHeld() { OnText(""); }

void StompSession::Renewed(const Identity& identity) {
  topics_ = identity.topics;
  sends_.set_publish(identity.publish);
}

void StompSession::OnText(std::string_view text) {
  last_heard_ = shard().wheel().now();
  if (is_leaving_) return;
  frames_of_message_ = 0;
  const auto error = stomp_.Feed(text, [this](const StompFrame& frame) { return OnFrame(frame); });
  if (error && !is_closing()) FailFrame(nullptr, *error);
}

bool StompSession::OnFrame(const StompFrame& frame) {
  // The first counted as its message.
  if (frames_of_message_++ != 0 && !MayTalk()) {
    FailFrame(&frame, "too many messages", WebSocketCloseCode::kPolicyViolation);
  } else if (sends_.is_full()) {
    FailFrame(&frame, "too many messages without an answer", WebSocketCloseCode::kPolicyViolation);
  } else if (frame.command == "SUBSCRIBE") {
    Subscribe(frame);
  } else if (frame.command == "UNSUBSCRIBE") {
    Unsubscribe(frame);
  } else if (frame.command == "DISCONNECT") {
    Disconnect(frame);
  } else if (frame.command == "SEND") {
    Send(frame);
  } else if (frame.command == "ACK" || frame.command == "NACK" || frame.command == "BEGIN" ||
             frame.command == "COMMIT" || frame.command == "ABORT") {
    Receipt(frame);  // everything is acknowledged as it is sent, and nothing is transacted
  } else if (frame.command == "CONNECT" || frame.command == "STOMP") {
    FailFrame(&frame, "already connected");
  } else {
    FailFrame(&frame, "the command does not exist");
  }
  return !is_closing() && !has_ended() && !is_leaving_;
}

std::string_view StompSession::SubscriptionId(const StompFrame& frame) const {
  const std::string_view id = frame.Value("id");
  return id.empty() && version_ == StompVersion::k10 ? frame.Value("destination") : id;
}

void StompSession::Subscribe(const StompFrame& frame) {
  const std::string_view id = SubscriptionId(frame);
  const std::string_view destination = frame.Value("destination");
  if (id.empty() || frame.Value("id").size() > kMaxSubscriptionIdBytes) {
    return FailFrame(&frame, "SUBSCRIBE needs an id of at most 128 octets");
  }
  const std::string escaped_id = EchoStompHeader(id, version_);
  if (std::any_of(subscriptions_.begin(), subscriptions_.end(),
                  [&](const Subscription& each) { return each.id == escaped_id; })) {
    return FailFrame(&frame, "the subscription id is taken");
  }
  std::optional<StompDestination> what = StompDestination::Parse(destination);
  if (!what) return FailFrame(&frame, "the destination does not exist");
  if (!what->topic.empty() && !AnyMatches(topics_, what->topic)) {
    return FailFrame(&frame, "the destination is not granted");
  }
  const std::optional<Reader::From> from =
      frame.Value("from").empty() ? Reader::From::kNow : ParseFrom(frame.Value("from"));
  if (!from) return FailFrame(&frame, "from must be now, earliest or last");
  if (subscriptions_.size() >= shard().options().max_topics_per_session) {
    return FailFrame(&frame, "too many subscriptions");
  }
  if (!what->topic.empty()) Follow(ChannelView::Topic(what->topic));
  subscriptions_.push_back({.id = escaped_id,
                            .destination = std::string(destination),
                            .acknowledges = AsksForAcks(version_, frame.Value("ack")),
                            .what = *std::move(what),
                            .since = shard().ring().head_sequence()});
  GapReason gap = GapReason::kNone;
  const std::string_view cursor = frame.Value("last-event-id");
  if (cursor.empty()) {
    Begin(*from, &subscriptions_.back());
  } else {
    gap = Resume(cursor, &subscriptions_.back());
  }
  Receipt(frame);
  if (gap == GapReason::kNone) return;
  shard().stats().gaps[static_cast<size_t>(gap)].Add();
  const Subscription& begun = subscriptions_.back();
  SayText(StompGap(begun.id, AckOf(begun), destination, gap, cursor, shard().ring().head()));
}

GapReason StompSession::Resume(std::string_view text, Subscription* subscription) {
  const std::optional<Cursor> cursor = Cursor::Parse(text);
  const Ring& ring = shard().ring();
  if (!cursor) return GapReason::kInvalid;
  if (cursor->epoch != ring.epoch()) return GapReason::kEpoch;
  if (cursor->sequence > ring.head_sequence()) {
    subscription->since = cursor->sequence;
    heads_seen_ = 0;
    if (!std::exchange(awaits_head_, true)) shard().AwaitHead(this);
    return GapReason::kNone;
  }
  const GapReason gap = RereadAfter(ChannelOf(*subscription), cursor->sequence);
  if (gap == GapReason::kNone) subscription->since = cursor->sequence;
  return gap;
}

void StompSession::Begin(Reader::From from, Subscription* subscription) {
  if (from == From::kNow) return;
  subscription->since = Reread(ChannelOf(*subscription), from);
}

std::string_view StompSession::AckOf(const Subscription& subscription) {
  return subscription.acknowledges ? subscription.id : std::string_view();
}

ChannelView StompSession::ChannelOf(const Subscription& subscription) const {
  const std::string& topic = subscription.what.topic;
  return topic.empty() ? channel(0) : ChannelView::Topic(topic);
}

bool StompSession::OnHead() {
  const Ring& ring = shard().ring();
  const auto is_ahead = [&](const Subscription& each) { return each.since > ring.head_sequence(); };
  // A gap that is yet to be said is every subscription's.
  const bool is_over = has_ended() || is_closing() || gap() != GapReason::kNone ||
                       std::none_of(subscriptions_.begin(), subscriptions_.end(), is_ahead);
  if (!is_over && ++heads_seen_ < 2) return false;
  awaits_head_ = false;
  if (is_over) return true;
  for (Subscription& each : subscriptions_) {
    if (!is_ahead(each)) continue;
    const std::string requested = Cursor{ring.epoch(), each.since}.ToString();
    each.since = ring.head_sequence();
    shard().stats().gaps[static_cast<size_t>(GapReason::kInvalid)].Add();
    SayText(StompGap(each.id, AckOf(each), each.destination, GapReason::kInvalid, requested,
                     ring.head()));
  }
  WriteUnlessBlocked();
  return true;
}

void StompSession::Unsubscribe(const StompFrame& frame) {
  const std::string id = EchoStompHeader(SubscriptionId(frame), version_);
  const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                  [&](const Subscription& each) { return each.id == id; });
  if (found == subscriptions_.end()) return FailFrame(&frame, "no such subscription");
  const std::string topic = found->what.topic;
  subscriptions_.erase(found);
  const bool is_followed =
      std::any_of(subscriptions_.begin(), subscriptions_.end(),
                  [&](const Subscription& each) { return each.what.topic == topic; });
  if (!topic.empty() && !is_followed) Unfollow(ChannelView::Topic(topic));
  Receipt(frame);
}

void StompSession::Send(const StompFrame& frame) {
  const std::string* receipt = frame.Find("receipt");
  sends_.Send(
      {.destination = frame.Value("destination"), .data = frame.body, .type = frame.Value("type")},
      channel(0).name, id(),
      [this, wanted = receipt != nullptr,
       id = receipt == nullptr ? std::string() : *receipt](const absl::Status& status) {
        if (!status.ok()) return FailSend(id, status);
        if (wanted) SayText(StompReceipt(id, version_));
      });
}

void StompSession::Disconnect(const StompFrame& frame) {
  is_leaving_ = true;
  Receipt(frame);
  sends_.Reply([this](const absl::Status&) {
    CloseWith(DisconnectReason::kClient, WebSocketCloseFrame(WebSocketCloseCode::kNormal, ""));
  });
}

void StompSession::Receipt(const StompFrame& frame) {
  const std::string* id = frame.Find("receipt");
  if (id == nullptr) return;
  sends_.Reply([this, id = *id](const absl::Status&) { SayText(StompReceipt(id, version_)); });
}

void StompSession::FailSend(std::string_view receipt_id, const absl::Status& status) {
  const SendResult result = SendResultOf(status);
  const bool is_temporary = result == SendResult::kOverloaded || result == SendResult::kUnavailable;
  CloseWith(is_temporary ? DisconnectReason::kOverload : DisconnectReason::kProtocol,
            StompErrorFrames({status.message().data(), status.message().size()}, receipt_id,
                             is_temporary ? WebSocketCloseCode::kTryAgainLater
                                          : WebSocketCloseCode::kProtocolError));
}

void StompSession::FailFrame(const StompFrame* frame, std::string_view message,
                             WebSocketCloseCode code) {
  const std::string_view receipt = frame == nullptr ? "" : frame->Value("receipt");
  CloseWith(DisconnectReason::kProtocol, StompErrorFrames(message, receipt, code));
}

bool StompSession::AddPrefixes(const Event& event, size_t shared_bytes, AddPrefix add) {
  for (const Subscription& subscription : subscriptions_) {
    if (event.sequence() <= subscription.since || !subscription.what.Takes(event)) continue;
    const std::string_view prefix =
        EncodeStompPrefix(subscription.id, AckOf(subscription), shared_bytes,
                          [this](size_t size) { return shard().scratch().Take(size); });
    if (prefix.empty()) return false;
    add(prefix);
  }
  return true;
}

void StompSession::Passed(const Event& event) {
  for (Subscription& subscription : subscriptions_) {
    if (!subscription.what.Takes(event)) continue;
    subscription.since = std::max(subscription.since, event.sequence());
  }
}

FrameRef StompSession::HeartbeatFrame() {
  return shard().HeartbeatFrame(WireFormat::kStomp, [](const Cursor&) { return TextFrame("\n"); });
}

std::chrono::milliseconds StompSession::HeartbeatInterval() const {
  const auto usual = WebSocketSession::HeartbeatInterval();
  // Half of what was promised, since the wheel turns in steps.
  if (heart_beats_.of_server == 0) return usual;
  return std::min(usual, std::chrono::milliseconds(std::max(1u, heart_beats_.of_server / 2)));
}

void StompSession::OnDeadline() {
  const Tick silent = shard().wheel().now() - last_heard_;
  if (heart_beats_.of_client != 0 && !is_closing() &&
      silent > TimerWheel::Ticks(std::chrono::milliseconds(heart_beats_.of_client)) *
                   kHeartBeatPatience) {
    return FailFrame(nullptr, "no heart-beat");
  }
  WebSocketSession::OnDeadline();
}

std::string StompSession::GapFrame(GapReason reason, std::string_view requested,
                                   const Cursor& resume_at) {
  std::string frames;
  for (Subscription& each : subscriptions_) {
    each.since = resume_at.sequence;  // in another epoch the sequences begin anew
    frames +=
        TextFrame(StompGap(each.id, AckOf(each), each.destination, reason, requested, resume_at));
  }
  // Something has to be said, so that there is an end of it.
  return frames.empty() ? TextFrame("\n") : frames;
}

std::string StompSession::ClosingFrame(DisconnectReason reason) {
  return StompErrorFrames(PolicyOf(reason).label, "", CloseCodeOf(reason));
}

}  // namespace sluice::edge
