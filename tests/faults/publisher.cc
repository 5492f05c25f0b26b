// Publishes numbered events over several gateways and writes down every answer. Commands come on
// stdin, one a line; each is answered by one JSON line on stdout when it is done:
//   start RATE            publishes so many a second from now on
//   pause [MS]            plans no more; done when every event is answered or given up, or after MS
//   send TARGET N RATE    publishes N events to that user or topic; done when all are answered
//   count                 the counts
//   quit                  the same as the end of stdin
// `ok` of an answer says whether nothing is pending.
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>

#include "tests/bench/bench_clock.h"
#include "tests/bench/command_input.h"
#include "tests/bench/json_line.h"
#include "tests/faults/retrying_publisher.h"

namespace sluice::faults {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kTurnMs = 10;

class Commands {
 public:
  Commands(const PublisherOptions& options, History* history)
      : history_(history), publisher_(options, history), input_(STDIN_FILENO) {}

  // Until `quit` or the end of stdin.
  void Run() {
    while (!input_.at_end()) {
      publisher_.Turn(kTurnMs);
      pollfd readable = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (poll(&readable, 1, 0) <= 0) continue;
      input_.Fill();
      std::string line;
      while (input_.Next(&line)) {
        if (!Execute(line)) return;
      }
    }
  }

 private:
  static constexpr int64_t kDefaultTimeoutMs = 60'000;

  bool Execute(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "start") {
      double rate = 1;
      words >> rate;
      publisher_.Start(rate);
    } else if (verb == "pause") {
      int64_t timeout_ms = kDefaultTimeoutMs;
      words >> timeout_ms;
      if (words.fail()) timeout_ms = kDefaultTimeoutMs;
      publisher_.Pause();
      AwaitAnswers(timeout_ms);
    } else if (verb == "send") {
      std::string target;
      uint64_t events = 0;
      double rate = 1;
      words >> target >> events >> rate;
      Send(target, events, rate);
    }
    Answer(verb);
    return verb != "quit";
  }

  void Send(const std::string& target, uint64_t events, double rate) {
    const int64_t start_ns = bench::NowNs();
    for (uint64_t i = 0; i < events; ++i) {
      const auto due_ns = start_ns + static_cast<int64_t>(static_cast<double>(i) * 1e9 / rate);
      while (bench::NowNs() < due_ns) publisher_.Turn(1);
      publisher_.Publish(target);
    }
    AwaitAnswers(kDefaultTimeoutMs);
  }

  void AwaitAnswers(int64_t timeout_ms) {
    const int64_t deadline = bench::NowNs() + timeout_ms * kNsPerMs;
    while (publisher_.pending() > 0 && bench::NowNs() < deadline) publisher_.Turn(kTurnMs);
  }

  void Answer(const std::string& verb) {
    const PublisherCounts& counts = publisher_.counts();
    history_->Flush();
    bench::JsonLine line(verb);
    line.Add("ok", publisher_.pending() == 0 ? 1 : 0)
        .Add("published", counts.published)
        .Add("pending", publisher_.pending())
        .Add("acknowledged", counts.acknowledged)
        .Add("duplicates", counts.duplicates)
        .Add("retries", counts.retries)
        .Add("failed", counts.failed)
        .Add("left_out", counts.left_out)
        .Add("slowest_call_ns", counts.slowest_call_ns)
        .Add("last_id", counts.last.epoch.empty() ? "" : counts.last.ToString());
    for (const auto& [code, answers] : counts.codes) {
      line.Add("code_" + std::to_string(code), answers);
    }
    line.Print();
  }

  History* const history_;
  RetryingPublisher publisher_;
  bench::CommandInput input_;
};

}  // namespace
}  // namespace sluice::faults

int main(int argc, char** argv) {
  sluice::faults::PublisherOptions options;
  std::string history_path;
  CLI::App app("Publishes numbered events over several gateways; commands on stdin");
  app.add_option("--gateway", options.gateways, "A:P; may be given again")->required();
  app.add_option("--history", history_path, "file of answers")->required();
  app.add_option("--key-prefix", options.key_prefix, "of the idempotency keys")->required();
  app.add_option("--users", options.users, "events go to u0 and so on");
  app.add_option("--topics", options.topics, "and to t0 and so on");
  app.add_option("--topic-share", options.topic_share, "of the events");
  app.add_option("--deadline", options.deadline_ms, "ms of a call");
  app.add_option("--give-up", options.give_up_ms, "ms of an event, over all its calls");
  app.add_option("--max-pending", options.max_pending, "events without an answer");
  CLI11_PARSE(app, argc, argv);
  sluice::faults::History history(history_path);
  sluice::faults::Commands(options, &history).Run();
  return 0;
}
