#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/engine/frame.h"
#include "edge/engine/reader.h"
#include "edge/engine/wire_format.h"

namespace sluice::edge {

// One browser's stream: a reader of the ring and the socket that it writes to. It holds no queue:
// what the socket does not take stays in the ring, but for the rest of one partly written frame.
// Whenever it is ready it sends all that it has to read in gathered writes. Thread: shard.
class Session final : public Connection, public Reader {
 public:
  // The caller then starts the reader, sets the preface and calls Write.
  Session(Shard* shard, FileDescriptor socket);
  ~Session() override;

  // What goes out first: the response head and what the protocol begins with.
  void set_preface(FrameRef preface) { rest_ = std::move(preface); }

  // Writes what there is to read, until nothing is left, the socket takes no more, or the turn is
  // over (then it is ready again, behind the others).
  void Write();
  // Ends the stream: with `closing` if the reason is announced, as soon as the socket takes it.
  void Close(DisconnectReason reason);

  void OnReadable() override;
  void OnWritable() override;
  void OnDeadline() override;
  void OnStop() override;

 private:
  struct Gather;

  // Fills `gather` from the rest, a gap or closing block, or the ring; false if there is nothing.
  bool Collect(Gather* gather);
  // Takes `written` octets off; returns true if all of `gather` went out.
  bool Account(const Gather& gather, size_t written);
  void Delivered(const Item& item);
  void PrepareControlBlock();
  void Block();
  void Unblock();
  void SendHeartbeat();
  void SetNextDeadline();
  void End(DisconnectReason reason);
  size_t RestBytes() const;

  FrameRef rest_;  // partly written, or a block of this session alone
  uint32_t rest_offset_ = 0;
  Tick last_progress_;     // when the socket last took bytes
  Tick max_age_deadline_;  // 0: none
  DisconnectReason closing_ = DisconnectReason::kClient;
  bool is_closing_ = false;
  bool closing_framed_ = false;
  bool has_ended_ = false;
  bool is_live_ = false;  // has been at the head once: what comes now is not replay
};

}  // namespace sluice::edge
