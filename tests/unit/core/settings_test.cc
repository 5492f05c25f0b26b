#include "core/settings.h"

#include <limits>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status AssignTo(Options* options, std::string_view key, std::string_view text) {
  return Assign(*FindSetting(key), text, options);
}

std::string ErrorOf(std::string_view key, std::string_view text) {
  Options options;
  return std::string(AssignTo(&options, key, text).message());
}

TEST(SettingsTest, KeysAndVariablesAreUnique) {
  std::set<std::string> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(std::string(setting.key)).second) << setting.key;
    EXPECT_TRUE(names.insert(EnvironmentName(setting)).second) << setting.key;
  }
}

TEST(SettingsTest, EveryDefaultIsAllowedAndReadBack) {
  for (const Setting& setting : Settings()) {
    Options options;
    const std::string text = ValueText(setting, options);
    EXPECT_TRUE(Assign(setting, text, &options).ok()) << setting.key << " " << text;
    EXPECT_EQ(ValueText(setting, options), text);
  }
}

TEST(SettingsTest, EverySettingHasItsOwnPlace) {
  const auto other_text = [](const Setting& setting) -> std::string {
    switch (setting.type) {
      case Setting::Type::kSwitch:
        return ValueText(setting, Options{}) == "true" ? "false" : "true";
      case Setting::Type::kAddress:
        return "127.0.0.9:9";
      case Setting::Type::kOrigins:
        return "https://other.example";
      case Setting::Type::kServers:
        return "nats://other.example:4222";
      case Setting::Type::kAlgorithms:
        return "ES256";
      case Setting::Type::kPatterns:
        return "other.*";
      case Setting::Type::kUrl:
        return "https://other.example/keys";
      case Setting::Type::kName:
      case Setting::Type::kText:
      case Setting::Type::kSecret:
        return "other";
      case Setting::Type::kDestination:
      case Setting::Type::kEventType:
        return "other";
      case Setting::Type::kRouteTarget:
        return "topic:other";
      case Setting::Type::kLevel:
        return "error";
      case Setting::Type::kStorage:
        return "memory";
      case Setting::Type::kDuration:
        return std::to_string(setting.max) + "ms";
      default:
        return std::to_string(setting.max);
    }
  };
  for (const Setting& changed : Settings()) {
    Options options;
    ASSERT_TRUE(Assign(changed, other_text(changed), &options).ok()) << changed.key;
    for (const Setting& setting : Settings()) {
      const bool is_default = ValueText(setting, options) == ValueText(setting, Options{});
      EXPECT_EQ(is_default, setting.key != changed.key) << changed.key << " " << setting.key;
    }
  }
}

TEST(SettingsTest, RangesFitTheirPlaces) {
  for (const Setting& setting : Settings()) {
    EXPECT_LE(setting.min, setting.max) << setting.key;
    if (std::holds_alternative<Setting::Place<uint32_t>>(setting.place)) {
      EXPECT_LE(setting.max, std::numeric_limits<uint32_t>::max()) << setting.key;
    }
  }
}

TEST(SettingsTest, TheEndsOfARangeAreAllowed) {
  Options options;
  EXPECT_TRUE(AssignTo(&options, "edge.heartbeat_interval", "100ms").ok());
  EXPECT_TRUE(AssignTo(&options, "edge.heartbeat_interval", "10m").ok());
  EXPECT_FALSE(AssignTo(&options, "edge.heartbeat_interval", "99ms").ok());
  EXPECT_FALSE(AssignTo(&options, "edge.heartbeat_interval", "601s").ok());
  EXPECT_EQ(options.edge.heartbeat_interval, std::chrono::minutes(10));
}

