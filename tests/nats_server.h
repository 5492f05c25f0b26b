#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sluice {

// A real nats-server with JetStream, for tests: a process of its own on a port that it chose, with
// its data in a folder that goes with it. Which program: NATS_SERVER, else the one on the PATH or
// in build/tools. Thread: one.
class NatsServer {
 public:
  NatsServer();
  // Kills it.
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // nats://127.0.0.1:PORT, the same after each start.
  std::string url() const;
  int port() const { return port_; }
  const std::filesystem::path& folder() const { return folder_; }

  // Starts it again after Stop; returns when it is ready.
  void Start();
  // Sends `signal` and waits for the end.
  void Stop(int signal);
  // Nothing of it runs until Resume.
  void Pause();
  void Resume();

 private:
  void AwaitReady(int output);

  std::filesystem::path folder_;
  const int port_;
  pid_t process_ = 0;
};

// A plain client without nats.c: one connection, protocol lines out and in. Ends the test on
// errors.
class NatsClient {
 public:
  explicit NatsClient(const NatsServer& server);
  ~NatsClient();
  NatsClient(const NatsClient&) = delete;
  NatsClient& operator=(const NatsClient&) = delete;

  // Publishes and waits until the server has it. `headers` are lines `Name: value`.
  void Publish(const std::string& subject, const std::string& data,
               const std::vector<std::string>& headers = {});
  // The answer to a request, `$JS.API.STREAM.DELETE.X` for example.
  std::string Request(const std::string& subject, const std::string& data = "");

 private:
  void Send(const std::string& bytes);
  std::string ReadLine();
  std::string ReadBytes(size_t count);
  void Ping();

  int socket_ = -1;
  std::string input_;
};

}  // namespace sluice
