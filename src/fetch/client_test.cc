#include "fetch/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "tests/support/recording_sink.h"
#include "tests/support/scripted_server.h"

namespace refrain::fetch {
namespace {

using base::Code;
using std::chrono::milliseconds;
using test::Connection, test::RecordingSink, test::ScriptedServer;
using testing::HasSubstr;

std::unique_ptr<Client> open(const Options& options = {}) {
  return std::move(*Client::open(options));
}

ScriptedServer::Script echo() {
  return ScriptedServer::each([](Connection& connection, const Connection::Request& request) {
    connection.reply(200, request.method + " " + request.target + " " + request.body);
  });
}

TEST(FetchClient, OptionsOutOfRangeAreNamedWithTheirValue) {
  EXPECT_THAT(Client::open({.threads = 3}).error().what, HasSubstr("fetch.threads is 3"));
  EXPECT_THAT(Client::open({.buffer_bytes = 10}).error().what, HasSubstr("is 10"));
  EXPECT_EQ(Client::open({.transfers_max = 0}).error().code, Code::invalid);
}

TEST(FetchClient, AWholeReplyComesBack) {
  ScriptedServer server(echo());
  auto reply = open()->fetch_whole({}, {.url = server.url("/a?b=c")});
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "GET /a?b=c ");
}

TEST(FetchClient, APostCarriesItsBody) {
  ScriptedServer server(echo());
  auto reply = open()->fetch_whole({}, {.method = "POST", .url = server.url("/p"), .body = "hi"});
  EXPECT_EQ(reply->body, "POST /p hi");
}

TEST(FetchClient, AConnectionIsUsedAgain) {
  ScriptedServer server(echo());
  auto client = open();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->fetch_whole({}, {.url = server.url("/")}));
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(client->stats().connections, 1U);
  EXPECT_EQ(client->stats().answered, 3U);
}

TEST(FetchClient, AKeptConnectionThatWasClosedMeanwhileCostsNoError) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.reply(200, "once");  // and closes, although it had not said so
  });
  auto client = open();
  for (int i = 0; i < 20; ++i) {
    auto reply = client->fetch_whole({}, {.method = "POST", .url = server.url("/"), .body = "b"});
    ASSERT_TRUE(reply) << reply.error().what;
  }
}

TEST(FetchClient, ARedirectIsAReply) {
  ScriptedServer server(ScriptedServer::each([](Connection& connection, const auto&) {
    connection.reply(302, "", "Location: http://127.0.0.1:1/\r\n");
  }));
  EXPECT_EQ(open()->fetch_whole({}, {.url = server.url("/")})->status, 302);
}

TEST(FetchClient, ACompressedBodyComesAsItIs) {
  ScriptedServer server(ScriptedServer::each([](Connection& connection, const auto&) {
    connection.reply(200, "not really gzip", "Content-Encoding: gzip\r\n");
  }));
  EXPECT_EQ(open()->fetch_whole({}, {.url = server.url("/")})->body, "not really gzip");
}

TEST(FetchClient, AProxyInTheEnvironmentCountsOnlyIfAskedFor) {
  test::Listener nobody;
  std::string refusing = nobody.url();
  nobody.close();
  ASSERT_EQ(setenv("http_proxy", refusing.c_str(), 1), 0);
  ScriptedServer server(echo());
  auto direct = open()->fetch_whole({}, {.url = server.url("/")});
  auto through = open({.proxy_from_environment = true})->fetch_whole({}, {.url = server.url("/")});
  unsetenv("http_proxy");
  EXPECT_TRUE(direct);
  EXPECT_EQ(through.error().code, Code::unavailable);
}

TEST(FetchClient, TransfersOverTheLimitAreRefusedAtOnce) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  auto client = open({.transfers_max = 2});
  auto sink = std::make_shared<RecordingSink>();
  EXPECT_TRUE(client->start({.url = server.url("/")}, sink));
  EXPECT_TRUE(client->start({.url = server.url("/")}, sink));
  auto third = client->start({.url = server.url("/")}, sink);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::busy);
  EXPECT_EQ(client->stats().refused, 1U);
}

TEST(FetchClient, ADeadlineOfTheCallEndsAWaitForTheReply) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  base::Call call{.deadline = base::SystemClock().now() + milliseconds(30)};
  auto reply = open()->fetch_whole(call, {.url = server.url("/")});
  EXPECT_EQ(reply.error().code, Code::deadline);
  call.deadline = base::SystemClock().now();
  EXPECT_EQ(open()->fetch_whole(call, {.url = server.url("/")}).error().code, Code::deadline);
}

TEST(FetchClient, AfterStopNothingStarts) {
  auto client = open();
  client->stop();
  auto sink = std::make_shared<RecordingSink>();
  auto started = client->start({.url = "http://127.0.0.1:1/"}, sink);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::cancelled);
  EXPECT_EQ(sink->seen().ends, 0);
}

TEST(FetchClient, BadRequestsAreRefusedBeforeTheyStart) {
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  EXPECT_EQ(client->start({.url = "nonsense"}, sink).error().code, Code::invalid);
  EXPECT_EQ(client->start({.url = "http://h/", .headers = {{"a", "b\nc"}}}, sink).error().code,
            Code::invalid);
  EXPECT_EQ(client->stats().open, 0);
}

}  // namespace
}  // namespace refrain::fetch
