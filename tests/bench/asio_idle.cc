// Holds idle SSE sessions on Asio sockets, each with one pending wait and nothing else: the floor
// of memory that docs/adr/0004 compares with. The first line says the port; ends with stdin.
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdio>
#include <list>
#include <string_view>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    "id: asio-0\nevent: connected\ndata: {\"status\":\"connected\"}\n\n";

class IdleServer {
 public:
  explicit IdleServer(asio::io_context* io)
      : acceptor_(*io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    acceptor_.listen(4096);
    Accept();
  }
  unsigned port() const { return acceptor_.local_endpoint().port(); }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, Socket socket) {
      if (!error) Answer(sessions_.emplace_back(std::move(socket)));
      Accept();
    });
  }
  void Answer(Socket& socket) {
    socket.non_blocking(true);
    socket.async_wait(Socket::wait_read, [&socket](error_code) {
      std::array<char, 4096> request;
      error_code error;
      socket.read_some(asio::buffer(request), error);
      if (!error) socket.write_some(asio::buffer(kHead), error);
      if (!error) socket.async_wait(Socket::wait_read, [](error_code) {});
    });
  }

  Acceptor acceptor_;
  std::list<Socket> sessions_;
};

}  // namespace

int main() {
  asio::io_context io(1);
  IdleServer server(&io);
  std::printf("{\"port\":%u}\n", server.port());
  std::fflush(stdout);
  asio::posix::basic_stream_descriptor<Executor> input(io, STDIN_FILENO);
  input.async_wait(decltype(input)::wait_read, [&io](error_code) { io.stop(); });
  io.run();
}
