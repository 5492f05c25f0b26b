#include "edge/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/small_file.h"
#include "core/status.h"

namespace sluice::edge {
namespace {

constexpr unsigned char kSessionContext[] = "sluice-edge";
constexpr unsigned char kHttp11[] = "\x08http/1.1";

std::string LastError() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

// A client that offers protocols must offer the one that is spoken here.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* length,
                   const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, length, kHttp11, sizeof(kHttp11) - 1, offered,
                                           offered_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

absl::StatusOr<std::shared_ptr<ssl_ctx_st>> MakeContext(const std::string& cert_file,
                                                        const std::string& key_file) {
  SLUICE_RETURN_IF_ERROR(ReadSmallFile("edge.tls_cert_file", cert_file).status());
  SLUICE_RETURN_IF_ERROR(ReadSmallFile("edge.tls_key_file", key_file).status());
  ERR_clear_error();
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return absl::ResourceExhaustedError(LastError());
  SSL_CTX* const raw = context.get();
  if (SSL_CTX_use_certificate_chain_file(raw, cert_file.c_str()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("edge.tls_cert_file: ", LastError()));
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("edge.tls_key_file: ", LastError()));
  }
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle session gives its buffers of 34 KB back.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Resumption is in the client's ticket: the edge keeps nothing.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext) - 1);
  SSL_CTX_set_alpn_select_cb(raw, &ChooseProtocol, nullptr);
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(const EdgeOptions& options) {
  std::unique_ptr<TlsContext> context(new TlsContext(options.tls_cert_file, options.tls_key_file));
  SLUICE_RETURN_IF_ERROR(context->Reload());
  return context;
}

TlsContext::Stamp TlsContext::StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

bool TlsContext::HasChanged() const {
  MutexLock lock(&mutex_);
  return CurrentStamps() != stamps_;
}

absl::Status TlsContext::Reload() {
  {
    MutexLock lock(&mutex_);
    stamps_ = CurrentStamps();
  }
  SLUICE_ASSIGN_OR_RETURN(std::shared_ptr<ssl_ctx_st> loaded, MakeContext(cert_file_, key_file_));
  MutexLock lock(&mutex_);
  context_ = std::move(loaded);
  return absl::OkStatus();
}

ssl_st* TlsContext::NewSession(int fd) {
  std::shared_ptr<ssl_ctx_st> context;
  {
    MutexLock lock(&mutex_);
    context = context_;
  }
  SSL* const session = SSL_new(context.get());
  if (session == nullptr) return nullptr;
  if (SSL_set_fd(session, fd) != 1) {
    SSL_free(session);
    return nullptr;
  }
  SSL_set_accept_state(session);
  return session;
}

}  // namespace sluice::edge
