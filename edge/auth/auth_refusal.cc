#include "edge/auth/auth_refusal.h"

#include <array>

namespace sluice::edge {
namespace {

struct Row {
  std::string_view label;
  HttpErrorKind kind;
};
constexpr std::array<Row, kAuthRefusalReasons> kTable = {{
    {"request", HttpErrorKind::kBadRequest},
    {"missing", HttpErrorKind::kUnauthenticated},
    {"malformed", HttpErrorKind::kUnauthenticated},
    {"algorithm", HttpErrorKind::kUnauthenticated},
    {"issuer", HttpErrorKind::kUnauthenticated},
    {"key", HttpErrorKind::kUnauthenticated},
    {"signature", HttpErrorKind::kUnauthenticated},
    {"expired", HttpErrorKind::kUnauthenticated},
    {"not_yet", HttpErrorKind::kUnauthenticated},
    {"audience", HttpErrorKind::kUnauthenticated},
    {"claims", HttpErrorKind::kUnauthenticated},
    {"revoked", HttpErrorKind::kUnauthenticated},
    {"origin", HttpErrorKind::kForbidden},
}};

const Row& RowOf(AuthRefusalReason reason) { return kTable[static_cast<size_t>(reason)]; }

}  // namespace

std::string_view LabelOf(AuthRefusalReason reason) { return RowOf(reason).label; }

HttpError ToHttpError(const AuthRefusal& refusal) {
  return {RowOf(refusal.reason).kind, refusal.message};
}

}  // namespace sluice::edge
