#include <gtest/gtest.h>

#include "net/web_session.h"

namespace refrain::net {
namespace {

Request asking(const std::string& method, Headers headers) {
  Request head;
  head.method = method;
  head.headers = std::move(headers);
  return head;
}

TEST(WebProtocol, ARequestAsksForAWebSocketByItsHead) {
  const Headers upgrade = {{"upgrade", "WebSocket"}, {"connection", "keep-alive, Upgrade"}};
  EXPECT_TRUE(wants_web_socket(asking("GET", upgrade)));
  EXPECT_FALSE(wants_web_socket(asking("POST", upgrade)));
  EXPECT_FALSE(wants_web_socket(asking("GET", {{"upgrade", "h2c"}, {"connection", "Upgrade"}})));
  EXPECT_FALSE(wants_web_socket(asking("GET", {{"upgrade", "websocket"}})));
}

}  // namespace
}  // namespace refrain::net
