#include "tests/faults/numbered_payload.h"

#include <charconv>

namespace sluice::faults {
namespace {

constexpr std::string_view kBegin = "{\"n\":";
constexpr std::string_view kMiddle = ",\"to\":\"";
constexpr std::string_view kEnd = "\"}";

}  // namespace

std::string NumberedPayload::Write() const {
  std::string data(kBegin);
  data.append(std::to_string(number)).append(kMiddle).append(target).append(kEnd);
  return data;
}

bool NumberedPayload::Read(std::string_view data, NumberedPayload* payload) {
  if (!data.starts_with(kBegin) || !data.ends_with(kEnd)) return false;
  data.remove_prefix(kBegin.size());
  data.remove_suffix(kEnd.size());
  const auto [end, error] =
      std::from_chars(data.data(), data.data() + data.size(), payload->number);
  if (error != std::errc()) return false;
  data.remove_prefix(static_cast<size_t>(end - data.data()));
  if (!data.starts_with(kMiddle)) return false;
  payload->target = data.substr(kMiddle.size());
  return true;
}

std::string_view StringField(std::string_view object, std::string_view name) {
  std::string key = "\"";
  key.append(name).append("\":\"");
  const size_t begin = object.find(key);
  if (begin == std::string_view::npos) return {};
  object.remove_prefix(begin + key.size());
  return object.substr(0, object.find('"'));
}

}  // namespace sluice::faults
