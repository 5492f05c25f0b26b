#include "edge/http/query.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

using Values = std::vector<std::string_view>;

TEST(QueryTest, FindsParametersInOrder) {
  const auto query = Query::Parse("topic=b&user=alice&topic=a&topic");
  ASSERT_TRUE(query);
  EXPECT_EQ(*query->Find("user"), "alice");
  EXPECT_EQ(*query->Find("topic"), "b");
  EXPECT_EQ(query->All("topic"), (Values{"b", "a", ""}));
  EXPECT_EQ(query->Find("Topic"), nullptr);
  EXPECT_TRUE(query->All("none").empty());
}

TEST(QueryTest, DecodesNamesAndValues) {
  const std::pair<std::string, std::string> rows[] = {
      {"v=", ""},
      {"v", ""},
      {"v=a=b", "a=b"},
      {"v=a+b", "a b"},
      {"v=a%2Bb", "a+b"},
      {"v=%41%5a%5A", "AZZ"},
      {"v=%26%3D%25", "&=%"},
      {"v=%25%34%31", "%41"},
      {"v=%00", std::string(1, '\0')},
      {"v=%0d%0a", "\r\n"},
      {"v=caf%C3%A9", "caf\xC3\xA9"},
      {"v=caf\xC3\xA9", "caf\xC3\xA9"},
      {"%76=x", "x"},
      {"&&v=x&&", "x"},
      {"=x&v=y", "y"},
  };
  for (const auto& [text, value] : rows) {
    const auto query = Query::Parse(text);
    ASSERT_TRUE(query) << text;
    ASSERT_NE(query->Find("v"), nullptr) << text;
    EXPECT_EQ(*query->Find("v"), value) << text;
  }
}

TEST(QueryTest, RefusesBrokenEscapes) {
  for (const std::string text : {"%", "v=%", "v=%4", "v=a%4", "v=%zz", "v=%4z", "v=%z4", "%zz=a",
                                 "v=% 41", "v=%%41", "v=%+1", "a=b&c=%", "v=%4&a=1"}) {
    EXPECT_FALSE(Query::Parse(text)) << text;
  }
}

TEST(QueryTest, AnEmptyQueryHasNoParameters) {
  const auto query = Query::Parse("");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->Find(""), nullptr);
}

}  // namespace
}  // namespace sluice::edge
