#include "ingest/jetstream_answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

namespace json = boost::json;

constexpr int64_t kNotFound = 404;
constexpr int64_t kTemporarilyUnavailable = 503;
constexpr int64_t kMessageTooLarge = 10054;
constexpr int64_t kNotStored = 10077;
constexpr int64_t kFilterTaken = 10100;  // in a work queue by another consumer
constexpr size_t kMaxDescriptionBytes = 200;

int64_t Integer(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  json::error_code error;
  const auto number = value->to_number<int64_t>(error);
  return error ? 0 : number;
}

absl::Status ErrorOf(const json::object& error) {
  const json::value* description = error.if_contains("description");
  absl::string_view text = "no description";
  if (description != nullptr && description->is_string()) {
    text = {description->get_string().data(), description->get_string().size()};
  }
  const std::string message =
      absl::StrCat("JetStream: ", absl::CHexEscape(text.substr(0, kMaxDescriptionBytes)));
  if (Integer(error, "err_code") == kMessageTooLarge) return absl::InvalidArgumentError(message);
  // The number stands for every reason not to store; this is how it begins if a limit is reached.
  if (Integer(error, "err_code") == kNotStored && absl::StartsWith(text, "maximum ")) {
    return absl::ResourceExhaustedError(message);
  }
  if (Integer(error, "err_code") == kFilterTaken) return absl::AlreadyExistsError(message);
  const int64_t code = Integer(error, "code");
  if (code == kNotFound) return absl::NotFoundError(message);
  if (code == kTemporarilyUnavailable) return absl::UnavailableError(message);
  return absl::FailedPreconditionError(message);
}

// The decimal number behind `"name":`; nullopt if there is none. For the one answer that comes with
// each event.
std::optional<uint64_t> ScanNumber(std::string_view answer, std::string_view name) {
  const size_t at = answer.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = answer.substr(at + name.size());
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  uint64_t number = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (result.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

absl::StatusOr<json::object> ParseJetstreamAnswer(std::string_view answer) {
  json::error_code error;
  json::value value = json::parse({answer.data(), answer.size()}, error);
  if (error || !value.is_object()) return absl::InternalError("JetStream: not a JSON object");
  if (const json::value* failure = value.get_object().if_contains("error")) {
    if (failure->is_object()) return ErrorOf(failure->get_object());
  }
  return std::move(value.get_object());
}

absl::StatusOr<AppendAnswer> ParseAppendAnswer(std::string_view answer) {
  const bool failed = answer.find("\"error\"") != std::string_view::npos;
  const std::optional<uint64_t> sequence = ScanNumber(answer, "\"seq\":");
  if (!failed && sequence && *sequence > 0) {
    const size_t duplicate = answer.find("\"duplicate\"");
    const bool is_duplicate = duplicate != std::string_view::npos &&
                              answer.find("true", duplicate) != std::string_view::npos;
    return AppendAnswer{*sequence, is_duplicate};
  }
  const absl::Status status = ParseJetstreamAnswer(answer).status();
  if (absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status)) return status;
  return absl::UnavailableError(status.ok() ? "JetStream: an answer without a sequence"
                                            : status.message());
}

absl::StatusOr<ConsumerState> ParseConsumerState(std::string_view answer) {
  const absl::StatusOr<json::object> consumer = ParseJetstreamAnswer(answer);
  SLUICE_RETURN_IF_ERROR(consumer.status());
  const json::value* const delivered = consumer->if_contains("delivered");
  if (delivered == nullptr || !delivered->is_object()) {
    return absl::InternalError("JetStream: a consumer without `delivered`");
  }
  return ConsumerState{static_cast<uint64_t>(Integer(delivered->get_object(), "consumer_seq")),
                       static_cast<uint64_t>(Integer(*consumer, "num_ack_pending"))};
}

std::optional<DeliveryPosition> ParseDeliveryPosition(std::string_view reply) {
  constexpr std::string_view kPrefix = "$JS.ACK.";
  constexpr size_t kMaxTokens = 12;
  if (!reply.starts_with(kPrefix)) return std::nullopt;
  reply.remove_prefix(kPrefix.size());
  std::array<std::string_view, kMaxTokens> tokens;
  size_t count = 0;
  for (size_t begin = 0; begin <= reply.size() && count < kMaxTokens; ++count) {
    const size_t end = std::min(reply.find('.', begin), reply.size());
    tokens[count] = reply.substr(begin, end - begin);
    begin = end + 1;
  }
  // Stream, consumer, deliveries, then the numbers; behind domain and account since 2.10.
  size_t at = 0;
  if (count == 7) {
    at = 3;
  } else if (count >= 9) {
    at = 5;
  } else {
    return std::nullopt;
  }
  const std::string_view consumer = tokens[at - 2];
  std::array<uint64_t, 5> numbers{};
  --at;
  for (uint64_t& number : numbers) {
    const std::string_view token = tokens[at++];
    const auto result = std::from_chars(token.data(), token.data() + token.size(), number);
    if (result.ec != std::errc() || result.ptr != token.data() + token.size()) return std::nullopt;
  }
  return DeliveryPosition{
      consumer, numbers[0], numbers[1], numbers[2], static_cast<int64_t>(numbers[3]), numbers[4]};
}

}  // namespace sluice::ingest
