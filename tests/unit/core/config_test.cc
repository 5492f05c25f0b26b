#include "core/config.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/settings.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Sources that are written down in the test, the file on disk included.
class ConfigTest : public testing::Test {
 protected:
  void File(const std::string& text) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    sources_.file = testing::TempDir() + "config_test_" + test->name() + ".toml";
    std::ofstream(sources_.file) << text;
  }
  void Variable(const std::string& name, const std::string& text) {
    sources_.environment.emplace_back(name, text);
  }
  void Flag(const std::string& flag, const std::string& key, const std::string& text) {
    sources_.flags.push_back({flag, key, text});
  }
  Options Load() {
    const Config config = LoadConfig(sources_);
    EXPECT_THAT(config.errors, IsEmpty()) << config.errors[0].ToString();
    return config.options;
  }
  // One line per error; the file is called FILE.
  std::vector<std::string> Errors() {
    std::vector<std::string> lines;
    for (const ConfigError& error : LoadConfig(sources_).errors) {
      std::string line = error.ToString();
      if (!sources_.file.empty() && line.starts_with(sources_.file)) {
        line.replace(0, sources_.file.size(), "FILE");
      }
      lines.push_back(line);
    }
    return lines;
  }

  ConfigSources sources_;
};

TEST_F(ConfigTest, WithoutSourcesEverythingIsDefault) {
  const Options options = Load();
  for (const Setting& setting : Settings()) {
    EXPECT_EQ(ValueText(setting, options), ValueText(setting, Options{}));
  }
}

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFileOverDefault) {
  File("[edge]\nshards = 2\nmax_sessions = 22\nretry = \"3s\"\n");
  Variable("SLUICE_EDGE_SHARDS", "3");
  Variable("SLUICE_EDGE_MAX_SESSIONS", "33");
  Flag("--shards", "edge.shards", "4");
  const Options options = Load();
  EXPECT_EQ(options.edge.shards, 4u);
  EXPECT_EQ(options.edge.max_sessions, 33u);
  EXPECT_EQ(options.edge.retry, std::chrono::seconds(3));
  EXPECT_EQ(options.edge.heartbeat_interval, std::chrono::seconds(15));
}

TEST_F(ConfigTest, TheEnvironmentMayNameTheFile) {
  File("[edge]\nshards = 2\n");
  Variable("SLUICE_CONFIG", std::exchange(sources_.file, ""));
  EXPECT_EQ(Load().edge.shards, 2u);
}

TEST_F(ConfigTest, EveryErrorOfEverySourceIsReportedWithItsPlace) {
  File(
      "[edge]\nshards = 1000\nheartbeat = \"15s\"\n\n[retention]\nmax_age = 300\nmax_bytes = "
      "1.5\n");
  Variable("SLUICE_EDGE_RETRY", "2");
  Variable("SLUICE_EDGE_RETRYS", "2s");
  Flag("--grpc-listen", "gateway.listen", "example.org:1");
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          AllOf(StartsWith("FILE:7: retention.max_bytes: must be"), HasSubstr("whole number")),
          AllOf(StartsWith("FILE:2: edge.shards: must be"), HasSubstr("from 1 to 256")),
          StartsWith("FILE:3: edge.heartbeat: is not a setting"),
          AllOf(StartsWith("FILE:6: retention.max_age: must be"), HasSubstr("from 1s to 24h")),
          StartsWith("environment: SLUICE_EDGE_RETRY: must be a duration"),
          "environment: SLUICE_EDGE_RETRYS: is not a setting; did you mean SLUICE_EDGE_RETRY?",
          StartsWith("--grpc-listen: must be an IP address and a port")));
}

TEST_F(ConfigTest, ASlipOfThePenIsAnsweredWithTheNearestName) {
  File("[edge]\nheartbeat_intervall = \"15s\"\nno_such_thing_at_all = 1\n[egde]\nretry = \"1s\"\n");
  EXPECT_THAT(Errors(),
              ElementsAre("FILE:2: edge.heartbeat_intervall: is not a setting; did you "
                          "mean edge.heartbeat_interval?",
                          "FILE:3: edge.no_such_thing_at_all: is not a setting",
                          "FILE:5: egde.retry: is not a setting; did you mean edge.retry?"));
}

TEST_F(ConfigTest, ASectionIsNotAValueNorAValueASection) {
  File("edge = 5\n[insecure]\nx = 1\n[gateway.listen]\ny = 2\n");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("FILE:1: edge: is not a setting"),
                                    StartsWith("FILE:3: insecure.x: is not a setting"),
                                    StartsWith("FILE:5: gateway.listen.y: is not a setting")));
}

