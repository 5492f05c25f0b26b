// The edge over TLS: handshakes, streams, slow readers, a certificate that is replaced.
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/transcript/edge_fixture.h"
#include "tests/transcript/tls_client.h"

namespace sluice {
namespace {

// Writes a new key and a certificate of its own with this common name.
void WriteCertificate(const std::string& name, const std::string& cert_file,
                      const std::string& key_file) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), &X509_free);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_NAME* const subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), subject);
  X509_set_pubkey(cert.get(), key.get());
  SLUICE_CHECK(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0);
  const auto write = [](const std::string& path, const auto& what) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"),
                                                               &std::fclose);
    what(file.get());
  };
  write(cert_file, [&](std::FILE* file) { PEM_write_X509(file, cert.get()); });
  write(key_file, [&](std::FILE* file) {
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

// The common name of what the server presented.
std::string NameOf(TlsClient* client) {
  const std::unique_ptr<X509, decltype(&X509_free)> cert(SSL_get1_peer_certificate(client->ssl()),
                                                         &X509_free);
  char name[64] = "";
  if (cert) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert.get()), NID_commonName, name,
                              sizeof(name));
  }
  return name;
}

class TlsTest : public EdgeFixture {
 protected:
  TlsTest() : folder_(testing::TempDir() + "tls_test_" + std::to_string(getpid())) {
    std::signal(SIGPIPE, SIG_IGN);  // as the process does: OpenSSL writes without MSG_NOSIGNAL
    std::filesystem::create_directories(folder_);
    options_.edge.tls_cert_file = folder_ + "/cert.pem";
    options_.edge.tls_key_file = folder_ + "/key.pem";
    Replace("first");
  }
  ~TlsTest() override {
    StopEdge();
    std::filesystem::remove_all(folder_);
  }

  void Replace(const std::string& name) {
    WriteCertificate(name, options_.edge.tls_cert_file, options_.edge.tls_key_file);
  }
  TlsClient ConnectTls(const TlsClient::Options& options = {}) {
    return TlsClient(edge_->port(), options);
  }
  static void AskForStream(TlsClient* client) {
    client->Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string preface = client->ReadThrough("event: connected\n");
    EXPECT_TRUE(preface.starts_with("HTTP/1.1 200 OK\r\n")) << preface;
    client->ReadThrough("\n\n");
  }

  const std::string folder_;
};

TEST_F(TlsTest, StreamsInBothVersions) {
  StartEdge();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client = ConnectTls({.max_version = version, .alpn = ""});
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(SSL_version(client.ssl()), version);
    AskForStream(&client);
    const std::string id = PublishToUser("alice", "one\ntwo");
    EXPECT_EQ(client.ReadThrough("\n\n"), "id: " + id + "\nevent: note\ndata: one\ndata: two\n\n");
  }
}

TEST_F(TlsTest, OlderVersionsAndPlainTextAreTurnedAway) {
  StartEdge();
  EXPECT_FALSE(ConnectTls({.max_version = TLS1_1_VERSION, .alpn = ""}).connected());
  RawClient plain = Get("/v1/events?user=alice");
  const std::string answer = plain.ReadToEnd();
  EXPECT_EQ(answer.find("HTTP"), std::string::npos) << answer;
  AwaitMetric("sluice_edge_tls_failures_total", 2);
}

TEST_F(TlsTest, SpeaksHttp11ToThoseWhoOffer) {
  StartEdge();
  TlsClient client = ConnectTls({.alpn = std::string("\x02h2\x08http/1.1")});
  ASSERT_TRUE(client.connected());
  const unsigned char* chosen = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(client.ssl(), &chosen, &length);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), length), "http/1.1");
  EXPECT_FALSE(ConnectTls({.alpn = std::string("\x02h2")}).connected());
}

TEST_F(TlsTest, SaysGoodbyeBeforeItEndsAStream) {
  StartEdge();
  TlsClient client = ConnectTls();
  AskForStream(&client);
  std::thread stop([this] { edge_->Stop(); });
  EXPECT_EQ(client.ReadToEnd(), "event: closing\ndata: {\"reason\":\"shutdown\"}\n\n");
  EXPECT_TRUE(client.was_closed());
  client.raw().Close();
  stop.join();
}

TEST_F(TlsTest, ASessionCanBeResumed) {
  StartEdge();
  TlsClient first = ConnectTls();
  AskForStream(&first);  // the ticket comes with the first bytes
  const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(
      SSL_get1_session(first.ssl()), &SSL_SESSION_free);
  TlsClient second = ConnectTls({.alpn = "", .resume = session.get()});
  ASSERT_TRUE(second.connected());
  EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
  AskForStream(&second);
}

TEST_F(TlsTest, ANewCertificateHoldsForNewConnections) {
  StartEdge();
  TlsClient before = ConnectTls();
  AskForStream(&before);
  EXPECT_EQ(NameOf(&before), "first");
  EXPECT_FALSE(edge_->has_new_certificate());
  Replace("second");
  EXPECT_TRUE(edge_->has_new_certificate());
  ASSERT_TRUE(edge_->ReloadCertificate().ok());
  EXPECT_FALSE(edge_->has_new_certificate());
  TlsClient after = ConnectTls();
  EXPECT_EQ(NameOf(&after), "second");
  // The stream that was there goes on.
  const std::string id = PublishToUser("alice", "x");
  EXPECT_EQ(before.ReadThrough("\n\n"), "id: " + id + "\nevent: note\ndata: x\n\n");
}

TEST_F(TlsTest, ABrokenCertificateChangesNothing) {
  StartEdge();
  std::filesystem::resize_file(options_.edge.tls_key_file, 10);
  EXPECT_FALSE(edge_->ReloadCertificate().ok());
  TlsClient client = ConnectTls();
  EXPECT_EQ(NameOf(&client), "first");
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsRefusedAtTheStart) {
  const std::string other = folder_ + "/other.pem";
  WriteCertificate("other", folder_ + "/unused.pem", other);
  options_.edge.tls_key_file = other;
  const auto edge = edge::Edge::Start({.options = options_.edge,
                                       .retention = options_.log.retention,
                                       .authenticator = make_authenticator_(),
                                       .routes = {},
                                       .clock = &clock_});
  EXPECT_EQ(edge.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TlsTest, WhatTheSocketDoesNotTakeComesLaterAndWhole) {
  // Far more than the kernel holds for a client that does not read.
  StartEdge();
  TlsClient client = ConnectTls({.alpn = "", .receive_buffer_bytes = 4'096});
  AskForStream(&client);
  constexpr int kEvents = 200;
  const std::string data(60'000, 'x');
  for (int i = 0; i < kEvents; ++i) PublishToUser("alice", data + std::to_string(i));
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  for (int i = 0; i < kEvents; ++i) {
    const std::string block = client.ReadThrough("\n\n");
    ASSERT_EQ(block, "id: e1-" + std::to_string(i + 1) + "\nevent: note\ndata: " + data +
                         std::to_string(i) + "\n\n")
        << i;
  }
  AwaitMetric("sluice_edge_blocked_sessions", 0);
  AwaitMetric("sluice_edge_gaps_total", 0);
}

TEST_F(TlsTest, AHandshakeThatStopsHalfWayIsEnded) {
  StartEdge();
  RawClient client = Connect();
  client.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));  // of a ClientHello
  AwaitMetric("sluice_edge_connections", 1);
  clock_.Advance(options_.edge.request_head_timeout + std::chrono::seconds(1));
  EXPECT_EQ(client.ReadToEnd(), "");
  AwaitMetric("sluice_edge_connections", 0);
}

}  // namespace
}  // namespace sluice
