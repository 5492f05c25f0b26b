#include "edge/sockjs/sockjs_stream.h"

#include <cerrno>
#include <memory>
#include <random>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_codec.h"
#include "edge/sockjs/sockjs_router.h"

namespace sluice::edge {
namespace {

using Kind = SockJsAnswer::Kind;

constexpr std::chrono::seconds kHoldInterval{2};
constexpr std::chrono::milliseconds kStopPatience{500};  // for the session to say `c` itself
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kInterrupted = 1002;

// Tells the receivers of one session apart; what they may ask for is decided by the session's id.
uint64_t RandomReceiver() {
  thread_local std::mt19937_64 random{std::random_device()()};
  return random() | 1;
}

}  // namespace

SockJsStream::SockJsStream(Shard* shard, StreamSocket socket, SockJsRequest first)
    : Connection(shard, std::move(socket)), first_(std::move(first)) {
  first_.receiver = RandomReceiver();
}

void SockJsStream::Begin(std::unique_ptr<SockJsStream> self) {
  shard_.Add(std::move(self));
  last_progress_ = shard_.wheel().now();
  Poll();
}

SockJsRequest SockJsStream::Request(SockJsRequest::Kind kind) const {
  return {.kind = kind,
          .session = first_.session,
          .receiver = first_.receiver,
          .is_once = first_.is_once,
          .caller = first_.caller,
          .shard = first_.shard};
}

void SockJsStream::Ask(SockJsRequest request) {
  const bool is_poll = request.kind == SockJsRequest::Kind::kPoll;
  shard_.context().sockjs->Ask(
      std::move(request),
      [mailbox = &shard_.mailbox(), fd = fd(), life = id(), is_poll](const SockJsAnswer& answer) {
        mailbox->Post(RunTask{[fd, life, is_poll, answer](Shard* shard) {
          // If it has gone, it has said Abort.
          Connection* const connection = shard->Find(fd, life);
          if (connection == nullptr) return;
          auto* const stream = static_cast<SockJsStream*>(connection);
          if (is_poll) {
            stream->OnAnswer(answer);
          } else {
            stream->OnReply(answer.kind);
          }
        }});
      });
}

void SockJsStream::Poll() {
  is_polling_ = true;
  SockJsRequest request = is_first_ ? first_ : Request(SockJsRequest::Kind::kPoll);
  first_.opener = std::nullopt;
  request.wait = NextWait();
  SetDeadline();
  Ask(std::move(request));
}

void SockJsStream::OnAnswer(SockJsAnswer answer) {
  is_polling_ = false;
  const bool is_first = std::exchange(is_first_, false);
  if (is_done_ || is_ending_) return;
  switch (answer.kind) {
    case Kind::kFrame:
      AppendFrame(answer.frame, &output_);
      is_ending_ = is_full();
      // Before the client knows that it may ask anew.
      if (is_ending_ && !first_.is_once) Ask(Request(SockJsRequest::Kind::kRelease));
      break;
    case Kind::kLast:
      AppendFrame(answer.frame, &output_);
      is_ending_ = true;
      break;
    case Kind::kNothing:
    case Kind::kDone:
      AppendNothing(&output_);
      break;
    case Kind::kNoSession:
    case Kind::kFull:
    case Kind::kUnknown:
      is_ending_ = true;
      if (is_first && AppendRefusal(answer.kind, &output_)) return Flush();
      // What the session may have handed out has not come here: the client resumes with another.
      Ask(Request(SockJsRequest::Kind::kAbort));
      AppendFrame(SockJsCloseFrame(kInterrupted, "Connection interrupted"), &output_);
      break;
  }
  if (is_ending_) AppendEnd(&output_);
  Flush();
}

void SockJsStream::Say(std::string_view octets) {
  if (is_done_ || is_ending_) return;
  output_ += octets;
  Flush();
}

void SockJsStream::EndWith(std::string_view octets) {
  if (is_done_ || is_ending_) return;
  output_ += octets;
  is_ending_ = true;
  Flush();
}

void SockJsStream::Flush() {
  while (written_ < output_.size()) {
    const ssize_t n = socket().Send(std::string_view(output_).substr(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return SetDeadline();
    if (n < 0) return Drop();
    written_ += static_cast<size_t>(n);
    last_progress_ = shard_.wheel().now();
  }
  output_ = std::string();
  written_ = 0;
  if (!socket().Flush()) return SetDeadline();
  if (is_ending_) {
    is_done_ = true;
    return AfterEnd();
  }
  if (!is_polling_) Poll();
}

void SockJsStream::AfterEnd() { shard_.Linger(TakeSocket()); }

void SockJsStream::OnWritable() {
  if (!is_done_) Flush();
}

void SockJsStream::SetDeadline() {
  if (is_stopping_ || UnsentBytes() > 0 || is_ending_) {
    shard_.wheel().Set(this, TimerWheel::Ticks(is_stopping_ ? kStopPatience : kHoldInterval));
  } else {
    shard_.wheel().Clear(this);  // the session sees to the time
  }
}

void SockJsStream::OnDeadline() {
  if (is_done_) return;
  if (is_stopping_) {
    if (is_ending_ || UnsentBytes() > 0) return Drop();
    Ask(Request(SockJsRequest::Kind::kAbort));
    AppendFrame(SockJsCloseFrame(kGoingAway, "shutdown"), &output_);
    AppendEnd(&output_);
    is_ending_ = true;
    return Flush();
  }
  const Tick silent = shard_.wheel().now() - last_progress_;
  if (silent >= TimerWheel::Ticks(shard_.options().write_timeout)) return Drop();
  if (!is_ending_) Ask(Request(SockJsRequest::Kind::kHold));
  SetDeadline();
}

void SockJsStream::OnStop() {
  if (is_done_) return;
  is_stopping_ = true;
  SetDeadline();
}

void SockJsStream::Drop() {
  if (std::exchange(is_done_, true)) return;
  Ask(Request(SockJsRequest::Kind::kAbort));
  shard_.Remove(this);
}

}  // namespace sluice::edge
