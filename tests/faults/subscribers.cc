// Many user agents that follow their streams across edges and write down what they see. Commands
// come on stdin, one a line; each is answered by one JSON line on stdout when it is done:
//   count                 the counts
//   connected N [MS]      done when N are connected, or after MS
//   caught-up ID [MS]     done when all are connected with a cursor of the epoch of ID, at or above
//                         it
//   events N [MS]         done when N events have come in all
//   gaps N [MS]           done when N gaps have come in all
//   leave N               the first N close their streams and stay away
//   return                who is away comes back
//   quit                  closes all; the same as the end of stdin
// `ok` of an answer says whether what was waited for came.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>
#include <string>

#include "tests/bench/bench_clock.h"
#include "tests/bench/command_input.h"
#include "tests/bench/json_line.h"
#include "tests/faults/subscriber_swarm.h"

namespace sluice::faults {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

class Commands {
 public:
  Commands(const SwarmOptions& options, History* history)
      : history_(history), swarm_(options, history, STDIN_FILENO), input_(STDIN_FILENO) {
    const auto& all = swarm_.subscribers();
    xhr_subscribers_ = std::count_if(
        all.begin(), all.end(), [](const Subscriber& subscriber) { return subscriber.is_xhr(); });
  }

  // Until `quit` or the end of stdin.
  void Run() {
    while (true) {
      if (!swarm_.Turn(kTurnMs)) continue;
      input_.Fill();
      std::string line;
      while (input_.Next(&line)) {
        if (!Execute(line)) return;
      }
      if (input_.at_end()) return;
    }
  }

 private:
  static constexpr int kTurnMs = 1'000;
  static constexpr int64_t kDefaultTimeoutMs = 30'000;

  bool Execute(const std::string& line) {
    std::istringstream words(line);
    std::string verb, argument;
    int64_t timeout_ms = kDefaultTimeoutMs;
    words >> verb >> argument >> timeout_ms;
    if (words.fail()) timeout_ms = kDefaultTimeoutMs;
    bool ok = true;
    started_ns_ = bench::NowNs();
    if (verb == "quit") {
      swarm_.CloseAll();
    } else if (verb == "leave") {
      swarm_.Leave(static_cast<uint32_t>(std::stoul(argument)));
    } else if (verb == "return") {
      swarm_.Return();
    } else if (verb != "count") {
      ok = Await(verb, argument, timeout_ms);
    }
    Answer(verb, ok);
    return verb != "quit";
  }

  bool Await(const std::string& verb, const std::string& argument, int64_t timeout_ms) {
    EventId id;
    if (verb == "caught-up") {
      if (!EventId::Read(argument, &id)) return false;
      return TurnUntil(timeout_ms, [&] { return swarm_.Behind(id) == 0; });
    }
    const uint64_t wanted = std::stoull(argument);
    if (verb == "connected") {
      return TurnUntil(timeout_ms, [&] { return swarm_.connected() >= wanted; });
    }
    if (verb == "events") {
      return TurnUntil(timeout_ms, [&] { return swarm_.counts().events >= wanted; });
    }
    return verb == "gaps" && TurnUntil(timeout_ms, [&] { return swarm_.counts().gaps >= wanted; });
  }

  template <typename Condition>
  bool TurnUntil(int64_t timeout_ms, Condition condition) {
    const int64_t deadline = started_ns_ + timeout_ms * kNsPerMs;
    while (!condition()) {
      if (bench::NowNs() >= deadline) return false;
      const int64_t next_look = bench::NowNs() + kLookNs;  // the look is at every subscriber
      while (bench::NowNs() < next_look) swarm_.Turn(kLookNs / kNsPerMs);
    }
    return true;
  }

  void Answer(const std::string& verb, bool ok) {
    const SwarmCounts& counts = swarm_.counts();
    history_->Flush();
    bench::JsonLine(verb)
        .Add("ok", ok ? 1 : 0)
        .Add("subscribers", swarm_.subscribers().size())
        .Add("xhr_subscribers", xhr_subscribers_)
        .Add("connected", swarm_.connected())
        .Add("events", counts.events)
        .Add("gaps", counts.gaps)
        .Add("closings", counts.closings)
        .Add("xhr_closings", counts.xhr_closings)
        .Add("connections", counts.connections)
        .Add("resumed", counts.resumed)
        .Add("refusals", counts.refusals)
        .Add("disconnects", counts.disconnects)
        .Add("xhr_disconnects", counts.xhr_disconnects)
        .Add("malformed", counts.malformed)
        .Add("took_ns", bench::NowNs() - started_ns_)
        .Print();
  }

  static constexpr int64_t kLookNs = 5 * kNsPerMs;

  History* const history_;
  SubscriberSwarm swarm_;
  bench::CommandInput input_;
  int64_t xhr_subscribers_ = 0;
  int64_t started_ns_ = 0;
};

}  // namespace
}  // namespace sluice::faults

int main(int argc, char** argv) {
  sluice::faults::SwarmOptions options;
  std::string history_path;
  CLI::App app("Many user agents that follow their streams across edges; commands on stdin");
  app.add_option("--edge", options.edges, "port of 127.0.0.1; may be given again")->required();
  app.add_option("--history", history_path, "file of observations")->required();
  app.add_option("--subscribers", options.subscribers)->check(CLI::Range(1, 19'900));
  app.add_option("--topics", options.topics, "how many there are");
  app.add_option("--topic-followers", options.topic_followers, "so many follow one of them");
  app.add_option("--shared-topic", options.shared_topic, "which everybody follows");
  using sluice::bench::Wire;
  app.add_option("--wire", options.wires, "that they speak in turn")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Wire>{{"sse", Wire::kSse},
                                      {"json", Wire::kJson},
                                      {"stomp", Wire::kStomp},
                                      {"sockjs", Wire::kSockJs},
                                      {"sockjs-xhr-streaming", Wire::kSockJsXhrStreaming},
                                      {"sockjs-xhr", Wire::kSockJsXhr}}));
  app.add_option("--retry-scale", options.retry_scale, "of what the server says");
  app.add_option("--retry-cap", options.retry_cap_ms, "ms, the longest wait");
  app.add_option("--connect-timeout", options.connect_timeout_ms, "ms until `connected`");
  app.add_flag("--together", options.together, "all begin at the first edge");
  app.add_option("--sources", options.sources, "addresses from 127.0.0.2")
      ->check(CLI::Range(1, 200));
  CLI11_PARSE(app, argc, argv);
  sluice::faults::History history(history_path);
  sluice::faults::Commands(options, &history).Run();
  return 0;
}
