#include "cli/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scripted_server.h"

namespace refrain::cli {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;

ScriptedServer::Script replying(int status, const std::string& body) {
  return ScriptedServer::each([=](Connection& connection, const Connection::Request&) {
    connection.reply(status, body);
  });
}

base::Error error_of(const std::string& url) {
  auto server = Server::open({.url = url});
  return (*server)->get("/x").error();
}

TEST(Server, SendsMethodPathBodyAndKey) {
  ScriptedServer http(ScriptedServer::each([](Connection& connection,
                                              const Connection::Request& request) {
    bool key = request.head.find("Bearer sk-1") != std::string::npos;
    connection.reply(200, "{\"seen\":\"" + request.method + " " + request.target + " " +
                              std::to_string(request.body.size()) + (key ? " key" : "") + "\"}");
  }));
  auto server = Server::open({.url = http.url("/"), .key = "sk-1"});
  ASSERT_TRUE(server);
  EXPECT_EQ((*server)->get("/a?b=1")->text("seen"), "GET /a?b=1 0 key");
  EXPECT_EQ((*server)->post("/a", json::Object{})->text("seen"), "POST /a 2 key");
  EXPECT_EQ((*server)->erase("/a")->text("seen"), "DELETE /a 0 key");
}

TEST(Server, NobodyThereSaysHowToStartOne) {
  test::Listener closed;
  std::string url = closed.url();
  closed.close();
  base::Error error = error_of(url);
  EXPECT_EQ(error.code, base::Code::unavailable);
  EXPECT_THAT(error.what, HasSubstr("refrain serve"));
}

TEST(Server, AnErrorHasTheServersOwnSentence) {
  ScriptedServer http(replying(404, R"({"error":{"message":"no entry 1","code":"not_found"}})"));
  base::Error error = error_of(http.url());
  EXPECT_EQ(error.code, base::Code::not_found);
  EXPECT_EQ(error.what, "no entry 1");
}

TEST(Server, AnErrorWithoutASentenceHasItsStatus) {
  ScriptedServer http(replying(500, "oops"));
  EXPECT_THAT(error_of(http.url()).what, HasSubstr("status 500"));
}

TEST(Server, AReplyThatIsNoJsonIsAnError) {
  ScriptedServer http(replying(200, "<html>"));
  auto server = Server::open({.url = http.url()});
  EXPECT_FALSE((*server)->get("/x"));
}

TEST(Server, StatusesStandForCauses) {
  EXPECT_EQ(code_of(401), base::Code::invalid);
  EXPECT_EQ(code_of(404), base::Code::not_found);
  EXPECT_EQ(code_of(429), base::Code::busy);
  EXPECT_EQ(code_of(502), base::Code::unavailable);
  EXPECT_EQ(code_of(504), base::Code::deadline);
  EXPECT_EQ(code_of(500), base::Code::internal);
}

TEST(Server, WhatStandsInAnAddressIsEscaped) {
  EXPECT_EQ(escaped("a-Z0.9_~"), "a-Z0.9_~");
  EXPECT_EQ(escaped("org/m x&y%"), "org%2Fm%20x%26y%25");
  EXPECT_EQ(escaped("\xC3\xA9"), "%C3%A9");
}

}  // namespace
}  // namespace refrain::cli
