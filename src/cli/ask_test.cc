#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "tests/support/scripted_server.h"

namespace refrain::cli {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;

struct Ran {
  int status = 0;
  std::string out, err;
};

Ran run_ask(const std::string& url, AskOptions options = {.question = "q"}, bool json = false) {
  Session session;
  session.server.url = url;
  session.json = json;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran run;
  run.status = ask(session, options);
  run.out = testing::internal::GetCapturedStdout();
  run.err = testing::internal::GetCapturedStderr();
  return run;
}

constexpr const char* kHeaders =
    "x-refrain-cache: hit\r\nx-refrain-tier: semantic\r\nx-refrain-similarity: 0.95\r\n"
    "x-refrain-answer-id: 00ff\r\nx-refrain-request-id: req-1\r\nage: 3\r\n";
constexpr const char* kStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two \"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"words\"}}]}\n\n"
    "data: [DONE]\n\n";

ScriptedServer::Script replying(int status, const std::string& body, const std::string& headers) {
  return ScriptedServer::each([=](Connection& connection, const Connection::Request&) {
    connection.reply(status, body, headers);
  });
}

TEST(CliAsk, PrintsTheAnswerAndHowItCameAbout) {
  ScriptedServer http(replying(200, kStream, kHeaders));
  Ran run = run_ask(http.url());
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "two words\n");
  EXPECT_THAT(run.err, HasSubstr("[hit (semantic, cosine 0.95, answer 00ff, 3 s old)"));
  EXPECT_THAT(run.err, HasSubstr("why: refrain explain req-1]"));
}

TEST(CliAsk, PrintsJsonIfAsked) {
  ScriptedServer http(replying(200, kStream, kHeaders));
  Ran run = run_ask(http.url(), {.question = "q"}, true);
  json::Value out = json::parse(run.out).value();
  EXPECT_EQ(out.text("answer"), "two words");
  EXPECT_EQ(out.text("cache"), "hit");
  EXPECT_EQ(out.text("request-id"), "req-1");
  EXPECT_TRUE(out.find("milliseconds"));
}

TEST(CliAsk, SendsModelSystemPromptAndCacheWord) {
  std::string body, head;
  ScriptedServer http(ScriptedServer::each([&](Connection& connection,
                                               const Connection::Request& request) {
    body = request.body;
    head = request.head;
    connection.reply(200, kStream, kHeaders);
  }));
  run_ask(http.url(), {.question = "q", .model = "m", .system = "s", .cache = "refresh"});
  EXPECT_EQ(body, R"({"model":"m","messages":[{"role":"system","content":"s"},)"
                  R"({"role":"user","content":"q"}],"stream":true})");
  EXPECT_THAT(head, HasSubstr("x-refrain-cache: refresh"));
}

TEST(CliAsk, ARefusalIsItsSentenceAndItsExitStatus) {
  ScriptedServer http(replying(504, R"({"error":{"message":"only-if-cached"}})", ""));
  Ran run = run_ask(http.url());
  EXPECT_EQ(run.status, 4);
  EXPECT_THAT(run.err, HasSubstr("status 504: only-if-cached"));
}

TEST(CliAsk, AnErrorInsideTheStreamFails) {
  ScriptedServer http(replying(200, "data: {\"error\":{\"message\":\"model broke\"}}\n\n", ""));
  Ran run = run_ask(http.url());
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("model broke"));
}

TEST(CliAsk, NobodyThereIsFour) {
  test::Listener closed;
  std::string url = closed.url();
  closed.close();
  EXPECT_EQ(run_ask(url).status, 4);
}

}  // namespace
}  // namespace refrain::cli
