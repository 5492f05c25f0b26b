#include "core/small_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace sluice {
namespace {

constexpr size_t kMaxSecretBytes = 4u << 10;
constexpr size_t kMaxFileBytes = 256u << 10;

absl::StatusOr<std::string> Read(std::string_view key, const std::string& path, size_t max_bytes) {
  const auto failed = [&](const std::string& why) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::string_view(key.data(), key.size()), ": ", path, " ", why));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return failed(absl::StrCat("cannot be read: ", std::strerror(errno)));
  std::string text(max_bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()))
    return failed(absl::StrCat("cannot be read: ", std::strerror(errno)));
  if (text.size() > max_bytes) return failed(absl::StrCat("is larger than ", max_bytes, " bytes"));
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(std::string_view key, const std::string& path) {
  return Read(key, path, kMaxFileBytes);
}

absl::StatusOr<std::string> ReadSecretFile(std::string_view key, const std::string& path) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, Read(key, path, kMaxSecretBytes));
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

}  // namespace sluice
