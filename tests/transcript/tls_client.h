#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/check.h"
#include "tests/transcript/raw_client.h"

namespace sluice {

// A TLS client on a raw socket. Every wait ends after 20 s. The server's certificate is not
// verified: the tests are about the edge. Thread: one.
class TlsClient {
 public:
  // What a client of its kind wants; ALPN in wire form ("\x08http/1.1"), empty: none.
  struct Options {
    int max_version = TLS1_3_VERSION;
    std::string alpn;
    SSL_SESSION* resume = nullptr;
    int receive_buffer_bytes = 0;
  };

  explicit TlsClient(uint16_t port) : TlsClient(port, Options()) {}
  TlsClient(uint16_t port, const Options& options)
      : raw_(port, options.receive_buffer_bytes),
        context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        ssl_(MakeSession(options), &SSL_free) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    SLUICE_CHECK(setsockopt(raw_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
    connected_ = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }

  bool connected() const { return connected_; }
  SSL* ssl() { return ssl_.get(); }
  RawClient& raw() { return raw_; }

  void Send(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  // Reads until `text` has come, or the end; everything unread up to and with it.
  std::string ReadThrough(std::string_view text) {
    size_t found = unread_.find(text);
    while (found == std::string::npos && ReadMore()) found = unread_.find(text);
    if (found == std::string::npos) return std::exchange(unread_, "");
    std::string result = unread_.substr(0, found + text.size());
    unread_.erase(0, result.size());
    return result;
  }
  std::string ReadToEnd() {
    while (ReadMore()) {
    }
    return std::exchange(unread_, "");
  }
  // True once the server has said that it sends no more, as opposed to a connection that is cut.
  bool was_closed() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 private:
  SSL* MakeSession(const Options& options) {
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    SSL* const ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, raw_.fd());
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned int>(options.alpn.size()));
    }
    if (options.resume != nullptr) SSL_set_session(ssl, options.resume);
    return ssl;
  }
  bool ReadMore() {
    char buffer[16 << 10];
    const int n = SSL_read(ssl_.get(), buffer, sizeof(buffer));
    ERR_clear_error();
    if (n <= 0) return false;
    unread_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string unread_;
  bool connected_ = false;
};

}  // namespace sluice
