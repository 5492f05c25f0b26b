// What OpenSSL alone keeps for one idle connection over TLS: the octets that it has allocated once
// the handshake is over and each side has sent a record, as a JSON line.
//   tls_floor CERTIFICATE KEY
#include <malloc.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/bench/json_line.h"

namespace sluice::bench {
namespace {

thread_local int64_t live_octets = 0;  // of this thread, with what malloc adds

void Count(void* memory, int sign) {
  if (memory != nullptr) {
    live_octets += sign * static_cast<int64_t>(malloc_usable_size(memory) + sizeof(size_t));
  }
}

void* Allocate(size_t size, const char*, int) {
  void* const memory = std::malloc(size);
  Count(memory, 1);
  return memory;
}

void* Reallocate(void* old, size_t size, const char*, int) {
  Count(old, -1);
  void* const memory = std::realloc(old, size);
  Count(memory, 1);
  return memory;
}

void Free(void* memory, const char*, int) {
  Count(memory, -1);
  std::free(memory);
}

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "tls_floor: %s\n", what);
  std::exit(1);
}

// The other side, on a thread of its own so that its memory is not counted.
void Visit(int socket) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const session = SSL_new(context);
  std::array<char, 16> answer;
  if (SSL_set_fd(session, socket) != 1 || SSL_connect(session) != 1 ||
      SSL_write(session, "request", 7) != 7 ||
      SSL_read(session, answer.data(), static_cast<int>(answer.size())) <= 0) {
    Die("the client failed");
  }
  SSL_free(session);
  SSL_CTX_free(context);
}

// The octets that one connection of `context` holds.
int64_t Serve(SSL_CTX* context) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) Die("socketpair");
  std::thread client(Visit, ends[1]);
  const int64_t before = live_octets;
  SSL* const session = SSL_new(context);
  std::array<char, 16> request;
  if (SSL_set_fd(session, ends[0]) != 1 || SSL_accept(session) != 1 ||
      SSL_read(session, request.data(), static_cast<int>(request.size())) <= 0 ||
      SSL_write(session, "answer", 6) != 6) {
    Die("the server failed");
  }
  const int64_t held = live_octets - before;
  client.join();
  SSL_free(session);
  close(ends[0]);
  close(ends[1]);
  return held;
}

void Run(const char* certificate, const char* key) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    Die("no certificate");
  }
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  Serve(context);  // the first one also allocates what all share
  JsonLine line("floor");
  line.Add("octets", Serve(context));
  line.Print();
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using sluice::bench::Allocate;
  using sluice::bench::Free;
  using sluice::bench::Reallocate;
  if (argc != 3 || CRYPTO_set_mem_functions(&Allocate, &Reallocate, &Free) != 1) {
    std::fprintf(stderr, "usage: tls_floor CERTIFICATE KEY\n");
    return 2;
  }
  sluice::bench::Run(argv[1], argv[2]);
  return 0;
}
