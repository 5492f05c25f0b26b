#include "edge/engine/session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/hash/hash.h"
#include "core/check.h"
#include "edge/engine/shard.h"

namespace sluice::edge {
namespace {

using std::chrono_literals::operator""ms;
constexpr std::chrono::milliseconds kFarthest = std::chrono::hours(24 * 365);
constexpr size_t kMaxGather = 64;    // pieces in one write
constexpr size_t kMaxBuffers = 256;  // of all pieces
constexpr size_t kMaxGatherBytes = 256u << 10;
constexpr size_t kMaxTurnBytes = 1u << 20;  // then the others have their turn

// 64 bits, so that two ids of one process do not have the same in its lifetime; never 0.
uint64_t HashOf(std::string_view token_id) {
  return absl::Hash<absl::string_view>()({token_id.data(), token_id.size()}) | 1;
}

}  // namespace

// What one write sends: the rest or control block of the session (piece 0, if any), then events.
// Pieces that lie behind one another are one buffer to the kernel.
struct Session::Gather {
  std::array<iovec, kMaxBuffers> buffers;
  std::array<size_t, kMaxGather> sizes;
  std::array<Reader::Item, kMaxGather> items;
  size_t buffer_count = 0;
  size_t count = 0;  // of pieces
  size_t bytes = 0;
  bool begins_with_rest = false;

