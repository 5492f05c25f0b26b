#include "app/event_source.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sluice::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxRefusalBytes = 4u << 10;
using Parser = http::response_parser<http::buffer_body>;

absl::Status Unavailable(std::string_view what, const error_code& error) {
  return absl::UnavailableError(
      absl::StrCat(absl::string_view(what.data(), what.size()), ": ", error.message()));
}

// What the body of a refusal says: the message of an edge's own, else all of it.
std::string MessageOf(const std::string& body) {
  namespace json = boost::json;
  error_code ignored;
  const json::value refusal = json::parse(body, ignored);
  if (ignored) return body;
  const json::value* message = refusal.find_pointer("/error/message", ignored);
  return message != nullptr && message->is_string() ? std::string(message->get_string()) : body;
}

// Lets the kernel notice a peer that is gone without a word.
void KeepAlive(Tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  using Option = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  socket.set_option(Option(30), ignored);
  socket.set_option(Interval(10), ignored);
}

// Some more bytes of the body, at least one; an error at its end.
asio::awaitable<std::pair<error_code, std::string_view>> ReadSome(beast::tcp_stream& stream,
                                                                  beast::flat_buffer& buffer,
                                                                  Parser& parser,
                                                                  std::array<char, 8'192>& bytes) {
  for (;;) {
    if (parser.is_done()) co_return std::pair(http::error::end_of_stream, std::string_view());
    parser.get().body().data = bytes.data();
    parser.get().body().size = bytes.size();
    auto [error, read] = co_await http::async_read_some(stream, buffer, parser, kAwait);
    if (error == http::error::need_buffer) error = {};
    const size_t got = bytes.size() - parser.get().body().size;
    if (error || got > 0) co_return std::pair(error, std::string_view(bytes.data(), got));
  }
}

}  // namespace

EventSource::EventSource(Options options, SseParser::OnEvent on_event, OnInterrupted on_interrupted,
                         OnFailed on_failed)
    : options_(std::move(options)),
      on_interrupted_(std::move(on_interrupted)),
      on_failed_(std::move(on_failed)),
      parser_(std::move(on_event)) {}

void EventSource::Start(asio::io_context* context) {
  asio::co_spawn(*context, Run(), [this](const std::exception_ptr& thrown) {
    if (thrown) on_failed_(absl::InternalError("the client failed"));
  });
}

asio::awaitable<void> EventSource::Run() {
  bool was_connected = false;
  for (int failures = 0;; ++failures) {
    const End end = co_await ReadStream();
    parser_.EndStream();
    if (end.refused || (!end.connected && !was_connected)) {
      on_failed_(end.status);
      co_return;
    }
    was_connected = true;
    if (end.connected) failures = 0;
    const std::chrono::milliseconds delay = NextDelay(failures);
    on_interrupted_(end.status, delay);
    asio::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(kAwait);
  }
}

asio::awaitable<EventSource::End> EventSource::ReadStream() {
  const auto executor = co_await asio::this_coro::executor;
  beast::tcp_stream stream(executor);
  stream.expires_after(options_.connect_timeout);
  Tcp::resolver resolver(executor);
  const auto [not_found, endpoints] =
      co_await resolver.async_resolve(options_.url.host, options_.url.port, kAwait);
  if (not_found) co_return End{Unavailable("cannot resolve " + options_.url.host, not_found)};
  const auto [not_connected, endpoint] = co_await stream.async_connect(endpoints, kAwait);
  if (not_connected) {
    co_return End{Unavailable("cannot connect to " + options_.url.authority, not_connected)};
  }
  KeepAlive(stream.socket());

  http::request<http::empty_body> request(http::verb::get, options_.target, 11);
  request.set(http::field::host, options_.url.authority);
  request.set(http::field::accept, "text/event-stream");
  if (!options_.token.empty()) request.set(http::field::authorization, "Bearer " + options_.token);
  const std::string& seen = parser_.last_event_id();
  const std::string& resume_at = seen.empty() ? options_.last_event_id : seen;
  if (!resume_at.empty()) request.set("Last-Event-ID", resume_at);
  const auto [not_sent, sent] = co_await http::async_write(stream, request, kAwait);
  if (not_sent) co_return End{Unavailable("cannot send the request", not_sent)};

  beast::flat_buffer buffer;
  Parser response;
  response.body_limit(boost::none);
  const auto [no_head, read] = co_await http::async_read_header(stream, buffer, response, kAwait);
  if (no_head) co_return End{Unavailable("no answer", no_head)};
  stream.expires_never();

  const bool is_ok = response.get().result() == http::status::ok;
  std::array<char, 8'192> bytes;
  std::string refusal;
  for (;;) {
    const auto [error, part] = co_await ReadSome(stream, buffer, response, bytes);
    if (is_ok && !parser_.Feed(part)) {
      co_return End{absl::ResourceExhaustedError("the server sent an event above 4 MiB"), true,
                    true};
    }
    if (!is_ok)
      refusal += part.substr(0, kMaxRefusalBytes - std::min(refusal.size(), kMaxRefusalBytes));
    if (!error && (is_ok || refusal.size() < kMaxRefusalBytes)) continue;
    if (is_ok) co_return End{Unavailable("the stream ended", error), true};
    co_return End{absl::FailedPreconditionError(absl::StrCat("the server answered ",
                                                             response.get().result_int(), ": ",
                                                             absl::CHexEscape(MessageOf(refusal)))),
                  false, response.get().result_int() < 500};
  }
}

std::chrono::milliseconds EventSource::NextDelay(int failures) {
  const std::chrono::milliseconds retry = parser_.retry().value_or(options_.retry);
  if (failures == 0) return retry;  // the server has spread it
  const auto delay = std::min(retry * (1 << std::min(failures, 5)), options_.max_delay);
  return delay * std::uniform_int_distribution<>(75, 125)(random_) / 100;
}

}  // namespace sluice::app
