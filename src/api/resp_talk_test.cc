#include "api/resp_talk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using values::bytes_of;

constexpr std::size_t kLarge = 3 * values::kPieceBytes + 21;

TEST(RespTalk, LargeValueGoesInAndOutInOnePipeline) {
  RespProbe probe;
  RespClient client = probe.client();
  const std::string value = bytes_of(kLarge, 1);
  const std::string replies =
      client.say(RespClient::command({"SET", "k", value}) + RespClient::command({"GET", "k"}) +
                 RespClient::command({"PING"}));
  EXPECT_EQ(replies, "+OK\r\n" + bulk(value) + "+PONG\r\n");
  EXPECT_EQ(probe.door.stats().streamed_in, 1U);
  EXPECT_EQ(probe.door.stats().streamed_out, 1U);
}

TEST(RespTalk, LargeValuesAfterARestartComeFromTheDiskInOrder) {
  values::ValuesProbe values;
  values.set("k", bytes_of(kLarge, 1), {.space = "0:default"});
  values.restart();
  key::Tenants tenants({});
  RespDoor door({}, *values.values, tenants, values.clock);
  RespClient client(door, {"127.0.0.1", true, 0});
  EXPECT_EQ(client.ask({"MGET", "k", "none", "k"}),
            "*3\r\n" + bulk(bytes_of(kLarge, 1)) + "$-1\r\n" + bulk(bytes_of(kLarge, 1)));
  EXPECT_EQ(client.ask({"GETRANGE", "k", "-3", "-1"}),
            bulk(bytes_of(kLarge, 1).substr(kLarge - 3)));
}

TEST(RespTalk, MsetStreamsItsLargeValues) {
  RespProbe probe;
  RespClient client = probe.client();
  const std::string one = bytes_of(kLarge, 1);
  const std::string two = bytes_of(kLarge, 2);
  EXPECT_EQ(client.ask({"MSET", "a", one, "b", "short", "c", two}), "+OK\r\n");
  EXPECT_EQ(client.ask({"MGET", "a", "b", "c"}), "*3\r\n" + bulk(one) + bulk("short") + bulk(two));
}

TEST(RespTalk, SplitsOfAConversationDoNotMatter) {
  const std::string value = bytes_of(5000, 3);
  const std::string said = RespClient::command({"SET", "k", value}) + "PING\r\n" +
                           RespClient::command({"GET", "k"});
  for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{999}, said.size()}) {
    RespProbe probe;
    RespClient client = probe.client();
    std::string replies;
    for (std::size_t at = 0; at < said.size(); at += piece) {
      replies += client.say(std::string_view(said).substr(at, piece));
    }
    ASSERT_EQ(replies, "+OK\r\n+PONG\r\n" + bulk(value)) << piece;
  }
}

TEST(RespTalk, ValueThatCannotBeTakenIsReadPastAndAnsweredByAnError) {
  RespProbe probe;
  RespClient client = probe.client();
  const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n";
  EXPECT_EQ(client.say(head), "");
  const std::string block(10'000'000, 'x');
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.say(block), "");
  EXPECT_THAT(client.say("\r\nPING\r\n"), HasSubstr("ERR value has 100000000 bytes"));
  EXPECT_EQ(client.ask({"EXISTS", "k"}), ":0\r\n");
}

TEST(RespTalk, ClientThatLeavesInAValueLeavesNothing) {
  RespProbe probe;
  {
    RespClient client = probe.client();
    client.say("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nonly this");
    EXPECT_EQ(client.talk().mood(), net::Mood::reading);
  }
  EXPECT_EQ(probe.client().ask({"DBSIZE"}), ":0\r\n");
}

TEST(RespTalk, HugeDeclaredLengthIsRefusedWithoutMemory) {
  RespProbe probe;
  RespClient client = probe.client();
  EXPECT_EQ(client.say("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$99999999999999\r\n"),
            "-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_TRUE(client.talk().over());
}

TEST(RespTalk, StrangersMayOnlySayWhoTheyAre) {
  RespProbe probe({}, two_tenants());
  RespClient client = probe.client();
  EXPECT_EQ(client.say("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$17000\r\n"),
            "-ERR Protocol error: invalid bulk length\r\n");
  RespClient far(probe.door, {"192.0.2.1", false, 0});
  EXPECT_THAT(far.ask({"GET", "k"}), StartsWith("-NOAUTH"));
}

TEST(RespTalk, WithoutATableOnlyThisMachineIsTheDefaultTenant) {
  RespProbe probe;
  EXPECT_EQ(probe.client(true).ask({"SET", "k", "v"}), "+OK\r\n");
  RespClient far = probe.client(false);
  EXPECT_THAT(far.ask({"GET", "k"}), StartsWith("-NOAUTH"));
  EXPECT_EQ(far.ask({"AUTH", "any key"}), "+OK\r\n");
  EXPECT_EQ(far.ask({"GET", "k"}), "$-1\r\n");
}

TEST(RespTalk, SlowReaderMakesItsOwnCommandsWait) {
  RespProbe probe({.output_max = 256 << 10, .version = "test"});
  RespClient client = probe.client();
  client.ask({"SET", "k", bytes_of(4000, 1)});
  const std::string get = RespClient::command({"GET", "k"});
  std::string pipeline;
  for (int i = 0; i < 20'000; ++i) pipeline += get;
  const std::size_t given = client.give(pipeline);  // nothing is taken meanwhile
  EXPECT_LT(given, pipeline.size()) << "everything was read though nothing was written";
  std::string replies = client.take();
  replies += client.say(std::string_view(pipeline).substr(given));
  EXPECT_EQ(replies.size(), 20'000 * bulk(bytes_of(4000, 1)).size());
}

TEST(RespTalk, DamageBehindTheFirstPiecesCutsTheReply) {
  RespProbe probe;
  RespClient client = probe.client();
  const std::string value = bytes_of(12 * values::kPieceBytes, 1);
  client.ask({"SET", "k", value});
  for (const auto& entry : std::filesystem::directory_iterator(probe.values.folder.path())) {
    if (entry.path().extension() != ".val") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(10 * values::kPieceBytes);
    file.put('!');
    file.put('!');
  }
  const std::string reply = client.ask({"GET", "k"});
  EXPECT_LT(reply.size(), value.size());
  EXPECT_TRUE(client.talk().over());
  EXPECT_EQ(probe.door.stats().cut, 1U);
  EXPECT_EQ(probe.client().ask({"GET", "k"}), "$-1\r\n");
}

TEST(RespTalk, QuitIsAnsweredAndNothingBehindItIsRun) {
  RespProbe probe;
  RespClient client = probe.client();
  EXPECT_EQ(client.say("QUIT\r\nSET k v\r\n"), "+OK\r\n");
  EXPECT_TRUE(client.talk().over());
  EXPECT_EQ(probe.client().ask({"EXISTS", "k"}), ":0\r\n");
}

}  // namespace
}  // namespace refrain::api
