#include "core/config_file.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(ConfigFileTest, FlattensSectionsAndKeepsLines) {
  const ConfigFile file = ParseConfigFile(
      "insecure = true\n\n[edge]\nshards = 4\nretry = \"2s\"\n"
      "allowed_origins = [\"https://a\", \"https://b\"]\n",
      "s.toml");
  ASSERT_THAT(file.errors, IsEmpty());
  ASSERT_THAT(file.entries, SizeIs(4));
  EXPECT_EQ(file.entries[0].key, "insecure");
  EXPECT_EQ(file.entries[0].text, "true");
  EXPECT_EQ(file.entries[1].key, "edge.shards");
  EXPECT_EQ(file.entries[1].text, "4");
  EXPECT_EQ(file.entries[1].line, 4);
  EXPECT_EQ(file.entries[2].text, "2s");
  EXPECT_EQ(file.entries[3].text, "https://a,https://b");
  EXPECT_EQ(file.entries[3].line, 6);
}

TEST(ConfigFileTest, SyntaxErrorsHaveALine) {
  for (const char* text : {"a = 1\n[edge\n", "a = 1\nb = \n", "a = 1\na = 2\n", "a = 1\n= 3\n",
                           "a = 1\nb = \"\xff\"\n", "a = 1\nb = \"open\n"}) {
    const ConfigFile file = ParseConfigFile(text, "s.toml");
    ASSERT_THAT(file.errors, SizeIs(1)) << text;
    EXPECT_THAT(file.errors[0].ToString(), StartsWith("s.toml:2: ")) << text;
  }
}

TEST(ConfigFileTest, TablesOfOneNameAreNumbered) {
  const ConfigFile file =
      ParseConfigFile("[[edge.routes]]\nto = \"a\"\n[[edge.routes]]\nto = \"b\"\n", "s.toml");
  ASSERT_THAT(file.errors, SizeIs(0));
  ASSERT_THAT(file.entries, SizeIs(2));
  EXPECT_EQ(file.entries[0].key, "edge.routes[0].to");
  EXPECT_EQ(file.entries[1].key, "edge.routes[1].to");
  EXPECT_EQ(file.entries[1].line, 4);
}

TEST(ConfigFileTest, ValuesWithoutATextAreErrors) {
  const ConfigFile file = ParseConfigFile(
      "a = 1.5\nb = 2024-01-01\nc = [[1]]\nd = [{x = 1.5}, 2]\ne = nan\nf = 1\n", "s.toml");
  EXPECT_THAT(file.entries, SizeIs(1));
  ASSERT_THAT(file.errors, SizeIs(5));
  EXPECT_EQ(file.errors[0].origin, "s.toml:1");
  EXPECT_EQ(file.errors[0].key, "a");
}

TEST(ConfigFileTest, HostileTextsAreErrorsNotCrashes) {
  std::string nested = "a = ";
  for (int i = 0; i < 10'000; ++i) nested += '[';
  EXPECT_THAT(ParseConfigFile(nested, "s").errors, SizeIs(1));
  std::string dotted = "a";
  while (dotted.size() + 8 < kMaxConfigFileBytes) dotted += ".a";
  EXPECT_THAT(ParseConfigFile(dotted + " = 1", "s").errors, SizeIs(1));
  EXPECT_THAT(ParseConfigFile(std::string(100, '\0'), "s").errors, SizeIs(1));
  const ConfigFile file = ParseConfigFile("\"\\u001b[31m\" = 1", "s");
  ASSERT_THAT(file.entries, SizeIs(1));
  EXPECT_EQ(file.entries[0].key, "\\x1b[31m");
}

TEST(ConfigFileTest, AFileThatCannotBeReadIsAnError) {
  const ConfigFile missing = ReadConfigFile("/nonexistent/sluice.toml");
  ASSERT_THAT(missing.errors, SizeIs(1));
  EXPECT_EQ(missing.errors[0].ToString(),
            "/nonexistent/sluice.toml: cannot be read: No such file or directory");
  const ConfigFile folder = ReadConfigFile("/");
  ASSERT_THAT(folder.errors, SizeIs(1));
  EXPECT_THAT(folder.errors[0].message, HasSubstr("cannot be read"));
  ASSERT_THAT(ReadConfigFile("/dev/zero").errors, SizeIs(1));
}

}  // namespace
}  // namespace sluice