TEST(SettingsTest, ErrorsSayWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("edge.retry", "2"), "must be a duration from 10ms to 5m; got \"2\"");
  EXPECT_EQ(ErrorOf("edge.shards", "257"),
            "must be a whole number from 1 to 256, or 0 (one per core); got \"257\"");
  EXPECT_EQ(ErrorOf("gateway.max_event_bytes", "2MiB"),
            "must be a size from 1B to 1MiB; got \"2MiB\"");
  EXPECT_EQ(ErrorOf("insecure", "yes"), "must be true or false; got \"yes\"");
  EXPECT_EQ(ErrorOf("logging.level", "trace"),
            "must be debug, info, warning or error; got \"trace\"");
  EXPECT_THAT(ErrorOf("edge.listen", "8080"), HasSubstr("such as 127.0.0.1:8080"));
}

TEST(SettingsTest, ErrorsEscapeAndShortenWhatTheyQuote) {
  EXPECT_THAT(ErrorOf("edge.retry", "\x1b[31m\n"), HasSubstr("\"\\x1b[31m\\n\""));
  EXPECT_LT(ErrorOf("edge.retry", std::string(10'000, 'x')).size(), 200u);
}

TEST(SettingsTest, ZeroIsOnlyAllowedWhereItMeansSomething) {
  Options options;
  EXPECT_TRUE(AssignTo(&options, "edge.max_session_age", "0").ok());
  EXPECT_TRUE(AssignTo(&options, "edge.shards", "0").ok());
  EXPECT_FALSE(AssignTo(&options, "edge.max_sessions", "0").ok());
  EXPECT_FALSE(AssignTo(&options, "retention.max_age", "0").ok());
}

TEST(SettingsTest, OriginsAreAList) {
  Options options;
  ASSERT_TRUE(
      AssignTo(&options, "edge.allowed_origins", "https://a.example, http://[::1]:3000").ok());
  EXPECT_THAT(options.edge.allowed_origins, ElementsAre("https://a.example", "http://[::1]:3000"));
  ASSERT_TRUE(AssignTo(&options, "edge.allowed_origins", "").ok());
  EXPECT_THAT(options.edge.allowed_origins, ElementsAre());
}

TEST(SettingsTest, AnOriginIsAsBrowsersSendIt) {
  for (const char* text : {"*", "null", "https://*.example", "https://a.example/", "a.example",
                           "https://A.example", "https://", "ftp://a.example", "https://a b",
                           "https://a.example,*", "https://a.example:443", "http://a.example:80"}) {
    EXPECT_THAT(ErrorOf("edge.allowed_origins", text), HasSubstr("must be origins")) << text;
  }
}

TEST(SettingsTest, AServerIsASchemeAndAHostWithoutAPassword) {
  Options options;
  ASSERT_TRUE(AssignTo(&options, "nats.urls", "nats://127.0.0.1:4222, tls://n-1.example").ok());
  EXPECT_THAT(options.nats.urls, ElementsAre("nats://127.0.0.1:4222", "tls://n-1.example"));
  for (const char* text : {"127.0.0.1:4222", "nats://", "http://a", "nats://user:word@host",
                           "nats://a/b", "nats://a b"}) {
    EXPECT_THAT(ErrorOf("nats.urls", text), HasSubstr("must be servers")) << text;
  }
}

TEST(SettingsTest, ANamespaceCanStandInSubjectsAndStreamNames) {
  EXPECT_EQ(ErrorOf("nats.namespace", "team-1_a"), "");
  for (const char* text : {"", "A", "a.b", "*", ">", "a b", "123456789012345678901234567890123"}) {
    EXPECT_THAT(ErrorOf("nats.namespace", text), HasSubstr("must be 1 to 32 characters")) << text;
  }
}

TEST(SettingsTest, ARefusedSecretIsNotQuoted) {
  EXPECT_THAT(ErrorOf("nats.password", "word\n"), testing::Not(HasSubstr("word")));
}

TEST(SettingsTest, ARefusedTextChangesNothing) {
  Options options;
  options.edge.allowed_origins = {"https://kept.example"};
  EXPECT_FALSE(AssignTo(&options, "edge.allowed_origins", "https://new.example,*").ok());
  EXPECT_THAT(options.edge.allowed_origins, ElementsAre("https://kept.example"));
}

}  // namespace
}  // namespace sluice
