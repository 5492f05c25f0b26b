#include "core/logging.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake_clock.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LoggingTest : public testing::Test {
 protected:
  LoggingTest() : out_(open_memstream(&text_, &size_)) {}
  ~LoggingTest() override {
    logger_.reset();
    std::fclose(out_);
    std::free(text_);
  }

  Logger& logger(LogLevel level = LogLevel::kInfo) {
    if (!logger_) logger_.emplace(LoggingOptions{.level = level}, clock_, out_);
    return *logger_;
  }
  // Stops the logger and returns what it wrote.
  std::vector<std::string> Lines() {
    logger_.reset();
    std::fflush(out_);
    std::vector<std::string> lines;
    std::string line;
    for (const char c : std::string_view(text_, size_)) {
      if (c != '\n') {
        line += c;
      } else {
        lines.push_back(std::exchange(line, ""));
      }
    }
    EXPECT_EQ(line, "") << "the last line has no end";
    return lines;
  }

  FakeClock clock_;

 private:
  char* text_ = nullptr;
  size_t size_ = 0;
  std::FILE* out_;
  std::optional<Logger> logger_;
};

TEST_F(LoggingTest, WritesOneLineForEachCallInOrder) {
  logger().Log(LogLevel::kInfo, "app", "listening", {{"port", 8080}});
  logger().Log(LogLevel::kError, "app", "stopped");
  EXPECT_THAT(Lines(), ElementsAre(R"({"ts":"2024-02-29T12:34:56.000Z","level":"info",)"
                                   R"("component":"app","msg":"listening","port":8080})",
                                   R"({"ts":"2024-02-29T12:34:56.000Z","level":"error",)"
                                   R"("component":"app","msg":"stopped"})"));
}

TEST_F(LoggingTest, LeavesOutWhatIsLessSevereThanTheLevel) {
  logger(LogLevel::kWarning).Log(LogLevel::kInfo, "app", "quiet");
  logger().Log(LogLevel::kWarning, "app", "loud");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("loud")));
}

TEST_F(LoggingTest, FormatSpecifiersInTheTextAreText) {
  logger().Log(LogLevel::kInfo, "app", "{} %s %v", {{"x", "{0} %n"}});
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(R"("msg":"{} %s %v","x":"{0} %n"})")));
}

TEST_F(LoggingTest, RepeatedLinesAreLimitedAndTheRestIsCounted) {
  for (int i = 0; i < 100; ++i) logger().Log(LogLevel::kInfo, "edge", "refused", {{"i", i}});
  clock_.Advance(std::chrono::seconds(10));
  logger().Log(LogLevel::kInfo, "edge", "refused", {{"i", 100}});
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(12));
  EXPECT_THAT(lines[9], HasSubstr(R"("i":9})"));
  EXPECT_THAT(lines[10],
              EndsWith(R"("level":"warning","component":"edge",)"
                       R"("msg":"repeated lines suppressed","of":"refused","lines":90})"));
  EXPECT_THAT(lines[11], HasSubstr(R"("i":100})"));
}

TEST_F(LoggingTest, TheEndSaysWhatWasSuppressed) {
  for (int i = 0; i < 12; ++i) logger().Log(LogLevel::kInfo, "edge", "refused");
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(11));
  EXPECT_THAT(lines[10], HasSubstr(R"("of":"refused","lines":2})"));
}

TEST_F(LoggingTest, ManyThreadsMayWriteAtOnce) {
  logger();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string component = "part-" + std::to_string(t);
      for (int i = 0; i < 10; ++i) logger().Log(LogLevel::kInfo, component, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Lines(), SizeIs(40));
}

// A stalled reader of stderr costs log lines, never a caller's time.
TEST(LoggerBacklogTest, AStalledOutputLosesTheOldestLinesAndSaysHowMany) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::FILE* const out = fdopen(ends[1], "w");
  std::string text;
  {
    FakeClock clock;
    Logger logger(LoggingOptions{}, clock, out);
    const std::string long_text(1'000, 'x');
    for (size_t i = 0; i < 3 * Logger::kQueueLines; ++i) {
      if (i % 10 == 0) clock.Advance(std::chrono::seconds(10));
      logger.Log(LogLevel::kInfo, "app", "line", {{"i", i}, {"text", long_text}});
    }
    std::thread reader([&] {
      char buffer[65'536];
      for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(got));
        if (text.find("the end") != std::string::npos && text.back() == '\n') break;
      }
    });
    logger.Log(LogLevel::kInfo, "app", "the end");
    reader.join();
  }
  std::fclose(out);
  close(ends[0]);
  EXPECT_THAT(text.substr(text.find("the end")), HasSubstr(R"("lost":)"));
}

}  // namespace
}  // namespace sluice