  void Clear() { buffer_count = count = bytes = 0; }
  void BeginPiece() { sizes[count++] = 0; }
  // Where it ends, and how to go back there.
  struct End {
    size_t count;
    size_t bytes;
    size_t buffer_count;
    size_t last_buffer_bytes;
  };
  End end() const {
    return {count, bytes, buffer_count, buffer_count == 0 ? 0 : buffers[buffer_count - 1].iov_len};
  }
  void CutTo(const End& end) {
    count = end.count;
    bytes = end.bytes;
    buffer_count = end.buffer_count;
    if (buffer_count > 0) buffers[buffer_count - 1].iov_len = end.last_buffer_bytes;
  }
  // To the piece that was begun last.
  void Append(std::string_view octets) {
    sizes[count - 1] += octets.size();
    bytes += octets.size();
    iovec* const last = buffer_count > 0 ? &buffers[buffer_count - 1] : nullptr;
    if (last != nullptr && static_cast<char*>(last->iov_base) + last->iov_len == octets.data()) {
      last->iov_len += octets.size();
    } else {
      buffers[buffer_count++] = {const_cast<char*>(octets.data()), octets.size()};
    }
  }
};

Session::Session(Shard* shard, StreamSocket socket, Protocol protocol, WireFormat format,
                 bool has_prefixes)
    : Connection(shard, std::move(socket)),
      Reader(&shard->ring()),
      last_progress_(shard->wheel().now()),
      protocol_(protocol),
      format_(format),
      has_prefixes_(has_prefixes) {
  set_state(State::kReady);
  const auto max_age = shard->JitteredMaxAge();
  max_age_deadline_ = max_age.count() == 0 ? 0 : last_progress_ + TimerWheel::Ticks(max_age);
  stats().sessions.Add();
  stats().opened.Add();
  SetNextDeadline();
}

Session::~Session() {
  if (state() == State::kBlocked) Unblock();
  stats().sessions.Subtract();
  shard_.context().sessions.Return(channel(0).name);
}

void Session::Identify(const Identity& identity) {
  token_hash_ = identity.token_id.empty() ? 0 : HashOf(identity.token_id);
  issued_ = identity.issued;
  expiry_deadline_ = 0;
  if (identity.expires != WallTime::max()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(identity.expires - shard_.wall_now());
    expiry_deadline_ = shard_.wheel().now() + TimerWheel::Ticks(std::clamp(left, 0ms, kFarthest));
  }
  SetNextDeadline();
}

ConnectionId Session::Name() {
  SLUICE_CHECK(getentropy(&secret_, sizeof(secret_)) == 0);
  secret_ |= 1;
  return {shard_.context().edge_id, shard_.index(), fd(), secret_};
}

RenewalResult Session::Renew(const Identity& identity) {
  if (is_closing_ || identity.user_id != channel(0).name) return RenewalResult::kNoSession;
  if (shard_.context().revocations.Covers(identity)) return RenewalResult::kRevoked;
  for (size_t i = 1; i < channel_count(); ++i) {
    if (!AnyMatches(identity.topics, channel(i).name)) return RenewalResult::kNotGranted;
  }
  Identify(identity);
  Renewed(identity);
  stats().renewed.Add();
  return RenewalResult::kRenewed;
}

bool Session::IsOf(const Revocation& revocation) const {
  if (revocation.kind == Revocation::Kind::kUser) {
    const bool is_later = issued_ != WallTime::max() && issued_ > revocation.at;
    return channel(0).name == revocation.id && !is_later;
  }
  return token_hash_ != 0 && token_hash_ == HashOf(revocation.id);
}

void Session::TellGap(GapReason reason, const Epoch& epoch) {
  // More epochs may begin before this can write: the client knows the one before them all.
  if (reason == GapReason::kEpoch && !lost_epoch_) lost_epoch_ = std::make_unique<Epoch>(epoch);
  set_gap(reason);
}

void Session::Write() {
  if (!socket().Flush()) return Block();
  size_t turn_bytes = 0;
  Gather gather;
  while (Collect(&gather)) {
    ssize_t written = 0;
    if (gather.bytes == 0) {
      Account(gather, 0);  // nothing of it was for this session
      continue;
    }
    if (gather.buffer_count == 1) {
      written = socket().Send({static_cast<char*>(gather.buffers[0].iov_base), gather.bytes});
    } else {
      written = socket().SendGathered({gather.buffers.data(), gather.buffer_count}, gather.bytes);
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
  if (!socket().Flush()) return Block();
  if (closing_framed_) return End(closing_);
  set_state(State::kIdle);
  is_live_ = true;
}

bool Session::Collect(Gather* gather) {
  gather->Clear();
  shard_.scratch().Clear();
  if (!rest_) PrepareControlBlock();
  gather->begins_with_rest = static_cast<bool>(rest_);
  if (rest_) {
    gather->BeginPiece();
    gather->Append(rest_.bytes().substr(rest_offset_));
  }
  if (is_closing_ || gap() != GapReason::kNone) return gather->count > 0;

  // First what to send, then its octets: a replay's events are far apart in memory, and so they
  // are all fetched at once.
  Ring& ring = shard_.ring();
  size_t end = gather->count;
  for (size_t bytes = 0; end < kMaxGather && bytes < kMaxGatherBytes; ++end) {
    if (!Next(&gather->items[end])) break;
    const Event& event = *ring.at(gather->items[end].position).event;
    event.Prefetch();
    bytes += event.size_bytes();
  }
  while (gather->count < end && AddEvent(gather->items[gather->count], gather)) {
  }
  for (; end > gather->count; --end) Unread(gather->items[end - 1]);
  // Everything readable was lost: say so now.
  if (gather->count == 0 && gap() != GapReason::kNone) return Collect(gather);
  return gather->count > 0;
}

bool Session::AddEvent(const Item& item, Gather* gather) {
  Ring& ring = shard_.ring();
  const std::string_view octets = ring.EncodedOctets(item.position, format_, &shard_.scratch());
  const Gather::End before = gather->end();
  gather->BeginPiece();
  if (!has_prefixes_) {
    gather->Append(octets);
    return true;
  }
  bool has_room = true;
  const bool has_scratch =
      AddPrefixes(*ring.at(item.position).event, octets.size(), [&](std::string_view prefix) {
        if (gather->buffer_count + 2 > kMaxBuffers) has_room = false;
        if (!has_room) return;
        gather->Append(prefix);
        gather->Append(octets);
      });
  if (has_room && has_scratch) return true;
  SLUICE_CHECK(before.count > 0);  // there is room for any one event
  gather->CutTo(before);
  return false;
}

bool Session::AddPrefixes(const Event&, size_t, AddPrefix add) {
  add("");
  return true;
}

FrameRef Session::RestOf(const Gather& gather, size_t index, size_t sent) {
  if (!has_prefixes_) {
    Frame* const frame = shard_.ring().EncodedFrame(gather.items[index].position, format_);
    frame->Ref();
    return FrameRef::Adopt(frame);
  }
  size_t skip = sent;
  for (size_t i = 0; i < index; ++i) skip += gather.sizes[i];
  size_t left = gather.sizes[index] - sent;
  std::string rest;
  for (size_t i = 0; left > 0; ++i) {
    const iovec& buffer = gather.buffers[i];
    const size_t begin = std::min(skip, buffer.iov_len);
    const size_t size = std::min(left, buffer.iov_len - begin);
    rest.append(static_cast<const char*>(buffer.iov_base) + begin, size);
    skip -= begin;
    left -= size;
  }
  return FrameRef::Copy(rest);
}

std::chrono::milliseconds Session::HeartbeatInterval() const {
  return shard_.options().heartbeat_interval;
}

void Session::PrepareControlBlock() {
  rest_offset_ = 0;
  if (is_closing_) {
    if (!closing_framed_) rest_ = std::move(last_words_);
    closing_framed_ = true;
  } else if (gap() != GapReason::kNone) {
    const GapReason reason = gap();
    const Epoch& epoch = lost_epoch_ ? *lost_epoch_ : shard_.ring().epoch();
    const std::string requested = Cursor{epoch, cursor()}.ToString();
    SkipGap();
    lost_epoch_ = nullptr;
    rest_ = FrameRef::Copy(GapFrame(reason, requested, shard_.ring().head()));
    shard_.stats().gaps[static_cast<size_t>(reason)].Add();
  }
}

bool Session::Account(const Gather& gather, size_t written) {
  if (written > 0) last_progress_ = shard_.wheel().now();
  size_t sent = 0;  // pieces that went out whole; of the next one, `written` octets
  while (sent < gather.count && written >= gather.sizes[sent]) written -= gather.sizes[sent++];
  const size_t first_event = gather.begins_with_rest ? 1 : 0;
  const size_t reached = std::max(first_event, sent + (written > 0 ? 1 : 0));
  for (size_t i = first_event; i < reached; ++i) {
    if (gather.sizes[i] > 0) Delivered(gather.items[i]);
    set_cursor(std::max(cursor(), gather.items[i].sequence));
    if (has_prefixes_) Passed(*shard_.ring().at(gather.items[i].position).event);
  }
  for (size_t i = gather.count; i > reached; --i) Unread(gather.items[i - 1]);

  if (gather.begins_with_rest && sent == 0) {
    rest_offset_ += static_cast<uint32_t>(written);
  } else if (written > 0) {
    rest_ = RestOf(gather, sent, written);
    rest_offset_ = has_prefixes_ ? 0 : static_cast<uint32_t>(written);
  } else {
    rest_ = FrameRef();
  }
  return sent == gather.count;
}

void Session::Delivered(const Item& item) {
  stats().delivered.Add();
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
  // Else the deadline that is set comes early enough to look.
  if (shard_.options().write_timeout < HeartbeatInterval()) SetNextDeadline();
}

void Session::Unblock() {
  set_state(State::kReady);
  shard_.stats().blocked_sessions.Subtract();
  shard_.stats().unsent_bytes.Subtract(RestBytes());
}

ShardStats::OfProtocol& Session::stats() { return shard_.stats().of(protocol_); }

void Session::Say(std::string_view octets) {
  if (is_closing_) return;
  const bool was_blocked = state() == State::kBlocked;
  if (was_blocked) shard_.stats().unsent_bytes.Add(octets.size());
  if (!rest_) {
    rest_ = FrameRef::Copy(octets);
    rest_offset_ = 0;
    return;
  }
  std::string joined(rest_.bytes().substr(rest_offset_));
  joined += octets;
  rest_ = FrameRef::Copy(joined);
  rest_offset_ = 0;
}

size_t Session::RestBytes() const { return rest_ ? rest_.bytes().size() - rest_offset_ : 0; }

void Session::Close(DisconnectReason reason) {
  if (is_closing_) return;
  if (!PolicyOf(reason).announced) return End(reason);
  CloseWith(reason, ClosingFrame(reason));
}

void Session::CloseWith(DisconnectReason reason, std::string_view last_words) {
  if (is_closing_) return;
  is_closing_ = true;
  closing_ = reason;
  last_words_ = FrameRef::Copy(last_words);
  WriteUnlessBlocked();
}

void Session::WriteUnlessBlocked() {
  if (state() == State::kBlocked) return;  // follows when the socket drains, or at the deadline
  if (ReadyHook::is_linked()) ReadyHook::unlink();
  Write();
}

void Session::End(DisconnectReason reason) {
  has_ended_ = true;
  stats().closed[static_cast<size_t>(reason)].Add();
  if (closing_framed_ && !rest_) {
    shard_.Linger(TakeSocket());
  } else {
    shard_.Remove(this);
  }
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
  if (expiry_deadline_ != 0 && now >= expiry_deadline_ && !is_closing_) {
    SetNextDeadline();
    return Close(DisconnectReason::kExpired);
  }
  const bool quiet = now - last_progress_ >= TimerWheel::Ticks(HeartbeatInterval());
  if (state() == State::kIdle && quiet) SendHeartbeat();
  if (!has_ended_) SetNextDeadline();
}

void Session::SendHeartbeat() {
  // At the head: everything up to here was delivered or is not for this session.
  set_cursor(std::max(cursor(), shard_.ring().head_sequence()));
  rest_ = HeartbeatFrame();
  shard_.stats().heartbeats.Add();
  Write();
}

void Session::SetNextDeadline() {
  const Tick now = shard_.wheel().now();
  const EdgeOptions& options = shard_.options();
  const auto interval =
      state() == State::kBlocked || is_closing_ ? options.write_timeout : HeartbeatInterval();
  const Tick due = last_progress_ + TimerWheel::Ticks(interval);
  Tick delay = due > now ? due - now : 1;
  if (max_age_deadline_ > now && !is_closing_) delay = std::min(delay, max_age_deadline_ - now);
  if (expiry_deadline_ > now && !is_closing_) delay = std::min(delay, expiry_deadline_ - now);
  shard_.wheel().Set(this, delay);
}

void Session::OnStop() { Close(DisconnectReason::kShutdown); }

}  // namespace sluice::edge
