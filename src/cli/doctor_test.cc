#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "tests/support/scripted_server.h"

namespace refrain::cli {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::StartsWith;

struct Ran {
  int status = 0;
  std::string out;
};

Ran run_doctor(const std::vector<Check>& checks, bool json = false) {
  Session session;
  session.json = json;
  testing::internal::CaptureStdout();
  Ran run;
  run.status = doctor(session, checks);
  run.out = testing::internal::GetCapturedStdout();
  return run;
}

ScriptedServer::Script tgi(int generate_status = 200) {
  return ScriptedServer::each([=](Connection& connection, const Connection::Request& request) {
    bool generates = request.target == "/generate";
    connection.reply(generates ? generate_status : 200, R"({"generated_text":"hello"})");
  });
}

std::size_t lines(const std::string& text, const std::string& beginning) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    if (text.compare(at, beginning.size(), beginning) == 0) ++count;
  }
  return count;
}

TEST(Doctor, AGoodTgiUpstreamHasThreeLinesThatSayOk) {
  ScriptedServer http(tgi());
  Ran run = run_doctor(upstream_checks(http.url(), "tgi", "", ""));
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(lines(run.out, "OK  "), 3U) << run.out;
  EXPECT_EQ(lines(run.out, "FAIL"), 0U);
}

TEST(Doctor, AnUpstreamThatIsDownFailsWithItsReason) {
  test::Listener closed;
  std::string url = closed.url();
  closed.close();
  Ran run = run_doctor(upstream_checks(url, "tgi", "", ""));
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(lines(run.out, "FAIL"), 3U);
  EXPECT_THAT(run.out, HasSubstr("refused"));
}

TEST(Doctor, AnUpstreamThatDoesNotGenerateSaysWhatItSaid) {
  ScriptedServer http(tgi(500));
  Ran run = run_doctor(upstream_checks(http.url(), "tgi", "", ""));
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.out, HasSubstr("a trial generation got status 500"));
}

TEST(Doctor, AnOpenaiUpstreamIsAskedUnderV1WithItsKey) {
  std::string targets, head;
  ScriptedServer http(ScriptedServer::each([&](Connection& connection,
                                               const Connection::Request& request) {
    targets += request.target + " ";
    head = request.head;
    connection.reply(200, "{}");
  }));
  EXPECT_EQ(run_doctor(upstream_checks(http.url("/v1"), "openai", "sk-1", "m")).status, 0);
  EXPECT_EQ(targets, "/v1/models /v1/chat/completions ");
  EXPECT_THAT(head, HasSubstr("Bearer sk-1"));
}

TEST(Doctor, AWrongKeyIsNamedAsTheLikelyCause) {
  ScriptedServer http(ScriptedServer::each(
      [](Connection& connection, const Connection::Request&) { connection.reply(401, ""); }));
  EXPECT_THAT(run_doctor(upstream_checks(http.url(), "openai", "", "")).out,
              HasSubstr("--upstream-key"));
}

TEST(Doctor, WhatMayBeWrongIsNotedOnly) {
  Check check{"server", [] { return base::fail(base::Code::unavailable, "nobody"); },
              Check::Weight::may};
  Ran run = run_doctor({check});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.out, StartsWith("NOTE"));
}

TEST(Doctor, JsonSaysTheSame) {
  Check good{"a", [] { return base::Result<std::string>("fine"); }};
  Check bad{"b", [] { return base::fail(base::Code::io, "full"); }};
  Ran run = run_doctor({good, bad}, true);
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.out, "{\"ok\":false,\"checks\":[{\"check\":\"a\",\"ok\":true,\"found\":\"fine\"},"
                     "{\"check\":\"b\",\"ok\":false,\"found\":\"full\"}]}\n");
}

}  // namespace
}  // namespace refrain::cli
