#include "edge/sockjs/sockjs_session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_codec.h"
#include "edge/sockjs/sockjs_router.h"
#include "edge/sockjs/sockjs_table.h"

namespace sluice::edge {
namespace {

using Kind = SockJsAnswer::Kind;

constexpr size_t kReadBytes = 16u << 10;
constexpr size_t kFrameBytes = 32u << 10;  // from which on a frame takes no further read
constexpr size_t kFrameOverhead = 14;      // of a message in input_
constexpr uint16_t kInterrupted = 1002;
constexpr uint16_t kAnotherConnection = 2010;

}  // namespace

SockJsSession::SockJsSession(Shard* shard, StreamSocket pipe, std::string name,
                             const SockJsCaller& opener)
    : Connection(shard, std::move(pipe)), name_(std::move(name)), opener_(opener) {
  shard->sockjs().CountWithoutStream(1);
  gone_ = shard->wheel().now() + TimerWheel::Ticks(kDisconnectDelay);
  SetDeadline();
}

SockJsSession::~SockJsSession() = default;

void SockJsSession::OnClaimed(bool is_ours) {
  is_claimed_ = true;
  if (is_ours) return TryAnswer();
  if (respond_) AnswerWith({Kind::kFull});
  Remove();
}

void SockJsSession::RefuseAnother(const SockJsRespond& respond) {
  respond({Kind::kLast, SockJsCloseFrame(kAnotherConnection, "Another connection still open")});
}

void SockJsSession::Poll(const SockJsRequest& request, SockJsRespond respond) {
  const bool is_another = receiver_ != 0 && request.receiver != receiver_;
  if (is_another && (respond_ || next_respond_)) return RefuseAnother(respond);
  if (is_another && !is_closed()) {
    next_ = request;
    next_respond_ = std::move(respond);
    return;
  }
  if (next_respond_) RefuseAnother(std::exchange(next_respond_, nullptr));
  if (respond_) AnswerWith({Kind::kNothing});
  const Tick now = shard_.wheel().now();
  if (request.receiver != receiver_) last_frame_ = now;
  receiver_ = request.receiver;
  is_once_ = request.is_once;
  respond_ = std::move(respond);
  poll_end_ = now + TimerWheel::Ticks(request.wait);
  TryAnswer();
  if (respond_ && request.wait == request.wait.zero() && is_opened_) AnswerWith({Kind::kNothing});
  if (!is_removed_) SetDeadline();
}

void SockJsSession::Release(uint64_t receiver) {
  if (receiver == receiver_ && !respond_) LetNext();
}

void SockJsSession::LetNext() {
  receiver_ = 0;
  if (next_respond_) Poll(SockJsRequest(next_), std::exchange(next_respond_, nullptr));
}

void SockJsSession::Hold(uint64_t receiver) {
  if (receiver != receiver_ || respond_) return;
  gone_ = shard_.wheel().now() + TimerWheel::Ticks(kDisconnectDelay);
  SetDeadline();
}

void SockJsSession::Abort(uint64_t receiver) {
  if (receiver != receiver_) return;  // another has taken its place
  if (respond_) AnswerWith({Kind::kNothing});
  CloseWith(kInterrupted, "Connection interrupted");
  if (is_stopping_) return Remove();
  LetNext();
}

SockJsAnswer::Kind SockJsSession::Send(std::string_view body) {
  if (is_closed() || !is_opened_) return Kind::kNoSession;
  const ParsedSockJsMessages parsed = ParseSockJsMessages(body);
  size_t bytes = input_.size() - input_sent_;
  for (const std::string& message : parsed.messages) bytes += message.size() + kFrameOverhead;
  // Room for one body of empty messages, each of which becomes a frame.
  const size_t limit = size_t{shard_.options().max_message_bytes} * (2 + kFrameOverhead / 3);
  if (bytes > limit) return Kind::kFull;
  input_.erase(0, std::exchange(input_sent_, 0));
  for (const std::string& message : parsed.messages) AppendClientTextFrame(message, &input_);
  WriteInput();
  return Kind::kDone;
}

void SockJsSession::WriteInput() {
  while (input_sent_ < input_.size()) {
    const ssize_t n = socket().Send(std::string_view(input_).substr(input_sent_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) break;  // STOMP has ended; what it said last is still to be read
    input_sent_ += static_cast<size_t>(n);
  }
  input_ = std::string();
  input_sent_ = 0;
}

void SockJsSession::TryAnswer() {
  if (!respond_ || !is_claimed_) return;
  if (!is_opened_) {
    if (!shard_.is_caught_up()) return;  // CONNECT would be turned away
    is_opened_ = true;
    return AnswerWith({Kind::kFrame, std::string(kSockJsOpenFrame)});
  }
  std::string frame = ReadMessages();
  if (!frame.empty()) return AnswerWith({Kind::kFrame, std::move(frame)});
  if (!is_closed()) return;
  AnswerWith({Kind::kLast, close_frame_});
}

std::string SockJsSession::ReadMessages() {
  SockJsMessageFrame frame;
  while (!is_closed() && frame.size() < kFrameBytes) {
    const auto buffer = shard_.buffer().first(kReadBytes);
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      CloseWith(kInterrupted, "Connection interrupted");
      break;
    }
    const auto close = reader_.Feed({buffer.data(), static_cast<size_t>(n)},
                                    [&frame](std::string_view text) { frame.Add(text); });
    if (!frame.empty() && !has_stream_) {
      has_stream_ = true;
      shard_.sockjs().CountWithoutStream(-1);
    }
    if (close) CloseWith(close->code, close->reason);
  }
  return frame.empty() ? std::string() : frame.Take();
}

void SockJsSession::CloseWith(uint16_t code, std::string_view reason) {
  if (is_closed()) return;
  close_frame_ = SockJsCloseFrame(code, reason);
  if (std::exchange(has_stream_, false)) shard_.sockjs().CountWithoutStream(1);
  // STOMP sees that its client has gone.
  shutdown(fd(), SHUT_RDWR);
  SetDeadline();
}

void SockJsSession::AnswerWith(SockJsAnswer answer) {
  const Tick now = shard_.wheel().now();
  if (answer.kind != Kind::kNothing) last_frame_ = now;
  gone_ = now + TimerWheel::Ticks(kDisconnectDelay);
  SetDeadline();
  const bool goes = answer.kind == Kind::kLast || (answer.kind == Kind::kFrame && is_once_);
  std::exchange(respond_, nullptr)(std::move(answer));
  if (goes && is_stopping_) return Remove();
  if (goes) LetNext();
}

void SockJsSession::SetDeadline() {
  const Tick now = shard_.wheel().now();
  Tick next = gone_;
  if (respond_) {
    next = std::max(poll_end_, now);
    if (is_claimed_) next = std::min(next, last_frame_ + TimerWheel::Ticks(kHeartbeat));
  }
  shard_.wheel().Set(this, next > now ? next - now : 1);
}

void SockJsSession::OnDeadline() {
  const Tick now = shard_.wheel().now();
  if (!respond_ && now < gone_) return SetDeadline();
  if (!respond_) return next_respond_ ? LetNext() : Remove();
  if (is_claimed_ && now - last_frame_ >= TimerWheel::Ticks(kHeartbeat)) {
    return AnswerWith({Kind::kFrame, std::string(kSockJsHeartbeatFrame)});
  }
  // A claim runs out by itself, and then the poll.
  if (now >= poll_end_ && is_claimed_) return AnswerWith({Kind::kNothing});
  SetDeadline();
}

void SockJsSession::OnStop() {
  is_stopping_ = true;
  // Else what STOMP says about it will end this.
  if (!respond_ || is_closed()) Remove();
}

void SockJsSession::Remove() {
  if (std::exchange(is_removed_, true)) return;
  if (!has_stream_) shard_.sockjs().CountWithoutStream(-1);
  shard_.sockjs().Forget(*this);
  if (!name_.starts_with('.')) shard_.context().sockjs->Release(name_);
  shard_.Remove(this);
}

}  // namespace sluice::edge
