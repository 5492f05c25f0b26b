#include "tests/bench/payload.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace sluice::bench {
namespace {

constexpr std::string_view kTimeKey = "{\"t\":";
constexpr size_t kTimeDigits = 19;
constexpr std::string_view kTargetKey = ",\"to\":\"";
constexpr std::string_view kPadKey = "\",\"pad\":\"";
constexpr std::string_view kEnd = "\"}";

}  // namespace

std::string Payload::Write(size_t bytes) const {
  char digits[kTimeDigits + 1];
  std::snprintf(digits, sizeof digits, "%19lld", static_cast<long long>(planned_ns));
  std::string data;
  data.reserve(bytes);
  data.append(kTimeKey).append(digits, kTimeDigits).append(kTargetKey).append(target);
  data.append(kPadKey);
  const size_t fixed = data.size() + kEnd.size();
  if (fixed < bytes) data.append(bytes - fixed, 'x');
  data.append(kEnd);
  return data;
}

bool Payload::Read(std::string_view data, Payload* payload) {
  const size_t target_begin = kTimeKey.size() + kTimeDigits + kTargetKey.size();
  if (data.size() < target_begin || !data.starts_with(kTimeKey)) return false;
  std::string_view digits = data.substr(kTimeKey.size(), kTimeDigits);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  const char* digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, payload->planned_ns);
  if (error != std::errc() || end != digits_end) return false;
  const size_t target_end = data.find('"', target_begin);
  if (target_end == std::string_view::npos) return false;
  payload->target = data.substr(target_begin, target_end - target_begin);
  return true;
}

}  // namespace sluice::bench