TEST_F(ConfigTest, AMissingFileIsOneError) {
  sources_.file = "/nonexistent";
  EXPECT_THAT(Errors(), ElementsAre("FILE: cannot be read: No such file or directory"));
}

TEST_F(ConfigTest, ContradictionsAreErrors) {
  File(
      "[retention]\nmax_age = \"1m\"\n[edge]\nlisten = \"127.0.0.1:50051\"\n"
      "max_request_head_bytes = 4096\n[gateway]\nmax_event_bytes = \"1MiB\"\n");
  EXPECT_THAT(
      Errors(),
      ElementsAre("log.idempotency_window: must be at most retention.max_age (1m); it is 2m",
                  "edge.max_request_target_bytes: must be at most edge.max_request_head_bytes "
                  "(4KiB); it is 8KiB",
                  "edge.listen: must differ from gateway.listen, both are 127.0.0.1:50051"));
}

TEST_F(ConfigTest, PortZeroMayBeAskedForTwice) {
  Flag("--grpc-listen", "gateway.listen", "127.0.0.1:0");
  Flag("--http-listen", "edge.listen", "127.0.0.1:0");
  Load();
}

TEST_F(ConfigTest, OtherAddressesThanLoopbackNeedInsecure) {
  Flag("--grpc-listen", "gateway.listen", "0.0.0.0:50051");
  Flag("--http-listen", "edge.listen", "[::]:8080");
  Flag("--admin-listen", "admin.listen", "0.0.0.0:8081");
  EXPECT_THAT(Errors(),
              ElementsAre(AllOf(StartsWith("gateway.listen: "), HasSubstr("0.0.0.0:50051")),
                          AllOf(StartsWith("edge.listen: "), HasSubstr("--insecure"))));
  Flag("--insecure", "insecure", "true");
  EXPECT_TRUE(Load().insecure);
}

TEST_F(ConfigTest, WhoeverAuthenticatesMayBeReachedFromElsewhere) {
  Flag("--grpc-listen", "gateway.listen", "0.0.0.0:50051");
  Flag("--http-listen", "edge.listen", "0.0.0.0:8080");
  Variable("SLUICE_AUTH_SECRET_FILE", "/run/secret");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("gateway.listen: ")));
  Variable("SLUICE_PUBLISHER_KEY_FILE", "/run/key");
  EXPECT_TRUE(Load().auth.is_on());
}

TEST_F(ConfigTest, PublishersAndIssuersMayHaveSectionsOfTheirOwn) {
  File(R"(
[auth]
issuer = "https://a.example"
secret_file = "a"
[issuers.b]
issuer = "https://b.example"
jwks_url = "https://b.example/keys"
algorithms = ["ES256", "EdDSA"]
[publishers.chat]
key_file = "k"
topics = ["chat.*"]
max_events_per_second = 7
)");
  const Options options = Load();
  EXPECT_EQ(options.auth.issuer.issuer, "https://a.example");
  const IssuerOptions& b = options.auth.more_issuers.at("b");
  EXPECT_EQ(b.jwks_url, "https://b.example/keys");
  EXPECT_THAT(b.algorithms, ElementsAre("ES256", "EdDSA"));
  const PublisherOptions& chat = options.gateway.more_publishers.at("chat");
  EXPECT_THAT(chat.topics, ElementsAre("chat.*"));
  EXPECT_EQ(chat.max_events_per_second, 7);
}

TEST_F(ConfigTest, WhatIsWrongWithASectionOfItsOwnHasItsLine) {
  File(R"([publishers.chat]
topcs = ["a"]
topics = ["a*b"]
[issuers.b]
leeway = "1s"
algorithms = ["none"]
)");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("FILE:2: publishers.chat.topcs: is not a setting"),
                                    StartsWith("FILE:3: publishers.chat.topics: must be"),
                                    StartsWith("FILE:5: issuers.b.leeway: is not a setting"),
                                    StartsWith("FILE:6: issuers.b.algorithms: must be")));
}

TEST_F(ConfigTest, AnIssuerHasOneSourceOfKeysAndANameOfItsOwn) {
  File("[auth]\nissuer = \"a\"\n[issuers.b]\nissuer = \"a\"\nsecret = \"s\"\njwks_file = \"f\"\n");
  EXPECT_THAT(Errors(), ElementsAre(AllOf(StartsWith("auth: "), HasSubstr("exactly one")),
                                    AllOf(StartsWith("auth.issuer: "), HasSubstr("differ")),
                                    AllOf(StartsWith("issuers.b: "), HasSubstr("exactly one")),
                                    AllOf(StartsWith("issuers.b.issuer: "), HasSubstr("differ"))));
}

