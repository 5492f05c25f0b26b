#include "ingest/event_subject.h"

#include <utility>

namespace sluice::ingest {
namespace {

constexpr char kEscape = '=';
constexpr std::string_view kDigits = "0123456789ABCDEF";

bool IsPlain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

void AppendToken(std::string_view name, std::string* out) {
  for (const char c : name) {
    if (IsPlain(c)) {
      *out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    *out += kEscape;
    *out += kDigits[octet >> 4];
    *out += kDigits[octet & 15];
  }
}

}  // namespace

std::string EncodeToken(std::string_view name) {
  std::string token;
  token.reserve(name.size());
  AppendToken(name, &token);
  return token;
}

std::optional<std::string> DecodeToken(std::string_view token) {
  if (token.empty()) return std::nullopt;
  std::string name;
  name.reserve(token.size());
  for (size_t i = 0; i < token.size(); ++i) {
    if (IsPlain(token[i])) {
      name += token[i];
      continue;
    }
    if (token[i] != kEscape || token.size() - i < 3) return std::nullopt;
    const size_t high = kDigits.find(token[i + 1]);
    const size_t low = kDigits.find(token[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    const auto c = static_cast<char>(high << 4 | low);
    if (IsPlain(c)) return std::nullopt;  // a second way to write the same name
    name += c;
    i += 2;
  }
  return name;
}

EventSubject::EventSubject(std::string_view name_space, LogContent content)
    : prefix_("sluice." + std::string(name_space) +
              (content == LogContent::kEvents ? ".ev." : ".revoked.")) {}

std::string EventSubject::Encode(const ChannelView& channel) const {
  std::string subject;
  subject.reserve(prefix_.size() + 2 + channel.name.size());
  subject += prefix_;
  subject += channel.kind == ChannelKind::kUser ? "u." : "t.";
  AppendToken(channel.name, &subject);
  return subject;
}

std::optional<Channel> EventSubject::Decode(std::string_view subject) const {
  if (!subject.starts_with(prefix_)) return std::nullopt;
  subject.remove_prefix(prefix_.size());
  if (subject.size() < 2 || subject[1] != '.') return std::nullopt;
  if (subject[0] != 'u' && subject[0] != 't') return std::nullopt;
  std::optional<std::string> name = DecodeToken(subject.substr(2));
  if (!name || !ValidateChannelName("name", *name).ok()) return std::nullopt;
  return subject[0] == 'u' ? Channel::User(*std::move(name)) : Channel::Topic(*std::move(name));
}

}  // namespace sluice::ingest
