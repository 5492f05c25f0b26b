#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

// Types and flags of HTTP/2 frames. Source: RFC 9113 6.
constexpr char kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kContinuation = 9;
constexpr char kNoFlags = 0, kEndHeaders = 4;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string Frame(char type, char flags, uint32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += type;
  frame += flags;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

// The length of a string that is not compressed. Source: RFC 7541 5.1.
std::string Length(size_t length) {
  if (length < 127) return {static_cast<char>(length)};
  std::string octets = "\x7f";
  for (length -= 127; length >= 128; length /= 128) {
    octets += static_cast<char>(length % 128 + 128);
  }
  return octets += static_cast<char>(length);
}

// A literal header field, never indexed. Source: RFC 7541 6.2.3.
std::string Field(std::string_view name, std::string_view value) {
  std::string field = "\x10";
  for (const std::string_view text : {name, value}) field.append(Length(text.size())).append(text);
  return field;
}

std::string PublishFields(std::string_view scheme = "http", std::string_view te = "trailers") {
  return Field(":method", "POST") + Field(":scheme", scheme) +
         Field(":path", "/sluice.v1.Gateway/Publish") + Field(":authority", "localhost") +
         Field("content-type", "application/grpc") + Field("te", te);
}

class HostileClientTest : public GatewayFixture {
 protected:
  static constexpr int kFrames = 20'000;

  // Sends a connection's preface and `bytes`, reading away what comes, until the gateway closes or,
  // all being sent, until it has closed in return.
  void Flood(const std::string& bytes) {
    StartOn(&memory_);
    ASSERT_TRUE(Publish(ToUser("u", "before")).ok());
    Exchange(std::string(kPreface) + Frame(kSettings, kNoFlags, 0, "") + bytes);
    // The connection from before is served, and so is a new one.
    EXPECT_TRUE(Publish(ToUser("u", "after")).ok());
    stub_ = v1::Gateway::NewStub(Connect());
    EXPECT_TRUE(Publish(ToUser("u", "on a new connection")).ok());
    EXPECT_EQ(memory_.GetStats().last_sequence, 3u);
    AwaitMetric(0, "sluice_gateway_appends_in_flight");
  }

  static std::string Repeat(int times, const std::function<std::string(int)>& frame) {
    std::string frames;
    for (int i = 0; i < times; ++i) frames += frame(i);
    return frames;
  }

 private:
  void Exchange(std::string_view bytes) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(gateway_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    for (bool open = true; open;) {
      pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
      if (!bytes.empty()) ready.events |= POLLOUT;
      ASSERT_GT(poll(&ready, 1, 20'000), 0) << bytes.size() << " octets unsent";
      if ((ready.revents & POLLOUT) != 0) {
        const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
        if (bytes.empty()) shutdown(fd, SHUT_WR);
      }
      char buffer[64 << 10];
      const ssize_t received = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      open = received > 0 || (received < 0 && errno == EAGAIN);
    }
    close(fd);
  }

  ingest::MemoryLog memory_{LogOptions{}};
};

TEST_F(HostileClientTest, WithFloodsOfSettingsHurtsNobody) {
  Flood(Repeat(kFrames, [](int) { return Frame(kSettings, kNoFlags, 0, ""); }));
}

TEST_F(HostileClientTest, WithFloodsOfPingsHurtsNobody) {
  Flood(Repeat(kFrames, [](int) { return Frame(kPing, kNoFlags, 0, "12345678"); }));
}

TEST_F(HostileClientTest, WithAHeadOfEndlessContinuationsHurtsNobody) {
  Flood(Frame(kHeaders, kNoFlags, 1, PublishFields()) +
        Repeat(kFrames, [](int) { return Frame(kContinuation, kNoFlags, 1, Field("x", "y")); }));
}

TEST_F(HostileClientTest, WithLargeHeadsAndFieldsOfNoMeaningHurtsNobody) {
  const std::string large = Field("x", std::string(9'000, 'y'));
  const std::string heads[] = {PublishFields() + large, PublishFields("http", "bad") + large,
                               PublishFields("bad") + large,
                               PublishFields() + Field("x-bin", "not base64!") + large};
  Flood(Repeat(4, [&](int i) {
    return Frame(kHeaders, kEndHeaders, static_cast<uint32_t>(2 * i + 1), heads[i]);
  }));
}

TEST_F(HostileClientTest, WithEmptyContinuationsHurtsNobody) {
  Flood(Frame(kHeaders, kNoFlags, 1, "") +
        Repeat(kFrames, [](int) { return Frame(kContinuation, kNoFlags, 1, ""); }));
}

TEST_F(HostileClientTest, WithRapidResetsHurtsNobody) {
  const std::string fields = PublishFields();
  Flood(Repeat(kFrames / 2, [&](int i) {
    const auto stream = static_cast<uint32_t>(2 * i + 1);
    return Frame(kHeaders, kEndHeaders, stream, fields) +
           Frame(kReset, kNoFlags, stream, std::string_view("\0\0\0\x08", 4));  // CANCEL
  }));
}

TEST_F(HostileClientTest, WithCallsThatNeverSendTheirMessageHurtsNobody) {
  const std::string fields = PublishFields();
  Flood(Repeat(kFrames / 2, [&](int i) {
    return Frame(kHeaders, kEndHeaders, static_cast<uint32_t>(2 * i + 1), fields);
  }));
}

}  // namespace
}  // namespace sluice::gateway
