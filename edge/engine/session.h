#pragma once

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "core/cursor.h"
#include "edge/auth/revocation_table.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/engine/frame.h"
#include "edge/engine/reader.h"
#include "edge/engine/shard_stats.h"
#include "edge/engine/wire_format.h"
#include "edge/protocol.h"
#include "edge/renewal.h"

namespace sluice::edge {

// One browser's stream: a reader of the ring and the socket that it writes to. It holds no queue:
// what the socket does not take stays in the ring, but for the rest of one partly written frame.
// Whenever it is ready it sends all that it has to read in gathered writes. The user's own channel
// is the first that it follows. What it says on the wire is its protocol's. Thread: shard.
class Session : public Connection, public Reader {
 public:
  // Has one of the sessions of its user's quota, and gives it back at its end.
  // The caller then follows the channels, starts the reader, says what begins the stream and calls
  // Write.
  // `has_prefixes`: AddPrefixes is to be asked.
  Session(Shard* shard, StreamSocket socket, Protocol protocol, WireFormat format,
          bool has_prefixes = false);
  ~Session() override;

  // Whose it is, and when it ends with `closing expired`. Before Write.
  void Identify(const Identity& identity);
  // Has it named, so that it can be renewed; the name is for its client alone. Once.
  ConnectionId Name();
  bool IsNamedBy(const ConnectionId& id) const { return secret_ != 0 && secret_ == id.secret; }
  // Makes it `identity`'s, if that is of the same user and may follow all that it follows.
  RenewalResult Renew(const Identity& identity);
  // True if what is revoked is its user or token.
  bool IsOf(const Revocation& revocation) const;
  // Has `octets`, whole frames of its protocol, sent before whatever it has yet to read: what
  // begins the stream, and answers. Not once it is closing. Then Write is to be called.
  void Say(std::string_view octets);
  // The log lost what this has not read: `gap` is what it writes next. `epoch`: that of cursor().
  void TellGap(GapReason reason, const Epoch& epoch);

  // Writes what there is to read, until nothing is left, the socket takes no more, or the turn is
  // over (then it is ready again, behind the others).
  void Write();
  // When the socket last took bytes.
  Tick last_progress() const { return last_progress_; }
  // At once: its socket would not take `closing` either.
  void EndAsSlow() { End(DisconnectReason::kSlow); }
  // Ends the stream: with `closing` if the reason is announced, as soon as the socket takes it.
  void Close(DisconnectReason reason);

  void OnWritable() override;
  void OnDeadline() override;
  void OnStop() override;

 protected:
  // The wire of the protocol: whole frames.
  virtual FrameRef HeartbeatFrame() = 0;
  virtual std::string GapFrame(GapReason reason, std::string_view requested,
                               const Cursor& resume_at) = 0;
  virtual std::string ClosingFrame(DisconnectReason reason) = 0;
  // For a protocol that puts octets of the session's own before those that all share: calls `add`
  // with them for each time that the event is to be sent, `shared_bytes` being the size of the
  // rest. They live until the end of the write. False: the scratch had no room for them.
  using AddPrefix = absl::FunctionRef<void(std::string_view prefix)>;
  virtual bool AddPrefixes(const Event& event, size_t shared_bytes, AddPrefix add);
  // The event was handed to the socket, or was not for this session after all.
  virtual void Passed(const Event&) {}
  // It was given a token that grants this.
  virtual void Renewed(const Identity&) {}
  // How long it may be silent.
  virtual std::chrono::milliseconds HeartbeatInterval() const;

  // Ends the stream with these octets, as soon as the socket takes them.
  void CloseWith(DisconnectReason reason, std::string_view last_words);
  // Has what was said sent now, if the socket takes anything.
  void WriteUnlessBlocked();
  // At once, without a word.
  void End(DisconnectReason reason);
  bool is_closing() const { return is_closing_; }
  bool has_ended() const { return has_ended_; }
  // Octets that were said and that the socket has not taken.
  size_t RestBytes() const;

 private:
  struct Gather;

  // Adds the octets of an event; false: there is no room for them.
  bool AddEvent(const Item& item, Gather* gather);
  // What of piece `index` is behind its first `sent` octets.
  FrameRef RestOf(const Gather& gather, size_t index, size_t sent);
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
  ShardStats::OfProtocol& stats();

  std::unique_ptr<const Epoch> lost_epoch_;  // of cursor(), until the client is told of another
  FrameRef rest_;                            // partly written, or a block of this session alone
  uint32_t rest_offset_ = 0;
  Tick last_progress_;                 // when the socket last took bytes
  Tick max_age_deadline_;              // 0: none
  Tick expiry_deadline_ = 0;           // 0: none
  uint64_t secret_ = 0;                // 0: it has no name
  uint64_t token_hash_ = 0;            // of its token's id; 0: it has none
  WallTime issued_ = WallTime::max();  // when its token was; max: it has none
  DisconnectReason closing_ = DisconnectReason::kClient;
  FrameRef last_words_;
  bool is_closing_ = false;
  bool closing_framed_ = false;
  bool has_ended_ = false;
  bool is_live_ = false;  // has been at the head once: what comes now is not replay
  const Protocol protocol_;
  const WireFormat format_;
  const bool has_prefixes_;
};

}  // namespace sluice::edge
