#include "edge/engine/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "core/check.h"
#include "edge/engine/shard.h"
#include "edge/sse/sse_codec.h"

namespace sluice::edge {
namespace {

constexpr size_t kMaxGather = 64;  // frames in one write
constexpr size_t kMaxGatherBytes = 256u << 10;
constexpr size_t kMaxTurnBytes = 1u << 20;  // then the others have their turn

}  // namespace

// What one write sends: the rest or control block of the session (item 0, if any), then events.
struct Session::Gather {
  std::array<iovec, kMaxGather> buffers;
  std::array<Reader::Item, kMaxGather> items;
  size_t count = 0;
  size_t bytes = 0;
  bool begins_with_rest = false;

  void Add(std::string_view octets) {
    buffers[count++] = {const_cast<char*>(octets.data()), octets.size()};
    bytes += octets.size();
  }
};

Session::Session(Shard* shard, FileDescriptor socket)
    : Connection(shard, std::move(socket)),
      Reader(&shard->ring()),
      last_progress_(shard->wheel().now()) {
  set_state(State::kReady);
  const auto max_age = shard->JitteredMaxAge();
  max_age_deadline_ = max_age.count() == 0 ? 0 : last_progress_ + TimerWheel::Ticks(max_age);
  shard->stats().sessions.Add();
  shard->stats().sessions_opened.Add();
  SetNextDeadline();
}

Session::~Session() {
  if (state() == State::kBlocked) Unblock();
  shard_.stats().sessions.Subtract();
  shard_.ReturnSessionSlot();
}

void Session::Write() {
  size_t turn_bytes = 0;
  Gather gather;
  while (Collect(&gather)) {
    ssize_t written = 0;
    if (gather.count == 1) {
      written = send(fd(), gather.buffers[0].iov_base, gather.bytes, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = gather.buffers.data();
      message.msg_iovlen = gather.count;
      written = sendmsg(fd(), &message, MSG_NOSIGNAL);
    }
    shard_.stats().socket_writes.Add();
    if (written < 0 && errno != EAGAIN && errno != EINTR) return End(DisconnectReason::kNetwork);

    if (!Account(gather, written < 0 ? 0 : static_cast<size_t>(written))) return Block();
    turn_bytes += gather.bytes;
    if (turn_bytes >= kMaxTurnBytes) {
      set_state(State::kReady);
      shard_.ready().push_back(*this);
      return;
    }
  }
  if (closing_framed_) return End(closing_);
  set_state(State::kIdle);
  is_live_ = true;
}

bool Session::Collect(Gather* gather) {
  gather->count = 0;
  gather->bytes = 0;
  if (!rest_) PrepareControlBlock();
  gather->begins_with_rest = static_cast<bool>(rest_);
  if (rest_) gather->Add(rest_.bytes().substr(rest_offset_));
  if (is_closing_ || gap() != GapReason::kNone) return gather->count > 0;

  Ring& ring = shard_.ring();
  Item item;
  while (gather->count < kMaxGather && gather->bytes < kMaxGatherBytes && Next(&item)) {
    gather->items[gather->count] = item;
    gather->Add(ring.EncodedFrame(item.position, WireFormat::kSse)->bytes());
  }
  // Everything readable was lost: say so now.
  if (gather->count == 0 && gap() != GapReason::kNone) return Collect(gather);
  return gather->count > 0;
}

void Session::PrepareControlBlock() {
  rest_offset_ = 0;
  if (is_closing_) {
    if (!closing_framed_) rest_ = FrameRef::Copy(SseClosingBlock(closing_));
    closing_framed_ = true;
  } else if (gap() != GapReason::kNone) {
    const GapReason reason = gap();
    // The presented cursor belonged to the epoch before if that is what changed.
    const std::string requested = reason == GapReason::kEpoch
                                      ? shard_.previous_cursor(cursor()).ToString()
                                      : Cursor{shard_.ring().epoch(), cursor()}.ToString();
    SkipGap();
    rest_ = FrameRef::Copy(SseGapBlock(reason, requested, shard_.ring().head()));
    shard_.stats().gaps[static_cast<size_t>(reason)].Add();
  }
}

bool Session::Account(const Gather& gather, size_t written) {
  if (written > 0) last_progress_ = shard_.wheel().now();
  size_t sent = 0;  // buffers that went out whole; of the next one, `written` octets
  while (sent < gather.count && written >= gather.buffers[sent].iov_len) {
    written -= gather.buffers[sent++].iov_len;
  }
  const size_t first_event = gather.begins_with_rest ? 1 : 0;
  const size_t reached = std::max(first_event, sent + (written > 0 ? 1 : 0));
  for (size_t i = first_event; i < reached; ++i) Delivered(gather.items[i]);
  for (size_t i = gather.count; i > reached; --i) Unread(gather.items[i - 1]);

  if (gather.begins_with_rest && sent == 0) {
    rest_offset_ += static_cast<uint32_t>(written);
  } else if (written > 0) {
    Frame* frame = shard_.ring().EncodedFrame(gather.items[sent].position, WireFormat::kSse);
    frame->Ref();
    rest_ = FrameRef::Adopt(frame);
    rest_offset_ = static_cast<uint32_t>(written);
  } else {
    rest_ = FrameRef();
  }
  return sent == gather.count;
}

void Session::Delivered(const Item& item) {
  SLUICE_DCHECK(item.sequence > cursor());
  set_cursor(item.sequence);
  shard_.stats().events_delivered.Add();
  if (is_live_) {
    shard_.ObserveLatency(*shard_.ring().at(item.position).event);
  } else {
    shard_.stats().replay_events.Add();
  }
}

void Session::Block() {
  if (state() == State::kBlocked) return;
  set_state(State::kBlocked);
  shard_.stats().blocked_sessions.Add();
  shard_.stats().unsent_bytes.Add(RestBytes());
}

void Session::Unblock() {
  set_state(State::kReady);
  shard_.stats().blocked_sessions.Subtract();
  shard_.stats().unsent_bytes.Subtract(RestBytes());
}

size_t Session::RestBytes() const { return rest_ ? rest_.bytes().size() - rest_offset_ : 0; }

void Session::Close(DisconnectReason reason) {
  if (is_closing_) return;
  is_closing_ = true;
  closing_ = reason;
  if (!PolicyOf(reason).announced) return End(reason);
  if (state() == State::kBlocked) return;  // follows when the socket drains, or at the deadline
  if (ReadyHook::is_linked()) ReadyHook::unlink();
  Write();
}

void Session::End(DisconnectReason reason) {
  has_ended_ = true;
  shard_.stats().sessions_closed[static_cast<size_t>(reason)].Add();
  if (closing_framed_ && !rest_) {
    shard_.Linger(TakeSocket());
  } else {
    shard_.Remove(this);
  }
}

void Session::OnReadable() {
  // Browsers send nothing on a stream; what comes is read away, within reason.
  constexpr int kMaxReads = 4;
  for (int i = 0; i < kMaxReads; ++i) {
    const auto buffer = shard_.buffer();
    const ssize_t n = recv(fd(), buffer.data(), buffer.size(), 0);
    if (n > 0) continue;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    return End(n == 0 || errno == ECONNRESET ? DisconnectReason::kClient
                                             : DisconnectReason::kNetwork);
  }
  End(DisconnectReason::kProtocol);
}

void Session::OnWritable() {
  if (state() != State::kBlocked) return;
  Unblock();
  Write();
}

void Session::OnDeadline() {
  const Tick now = shard_.wheel().now();
  const EdgeOptions& options = shard_.options();
  const bool blocked = state() == State::kBlocked;
  if (blocked && now - last_progress_ >= TimerWheel::Ticks(options.write_timeout)) {
    return End(is_closing_ ? closing_ : DisconnectReason::kSlow);
  }
  if (max_age_deadline_ != 0 && now >= max_age_deadline_ && !is_closing_) {
    SetNextDeadline();
    return Close(DisconnectReason::kMaxAge);
  }
  const bool quiet = now - last_progress_ >= TimerWheel::Ticks(options.heartbeat_interval);
  if (state() == State::kIdle && quiet) SendHeartbeat();
  if (!has_ended_) SetNextDeadline();
}

void Session::SendHeartbeat() {
  // At the head: everything up to here was delivered or is not for this session.
  set_cursor(std::max(cursor(), shard_.ring().head_sequence()));
  rest_ = shard_.HeartbeatFrame();
  shard_.stats().heartbeats.Add();
  Write();
}

void Session::SetNextDeadline() {
  const Tick now = shard_.wheel().now();
  const EdgeOptions& options = shard_.options();
  const auto interval = state() == State::kBlocked || is_closing_ ? options.write_timeout
                                                                  : options.heartbeat_interval;
  const Tick due = last_progress_ + TimerWheel::Ticks(interval);
  Tick delay = due > now ? due - now : 1;
  if (max_age_deadline_ > now && !is_closing_) delay = std::min(delay, max_age_deadline_ - now);
  shard_.wheel().Set(this, delay);
}

void Session::OnStop() { Close(DisconnectReason::kShutdown); }

}  // namespace sluice::edge
