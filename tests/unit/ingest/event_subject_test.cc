#include "ingest/event_subject.h"

#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using ::testing::Optional;

const EventSubject kSubject("team-1");

TEST(EventSubjectTest, WritesWhatIsPlainAsItIsAndTheRestAsOctets) {
  EXPECT_EQ(kSubject.Encode(ChannelView::User("alice_B-7")), "sluice.team-1.ev.u.alice_B-7");
  EXPECT_EQ(kSubject.Encode(ChannelView::Topic("a.b")), "sluice.team-1.ev.t.a=2Eb");
  EXPECT_EQ(kSubject.Encode(ChannelView::User("=")), "sluice.team-1.ev.u.=3D");
  EXPECT_EQ(kSubject.Encode(ChannelView::User("\u00e9")), "sluice.team-1.ev.u.=C3=A9");
}

TEST(EventSubjectTest, RevocationsHaveSubjectsOfTheirOwn) {
  const EventSubject revoked("team-1", LogContent::kRevocations);
  EXPECT_EQ(revoked.Wildcard(), "sluice.team-1.revoked.>");
  EXPECT_EQ(revoked.Encode(ChannelView::User("alice")), "sluice.team-1.revoked.u.alice");
  EXPECT_EQ(revoked.Decode("sluice.team-1.ev.u.alice"), std::nullopt);
  EXPECT_EQ(kSubject.Decode("sluice.team-1.revoked.u.alice"), std::nullopt);
}

TEST(EventSubjectTest, NothingThatMeansSomethingToNatsIsLeft) {
  for (const char* name : {"*", ">", "a.b", "a b", "\t", "\r\nPUB x 1\r\ny", ".", "$SYS",
                           "$JS.API.STREAM.DELETE.X", "_INBOX.x"}) {
    const std::string token = EncodeToken(name);
    EXPECT_EQ(token.find_first_of("*>. \t\r\n$"), std::string::npos) << token;
    EXPECT_THAT(DecodeToken(token), Optional(std::string(name)));
  }
}

TEST(EventSubjectTest, EveryOctetComesBack) {
  std::set<std::string> tokens;
  for (int octet = 0; octet < 256; ++octet) {
    const std::string name(1, static_cast<char>(octet));
    EXPECT_TRUE(tokens.insert(EncodeToken(name)).second);
    EXPECT_THAT(DecodeToken(EncodeToken(name)), Optional(name));
  }
}

// One name has one token: what decodes encodes to the same again.
TEST(EventSubjectTest, OnlyOneTokenStandsForAName) {
  for (const char* token :
       {"", "=", "=4", "=4g", "=2e", "=41", "=5F", "a=", "a=2", "a b", "a.b", "*", ">", "\u00e9"}) {
    EXPECT_EQ(DecodeToken(token), std::nullopt) << token;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 100'000; ++i) {
    std::string token;
    for (size_t n = random() % 6; n > 0; --n) token += "=2EaZ9_-.f"[random() % 10];
    const auto name = DecodeToken(token);
    EXPECT_EQ(name ? EncodeToken(*name) : token, token);
  }
}

TEST(EventSubjectTest, ASubjectTellsItsChannel) {
  EXPECT_THAT(kSubject.Decode("sluice.team-1.ev.u.alice"), Optional(Channel::User("alice")));
  EXPECT_THAT(kSubject.Decode("sluice.team-1.ev.t.a=2Eb"), Optional(Channel::Topic("a.b")));
  const std::string longest(kMaxChannelNameBytes, '.');
  EXPECT_THAT(kSubject.Decode(kSubject.Encode(ChannelView::User(longest))),
              Optional(Channel::User(longest)));
}

TEST(EventSubjectTest, WhatIsNoEventsSubjectIsNoChannel) {
  for (const char* subject :
       {"", "sluice.team-1.ev.", "sluice.team-1.ev.u", "sluice.team-1.ev.u.", "sluice.other.ev.u.a",
        "sluice.team-1.ev.x.a", "sluice.team-1.ev.u.a.b", "sluice.team-1.inbox.edge.u.a",
        "sluice.team-1.ev.u.=0A", "sluice.team-1.ev.u.=FF"}) {
    EXPECT_EQ(kSubject.Decode(subject), std::nullopt) << subject;
  }
  EXPECT_EQ(kSubject.Decode("sluice.team-1.ev.u." + std::string(257, 'n')), std::nullopt);
}

}  // namespace
}  // namespace sluice::ingest
