#include "app/service_notification.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

class ServiceNotificationTest : public testing::Test {
 protected:
  ~ServiceNotificationTest() override { unsetenv("NOTIFY_SOCKET"); }
};

TEST_F(ServiceNotificationTest, DoesNothingWithoutASocket) {
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(NotifyService("READY=1"));
  setenv("NOTIFY_SOCKET", "", 1);
  EXPECT_FALSE(NotifyService("READY=1"));
  setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
  EXPECT_FALSE(NotifyService("READY=1"));
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  EXPECT_FALSE(NotifyService("READY=1"));
}

TEST_F(ServiceNotificationTest, SendsTheStateToTheSocket) {
  const std::string path = testing::TempDir() + "sluice_notify_" + std::to_string(getpid());
  const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(bind(receiver, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  EXPECT_TRUE(NotifyService("READY=1"));
  char text[64];
  const ssize_t length = recv(receiver, text, sizeof(text), MSG_DONTWAIT);
  EXPECT_EQ(std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0))), "READY=1");
  close(receiver);
  unlink(path.c_str());
}

}  // namespace
}  // namespace sluice::app
