#include "app/http_url.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(HttpUrlTest, SplitsHostPortAndPath) {
  const auto url = HttpUrl::Parse("http://127.0.0.1:8080");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, "8080");
  EXPECT_EQ(url->path, "");
  EXPECT_EQ(url->authority, "127.0.0.1:8080");
  EXPECT_EQ(HttpUrl::Parse("http://edge")->port, "80");
  EXPECT_EQ(HttpUrl::Parse("http://edge/")->path, "");
  EXPECT_EQ(HttpUrl::Parse("http://edge/a/b/")->path, "/a/b");
  EXPECT_EQ(HttpUrl::Parse("http://[::1]:8080")->host, "::1");
  EXPECT_EQ(HttpUrl::Parse("http://[::1]")->host, "::1");
  EXPECT_EQ(HttpUrl::Parse("http://[::1]")->port, "80");
}

TEST(HttpUrlTest, RefusesOtherTexts) {
  for (const char* text : {"", "127.0.0.1:8080", "https://edge", "http://", "http://:80",
                           "http://edge:", "http://edge:x", "http://edge:808080", "http://a b",
                           "http://user@edge", "http://edge/?a=b", "http://edge\r\nX: y"}) {
    EXPECT_FALSE(HttpUrl::Parse(text).ok()) << text;
  }
}

TEST(PercentEncodeTest, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode(std::string_view("a b&\0\r\n+%/\xc3\xa9", 12)),
            "a%20b%26%00%0D%0A%2B%25%2F%C3%A9");
}

}  // namespace
}  // namespace sluice::app
