// Opens many sessions and counts, times and verifies what arrives. Commands come on stdin, one
// a line; each is answered by one JSON line on stdout when it is done:
//   open [CURSOR]        opens all sessions (closing old ones), done when all are connected
//   storm BYTES CURSOR   the same, done when that many octets of events have come as well
//   reset                counts from zero
//   await BYTES          done when that many octets of events have come in all, or after --timeout
//   events COUNT         done when every session that parses has that many events and the others
//                        together as many octets as if each had what the first has
//   total COUNT          done when the sessions that parse have that many events in all, or after
//                        --timeout
//   settle MS            done when nothing has come for that long, or after --timeout
//   report               the counts
//   drain                lets slow sessions (--mode stall, trickle) read
//   close                closes all sessions
//   quit                 the same as the end of stdin
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tests/bench/bench_clock.h"
#include "tests/bench/command_input.h"
#include "tests/bench/json_line.h"
#include "tests/bench/swarm.h"

namespace sluice::bench {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

struct LoadOptions {
  SwarmOptions swarm;
  int64_t timeout_ms = 30'000;  // of open, storm and await
  int64_t linger_ms = 300;      // after await: what comes too much comes in this time
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options), swarm_(options.swarm, STDIN_FILENO), input_(STDIN_FILENO) {}

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

  bool Execute(const std::string& line) {
    std::istringstream words(line);
    std::string verb, cursor;
    uint64_t number = 0;
    words >> verb;
    if (verb == "quit") return false;
    if (verb == "storm" || verb == "await" || verb == "events" || verb == "total" ||
        verb == "settle") {
      words >> number;
    }
    words >> cursor;
    if (verb == "open" || verb == "storm") {
      Open(cursor, number);
    } else if (verb == "await") {
      TurnUntil([&] { return swarm_.bytes() >= number; });
      Linger();
    } else if (verb == "events") {
      TurnUntil([&] { return HasEvents(number); });
      Linger();
    } else if (verb == "total") {
      TurnUntil([&] { return swarm_.totals().events >= number; });
      Linger();
    } else if (verb == "settle") {
      Settle(static_cast<int64_t>(number) * kNsPerMs);
    } else if (verb == "reset") {
      StartCounting();
      swarm_.ResetCounts();
    } else if (verb == "drain") {
      swarm_.Drain();
    } else if (verb == "close") {
      swarm_.Close();
    }
    Report(verb);
    return true;
  }

  void Open(const std::string& cursor, uint64_t bytes) {
    StartCounting();
    swarm_.Open(cursor);
    TurnUntil([&] { return swarm_.all_connected(); });
    connect_ns_ = NowNs() - started_ns_;
    if (bytes > 0) {
      TurnUntil([&] { return swarm_.bytes() >= bytes; });
      last_byte_ns_ = NowNs();
      last_byte_cpu_ns_ = ProcessCpuNs();
      Linger();
    }
  }

  void StartCounting() {
    started_ns_ = NowNs();
    started_cpu_ns_ = ProcessCpuNs();
    last_byte_ns_ = 0;
  }

  template <typename Condition>
  void TurnUntil(Condition condition) {
    const int64_t deadline = NowNs() + options_.timeout_ms * kNsPerMs;
    while (!condition() && NowNs() < deadline) swarm_.Turn(10);
    if (last_byte_ns_ == 0) {
      last_byte_ns_ = NowNs();
      last_byte_cpu_ns_ = ProcessCpuNs();
    }
  }

  // What every session gets alike.
  bool HasEvents(uint64_t count) const {
    const auto& sessions = swarm_.sessions();
    uint64_t octets = 0, due = 0;
    for (const LoadSession& session : sessions) {
      if (session.mode == ReadMode::kParse) {
        if (session.check.events() < count) return false;
      } else {
        octets += session.bytes;
        due += sessions.front().bytes;  // which parses
      }
    }
    return octets >= due;
  }

  void Settle(int64_t quiet_ns) {
    uint64_t bytes = swarm_.bytes();
    int64_t last_change_ns = NowNs();
    TurnUntil([&] {
      if (swarm_.bytes() != bytes) {
        bytes = swarm_.bytes();
        last_change_ns = NowNs();
      }
      return NowNs() - last_change_ns >= quiet_ns;
    });
  }

  void Linger() {
    const int64_t deadline = NowNs() + options_.linger_ms * kNsPerMs;
    while (NowNs() < deadline) swarm_.Turn(static_cast<int>((deadline - NowNs()) / kNsPerMs) + 1);
  }

  void Report(const std::string& verb) const;

  const LoadOptions options_;
  Swarm swarm_;
  CommandInput input_;
  int64_t started_ns_ = 0;
  int64_t started_cpu_ns_ = 0;
  int64_t connect_ns_ = 0;
  int64_t last_byte_ns_ = 0;
  int64_t last_byte_cpu_ns_ = 0;
};

