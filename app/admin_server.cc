#include "app/admin_server.h"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>

#include "absl/strings/str_cat.h"
#include "app/spare_descriptor.h"
#include "core/clock.h"
#include "core/listen_address.h"
#include "core/status.h"
#include "edge/http/http_date.h"

namespace sluice::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

static_assert(BOOST_BEAST_VERSION >= 345, "older Beast lacks security fixes");
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

bool IsOutOfDescriptors(const error_code& error) {
  return error == asio::error::no_descriptors ||
         error == boost::system::errc::too_many_files_open_in_system ||
         error == asio::error::no_buffer_space || error == asio::error::no_memory;
}

http::response<http::string_body> ToHttp(AdminResponse answer, unsigned version) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::date, edge::HttpDate(Clock::System().Wall()));
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

AdminResponse BadRequest(const error_code& error) {
  const bool is_long = error == http::error::header_limit || error == http::error::buffer_overflow;
  return {is_long ? 431 : 400, "application/json",
          is_long ? R"({"error":{"code":"headers_too_long","message":"the header is too long"}})"
                  : R"({"error":{"code":"bad_request","message":"not a request without a body"}})"};
}

}  // namespace

// The acceptor and its connections. Thread: the admin server's, once run() is called.
class AdminServer::Listener {
 public:
  Listener(AdminEndpoints::Parts parts, const Limits& limits)
      : endpoints_(std::move(parts)), limits_(limits) {}

  absl::Status Listen(const std::string& listen) {
    SLUICE_ASSIGN_OR_RETURN(const ListenAddress address, ListenAddress::Parse(listen));
    error_code error;
    const Tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(Tcp::acceptor::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", listen, ": ", error.message()));
    }
    port_ = acceptor_.local_endpoint(error).port();
    asio::co_spawn(context_, Accept(), asio::detached);
    return absl::OkStatus();
  }
  uint16_t port() const { return port_; }
  void Run() { context_.run(); }
  void Stop() { context_.stop(); }

 private:
  asio::awaitable<void> Accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error == asio::error::operation_aborted) co_return;
      if (IsOutOfDescriptors(error)) {
        if (spare_.Lend()) continue;
        co_await Wait(limits_.no_descriptor_delay);
        spare_.TakeBack();
      } else if (!error && connections_ < limits_.max_connections) {
        ++connections_;
        asio::co_spawn(context_, Serve(std::move(socket)), [this](const std::exception_ptr&) {
          // What a part's Collect threw has ended this connection alone.
          --connections_;
          spare_.TakeBack();
        });
      }
    }
  }

  asio::awaitable<void> Wait(std::chrono::milliseconds time) {
    asio::steady_timer timer(context_, time);
    co_await timer.async_wait(kAwait);
  }

  asio::awaitable<void> Serve(Tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer(limits_.max_head_bytes);
    bool keep_alive = true;
    while (keep_alive) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(limits_.max_head_bytes);
      stream.expires_after(limits_.timeout);
      const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAwait);
      const bool is_http =
          read_error.category() == http::make_error_code(http::error::end_of_stream).category();
      if (read_error && (!is_http || read_error == http::error::end_of_stream)) co_return;

      const auto& request = parser.get();
      const std::string_view method(request.method_string().data(), request.method_string().size());
      auto response = read_error ? ToHttp(BadRequest(read_error), 11)
                                 : ToHttp(endpoints_.Respond(method, {request.target().data(),
                                                                      request.target().size()}),
                                          request.version());
      // The borrowed descriptor goes back after one answer.
      keep_alive = !read_error && request.keep_alive() && !spare_.is_lent();
      response.keep_alive(keep_alive);
      if (!co_await Write(stream, response, method == "HEAD")) co_return;
    }
    error_code ignored;
    stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  }

  asio::awaitable<bool> Write(beast::tcp_stream& stream,
                              const http::response<http::string_body>& response, bool head_only) {
    http::response_serializer<http::string_body> serializer(response);
    stream.expires_after(limits_.timeout);
    if (head_only) {
      const auto [error, written] = co_await http::async_write_header(stream, serializer, kAwait);
      co_return !error;
    }
    const auto [error, written] = co_await http::async_write(stream, serializer, kAwait);
    co_return !error;
  }

  const AdminEndpoints endpoints_;
  const Limits limits_;
  uint16_t port_ = 0;  // constant once it listens
  asio::io_context context_{1};
  Tcp::acceptor acceptor_{context_};
  SpareDescriptor spare_;
  size_t connections_ = 0;
};

AdminServer::AdminServer(std::unique_ptr<Listener> listener)
    : listener_(std::move(listener)), thread_([this] { listener_->Run(); }) {}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& listen,
                                                                AdminEndpoints::Parts parts,
                                                                const Limits& limits) {
  auto listener = std::make_unique<Listener>(std::move(parts), limits);
  SLUICE_RETURN_IF_ERROR(listener->Listen(listen));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(listener)));
}

AdminServer::~AdminServer() { Stop(); }

uint16_t AdminServer::port() const { return listener_->port(); }

void AdminServer::Stop() {
  listener_->Stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::app
