#include "edge/stomp/stomp_handshake.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

#include "absl/strings/str_split.h"
#include "edge/engine/session.h"
#include "edge/engine/shard.h"
#include "edge/stomp/stomp_session.h"
#include "edge/websocket/close_policy.h"

namespace sluice::edge {
namespace {

constexpr uint32_t kHeartBeatMs = 10'000;
constexpr std::string_view kHeartBeatHeader = "10000,10000";
constexpr uint32_t kMaxHeartBeatMs = 3'600'000;

// The newest that both speak; nullopt: none.
std::optional<StompVersion> ChooseVersion(const StompFrame& frame) {
  const std::string* accepted = frame.Find("accept-version");
  if (accepted == nullptr) return StompVersion::k10;
  const std::vector<std::string> versions = absl::StrSplit(*accepted, ',');
  const auto offers = [&](std::string_view version) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  if (offers("1.2")) return StompVersion::k12;
  if (offers("1.1")) return StompVersion::k11;
  if (offers("1.0")) return StompVersion::k10;
  return std::nullopt;
}

std::string_view NameOf(StompVersion version) {
  switch (version) {
    case StompVersion::k10:
      return "1.0";
    case StompVersion::k11:
      return "1.1";
    case StompVersion::k12:
      return "1.2";
  }
  return "";
}

// How often the one who promises `own` and the one who wants `wanted` agree on.
uint32_t Agree(uint32_t own, uint32_t wanted) {
  return own == 0 || wanted == 0 ? 0 : std::min(std::max(own, wanted), kMaxHeartBeatMs);
}

// nullopt: not two whole numbers.
std::optional<StompHeartBeats> NegotiateHeartBeats(const StompFrame& frame) {
  const std::string* text = frame.Find("heart-beat");
  if (text == nullptr) return StompHeartBeats{};
  const char* const end = text->data() + text->size();
  uint32_t sends = 0;
  uint32_t wants = 0;
  const auto first = std::from_chars(text->data(), end, sends);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, wants);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return StompHeartBeats{.of_server = Agree(kHeartBeatMs, wants),
                         .of_client = Agree(sends, kHeartBeatMs)};
}

}  // namespace

void BeginStompHandshake(Shard* shard, StreamSocket socket, Identity identity,
                         const WebSocketHandshake& handshake) {
  shard->Add(
      std::make_unique<StompHandshake>(shard, std::move(socket), std::move(identity), handshake));
}

StompHandshake::StompHandshake(Shard* shard, StreamSocket socket, Identity identity,
                               const WebSocketHandshake& handshake)
    : Connection(shard, std::move(socket)),
      identity_(std::move(identity)),
      websocket_({.message_bytes = shard->options().max_message_bytes}),
      stomp_({.body_bytes = shard->options().max_message_bytes}) {
  shard->wheel().Set(this, TimerWheel::Ticks(shard->options().request_head_timeout));
  Say(WebSocketHandshakeAnswer(handshake, shard->context().clock->Wall()));
  Flush();
}

void StompHandshake::OnReadable() {
  while (!is_done_) {
    const auto buffer = shard_.buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Drop();
    if (is_closing_) continue;
    std::span<char> octets = buffer.first(static_cast<size_t>(n));
    const auto error = websocket_.Feed(
        &octets, [this](const WebSocketMessage& message) { return OnMessage(message); });
    if (error && !is_closing_) CloseAfter(WebSocketCloseFrame(error->code, error->why));
    if (!connect_) {
      if (!is_done_) Flush();
      continue;
    }
    // The session reads on where this stops.
    const StompFrame frame = *std::exchange(connect_, std::nullopt);
    const std::string behind(octets.data(), octets.size());
    return Connect(frame, behind);
  }
}

bool StompHandshake::OnMessage(const WebSocketMessage& message) {
  switch (message.opcode) {
    case WebSocketOpcode::kText:
      if (const auto error =
              stomp_.Feed(message.data, [this](const StompFrame& frame) { return OnFrame(frame); });
          error && !is_closing_) {
        Refuse(*error);
      }
      break;
    case WebSocketOpcode::kBinary:
      CloseAfter(WebSocketCloseFrame(WebSocketCloseCode::kUnsupportedData, "only text is spoken"));
      break;
    case WebSocketOpcode::kPing:
      Say(WebSocketFrame(WebSocketOpcode::kPong, message.data));
      break;
    case WebSocketOpcode::kClose:
      CloseAfter(WebSocketCloseFrame(WebSocketCloseCode::kNormal, ""));
      break;
    case WebSocketOpcode::kPong:
    case WebSocketOpcode::kContinuation:
      break;
  }
  return !is_closing_ && !connect_;
}

bool StompHandshake::OnFrame(const StompFrame& frame) {
  if (frame.command == "CONNECT" || frame.command == "STOMP") {
    connect_ = frame;
  } else {
    Refuse("CONNECT comes first", frame.Value("receipt"));
  }
  return false;
}

