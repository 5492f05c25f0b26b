// The least that a server can do: accepts SSE sessions and pushes frames with a bare loop of
// send(), without any code of Sluice. Commands come on stdin, one a line; each is answered by one
// JSON line on stdout when it is done:
//   wait SESSIONS                       done when that many sessions are connected
//   fanout EVENTS RATE                  each event to every session, RATE events a second
//   unicast EVENTS RATE BATCH           each event to one session at random, BATCH at a time
//   quit                                the same as the end of stdin
// The first line says the port. `--fault` breaks a promise on purpose, to test the verifier.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/bench/bench_clock.h"
#include "tests/bench/command_input.h"
#include "tests/bench/floor_frame.h"
#include "tests/bench/json_line.h"

namespace sluice::bench {
namespace {

constexpr int kBacklog = 4096;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"
    "retry: 2000\n\n"
    "id: floor-0000000000\nevent: connected\ndata: {\"status\":\"connected\"}\n\n";

struct FloorOptions {
  uint16_t port = 0;
  size_t frame_bytes = 256;
  std::string fault = "none";  // drop, double, swap: done to one of the events of `fanout`
};

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Floor {
 public:
  explicit Floor(const FloorOptions& options) : options_(options), frame_(options.frame_bytes) {}

  void Run() {
    Listen();
    while (Turn()) {
    }
  }

 private:
  void Listen();
  bool Turn();  // false to quit
  bool TakeCommands();
  bool Execute(const std::string& line);
  void AcceptAll();
  void Answer(int fd);
  void FanOut(uint64_t events, uint64_t rate);
  void Unicast(uint64_t events, uint64_t rate, uint64_t batch);
  void Push(int fd);
  void Report(const std::string& verb) const;

  const FloorOptions options_;
  FloorFrame frame_;
  CommandInput input_{STDIN_FILENO};
  int listener_ = -1;
  int epoll_ = -1;
  std::vector<int> sessions_;
  size_t awaited_sessions_ = 0;
  std::minstd_rand random_;
  uint64_t sequence_ = 0;
  uint64_t sends_ = 0;
  uint64_t short_sends_ = 0;
  int64_t started_ns_ = 0;
  int64_t started_cpu_ns_ = 0;
};

void Floor::Listen() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, kBacklog) != 0) Die("listen");
  getsockname(listener_, generic, &length);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {listener_, STDIN_FILENO}) {
    epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  }
  JsonLine("listening").Add("port", ntohs(address.sin_port)).Print();
}

bool Floor::Turn() {
  std::array<epoll_event, 256> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<size_t>(i)].data.fd;
    if (fd == STDIN_FILENO) {
      if (!TakeCommands()) return false;
    } else if (fd == listener_) {
      AcceptAll();
    } else {
      Answer(fd);
    }
  }
  return true;
}

bool Floor::TakeCommands() {
  input_.Fill();
  std::string line;
  while (input_.Next(&line)) {
    if (!Execute(line)) return false;
  }
  return !input_.at_end();
}

bool Floor::Execute(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  uint64_t count = 0, rate = 0, batch = 1;
  words >> verb >> count >> rate >> batch;
  sends_ = short_sends_ = 0;
  started_ns_ = NowNs();
  started_cpu_ns_ = ProcessCpuNs();
  if (verb == "quit") return false;
  if (verb == "wait") {
    awaited_sessions_ = count;
    if (sessions_.size() < count) return true;
  } else if (verb == "fanout") {
    FanOut(count, rate);
  } else if (verb == "unicast") {
    Unicast(count, rate, batch);
  }
  Report(verb);
  return true;
}

void Floor::AcceptAll() {
  const int on = 1;
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  }
}

// The request comes in one piece from the generator and is not looked at.
void Floor::Answer(int fd) {
  char buffer[4096];
  if (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) <= 0) {
    std::erase(sessions_, fd);
    close(fd);
    return;
  }
  if (send(fd, kHead.data(), kHead.size(), MSG_NOSIGNAL) < 0) return;
  sessions_.push_back(fd);
  if (sessions_.size() == awaited_sessions_) {
    awaited_sessions_ = 0;
    Report("wait");
  }
}

void Floor::FanOut(uint64_t events, uint64_t rate) {
  for (uint64_t i = 0; i < events; ++i) {
    const int64_t planned =
        started_ns_ + static_cast<int64_t>(i) * kNsPerSecond / static_cast<int64_t>(rate);
    SleepUntil(planned);
    const bool is_faulty = i == events / 2;
    ++sequence_;
    frame_.Set(is_faulty && options_.fault == "swap" ? sequence_ - 1 : sequence_, planned);
    const size_t dropped = is_faulty && options_.fault == "drop" ? 1 : 0;
    for (size_t k = dropped; k < sessions_.size(); ++k) Push(sessions_[k]);
    if (is_faulty && options_.fault == "double") Push(sessions_.front());
  }
}

void Floor::Unicast(uint64_t events, uint64_t rate, uint64_t batch) {
  std::uniform_int_distribution<size_t> pick(0, sessions_.size() - 1);
  for (uint64_t i = 0; i < events; ++i) {
    const uint64_t first_of_batch = i - i % batch;
    const int64_t planned = started_ns_ + static_cast<int64_t>(first_of_batch) * kNsPerSecond /
                                              static_cast<int64_t>(rate);
    if (i == first_of_batch) SleepUntil(planned);
    frame_.Set(++sequence_, planned);
    Push(sessions_[pick(random_)]);
  }
}

void Floor::Push(int fd) {
  const std::string_view bytes = frame_.bytes();
  const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ++sends_;
  if (sent != static_cast<ssize_t>(bytes.size())) ++short_sends_;
}

void Floor::Report(const std::string& verb) const {
  JsonLine(verb)
      .Add("sessions", sessions_.size())
      .Add("sends", sends_)
      .Add("short_sends", short_sends_)
      .Add("bytes", sends_ * frame_.bytes().size())
      .Add("wall_ns", NowNs() - started_ns_)
      .Add("cpu_ns", ProcessCpuNs() - started_cpu_ns_)
      .Print();
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::FloorOptions options;
  CLI::App app("Pushes SSE frames with a bare loop of send(); commands on stdin");
  app.add_option("--port", options.port, "of 127.0.0.1; 0: any");
  app.add_option("--frame-bytes", options.frame_bytes, "octets of each frame");
  app.add_option("--fault", options.fault)
      ->check(CLI::IsMember({"none", "drop", "double", "swap"}));
  CLI11_PARSE(app, argc, argv);
  sluice::bench::Floor(options).Run();
  return 0;
}
