#include "edge/sockjs/sockjs_path.h"

#include <algorithm>
#include <array>
#include <utility>

#include "edge/sockjs/sockjs_client.h"

namespace sluice::edge {
namespace {

constexpr size_t kMaxIdBytes = 64;
constexpr std::array<std::pair<std::string_view, SockJsEndpoint>, 5> kTransports = {{
    {"websocket", SockJsEndpoint::kWebSocket},
    {"xhr", SockJsEndpoint::kXhr},
    {"xhr_streaming", SockJsEndpoint::kXhrStreaming},
    {"xhr_send", SockJsEndpoint::kXhrSend},
    {"eventsource", SockJsEndpoint::kEventSource},
}};

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes && text.find('.') == std::string_view::npos;
}

bool IsIframe(std::string_view name) {
  constexpr std::string_view kBefore = "iframe";
  constexpr std::string_view kBehind = ".html";
  if (name.size() < kBefore.size() + kBehind.size() || !name.starts_with(kBefore) ||
      !name.ends_with(kBehind)) {
    return false;
  }
  const std::string_view version =
      name.substr(kBefore.size(), name.size() - kBefore.size() - kBehind.size());
  return std::all_of(version.begin(), version.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

// Behind `/v1/sockjs/`, with one segment.
std::optional<SockJsTarget> ParsePage(std::string_view name) {
  if (name.empty()) return SockJsTarget{SockJsEndpoint::kGreeting, ""};
  if (name == "info") return SockJsTarget{SockJsEndpoint::kInfo, ""};
  if (name == "websocket") return SockJsTarget{SockJsEndpoint::kRawWebSocket, ""};
  if (name == kSockJsClientName) return SockJsTarget{SockJsEndpoint::kClient, ""};
  if (IsIframe(name)) return SockJsTarget{SockJsEndpoint::kIframe, ""};
  return std::nullopt;
}

}  // namespace

std::optional<SockJsTarget> SockJsTarget::Parse(std::string_view path) {
  if (!path.starts_with(kSockJsPath)) return std::nullopt;
  path.remove_prefix(kSockJsPath.size());
  if (path.empty()) return SockJsTarget{SockJsEndpoint::kGreeting, ""};
  if (path[0] != '/') return std::nullopt;
  path.remove_prefix(1);
  const size_t first = path.find('/');
  if (first == std::string_view::npos) return ParsePage(path);
  const size_t second = path.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  // Which server a client has named says nothing: any has the session.
  const std::string_view session = path.substr(first + 1, second - first - 1);
  if (!IsId(path.substr(0, first)) || !IsId(session)) return std::nullopt;
  for (const auto& [name, endpoint] : kTransports) {
    if (path.substr(second + 1) == name) return SockJsTarget{endpoint, std::string(session)};
  }
  return std::nullopt;
}

std::string_view SockJsTarget::method() const {
  switch (endpoint) {
    case SockJsEndpoint::kXhr:
    case SockJsEndpoint::kXhrStreaming:
    case SockJsEndpoint::kXhrSend:
      return "POST";
    case SockJsEndpoint::kGreeting:
    case SockJsEndpoint::kInfo:
    case SockJsEndpoint::kIframe:
    case SockJsEndpoint::kClient:
    case SockJsEndpoint::kRawWebSocket:
    case SockJsEndpoint::kWebSocket:
    case SockJsEndpoint::kEventSource:
      break;
  }
  return "GET";
}

bool SockJsTarget::is_websocket() const {
  return endpoint == SockJsEndpoint::kRawWebSocket || endpoint == SockJsEndpoint::kWebSocket;
}

}  // namespace sluice::edge