void StompHandshake::Connect(const StompFrame& frame, std::string_view behind) {
  const std::optional<StompVersion> version = ChooseVersion(frame);
  if (!version) return RefuseVersion();
  const std::optional<StompHeartBeats> heart_beats = NegotiateHeartBeats(frame);
  if (!heart_beats) return Refuse("heart-beat must be two whole numbers");
  const std::optional<Identity> identity = Identify(frame);
  if (!identity) return;
  if (!shard_.is_caught_up()) return TurnAway(DisconnectReason::kOverload);
  switch (Admit(&shard_, *identity)) {
    case Admission::kGranted:
      break;
    case Admission::kDraining:
      return TurnAway(DisconnectReason::kDrain);
    case Admission::kNoRoom:
      return TurnAway(DisconnectReason::kOverload);
    case Admission::kRevoked:
      return Refuse("the token has been revoked", "", WebSocketCloseCode::kTokenRevoked);
  }
  BeginSession(*version, *heart_beats, *identity, behind);
}

std::optional<Identity> StompHandshake::Identify(const StompFrame& frame) {
  const Authenticator& authenticator = *shard_.context().authenticator;
  if (!authenticator.takes_tokens()) {
    if (!identity_.user_id.empty()) return identity_;
    shard_.stats().auth_failures[static_cast<size_t>(AuthRefusalReason::kMissing)].Add();
    Refuse("the query of the handshake must name a user: ?user=NAME");
    return std::nullopt;
  }
  const std::string* authorization = frame.Find("Authorization");
  if (authorization == nullptr) authorization = frame.Find("authorization");
  if (authorization == nullptr && !identity_.user_id.empty()) return identity_;
  Credentials credentials;
  if (authorization != nullptr) credentials.authorization = *authorization;
  Authentication who = authenticator.Authenticate(credentials);
  if (auto* identity = std::get_if<Identity>(&who)) return std::move(*identity);
  const auto& refusal = std::get<AuthRefusal>(who);
  shard_.stats().auth_failures[static_cast<size_t>(refusal.reason)].Add();
  Refuse(ToHttpError(refusal).message);
  return std::nullopt;
}

void StompHandshake::BeginSession(StompVersion version, const StompHeartBeats& heart_beats,
                                  const Identity& identity, std::string_view behind) {
  is_done_ = true;
  Shard& shard = shard_;
  StompSession::Parts parts{.version = version,
                            .heart_beats = heart_beats,
                            .topics = identity.topics,
                            .publish = identity.publish,
                            .websocket = std::move(websocket_),
                            .stomp = std::move(stomp_)};
  auto owned = std::make_unique<StompSession>(&shard, TakeSocket(), std::move(parts));
  StompSession& session = *owned;
  const std::string unsent = output_.substr(written_);
  shard.Add(std::move(owned));
  // `this` lives until the end of the turn.
  StreamRequest request;
  request.identity = identity;
  const StreamStart start = StartStream(&session, request);
  StompHeaders headers = {{"version", std::string(NameOf(version))},
                          {"heart-beat", std::string(kHeartBeatHeader)},
                          {"server", "sluice"},
                          {"user-name", identity.user_id},
                          {"last-event-id", shard.ring().head().ToString()}};
  if (!start.connection_id.empty()) headers.emplace_back("connection-id", start.connection_id);
  session.Say(unsent +
              WebSocketFrame(WebSocketOpcode::kText, StompServerFrame("CONNECTED", headers)));
  session.TakeHeld();
  std::string octets(behind);
  session.Take(octets);
}

// STOMP 1.2, "Protocol Negotiation": with the versions that would have done.
void StompHandshake::RefuseVersion() {
  constexpr std::string_view kWhy = "versions 1.0, 1.1 and 1.2 are spoken";
  const std::string error =
      StompServerFrame("ERROR", {{"message", std::string(kWhy)}, {"version", "1.0,1.1,1.2"}});
  CloseAfter(WebSocketFrame(WebSocketOpcode::kText, error) +
             WebSocketCloseFrame(WebSocketCloseCode::kProtocolError, kWhy));
}

void StompHandshake::Refuse(std::string_view message, std::string_view receipt_id,
                            WebSocketCloseCode code) {
  CloseAfter(StompErrorFrames(message, receipt_id, code));
}

void StompHandshake::TurnAway(DisconnectReason reason) {
  shard_.stats().sessions_shed.Add();
  CloseAfter(StompErrorFrames(PolicyOf(reason).label, "", CloseCodeOf(reason)));
}

void StompHandshake::Say(std::string_view octets) { output_ += octets; }

void StompHandshake::CloseAfter(std::string_view octets) {
  Say(octets);
  is_closing_ = true;
  Flush();
}

void StompHandshake::Flush() {
  while (written_ < output_.size()) {
    const ssize_t n = socket().Send(std::string_view(output_).substr(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return Drop();
    written_ += static_cast<size_t>(n);
  }
  output_ = std::string();
  written_ = 0;
  if (!socket().Flush() || !is_closing_) return;
  is_done_ = true;
  shard_.Linger(TakeSocket());
}

void StompHandshake::OnWritable() {
  if (!is_done_) Flush();
}

void StompHandshake::OnDeadline() {
  if (is_closing_) return Drop();  // it takes nothing
  shard_.wheel().Set(this, TimerWheel::Ticks(shard_.options().request_head_timeout));
  Refuse("CONNECT took too long");
}

void StompHandshake::OnStop() {
  if (!is_done_ && !is_closing_) TurnAway(DisconnectReason::kShutdown);
}

void StompHandshake::Drop() {
  is_done_ = true;
  shard_.Remove(this);
}

}  // namespace sluice::edge
