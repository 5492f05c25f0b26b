#include "app/demo/page_routes.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/demo/page_assets.h"

namespace sluice::demo {
namespace {

using edge::HttpResponse;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

std::string ReadPageFile(const std::string& file) {
  std::ifstream stream(std::string(SLUICE_SOURCE_DIR) + "/app/demo/page/" + file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::optional<HttpResponse> Get(const std::string& path) {
  std::optional<HttpResponse> answer;
  for (const edge::HttpRoute& route : PageRoutes()) {
    if (route.path != path || route.method != "GET") continue;
    route.handler(
        {.method = "GET", .path = path, .query = {}, .host = {}, .origin = {}, .body = {}},
        [&](HttpResponse response) { answer = std::move(response); });
  }
  return answer;
}

TEST(PageRoutesTest, ServesEachFileOfThePageAsItIs) {
  for (const PageAsset& asset : PageAssets()) {
    const std::string file(asset.file);
    EXPECT_FALSE(asset.bytes.empty()) << file;
    EXPECT_EQ(asset.bytes, ReadPageFile(file)) << file;
  }
}

TEST(PageRoutesTest, EmbedsEveryFileThatThePageCanAskFor) {
  const std::filesystem::path page = SLUICE_SOURCE_DIR "/app/demo/page";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(page)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".md") continue;
    const std::string file = std::filesystem::relative(entry.path(), page).string();
    EXPECT_TRUE(std::any_of(PageAssets().begin(), PageAssets().end(),
                            [&](const PageAsset& asset) { return asset.file == file; }))
        << file << " is not in app/demo/CMakeLists.txt";
  }
}

TEST(PageRoutesTest, NamesTheContentTypeOfEachKind) {
  EXPECT_EQ(Get("/")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Get("/chat")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Get("/demo/app.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Get("/demo/style.css")->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(Get("/demo/icon.svg")->content_type, "image/svg+xml");
  EXPECT_EQ(Get("/demo/third_party/uplot/LICENSE")->content_type, "text/plain; charset=utf-8");
}

TEST(PageRoutesTest, AllowsOnlyWhatThisServerServes) {
  for (const std::string file : {"index.html", "chat.html"}) {
    const std::string page = ReadPageFile(file);
    EXPECT_THAT(page, Not(HasSubstr("http:"))) << file;
    EXPECT_THAT(page, Not(HasSubstr("https:"))) << file;
    EXPECT_THAT(page, Not(HasSubstr("style="))) << file;
    EXPECT_THAT(Get(file == "index.html" ? "/" : "/chat")->headers,
                Contains(Pair("Content-Security-Policy",
                              "default-src 'none'; script-src 'self'; style-src 'self'; "
                              "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                              "form-action 'none'; frame-ancestors 'none'")));
  }
}

}  // namespace
}  // namespace sluice::demo
