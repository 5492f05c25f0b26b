#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::edge {

// What SockJS 0.3 writes into its transports. Pure. Source: sockjs-protocol 0.3.3, "Framing" and
// "Payload". Thread: any.

inline constexpr std::string_view kSockJsOpenFrame = "o";
inline constexpr std::string_view kSockJsHeartbeatFrame = "h";

// Appends `text`, UTF-8, as a JSON string in quotes. Beside what JSON asks for, the characters are
// escaped that browsers are known to mangle: U+200C-200F, U+2028-202F, U+2060-206F, U+FFF0-FFFF
// and those beyond U+FFFF, as surrogates. Only octets that are no UTF-8 become U+FFFD.
void AppendSockJsString(std::string_view text, std::string* out);

// Puts messages together as `a["one","two"]`.
class SockJsMessageFrame {
 public:
  void Add(std::string_view message);
  bool empty() const { return frame_.empty(); }
  size_t size() const { return frame_.size(); }
  std::string Take();

 private:
  std::string frame_;  // without the bracket at its end
};

// `c[code,"reason"]`.
std::string SockJsCloseFrame(uint16_t code, std::string_view reason);

// What a client sends: a JSON array of strings, over WebSocket also a lone string. A lone surrogate
// is refused, since no UTF-8 has it.
struct ParsedSockJsMessages {
  std::vector<std::string> messages;
  std::string_view error;  // as the protocol words it; empty: none
};
ParsedSockJsMessages ParseSockJsMessages(std::string_view body);

}  // namespace sluice::edge
