// Tokens for the load generator, and what their bare verification costs:
//   bench_tokens make FOLDER COUNT     writes FOLDER/public.pem and FOLDER/tokens.txt, a line for
//                                      each of the users u0, u1, ...: ES256, for a day, every topic
//   bench_tokens verify FOLDER COUNT   verifies so many of the signatures with OpenSSL alone, and
//                                      says the CPU time of one in a JSON line
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "edge/auth/json_object.h"
#include "edge/auth/token_signer.h"
#include "tests/bench/bench_clock.h"
#include "tests/bench/json_line.h"

namespace sluice::bench {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench_tokens: %s\n", what.c_str());
  std::exit(1);
}

template <typename Write>
std::string Pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  if (write(memory.get()) != 1) Die("cannot write a key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<size_t>(size)};
}

void Make(const std::string& folder, int count) {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const auto signer = edge::TokenSigner::FromPem(Pem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
  if (!signer.ok()) Die(signer.status().ToString());
  std::ofstream(folder + "/public.pem")
      << Pem([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key.get()); });
  std::ofstream tokens(folder + "/tokens.txt");
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  for (int i = 0; i < count; ++i) {
    const boost::json::object claims{{"sub", "u" + std::to_string(i)},
                                     {"jti", "t" + std::to_string(i)},
                                     {"iat", now.count()},
                                     {"exp", now.count() + 86'400},
                                     {"topics", {"*"}}};
    tokens << *signer->Sign({}, boost::json::serialize(claims)) << '\n';
  }
}

// The two numbers of a signature as OpenSSL wants them.
std::string ToDer(std::string_view raw) {
  const auto* octets = reinterpret_cast<const unsigned char*>(raw.data());
  const int half = static_cast<int>(raw.size() / 2);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(),
                                                                        &ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(octets, half, nullptr),
                 BN_bin2bn(octets + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) Die("no signature");
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool Verify(EVP_PKEY* key, std::string_view content, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(content.data()),
                          content.size()) == 1;
}

void VerifyAll(const std::string& folder, int count) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen((folder + "/public.pem").c_str(), "re"), &std::fclose);
  if (!file) Die("no public.pem");
  const Key key(PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  struct Signed {
    std::string content;
    std::string signature;
  };
  std::vector<Signed> all;
  std::ifstream tokens(folder + "/tokens.txt");
  for (std::string line; static_cast<int>(all.size()) < count && std::getline(tokens, line);) {
    const size_t dot = line.rfind('.');
    all.push_back({line.substr(0, dot), ToDer(*edge::DecodeBase64Url(line.substr(dot + 1)))});
  }
  if (all.empty()) Die("no tokens");
  const int64_t start = ProcessCpuNs();
  for (const Signed& each : all) {
    if (!Verify(key.get(), each.content, each.signature)) Die("a signature is not good");
  }
  const int64_t spent = ProcessCpuNs() - start;
  JsonLine line("verify");
  line.Add("count", all.size()).Add("cpu_ns", spent / static_cast<int64_t>(all.size()));
  line.Print();
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const std::string_view verb = argc == 4 ? argv[1] : "";
  if (verb == "make") {
    sluice::bench::Make(argv[2], std::atoi(argv[3]));
  } else if (verb == "verify") {
    sluice::bench::VerifyAll(argv[2], std::atoi(argv[3]));
  } else {
    std::fprintf(stderr, "usage: bench_tokens make|verify FOLDER COUNT\n");
    return 2;
  }
  return 0;
}
