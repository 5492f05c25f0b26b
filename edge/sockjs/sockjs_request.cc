#include "edge/sockjs/sockjs_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "absl/strings/str_cat.h"

namespace sluice::edge {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kMaxWait = std::chrono::minutes(1);
constexpr std::string_view kLetters = "FLndxfu";  // of SockJsAnswer::Kind

struct Verb {
  std::string_view word;  // and what is behind it
  SockJsRequest::Kind kind;
  bool is_once;
};
constexpr std::array<Verb, 6> kVerbs = {{{"send ", SockJsRequest::Kind::kSend, false},
                                         {"poll ", SockJsRequest::Kind::kPoll, false},
                                         {"once ", SockJsRequest::Kind::kPoll, true},
                                         {"hold ", SockJsRequest::Kind::kHold, false},
                                         {"release ", SockJsRequest::Kind::kRelease, false},
                                         {"abort ", SockJsRequest::Kind::kAbort, false}}};

// Takes `word` off the front; false: it is not there.
bool TakeWord(std::string_view word, std::string_view* text) {
  if (!text->starts_with(word)) return false;
  text->remove_prefix(word.size());
  return true;
}

template <typename Number>
bool TakeNumber(int base, std::string_view* text, Number* number) {
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, *number, base);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(rest - text->data()));
  return true;
}

}  // namespace

std::string SockJsRequest::ToText() const {
  std::string text;
  for (const Verb& verb : kVerbs) {
    if (verb.kind == kind && verb.is_once == (is_once && kind == Kind::kPoll)) text = verb.word;
  }
  absl::StrAppend(&text, absl::Hex(caller.user), " ", absl::Hex(caller.credential));
  if (kind == Kind::kSend) return text + '\n' + body;
  absl::StrAppend(&text, " ", absl::Hex(receiver));
  if (kind == Kind::kPoll) absl::StrAppend(&text, " ", wait.count());
  return text;
}

std::optional<SockJsRequest> SockJsRequest::FromText(std::string_view session,
                                                     std::string_view text) {
  const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(),
                                 [&text](const Verb& each) { return TakeWord(each.word, &text); });
  if (verb == kVerbs.end()) return std::nullopt;
  SockJsRequest request{.kind = verb->kind, .session = std::string(session)};
  request.is_once = verb->is_once;
  if (!TakeNumber(16, &text, &request.caller.user) || !TakeWord(" ", &text) ||
      !TakeNumber(16, &text, &request.caller.credential)) {
    return std::nullopt;
  }
  if (request.kind == Kind::kSend) {
    if (!TakeWord("\n", &text)) return std::nullopt;
    request.body = text;
    return request;
  }
  if (!TakeWord(" ", &text) || !TakeNumber(16, &text, &request.receiver) || request.receiver == 0) {
    return std::nullopt;
  }
  if (request.kind == Kind::kPoll) {
    uint32_t wait_ms = 0;
    if (!TakeWord(" ", &text) || !TakeNumber(10, &text, &wait_ms)) return std::nullopt;
    request.wait = std::min(milliseconds(wait_ms), kMaxWait);
  }
  if (!text.empty()) return std::nullopt;
  return request;
}

std::string SockJsAnswer::ToText() const { return kLetters[static_cast<size_t>(kind)] + frame; }

std::optional<SockJsAnswer> SockJsAnswer::FromText(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const size_t kind = kLetters.find(text[0]);
  if (kind == std::string_view::npos) return std::nullopt;
  const SockJsAnswer answer{static_cast<Kind>(kind), std::string(text.substr(1))};
  const bool has_frame = answer.kind == Kind::kFrame || answer.kind == Kind::kLast;
  if (has_frame == answer.frame.empty()) return std::nullopt;
  return answer;
}

}  // namespace sluice::edge
