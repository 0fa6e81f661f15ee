#include "redis/connection.h"

#include <gmock/gmock.h>

#include "tests/support/database_servers.h"

namespace refrain::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

base::Call within(int milliseconds) {
  return {.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds)};
}

std::unique_ptr<Connection> connect(const RedisServer& server) {
  auto made = Connection::open({.port = server.port()});
  EXPECT_TRUE(made) << made.error().what;
  return made ? std::move(*made) : nullptr;
}

TEST(RedisConnection, BytesNumbersAndListsComeBackAsTheyWere) {
  RedisServer server;
  auto connection = connect(server);
  const std::string bytes("a\0\xff\r\n", 5);
  ASSERT_TRUE(connection->command({}, {"SET", "k", bytes}));
  EXPECT_EQ(connection->command({}, {"GET", "k"})->text, bytes);
  EXPECT_EQ(connection->command({}, {"GET", "absent"})->kind, Reply::Kind::nothing);
  EXPECT_EQ(connection->command({}, {"STRLEN", "k"})->number, 5);
  EXPECT_EQ(connection->command({}, {"MGET", "k", "k"})->list.at(1).text, bytes);
}

TEST(RedisConnection, APipelineAnswersInOrderAndItsFirstErrorIsTheResult) {
  RedisServer server;
  auto connection = connect(server);
  Command good[] = {{"SET", "a", "1"}, {"INCR", "a"}, {"GET", "a"}};
  EXPECT_EQ(connection->pipeline({}, good)->at(2).text, "2");
  Command bad[] = {{"SET", "a", "x"}, {"INCR", "a"}, {"GET", "a"}};
  EXPECT_FALSE(connection->pipeline({}, bad));
  EXPECT_EQ(connection->command({}, {"GET", "a"})->text, "x") << "replies are out of step";
}

TEST(RedisConnection, AScriptIsLoadedWhenTheServerDoesNotKnowItAnyMore) {
  RedisServer server;
  auto connection = connect(server);
  Script script("return {KEYS[1], ARGV[1]}");
  EXPECT_EQ(connection->run({}, script, {"k"}, {"v"})->list.at(1).text, "v");
  ASSERT_TRUE(connection->command({}, {"SCRIPT", "FLUSH"}));
  EXPECT_EQ(connection->run({}, script, {"k"}, {"w"})->list.at(1).text, "w");
}

TEST(RedisConnection, AServerThatHangsCostsTheDeadlineAndTheConnection) {
  RedisServer server;
  auto connection = connect(server);
  server.process().pause();
  auto late = connection->command(within(30), {"PING"});
  server.process().go_on();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Code::deadline);
  EXPECT_TRUE(connection->lost());
  EXPECT_EQ(connection->command({}, {"PING"}).error().code, base::Code::unavailable);
}

TEST(RedisConnection, AWrongPasswordIsInvalidAndNotPrinted) {
  RedisServer server({"--requirepass", "right"});
  auto refused = Connection::open({.port = server.port(), .password = "tell-nobody"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::invalid);
  EXPECT_THAT(refused.error().what, Not(HasSubstr("tell-nobody")));
  EXPECT_TRUE(Connection::open({.port = server.port(), .password = "right", .database = 3}));
}

TEST(RedisConnection, NobodyThereIsUnavailableWithTheAddress) {
  auto refused = Connection::open({.port = Loopback::free_port()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::unavailable);
  EXPECT_THAT(refused.error().what, HasSubstr("127.0.0.1:"));
}

TEST(RedisConnection, ErrorRepliesHaveCauses) {
  EXPECT_EQ(code_of("OOM command not allowed"), base::Code::io);
  EXPECT_EQ(code_of("READONLY You can't write"), base::Code::io);
  EXPECT_EQ(code_of("LOADING Redis is loading"), base::Code::unavailable);
  EXPECT_EQ(code_of("NOAUTH Authentication required."), base::Code::invalid);
}

}  // namespace
}  // namespace refrain::redis
