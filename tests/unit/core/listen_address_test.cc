#include "core/listen_address.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_view_literals;

TEST(ListenAddressTest, ReadsBothFamiliesAndLocalhost) {
  EXPECT_EQ(ListenAddress::Parse("127.0.0.1:8080")->ToString(), "127.0.0.1:8080");
  EXPECT_EQ(ListenAddress::Parse("0.0.0.0:0")->port, 0);
  EXPECT_EQ(ListenAddress::Parse("[::1]:65535")->ToString(), "[::1]:65535");
  EXPECT_EQ(ListenAddress::Parse("[::1]:65535")->host, "::1");
  EXPECT_EQ(ListenAddress::Parse("localhost:80")->ToString(), "127.0.0.1:80");
}

TEST(ListenAddressTest, RefusesOtherTexts) {
  for (const std::string_view text :
       {""sv, "8080"sv, ":8080"sv, "127.0.0.1"sv, "127.0.0.1:"sv, "127.0.0.1:65536"sv,
        "127.0.0.1:-1"sv, "127.0.0.1:80x"sv, "127.0.0.1: 80"sv, "127.1:80"sv, "256.0.0.1:80"sv,
        "::1:80"sv, "[127.0.0.1]:80"sv, "[::1:80"sv, "[]:80"sv, "[localhost]:80"sv,
        "example.org:80"sv, "127.0.0.1\0:80"sv, "*:80"sv}) {
    EXPECT_FALSE(ListenAddress::Parse(text).ok()) << testing::PrintToString(text);
  }
}

TEST(ListenAddressTest, KnowsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.3:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(ListenAddress::Parse(text)->is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "128.0.0.1:1", "10.0.0.1:1", "[::]:1", "[::ffff:8.8.8.8]:1",
                           "[fe80::1]:1", "[::2]:1"}) {
    EXPECT_FALSE(ListenAddress::Parse(text)->is_loopback()) << text;
  }
}

}  // namespace
}  // namespace sluice
