#include <gtest/gtest.h>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

using values::bytes_of;

TEST(RespStrings, SetWithGetReturnsALargeValueThatIsReplaced) {
  RespProbe probe;
  RespClient client = probe.client();
  client.ask({"SET", "k", bytes_of(700'000, 1)});
  EXPECT_EQ(client.ask({"SET", "k", bytes_of(700'000, 2), "GET"}), bulk(bytes_of(700'000, 1)));
  EXPECT_EQ(client.ask({"GETDEL", "k"}), bulk(bytes_of(700'000, 2)));
  EXPECT_EQ(client.ask({"GET", "k"}), "$-1\r\n");
}

TEST(RespStrings, OptionsOfALargeSetCount) {
  RespProbe probe;
  RespClient client = probe.client();
  EXPECT_EQ(client.ask({"SET", "k", bytes_of(700'000, 1), "XX"}), "$-1\r\n");
  EXPECT_EQ(client.ask({"SET", "k", bytes_of(700'000, 1), "NX", "EX", "7"}), "+OK\r\n");
  EXPECT_EQ(client.ask({"SET", "k", bytes_of(700'000, 2), "FOO"}), "-ERR syntax error\r\n");
  EXPECT_EQ(client.ask({"TTL", "k"}), ":7\r\n");
  EXPECT_EQ(client.ask({"GET", "k"}), bulk(bytes_of(700'000, 1)));
  EXPECT_EQ(client.ask({"SETEX", "k", "9", bytes_of(700'000, 3)}), "+OK\r\n");
  EXPECT_EQ(client.ask({"TTL", "k"}), ":9\r\n");
}

}  // namespace
}  // namespace refrain::api
