#include "api/host.h"

#include <gtest/gtest.h>

namespace refrain::api {
namespace {

TEST(Host, LoopbackNamesAndAddressesAreThisMachine) {
  for (const char* host : {"localhost", "localhost:8780", "127.0.0.1", "127.0.0.1:8780",
                           "127.8.9.10:1", "[::1]", "[::1]:8780"}) {
    EXPECT_TRUE(names_loopback(host)) << host;
  }
}

TEST(Host, NamesThatOnlyBeginLikeThemAreNot) {
  for (const char* host : {"127.0.0.1.example.com", "127.example.com:8780", "localhost.example.com",
                           "[::1].example.com", "127.0.0.1:8780@example.com", "example.com",
                           "128.0.0.1", "0127.0.0.1", "127.1", ""}) {
    EXPECT_FALSE(names_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace refrain::api