// The smallest and the largest of what the sessions have seen.
struct Range {
  uint64_t least = UINT64_MAX;
  uint64_t most = 0;
  void Take(uint64_t value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  void AddTo(JsonLine& line, const std::string& name) const {
    line.Add(name + "_min", most < least ? 0 : least).Add(name + "_max", most);
  }
};

void AddLatency(JsonLine& line, const LogHistogram& latency) {
  line.Add("latency_count", latency.count())
      .Add("latency_p50_ns", latency.Quantile(0.5))
      .Add("latency_p90_ns", latency.Quantile(0.9))
      .Add("latency_p99_ns", latency.Quantile(0.99))
      .Add("latency_p999_ns", latency.Quantile(0.999))
      .Add("latency_max_ns", latency.max());
}

void Load::Report(const std::string& verb) const {
  Range bytes, events, id_sums, last_ids;
  uint64_t parsing = 0;
  std::string epoch;
  for (const LoadSession& session : swarm_.sessions()) {
    bytes.Take(session.bytes);
    last_ids.Take(session.check.last_sequence());
    epoch = session.check.epoch();
    if (session.mode != ReadMode::kParse) continue;
    ++parsing;
    events.Take(session.check.events());
    id_sums.Take(session.check.id_sum());
  }
  const DeliveryTotals& totals = swarm_.totals();
  JsonLine line(verb);
  line.Add("sessions", swarm_.sessions().size())
      .Add("connected", swarm_.connected())
      .Add("failed", swarm_.failed())
      .Add("ended", swarm_.ended())
      .Add("connect_ns", connect_ns_)
      .Add("bytes", swarm_.bytes())
      .Add("reads", swarm_.reads())
      .Add("parsing", parsing)
      .Add("events", totals.events)
      .Add("heartbeats", totals.heartbeats)
      .Add("gaps", totals.gaps)
      .Add("closings", totals.closings)
      .Add("out_of_order", totals.out_of_order)
      .Add("malformed", totals.malformed)
      .Add("misdelivered", totals.misdelivered)
      .Add("epoch", epoch)
      .Add("wall_ns", NowNs() - started_ns_)
      .Add("cpu_ns", ProcessCpuNs() - started_cpu_ns_)
      .Add("until_last_byte_ns", last_byte_ns_ - started_ns_)
      .Add("until_last_byte_cpu_ns", last_byte_cpu_ns_ - started_cpu_ns_);
  bytes.AddTo(line, "session_bytes");
  last_ids.AddTo(line, "last_id");
  events.AddTo(line, "session_events");
  id_sums.AddTo(line, "session_id_sum");
  AddLatency(line, totals.latency);
  line.Print();
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using sluice::bench::ReadMode;
  using sluice::bench::Wire;
  sluice::bench::LoadOptions options;
  auto& swarm = options.swarm;
  const std::map<std::string, ReadMode> modes = {
      {"count", ReadMode::kCount}, {"stall", ReadMode::kStall}, {"trickle", ReadMode::kTrickle}};
  const std::map<std::string, Wire> wires = {{"sse", Wire::kSse},
                                             {"json", Wire::kJson},
                                             {"stomp", Wire::kStomp},
                                             {"sockjs", Wire::kSockJs}};
  CLI::App app("Opens many sessions and verifies what arrives; commands on stdin");
  app.add_option("--port", swarm.route.port, "of the server on 127.0.0.1")->required();
  app.add_option("--sessions", swarm.sessions)->check(CLI::Range(1, 19'900));
  app.add_option("--first-user", swarm.first_user, "session i is user u<first+i>");
  app.add_option("--user", swarm.user, "of every session instead");
  app.add_option("--topic", swarm.topics, "of every session; may be given again");
  std::string token_file;
  app.add_option("--tokens", token_file, "a file with a token in each line: of u0, u1, ...");
  app.add_flag("--foreign", swarm.is_foreign, "connected when the head is there (other servers)");
  app.add_flag("--cursor-in-query", swarm.cursor_in_query, "instead of Last-Event-ID");
  app.add_option("--wire", swarm.wire, "that the sessions speak")
      ->transform(CLI::CheckedTransformer(wires));
  app.add_option("--parse", swarm.parse_fraction, "of the sessions; the others are counted");
  app.add_option("--mode", swarm.read_mode, "of the sessions that do not parse")
      ->transform(CLI::CheckedTransformer(modes));
  app.add_option("--window", swarm.connect_window, "sessions on their way at a time");
  app.add_option("--sources", swarm.route.sources, "addresses from 127.0.0.2")
      ->check(CLI::Range(1, 200));
  app.add_option("--receive-buffer", swarm.route.receive_buffer, "SO_RCVBUF of every session");
  app.add_option("--timeout", options.timeout_ms, "ms, of open, storm and await");
  app.add_option("--linger", options.linger_ms, "ms to wait for what comes too much");
  CLI11_PARSE(app, argc, argv);
  std::ifstream tokens(token_file);
  for (std::string line; std::getline(tokens, line);) swarm.tokens.push_back(line);
  sluice::bench::Load(options).Run();
  return 0;
}
