#include "edge/engine/mailbox.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "edge/engine/socket.h"

namespace sluice::edge {
namespace {

class MailboxTest : public testing::Test {
 protected:
  static LogEvents EventsOf(size_t bytes) {
    auto batch = std::make_shared<EventBatch>();
    batch->events.emplace_back(1, ChannelView::User("a"), "", std::string(bytes, 'x'),
                               Event::Times{});
    return LogEvents{std::move(batch)};
  }
  // Reads away whether the shard was woken.
  bool WasWoken() {
    pollfd waiting{.fd = wake_.get(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 0) != 1) return false;
    eventfd_t count = 0;
    return eventfd_read(wake_.get(), &count) == 0;
  }
  std::vector<Message> Take() {
    std::vector<Message> messages;
    mailbox_.Take(&messages);
    return messages;
  }

  FileDescriptor wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Mailbox mailbox_{wake_.get()};
};

TEST_F(MailboxTest, HandsOutMessagesInOrderAndOnce) {
  mailbox_.Post(LogHead{1});
  mailbox_.Post(EventsOf(10));
  mailbox_.Post(LogHead{2});
  std::vector<Message> messages{StopShard{}};
  mailbox_.Take(&messages);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(std::get<LogHead>(messages[0]).last_sequence, 1u);
  EXPECT_TRUE(std::holds_alternative<LogEvents>(messages[1]));
  EXPECT_EQ(std::get<LogHead>(messages[2]).last_sequence, 2u);
  EXPECT_TRUE(Take().empty());
}

TEST_F(MailboxTest, WakesOnlyAShardThatSleepsAndOnlyOnce) {
  mailbox_.Post(LogHead{1});
  EXPECT_FALSE(WasWoken());
  Take();
  EXPECT_TRUE(mailbox_.PrepareToSleep());
  mailbox_.Post(LogHead{2});
  EXPECT_TRUE(WasWoken());
  mailbox_.Post(LogHead{3});
  EXPECT_FALSE(WasWoken());
  mailbox_.Awake();
  EXPECT_EQ(Take().size(), 2u);
}

TEST_F(MailboxTest, AShardWithMessagesDoesNotSleep) {
  mailbox_.Post(LogHead{1});
  EXPECT_FALSE(mailbox_.PrepareToSleep());
  mailbox_.Post(LogHead{2});
  EXPECT_FALSE(WasWoken());
}

TEST_F(MailboxTest, TooManyEventBytesMakeThePosterWaitUntilSomeAreTaken) {
  mailbox_.Post(EventsOf(Mailbox::kMaxEventBytes));  // over the limit from here on
  mailbox_.Post(LogHead{1});                         // never waits
  std::atomic<bool> posted = false;
  std::thread poster([&] {
    mailbox_.Post(EventsOf(1));
    posted = true;
  });
  // The poster waits for this thread, so it cannot have posted whenever this looks.
  EXPECT_FALSE(posted);
  EXPECT_EQ(Take().size(), 2u);
  poster.join();
  EXPECT_EQ(Take().size(), 1u);
}

TEST_F(MailboxTest, ClosingReleasesThePosterAndDropsAll) {
  mailbox_.Post(EventsOf(Mailbox::kMaxEventBytes));
  std::thread poster([&] { mailbox_.Post(EventsOf(1)); });
  mailbox_.Close();
  poster.join();
  mailbox_.Post(LogHead{1});
  mailbox_.Post(EventsOf(1));
  EXPECT_TRUE(Take().empty());
}

TEST_F(MailboxTest, NoMessageOfManyThreadsIsLostOrReorderedWithinItsThread) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kEach = 2000;
  std::vector<std::thread> posters;
  for (uint64_t t = 0; t < kThreads; ++t) {
    posters.emplace_back([this, t] {
      for (uint64_t i = 0; i < kEach; ++i) mailbox_.Post(LogHead{t * kEach + i});
    });
  }
  std::array<uint64_t, kThreads> next{};
  for (uint64_t seen = 0; seen < kThreads * kEach;) {
    if (mailbox_.PrepareToSleep()) {
      pollfd waiting{.fd = wake_.get(), .events = POLLIN, .revents = 0};
      ASSERT_EQ(poll(&waiting, 1, 20'000), 1) << "a wake-up was lost";
      WasWoken();
    }
    mailbox_.Awake();
    for (const Message& message : Take()) {
      const uint64_t value = std::get<LogHead>(message).last_sequence;
      EXPECT_EQ(value % kEach, next[value / kEach]++);
      ++seen;
    }
  }
  for (std::thread& poster : posters) poster.join();
}

}  // namespace
}  // namespace sluice::edge
