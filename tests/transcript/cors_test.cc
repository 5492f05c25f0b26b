#include <string>
#include <string_view>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

constexpr std::string_view kApp = "https://app.example";

class CorsTest : public EdgeFixture {
 protected:
  CorsTest() { options_.edge.allowed_origins = {std::string(kApp)}; }

  RawResponse Answer(std::string_view method, std::string_view origin) {
    RawClient client = Connect();
    std::string request =
        std::string(method) + " /v1/events?user=alice HTTP/1.1\r\n" + "Host: localhost:8080\r\n";
    if (!origin.empty()) request += "Origin: " + std::string(origin) + "\r\n";
    if (method == "OPTIONS") {
      request +=
          "Access-Control-Request-Method: GET\r\n"
          "Access-Control-Request-Headers: last-event-id\r\n";
    }
    client.Send(request + "\r\n");
    return client.ReadResponse();
  }
};

TEST_F(CorsTest, APreflightOfAnAllowedOriginIsGranted) {
  StartEdge();
  EXPECT_EQ(Answer("OPTIONS", kApp).head,
            "HTTP/1.1 204 No Content\r\n"
            "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n"
            "Vary: Origin\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Access-Control-Allow-Methods: GET\r\n"
            "Access-Control-Allow-Headers: Authorization, Cache-Control, Last-Event-ID\r\n"
            "Access-Control-Max-Age: 7200\r\n"
            "Access-Control-Allow-Origin: https://app.example\r\n"
            "Access-Control-Allow-Credentials: true\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST_F(CorsTest, AnyOtherPreflightIsRefused) {
  StartEdge();
  for (const std::string_view origin :
       {"https://evil.example", "https://app.example.evil.example", "http://app.example",
        "https://app.example:8443", "null", ""}) {
    const RawResponse response = Answer("OPTIONS", origin);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(response.Header("Vary"), "Origin");
  }
}

TEST_F(CorsTest, AStreamForAnAllowedOriginNamesIt) {
  StartEdge();
  const RawResponse response = Answer("GET", kApp);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), kApp);
  EXPECT_EQ(response.Header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(response.Header("Vary"), "Origin");
}

TEST_F(CorsTest, AStreamForTheSameOriginOrForNoPageNamesNone) {
  StartEdge();
  for (const std::string_view origin : {"http://localhost:8080", ""}) {
    const RawResponse response = Answer("GET", origin);
    EXPECT_EQ(response.status, 200) << origin;
    EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(response.Header("Vary"), "Origin");
  }
}

TEST_F(CorsTest, AStreamForAForeignOriginIsRefusedAndUnreadable) {
  StartEdge();
  for (const std::string_view origin : {"https://evil.example", "null", "http://localhost:8081"}) {
    const RawResponse response = Answer("GET", origin);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "") << origin;
  }
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total", "forbidden"), 3);
}

TEST_F(CorsTest, AnAllowedPageCanReadWhyItWasRefused) {
  StartEdge();
  RawClient client = Get("/v1/events", "Origin: " + std::string(kApp) + "\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), kApp);
}

TEST_F(CorsTest, AnAllowedPageIsToldOfOverload) {
  options_.edge.max_sessions = 0;
  StartEdge();
  const RawResponse response = Answer("GET", kApp);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), kApp);
}

}  // namespace
}  // namespace sluice