TEST_F(ConfigTest, APublisherIsKnownInOneWay) {
  File("[publisher]\nusers = [\"*\"]\n[publishers.b]\ncertificate = \"b\"\n");
  EXPECT_THAT(Errors(), ElementsAre(AllOf(StartsWith("publisher: "), HasSubstr("exactly one")),
                                    AllOf(StartsWith("publishers.b.certificate: "),
                                          HasSubstr("gateway.tls_client_ca_file"))));
}

TEST_F(ConfigTest, RoutesAreOneOrMany) {
  File(R"(
[edge.route]
destination = "a"
to = "topic:a"
[[edge.routes]]
destination = "chat.sendMessage"
to = "topic:chat"
type = "line"
[[edge.routes]]
destination = "note"
to = "user:{user}"
)");
  const Options options = Load();
  EXPECT_EQ(options.edge.route, (RouteOptions{"a", "topic:a", ""}));
  EXPECT_EQ(options.edge.more_routes.size(), 2u);
  EXPECT_EQ(options.edge.more_routes.at("edge.routes[0]"),
            (RouteOptions{"chat.sendMessage", "topic:chat", "line"}));
  EXPECT_EQ(options.edge.more_routes.at("edge.routes[1]"),
            (RouteOptions{"note", "user:{user}", ""}));
}

TEST_F(ConfigTest, WhatIsWrongWithARouteHasItsLine) {
  File(R"([[edge.routes]]
destination = "a\u0007"
to = "chat"
type = "gap"
tpye = "x"
)");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("FILE:2: edge.routes[0].destination: must be"),
                                    StartsWith("FILE:3: edge.routes[0].to: must be topic:NAME"),
                                    StartsWith("FILE:4: edge.routes[0].type: must be"),
                                    StartsWith("FILE:5: edge.routes[0].tpye: is not a setting")));
}

TEST_F(ConfigTest, ARouteIsWholeAndHasADestinationOfItsOwn) {
  File(R"(
[[edge.routes]]
destination = "a"
to = "topic:a"
[[edge.routes]]
destination = "a"
to = "topic:b"
[[edge.routes]]
to = "topic:c"
)");
  EXPECT_THAT(Errors(),
              ElementsAre("edge.routes[1].destination: must differ from that of edge.routes[0]",
                          "edge.routes[2]: needs destination and to"));
}

TEST_F(ConfigTest, ReadsOnlyItsOwnVariablesOfTheEnvironment) {
  const char* const variables[] = {"PATH=/bin",  "SLUICE_EDGE_SHARDS=2", "SLUICE_X=a=b",
                                   "sluice_y=1", "SLUICE_EMPTY=",        nullptr};
  EXPECT_THAT(SluiceEnvironment(variables),
              ElementsAre(testing::Pair("SLUICE_EDGE_SHARDS", "2"),
                          testing::Pair("SLUICE_X", "a=b"), testing::Pair("SLUICE_EMPTY", "")));
}

TEST_F(ConfigTest, LeavesOutWhatKubernetesSetsForAServiceOfThatName) {
  const char* const variables[] = {"SLUICE_SERVICE_HOST=10.0.0.1",
                                   "SLUICE_SERVICE_PORT=8080",
                                   "SLUICE_SERVICE_PORT_HTTP=8080",
                                   "SLUICE_PORT=tcp://10.0.0.1:8080",
                                   "SLUICE_PORT_8080_TCP=tcp://10.0.0.1:8080",
                                   "SLUICE_EDGE_PORT_8080_TCP_ADDR=10.0.0.1",
                                   "SLUICE_EDGE_SERVICE_HOST=10.0.0.1",
                                   nullptr};
  EXPECT_THAT(SluiceEnvironment(variables), IsEmpty());
  for (const Setting& setting : Settings()) {
    const std::string variable = EnvironmentName(setting) + "=x";
    const char* const own[] = {variable.c_str(), nullptr};
    EXPECT_THAT(SluiceEnvironment(own), SizeIs(1)) << variable;
  }
}

TEST(ConfigurationPageTest, ListsTheSettingsOfTheCode) {
  std::ifstream page(SLUICE_SOURCE_DIR "/docs/configuration.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(DescribeSettings()))
      << "docs/configuration.md is out of date; its table is the output of "
         "`sluice check-config --describe`";
}

}  // namespace
}  // namespace sluice
