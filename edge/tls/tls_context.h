#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "core/options.h"

struct ssl_ctx_st;  // OpenSSL's
struct ssl_st;

namespace sluice::edge {

// The certificate that the edge presents, and how TLS is spoken with it: 1.2 and newer, resumption
// by tickets, ALPN `http/1.1`. Sessions keep what they began with when it is replaced. The process
// ignores SIGPIPE, which OpenSSL's writes may raise. Thread: any.
class TlsContext {
 public:
  // INVALID_ARGUMENT: a file that cannot be read, or a key that is not the certificate's.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(const EdgeOptions& options);

  // Reads the files again; after an error what there was goes on being used.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mutex_);
  // True if one of the files is another than when they were last read, or tried to.
  bool HasChanged() const ABSL_LOCKS_EXCLUDED(mutex_);
  // A new server's end on this descriptor; null if OpenSSL has no memory. The caller frees it.
  ssl_st* NewSession(int fd) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Which file lies at a path, and of when; for noticing another.
  struct Stamp {
    uint64_t inode = 0;
    int64_t modified_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Stamps {
    Stamp cert;
    Stamp key;
    friend bool operator==(const Stamps&, const Stamps&) = default;
  };
  static Stamp StampOf(const std::string& path);
  Stamps CurrentStamps() const { return {StampOf(cert_file_), StampOf(key_file_)}; }

  TlsContext(std::string cert_file, std::string key_file)
      : cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {}

  const std::string cert_file_;
  const std::string key_file_;
  mutable Mutex mutex_;
  Stamps stamps_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<ssl_ctx_st> context_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::edge
