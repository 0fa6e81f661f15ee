#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "json/value.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::StartsWith;

struct CommandLine : testing::Test {
  int line(std::vector<std::string> words) {
    std::vector<const char*> argv = {"refrain"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int status = run(static_cast<int>(argv.size()), argv.data());
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return status;
  }
  json::Value json_out() const { return json::parse(out).value_or(json::Value()); }
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  static std::string closed_url() {
    test::Listener closed;
    return closed.url();
  }
  TempFolder temp;
  const std::string& folder = temp.path();
  std::string out, err;
};

TEST_F(CommandLine, HelpAndVersionAreZeroAndWrongUseIsTwo) {
  EXPECT_EQ(line({"--version"}), 0);
  EXPECT_EQ(out, "refrain 0.1.0\n");
  EXPECT_EQ(line({"serve", "--help"}), 0);
  EXPECT_EQ(line({}), 2);
  EXPECT_EQ(line({"stats", "--frobnicate"}), 2);
  EXPECT_EQ(line({"entries", "--limit", "0"}), 2);
}

TEST_F(CommandLine, HelpShowsEveryCommandAndWhatExitStatusesMean) {
  line({"--help"});
  for (const char* command : {"serve", "doctor", "analyze", "ask", "stats", "explain", "entries",
                              "insert", "invalidate", "completion"}) {
    EXPECT_THAT(out, HasSubstr(command));
    EXPECT_EQ(line({command, "--help"}), 0);
    EXPECT_THAT(out, HasSubstr("Example:\n  refrain "));
    EXPECT_THAT(out, HasSubstr("--json"));
    line({"--help"});
  }
  EXPECT_THAT(out, HasSubstr("Exit status: 0 done; 1 failed; 2 wrong use or settings; 3 nothing "
                             "found; 4 nobody answers"));
}

TEST_F(CommandLine, PrintConfigIsTomlOrJsonAndHidesSecrets) {
  EXPECT_EQ(line({"serve", "--print-config", "--ttl", "5d", "--upstream-key", "sk-secret"}), 0);
  EXPECT_THAT(out, HasSubstr("ttl = \"5d\"  # flag --ttl\n"));
  EXPECT_EQ(out.find("sk-secret"), std::string::npos);
  EXPECT_EQ(line({"serve", "--print-config", "--json", "--ttl", "5d", "--upstream-key",
                  "sk-secret"}),
            0);
  EXPECT_EQ(json_out().find("ttl")->text("value"), "5d");
  EXPECT_EQ(json_out().find("ttl")->text("origin"), "flag --ttl");
  EXPECT_EQ(out.find("sk-secret"), std::string::npos);
}

TEST_F(CommandLine, AWrongSettingIsTwoOnEveryCommandThatTakesSettings) {
  for (const char* command : {"serve", "doctor"}) {
    EXPECT_EQ(line({command, "--ttl", "tomorrow"}), 2);
    EXPECT_THAT(err, HasSubstr("'ttl'"));
  }
  EXPECT_EQ(line({"serve", "--print-config", "--ttl", "tomorrow", "--json"}), 2);
  EXPECT_EQ(json_out().find("error")->text("code"), "invalid");
  EXPECT_EQ(line({"serve", "--config", folder + "/absent.toml"}), 2);
  EXPECT_EQ(line({"invalidate", "--older-than", "tomorrow"}), 2);
  EXPECT_THAT(err, HasSubstr("--older-than is 'tomorrow'"));
}

TEST_F(CommandLine, DoctorIsWellBeforeTheServerIsStarted) {
  ScriptedServer upstream(
      ScriptedServer::each([](Connection& connection, const Connection::Request&) {
        connection.reply(200, R"({"generated_text":"hello"})");
      }));
  std::vector<std::string> words = {"doctor", "--data-dir", ":memory:", "--embedder", "off",
                                    "--upstream-kind", "tgi", "--upstream", upstream.url(),
                                    "--server", closed_url()};
  EXPECT_EQ(line(words), 0) << out;
  EXPECT_THAT(out, HasSubstr("OK    upstream health"));
  EXPECT_THAT(out, HasSubstr("OK    upstream info"));
  EXPECT_THAT(out, HasSubstr("OK    upstream generates"));
  EXPECT_THAT(out, HasSubstr("NOTE  server"));
  words.push_back("--json");
  EXPECT_EQ(line(words), 0);
  EXPECT_EQ(json_out().find("checks")->array()->size(), 7U);
}

TEST_F(CommandLine, DoctorFailsWithTheReasonOfAnUpstreamThatIsDown) {
  EXPECT_EQ(line({"doctor", "--data-dir", ":memory:", "--embedder", "off", "--upstream",
                  closed_url()}),
            1);
  EXPECT_THAT(out, HasSubstr("FAIL  upstream models"));
  EXPECT_THAT(out, HasSubstr("refused"));
}

TEST_F(CommandLine, DoctorNamesAFolderThatCannotBeWrittenAndAnEmbedderThatIsNone) {
  EXPECT_EQ(line({"doctor", "--data-dir", file("file", "") + "/below", "--embedder",
                  "table:" + folder + "/absent"}),
            1);
  EXPECT_THAT(out, HasSubstr("FAIL  data folder"));
  EXPECT_THAT(out, HasSubstr("FAIL  embedder"));
}

TEST_F(CommandLine, AnalyzeUsesTheEmbedderOfTheSettings) {
  std::string table = file("table.jsonl", "{\"text\":\"a\",\"vector\":[1,0]}\n"
                                          "{\"text\":\"b\",\"vector\":[0.95,0.3122499]}\n"
                                          "{\"text\":\"c\",\"vector\":[0,1]}\n"
                                          "{\"text\":\"d\",\"vector\":[-1,0]}\n");
  std::string prompts = file("p.csv", "Questions\na\nb\nc\nd\n");
  EXPECT_EQ(line({"analyze", prompts, "--embedder", "table:" + table, "--json"}), 0);
  EXPECT_EQ(json_out().find("pairs")->as_int(), 1);
  EXPECT_NEAR(*json_out().find("share_percent")->as_double(), 16.67, 0.005);
  EXPECT_EQ(line({"analyze", prompts, "--embedder", "off"}), 2);
}

TEST_F(CommandLine, CompletionCoversItsOwnCommandsAndFlags) {
  EXPECT_EQ(line({"completion", "bash"}), 0);
  EXPECT_THAT(out, HasSubstr("_refrain()"));
  EXPECT_THAT(out, HasSubstr("    analyze) offered=\""));
  EXPECT_THAT(out, HasSubstr("--lookup-deadline"));
  EXPECT_EQ(line({"completion", "zsh"}), 0);
  EXPECT_THAT(out, StartsWith("#compdef refrain"));
  EXPECT_EQ(line({"completion", "bash", "--json"}), 0);
  EXPECT_FALSE(json_out().text("script").empty());
  EXPECT_EQ(line({"completion", "fish"}), 2);
}

TEST_F(CommandLine, CommandsOfAServerThatIsNotThereAreFour) {
  std::string url = closed_url();
  for (std::vector<std::string> words :
       {std::vector<std::string>{"stats"}, {"explain", "x"}, {"entries"},
        {"invalidate", "--all"}, {"ask", "q"}, {"insert", file("a.jsonl", "{}")}}) {
    words.insert(words.end(), {"--server", url});
    EXPECT_EQ(line(words), 4) << words[0];
    words.emplace_back("--json");
    EXPECT_EQ(line(words), 4) << words[0];
    EXPECT_EQ(json_out().find("error")->text("code"), "unavailable") << words[0];
  }
}

}  // namespace
}  // namespace refrain::app
