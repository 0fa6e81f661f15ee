#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

using testing::HasSubstr;

TEST(RespKeys, KeysOfALargeNamespaceAreRefusedForScan) {
  RespProbe probe({.keys_max = 3, .version = "test"});
  RespClient client = probe.client();
  client.ask({"MSET", "a", "1", "b", "2", "c", "3"});
  EXPECT_THAT(client.ask({"KEYS", "a*"}), HasSubstr("*1\r\n"));
  client.ask({"SET", "d", "4"});
  EXPECT_THAT(client.ask({"KEYS", "a*"}), HasSubstr("use SCAN"));
}

TEST(RespKeys, RemovingAllKeysMustBeAllowed) {
  RespProbe probe({.version = "test"});
  RespClient client = probe.client();
  client.ask({"SET", "a", "1"});
  EXPECT_THAT(client.ask({"FLUSHDB"}), HasSubstr("NOPERM"));
  EXPECT_EQ(client.ask({"DBSIZE"}), ":1\r\n");
}

TEST(RespKeys, TenantsNeverSeeEachOther) {
  RespProbe probe({.flush = true, .version = "test"}, two_tenants());
  RespClient a = probe.client();
  RespClient b = probe.client();
  a.ask({"AUTH", "key-a"});
  b.ask({"AUTH", "key-b"});
  a.ask({"SET", "secret", "of-a"});
  for (const std::vector<std::string>& ask : std::vector<std::vector<std::string>>{
           {"EXISTS", "secret"}, {"DBSIZE"}, {"DEL", "secret"}, {"STRLEN", "secret"}}) {
    EXPECT_EQ(b.ask(ask), ":0\r\n") << ask[0];
  }
  EXPECT_EQ(b.ask({"SCAN", "0"}), "*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_EQ(b.ask({"KEYS", "*"}), "*0\r\n");
  EXPECT_EQ(b.ask({"FLUSHALL"}), "+OK\r\n");
  EXPECT_EQ(a.ask({"GET", "secret"}), bulk("of-a"));
}

}  // namespace
}  // namespace refrain::api
