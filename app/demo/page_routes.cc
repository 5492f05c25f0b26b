#include "app/demo/page_routes.h"

#include <string>
#include <string_view>
#include <utility>

#include "app/demo/page_assets.h"

namespace sluice::demo {
namespace {

using edge::HttpRequest;
using edge::HttpRespond;
using edge::HttpResponse;
using edge::HttpRoute;

// Nothing but our own files runs, draws or is talked to; no inline script or style, no framing.
constexpr char kContentSecurityPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string PathOf(std::string_view file) {
  if (file == "index.html") return "/";
  if (file == "chat.html") return "/chat";
  return "/demo/" + std::string(file);
}

std::string_view ContentType(std::string_view file) {
  if (file.ends_with(".html")) return "text/html; charset=utf-8";
  if (file.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (file.ends_with(".css")) return "text/css; charset=utf-8";
  if (file.ends_with(".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

HttpResponse Respond(const PageAsset& asset) {
  HttpResponse response;
  response.content_type = ContentType(asset.file);
  response.body = asset.bytes;
  // No validators, so a browser fetches again what the next build may have changed.
  response.headers = {{"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kContentSecurityPolicy},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Referrer-Policy", "no-referrer"}};
  return response;
}

}  // namespace

std::vector<HttpRoute> PageRoutes() {
  std::vector<HttpRoute> routes;
  for (const PageAsset& asset : PageAssets()) {
    HttpRoute route;
    route.method = "GET";
    route.path = PathOf(asset.file);
    route.handler = [asset](const HttpRequest&, const HttpRespond& respond) {
      respond(Respond(asset));
    };
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace sluice::demo
