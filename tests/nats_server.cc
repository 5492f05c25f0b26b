#include "tests/nats_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <random>

#include "core/check.h"

namespace sluice {
namespace {

std::string Program() {
  if (const char* given = std::getenv("NATS_SERVER")) return given;
  const std::string ours = SLUICE_SOURCE_DIR "/build/tools/nats-server";
  return std::filesystem::exists(ours) ? ours : "nats-server";
}

// A free port of loopback below the range from which clients take theirs, so that it is still free
// when the server is started again.
int FreePort() {
  constexpr int kFirst = 15'000;
  constexpr int kLast = 31'999;
  std::random_device random;
  for (;;) {
    const int port = std::uniform_int_distribution(kFirst, kLast)(random);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    SLUICE_CHECK(probe >= 0);
    const int result = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    close(probe);
    if (result == 0) return port;
  }
}

}  // namespace

NatsServer::NatsServer() : port_(FreePort()) {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-nats-XXXXXX").string();
  SLUICE_CHECK(mkdtemp(name.data()) != nullptr);
  folder_ = name;
  Start();
}

NatsServer::~NatsServer() {
  Resume();
  Stop(SIGKILL);
  std::filesystem::remove_all(folder_);
}

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

void NatsServer::Start() {
  SLUICE_CHECK(process_ == 0);
  std::array<int, 2> output{};
  SLUICE_CHECK(pipe(output.data()) == 0);
  const std::string program = Program();
  const std::string port = std::to_string(port_);
  const std::string log = (folder_ / "log").string();
  const std::string store = (folder_ / "store").string();
  process_ = fork();
  SLUICE_CHECK(process_ >= 0);
  if (process_ == 0) {
    dup2(output[1], STDERR_FILENO);
    close(output[0]);
    close(output[1]);
    execlp(program.c_str(), "nats-server", "-a", "127.0.0.1", "-p", port.c_str(), "-js", "-sd",
           store.c_str(), nullptr);
    _exit(127);
  }
  close(output[1]);
  AwaitReady(output[0]);
}

// Reads what the server says up to the line that it is ready; the pipe stays open, so that it can
// go on saying what nobody reads.
void NatsServer::AwaitReady(int output) {
  std::string said;
  std::array<char, 4096> buffer;
  while (said.find("Server is ready") == std::string::npos) {
    const ssize_t n = read(output, buffer.data(), buffer.size());
    SLUICE_CHECK(n > 0);  // there is no nats-server, or its port is taken
    said.append(buffer.data(), static_cast<size_t>(n));
  }
}

void NatsServer::Stop(int signal) {
  if (process_ == 0) return;
  kill(process_, signal);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void NatsServer::Pause() {
  kill(process_, SIGSTOP);
  int status = 0;
  SLUICE_CHECK(waitpid(process_, &status, WUNTRACED) == process_ && WIFSTOPPED(status));
}

void NatsServer::Resume() {
  if (process_ != 0) kill(process_, SIGCONT);
}

NatsClient::NatsClient(const NatsServer& server) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server.port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SLUICE_CHECK(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  ReadLine();  // INFO
  Send(R"(CONNECT {"verbose":false,"headers":true,"no_responders":true})"
       "\r\n");
  Send("SUB answer 1\r\n");
  Ping();
}

NatsClient::~NatsClient() { close(socket_); }

void NatsClient::Publish(const std::string& subject, const std::string& data,
                         const std::vector<std::string>& headers) {
  if (headers.empty()) {
    Send("PUB " + subject + " " + std::to_string(data.size()) + "\r\n" + data + "\r\n");
  } else {
    std::string head = "NATS/1.0\r\n";
    for (const std::string& header : headers) head += header + "\r\n";
    head += "\r\n";
    Send("HPUB " + subject + " " + std::to_string(head.size()) + " " +
         std::to_string(head.size() + data.size()) + "\r\n" + head + data + "\r\n");
  }
  Ping();
}

std::string NatsClient::Request(const std::string& subject, const std::string& data) {
  Send("PUB " + subject + " answer " + std::to_string(data.size()) + "\r\n" + data + "\r\n");
  for (;;) {
    const std::string line = ReadLine();
    if (line.find("MSG ") == std::string::npos) continue;
    const size_t size = static_cast<size_t>(std::stoul(line.substr(line.rfind(' ') + 1)));
    return ReadBytes(size + 2).substr(0, size);
  }
}

void NatsClient::Send(const std::string& bytes) {
  SLUICE_CHECK(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size()));
}

std::string NatsClient::ReadLine() {
  size_t end = input_.find("\r\n");
  while (end == std::string::npos) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(socket_, buffer.data(), buffer.size(), 0);
    SLUICE_CHECK(n > 0);
    input_.append(buffer.data(), static_cast<size_t>(n));
    end = input_.find("\r\n");
  }
  std::string line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return line;
}

std::string NatsClient::ReadBytes(size_t count) {
  while (input_.size() < count) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(socket_, buffer.data(), buffer.size(), 0);
    SLUICE_CHECK(n > 0);
    input_.append(buffer.data(), static_cast<size_t>(n));
  }
  std::string bytes = input_.substr(0, count);
  input_.erase(0, count);
  return bytes;
}

void NatsClient::Ping() {
  Send("PING\r\n");
  while (ReadLine() != "PONG") {
  }
}

}  // namespace sluice
