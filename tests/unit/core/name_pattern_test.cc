#include "core/name_pattern.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice {
namespace {

bool Matches(std::string_view pattern, std::string_view name) {
  const absl::StatusOr<NamePattern> parsed = NamePattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << pattern << ": " << parsed.status();
  return parsed.ok() && parsed->Matches(name);
}

TEST(NamePatternTest, ANameMatchesItselfAlone) {
  EXPECT_TRUE(Matches("orders", "orders"));
  for (const std::string_view other : {"order", "orders.1", "Orders", " orders", ""}) {
    EXPECT_FALSE(Matches("orders", other)) << other;
  }
}

TEST(NamePatternTest, AStarStandsForAnyRestThatIsNotEmpty) {
  EXPECT_TRUE(Matches("dashboards.*", "dashboards.sales"));
  EXPECT_TRUE(Matches("dashboards.*", "dashboards.sales.eu"));
  EXPECT_TRUE(Matches("dashboards.*", "dashboards.*"));
  EXPECT_TRUE(Matches("*", "anything"));
  EXPECT_TRUE(NamePattern::Any().Matches("anything"));
  for (const std::string_view other :
       {"dashboards.", "dashboards", "dashboard.x", "xdashboards.a"}) {
    EXPECT_FALSE(Matches("dashboards.*", other)) << other;
  }
  EXPECT_FALSE(Matches("*", ""));
}

TEST(NamePatternTest, RefusesWhatNobodyMeans) {
  const std::string too_long(257, 'a');
  for (const std::string_view text :
       {std::string_view(""), std::string_view("a.*.b"), std::string_view("**"),
        std::string_view("*a"), std::string_view("a\nb"), std::string_view("\xFF"),
        std::string_view(too_long)}) {
    EXPECT_EQ(NamePattern::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(NamePatternTest, ToStringIsWhatWasParsed) {
  for (const std::string_view text : {"a", "a.*", "*"}) {
    EXPECT_EQ(NamePattern::Parse(text)->ToString(), text);
  }
}

TEST(NamePatternTest, CoversWhatItMatchesAlways) {
  const auto covers = [](std::string_view pattern, std::string_view other) {
    return NamePattern::Parse(pattern)->Covers(*NamePattern::Parse(other));
  };
  EXPECT_TRUE(covers("a", "a"));
  EXPECT_TRUE(covers("a.*", "a.b"));
  EXPECT_TRUE(covers("a.*", "a.*"));
  EXPECT_TRUE(covers("a.*", "a.b.*"));
  EXPECT_TRUE(covers("*", "a"));
  EXPECT_TRUE(covers("*", "*"));
  EXPECT_FALSE(covers("a", "a*"));
  EXPECT_FALSE(covers("a.*", "a."));
  EXPECT_FALSE(covers("a.*", "a*"));
  EXPECT_FALSE(covers("a.b.*", "a.*"));
  EXPECT_TRUE(
      AnyCovers({*NamePattern::Parse("b"), *NamePattern::Parse("a*")}, *NamePattern::Parse("ab*")));
  EXPECT_FALSE(AnyCovers({}, *NamePattern::Parse("a")));
}

TEST(NamePatternTest, AnyOfSeveralIsEnough) {
  const std::vector<NamePattern> patterns = {*NamePattern::Parse("a"), *NamePattern::Parse("b.*")};
  EXPECT_TRUE(AnyMatches(patterns, "a"));
  EXPECT_TRUE(AnyMatches(patterns, "b.c"));
  EXPECT_FALSE(AnyMatches(patterns, "c"));
  EXPECT_FALSE(AnyMatches({}, "a"));
}

}  // namespace
}  // namespace sluice
