#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/support/gate_embedder.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_folder.h"

namespace refrain::cli {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;

// A server that answers everything with one reply and keeps what it was asked.
struct CommandsTest : testing::Test {
  CommandsTest()
      : http(ScriptedServer::each([this](Connection& connection,
                                         const Connection::Request& request) {
          std::lock_guard guard(lock);
          asked.push_back(request.method + " " + request.target);
          bodies.push_back(request.body);
          connection.reply(status, reply);
        })) {
    session.server.url = http.url();
  }

  template <class Command>
  int run(Command command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int exit = command();
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return exit;
  }
  // The same command with --json: its output, which must be JSON.
  template <class Command>
  json::Value as_json(Command command) {
    session.json = true;
    run(command);
    session.json = false;
    base::Result<json::Value> value = json::parse(out);
    EXPECT_TRUE(value) << out;
    return value.value_or(json::Value());
  }
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::mutex lock;
  int status = 200;
  std::string reply = "{}";
  std::vector<std::string> asked, bodies;
  Session session;
  TempFolder temp;
  const std::string& folder = temp.path();
  std::string out, err;
  ScriptedServer http;
};

TEST_F(CommandsTest, StatsArePrintedFlatOrAsTheyCame) {
  reply = R"({"version":"1","outcomes":{"hit":3}})";
  auto command = [&] { return stats(session); };
  EXPECT_EQ(run(command), 0);
  EXPECT_THAT(out, HasSubstr("outcomes.hit                       3\n"));
  EXPECT_EQ(json::write(as_json(command)), reply);
  EXPECT_THAT(asked, ElementsAre("GET /refrain/v1/stats", "GET /refrain/v1/stats"));
}

TEST_F(CommandsTest, ExplainPrintsADecisionWithItsCandidates) {
  reply = R"({"request_id":"req-1","outcome":"miss","notes":["a note"],"candidates":[)"
          R"({"answer_id":"00ff","cosine":0.91,"accepted":false,"reasons":["numbers refused"]}]})";
  auto command = [&] { return explain(session, "req-1"); };
  EXPECT_EQ(run(command), 0);
  EXPECT_THAT(out, HasSubstr("outcome      miss"));
  EXPECT_THAT(out, HasSubstr("note         a note"));
  EXPECT_THAT(out, HasSubstr("candidate    00ff cosine 0.91: refused"));
  EXPECT_THAT(out, HasSubstr("numbers refused"));
  EXPECT_EQ(as_json(command).text("request_id"), "req-1");
}

TEST_F(CommandsTest, ExplainPrintsAnEntryAndWhatItServed) {
  reply = R"({"entry":{"id":"00ff","question":"q","answer":"a"},)"
          R"("served":[{"when":"now","request_id":"req-1"}]})";
  EXPECT_EQ(run([&] { return explain(session, "00ff"); }), 0);
  EXPECT_THAT(out, HasSubstr("answer       a"));
  EXPECT_THAT(out, HasSubstr("served       now req-1"));
}

TEST_F(CommandsTest, ExplainPrintsTheLastDecisions) {
  reply = R"({"decisions":[{"request_id":"req-1"},{"request_id":"req-2"}]})";
  run([&] { return explain(session, "last"); });
  EXPECT_THAT(out, HasSubstr("req-2"));
}

TEST_F(CommandsTest, WhatIsNotFoundIsThree) {
  status = 404;
  reply = R"({"error":{"message":"no decision req-1","code":"not_found"}})";
  auto command = [&] { return explain(session, "req-1"); };
  EXPECT_EQ(run(command), 3);
  EXPECT_EQ(err, "refrain: no decision req-1\n");
  EXPECT_EQ(json::write(*as_json(command).find("error")),
            R"({"message":"no decision req-1","code":"not_found"})");
}

TEST_F(CommandsTest, EntriesAreListedAndTheNextPageIsSaid) {
  reply = R"({"entries":[{"id":"00ff","tenant":"t","model":"m","hits":2,"question":"a\nb"}],)"
          R"("next":"00ff"})";
  auto command = [&] {
    return entries(session, {.model = "org/m x", .tag = "a&b", .after = "01", .limit = 5});
  };
  EXPECT_EQ(run(command), 0);
  EXPECT_THAT(out, HasSubstr("a b"));
  EXPECT_EQ(err, "more: refrain entries --after 00ff\n");
  EXPECT_EQ(asked[0],
            "GET /refrain/v1/entries?limit=5&model=org%2Fm%20x&tag=a%26b&after=01");
  EXPECT_EQ(as_json(command).text("next"), "00ff");
}

TEST_F(CommandsTest, InsertSendsLinesInBatchesAndFillsInWhatTheyLeaveOut) {
  std::string lines;
  for (int i = 0; i < 501; ++i) lines += "{\"question\":\"q\",\"answer\":\"a\"}\r\n\n";
  auto command = [&] {
    return insert(session, {.file = file("a.jsonl", lines), .model = "m", .tags = {"x"}});
  };
  EXPECT_EQ(run(command), 0);
  EXPECT_EQ(out, "501 entries stored\n");
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_THAT(bodies[1], R"({"entries":[{"question":"q","answer":"a","model":"m","tags":["x"]}]})");
  EXPECT_EQ(as_json(command).find("inserted")->as_int(), 501);
}

TEST_F(CommandsTest, InsertNamesALineThatIsBroken) {
  EXPECT_EQ(run([&] { return insert(session, {.file = file("a.jsonl", "{}\n[1]\n")}); }), 2);
  EXPECT_THAT(err, HasSubstr("line 2: an object is wanted"));
  EXPECT_EQ(run([&] { return insert(session, {.file = file("b.jsonl", "\n")}); }), 2);
  EXPECT_EQ(run([&] { return insert(session, {.file = folder + "/absent"}); }), 1);
  EXPECT_TRUE(asked.empty());
}

TEST_F(CommandsTest, InsertSaysHowFarItCame) {
  status = 503;
  reply = R"({"error":{"message":"disk is full"}})";
  EXPECT_EQ(run([&] { return insert(session, {.file = file("a.jsonl", "{}")}); }), 1);
  EXPECT_THAT(err, HasSubstr("0 of 1 lines are stored; then: disk is full"));
}

TEST_F(CommandsTest, InvalidateSendsWhatItWasGiven) {
  reply = R"({"would_delete":3,"dry_run":true})";
  InvalidateOptions options;
  options.ids = {"00ff"};
  options.tag = "x";
  options.older_than = "7d";
  options.older_than_seconds = 604800;
  options.dry_run = true;
  auto command = [&] { return invalidate(session, options); };
  EXPECT_EQ(run(command), 0);
  EXPECT_EQ(out, "would delete 3 entries\n");
  EXPECT_EQ(bodies[0], R"({"ids":["00ff"],"tag":"x","older_than":604800,"dry_run":true})");
  EXPECT_EQ(as_json(command).find("would_delete")->as_int(), 3);
}

struct AnalyzeFileTest : CommandsTest {
  AnalyzeFileTest() {
    for (auto [text, cosine] :
         {std::pair{"one two", 1.0F}, {"two", 0.95F}, {"three", 0.0F}, {"four", -1.0F}}) {
      embedder.set(text, cosine);
    }
    command.file = file("a.jsonl", "\"one two\"\n\"two\"\n\"three\"\n\"four\"\n");
  }
  test::GateEmbedder embedder;
  AnalyzeCommand command;
};

TEST_F(AnalyzeFileTest, PrintsCountMeanPairsShareAndSamples) {
  EXPECT_EQ(run([&] { return analyze_file(session, command, embedder); }), 0);
  EXPECT_EQ(out,
            "prompts                  4\nmean length              1.2 words\n"
            "pairs at cosine >= 0.90  1\nshare of all pairs       16.67 %\n"
            "0.9500  one two\n        two\n");
  EXPECT_EQ(err, "") << "no progress where nobody watches";
}

TEST_F(AnalyzeFileTest, SaysTheSameInJson) {
  json::Value found = as_json([&] { return analyze_file(session, command, embedder); });
  EXPECT_EQ(found.find("prompts")->as_int(), 4);
  EXPECT_EQ(found.find("pairs")->as_int(), 1);
  EXPECT_EQ(found.find("samples")->array()->front().text("second"), "two");
}

TEST_F(AnalyzeFileTest, AFileOfNoUseIsTwo) {
  command.file = file("a.txt", "x");
  EXPECT_EQ(run([&] { return analyze_file(session, command, embedder); }), 2);
}

}  // namespace
}  // namespace refrain::cli
