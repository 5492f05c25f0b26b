#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluice::ingest {

// The servers that a connection may choose from: those that are configured, and those that they
// told of. Thread: one.
class NatsServers {
 public:
  explicit NatsServers(std::vector<std::string> urls) : urls_(std::move(urls)) {}

  // The members of the cluster as one of them knows it, so that any will do when that one is gone.
  // What is beyond kMax is not taken.
  void Learn(const std::vector<std::string>& urls);
  // `url` is not to be tried next, if there is another one. False: there is none.
  bool Leave(const std::string& url);
  // Which to try now.
  std::vector<std::string> Candidates();

  static constexpr size_t kMax = 64;

 private:
  std::vector<std::string> urls_;
  std::string left_;
};

}  // namespace sluice::ingest
