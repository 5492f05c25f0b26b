#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/cursor.h"
#include "core/event.h"
#include "edge/engine/gap_reason.h"
#include "edge/engine/wire_format.h"

namespace sluice::edge {

// The frames of STOMP 1.0 to 1.2, as octets of a stream. Pure; thread: any unless it says so.
// Source: stomp.github.io, "STOMP Protocol Specification" 1.0, 1.1, 1.2.

enum class StompVersion : uint8_t { k10, k11, k12 };

// A frame of a client. Header names and values are unescaped.
struct StompFrame {
  std::string command;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first of that name, as the specification has it; nullptr: none.
  const std::string* Find(std::string_view name) const;
  // Empty: none.
  std::string_view Value(std::string_view name) const;
};

// Takes frames out of octets that come in pieces. Between frames it holds no memory. Thread: one.
class StompReader {
 public:
  struct Limits {
    uint32_t head_bytes = 16u << 10;  // command and headers
    uint32_t headers = 100;
    uint32_t body_bytes = 64u << 10;
  };
  explicit StompReader(Limits limits) : limits_(limits) {}

  // As CONNECT was answered; until then escapes are not undone.
  void set_version(StompVersion version) { version_ = version; }
  // Calls `on_frame` for each frame that `octets` completes; stops when that answers false. What is
  // wrong, for the client to read; that is final. Line ends between frames are heart-beats.
  std::optional<std::string> Feed(std::string_view octets,
                                  absl::FunctionRef<bool(const StompFrame&)> on_frame);

 private:
  // Reads the frame at the front of `octets`; `size` stays 0 if it is not whole.
  std::optional<std::string> ParseFrame(std::string_view octets, StompFrame* frame,
                                        size_t* size) const;
  std::optional<std::string> ParseHead(std::string_view head, StompFrame* frame) const;
  std::optional<std::string> AddHeader(std::string_view line, StompFrame* frame) const;

  const Limits limits_;
  std::optional<StompVersion> version_;
  std::string held_;  // of a frame that is not whole
};

// Headers as the server writes them, from 1.1 on.
std::string EscapeStompHeader(std::string_view text);
// What a client has written in a header, to be repeated in another: 1.0 has no escapes.
std::string EchoStompHeader(std::string_view text, StompVersion version);

using StompHeaders = std::vector<std::pair<std::string_view, std::string>>;
// A frame of the server. Values are escaped here, but those of CONNECTED, which have no line ends.
// The body may be of any octets.
std::string StompServerFrame(std::string_view command, const StompHeaders& headers,
                             std::string_view body = "");
std::string StompReceipt(std::string_view receipt_id, StompVersion version);

// The part of a MESSAGE that is the same for all who get the event, from the header `message-id` on
// to the end of the frame. `subscription` comes before it. Returns what it wrote into `memory`;
// nothing if there was none.
std::string_view EncodeStompEvent(const Epoch& epoch, const Event& event, OctetMemory memory);
// What comes before it: the header of a text frame of WebSocket around both, and the beginning of
// the MESSAGE for one subscription. `ack`: what ACK is to name; empty: the message asks for none.
// Both are escaped. `shared_bytes`: of what EncodeStompEvent wrote.
std::string_view EncodeStompPrefix(std::string_view subscription, std::string_view ack,
                                   size_t shared_bytes, OctetMemory memory);

// A MESSAGE whose `type` is `gap`, which no event has. `subscription` and `ack` as above.
std::string StompGap(std::string_view subscription, std::string_view ack,
                     std::string_view destination, GapReason reason, std::string_view requested,
                     const Cursor& resume_at);

}  // namespace sluice::edge
