#include "app/named_files.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Faults(const Options& options) {
  std::vector<std::string> texts;
  for (const absl::Status& fault : ReadNamedFiles(options)) {
    EXPECT_EQ(fault.code(), absl::StatusCode::kInvalidArgument);
    texts.emplace_back(fault.message());
  }
  return texts;
}

TEST(NamedFilesTest, NamesNoneByDefault) { EXPECT_THAT(Faults({}), ElementsAre()); }

TEST(NamedFilesTest, TellsOfEveryPartThatCannotBeRead) {
  Options options;
  options.nats.urls = {"nats://127.0.0.1:4222"};
  options.nats.user = "u";
  options.nats.password_file = "/nowhere/password";
  options.gateway.publisher.key_file = "/nowhere/key";
  options.gateway.tls_cert_file = "/nowhere/gateway.pem";
  options.gateway.tls_key_file = "/nowhere/gateway.key";
  options.edge.tls_cert_file = "/nowhere/edge.pem";
  options.edge.tls_key_file = "/nowhere/edge.key";
  options.auth.issuer.public_key_file = "/nowhere/public.pem";
  options.auth.jwks_ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(Faults(options),
              ElementsAre(HasSubstr("/nowhere/password"), HasSubstr("/nowhere/key"),
                          HasSubstr("/nowhere/gateway."), HasSubstr("/nowhere/edge."),
                          HasSubstr("/nowhere/public.pem"), HasSubstr("/nowhere/ca.pem")));
}

TEST(NamedFilesTest, ReadsWhatIsThere) {
  const std::string path = testing::TempDir() + "named_files_test.key";
  std::ofstream(path) << "a key of at least thirty-two octets\n";
  Options options;
  options.gateway.publisher.key_file = path;
  EXPECT_THAT(Faults(options), ElementsAre());
  // It is there, and no certificate.
  options.edge.tls_cert_file = options.edge.tls_key_file = path;
  EXPECT_THAT(Faults(options), ElementsAre(HasSubstr("edge.tls_cert_file")));
}

}  // namespace
}  // namespace sluice::app
