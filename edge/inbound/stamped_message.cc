#include "edge/inbound/stamped_message.h"

#include <chrono>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "core/json.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

bool IsJson(std::string_view text) {
  unsigned char memory[4096];  // most messages need no more
  json::monotonic_resource resource(memory, sizeof(memory));
  json::error_code error;
  json::parse(text, error, &resource);
  return !error;
}

}  // namespace

std::string StampedMessage(std::string_view sender, WallTime time, std::string_view data) {
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  std::string message = R"({"sender":)";
  AppendJsonString(sender, &message);
  message += R"(,"time":)" + std::to_string(since_1970.count()) + R"(,"data":)";
  if (IsJson(data)) {
    message += data;
  } else {
    AppendJsonString(data, &message);
  }
  return message + '}';
}

}  // namespace sluice::edge
