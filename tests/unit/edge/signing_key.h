#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

namespace sluice::edge {

// A new key pair of OpenSSL, in PEM. Thread: one.
struct SigningKey {
  std::string private_pem;
  std::string public_pem;

  static SigningKey Rsa(unsigned int bits = 2048) { return Take(EVP_RSA_gen(bits)); }
  static SigningKey Ec(const char* curve) { return Take(EVP_EC_gen(curve)); }
  static SigningKey Ed25519() { return Take(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

 private:
  static SigningKey Take(EVP_PKEY* key) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> owned(key, &EVP_PKEY_free);
    return {Written([key](BIO* out) {
              PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
            }),
            Written([key](BIO* out) { PEM_write_bio_PUBKEY(out, key); })};
  }
  template <typename Write>
  static std::string Written(const Write& write) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), &BIO_free_all);
    write(out.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<size_t>(size)};
  }
};

}  // namespace sluice::edge
