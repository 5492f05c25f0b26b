#include "ingest/nats_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;

TEST(NatsServersTest, AreThoseConfiguredAndThoseToldOfOnceEach) {
  NatsServers servers({"a", "b"});
  servers.Learn({"b", "c", "a"});
  servers.Learn({"c"});
  EXPECT_THAT(servers.Candidates(), ElementsAre("a", "b", "c"));
}

TEST(NatsServersTest, TheOneThatWasLeftIsNotTriedNextButLater) {
  NatsServers servers({"a", "b", "c"});
  EXPECT_TRUE(servers.Leave("b"));
  EXPECT_THAT(servers.Candidates(), ElementsAre("a", "c"));
  EXPECT_THAT(servers.Candidates(), ElementsAre("a", "b", "c"));
}

TEST(NatsServersTest, TheOnlyOneIsNotLeft) {
  NatsServers servers({"a"});
  EXPECT_FALSE(servers.Leave("a"));
  EXPECT_THAT(servers.Candidates(), ElementsAre("a"));
}

TEST(NatsServersTest, OneThatIsKnownUnderAnotherNameLeavesAllOfThem) {
  NatsServers servers({"a", "b"});
  EXPECT_TRUE(servers.Leave("x"));
  EXPECT_THAT(servers.Candidates(), ElementsAre("a", "b"));
}

TEST(NatsServersTest, NoMoreThanAFewAreTakenFromOthers) {
  NatsServers servers({"a"});
  for (int i = 0; i < 100; ++i) servers.Learn({std::to_string(i)});
  EXPECT_EQ(servers.Candidates().size(), NatsServers::kMax);
}

}  // namespace
}  // namespace sluice::ingest
