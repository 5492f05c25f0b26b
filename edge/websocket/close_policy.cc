#include "edge/websocket/close_policy.h"

namespace sluice::edge {

WebSocketCloseCode CloseCodeOf(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kSlow:
      return WebSocketCloseCode::kTooSlow;
    case DisconnectReason::kOverload:
      return WebSocketCloseCode::kTryAgainLater;
    case DisconnectReason::kExpired:
      return WebSocketCloseCode::kTokenExpired;
    case DisconnectReason::kRevoked:
      return WebSocketCloseCode::kTokenRevoked;
    case DisconnectReason::kProtocol:
      return WebSocketCloseCode::kPolicyViolation;
    case DisconnectReason::kMaxAge:
    case DisconnectReason::kShutdown:
    case DisconnectReason::kDrain:
      return WebSocketCloseCode::kGoingAway;
    case DisconnectReason::kClient:
    case DisconnectReason::kNetwork:
      break;
  }
  return WebSocketCloseCode::kNormal;
}

}  // namespace sluice::edge
