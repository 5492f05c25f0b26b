#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::edge {

// Which pages of other origins may read from this edge. Thread: any (constant).
class OriginPolicy {
 public:
  enum class Verdict {
    kNone,     // no Origin header: not a cross-origin request of a browser
    kSame,     // the page came from this edge
    kAllowed,  // listed in edge.allowed_origins
    kForeign,
  };

  // Exact origins such as "https://app.example". There is no wildcard: with credentials it would
  // let every page read what its visitor may.
  // `own_scheme`: that of the edge's own pages, "https"; empty: not known, as behind a proxy.
  explicit OriginPolicy(std::vector<std::string> allowed, std::string own_scheme = "")
      : allowed_(std::move(allowed)), own_scheme_(std::move(own_scheme)) {}
  // `origin` and `host` are header values, empty if absent.
  Verdict Judge(std::string_view origin, std::string_view host) const;

 private:
  const std::vector<std::string> allowed_;
  const std::string own_scheme_;
};

}  // namespace sluice::edge
