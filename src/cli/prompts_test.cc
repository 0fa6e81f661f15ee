#include "cli/prompts.h"

#include "tests/support/temp_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace refrain::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Prompts : testing::Test {
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  TempFolder temp;
  const std::string& folder = temp.path();
};

TEST_F(Prompts, LinesMayUseAnyOfTheKeys) {
  std::string path =
      file("a.jsonl", "{\"prompt\":\"a\"}\n\n{\"input\":\"b\"}\r\n{\"question\":\"c\"}\n\"d\"");
  EXPECT_THAT(*read_prompts(path), ElementsAre("a", "b", "c", "d"));
}

TEST_F(Prompts, ABrokenLineIsNamed) {
  std::string path = file("a.jsonl", "{\"prompt\":\"a\"}\n{oops\n");
  auto prompts = read_prompts(path);
  ASSERT_FALSE(prompts);
  EXPECT_THAT(prompts.error().what, HasSubstr("line 2"));
}

TEST_F(Prompts, AnObjectWithQuestionsIsRead) {
  EXPECT_THAT(*read_prompts(file(
                  "a.json", R"({"Questions":[{"RawQuestion":"a"},{"ProcessedQuestion":"b"}]})")),
              ElementsAre("a", "b"));
  EXPECT_THAT(*read_prompts(file("b.json", R"({"data":[{"prompt":"a"}]})")), ElementsAre("a"));
  EXPECT_THAT(*read_prompts(file("c.json", R"([{"question":"a"},{"input":"b"}])")),
              ElementsAre("a", "b"));
}

TEST_F(Prompts, UtterancesOfIntentsCountEach) {
  EXPECT_THAT(*read_prompts(file("a.json", R"({"intents":[{"intent":"x","text":["a","b"]}]})")),
              ElementsAre("a", "b"));
}

TEST_F(Prompts, ACsvWithByteOrderMarkAndQuotedFieldsIsRead) {
  std::string path =
      file("a.csv", "\xEF\xBB\xBFTopic,Questions\r\nt,\"say \"\"a\"\", b\"\r\nt,\"two\nlines\"\n");
  EXPECT_THAT(*read_prompts(path), ElementsAre("say \"a\", b", "two\nlines"));
}

TEST_F(Prompts, EachColumnNameIsKnownInAnyCaseAndTheFirstOfThemWins) {
  for (const char* name : {"prompt", "Input", "QUESTION", "questions"}) {
    EXPECT_THAT(*read_prompts(file("a.csv", std::string("x,") + name + "\n1,a\n\n2,b\n")),
                ElementsAre("a", "b"));
  }
  EXPECT_THAT(*read_prompts(file("a.csv", "question,prompt\nno,yes\n")), ElementsAre("yes"));
}

TEST_F(Prompts, EachKeyAndEachListOfAJsonFileIsKnown) {
  for (const char* key : {"prompt", "input", "question", "RawQuestion", "ProcessedQuestion"}) {
    std::string item = std::string("{\"") + key + "\":\"a\",\"other\":\"b\"}";
    EXPECT_THAT(*read_prompts(file("a.jsonl", item)), ElementsAre("a"));
    for (const char* list : {"Questions", "questions", "data", "entries"}) {
      EXPECT_THAT(
          *read_prompts(file("a.json", std::string("{\"") + list + "\":[" + item + "]}")),
          ElementsAre("a"));
    }
  }
}

TEST_F(Prompts, AQuotedFieldThatDoesNotEndIsNamedWithItsLine) {
  auto prompts = read_prompts(file("a.csv", "prompt\na\n\"b\nc\n"));
  ASSERT_FALSE(prompts);
  EXPECT_THAT(prompts.error().what, HasSubstr("line 3: a quoted field does not end"));
}

TEST_F(Prompts, AFolderIsNoFile) {
  EXPECT_EQ(read_prompts(folder).error().code, base::Code::io);
}

TEST_F(Prompts, AnUnknownColumnOrEndingIsSaid) {
  EXPECT_THAT(read_prompts(file("a.csv", "x,y\n1,2\n")).error().what, HasSubstr("no column"));
  EXPECT_THAT(read_prompts(file("a.txt", "x")).error().what, HasSubstr(".jsonl, .json or .csv"));
  EXPECT_THAT(read_prompts(file("a.json", "[]")).error().what, HasSubstr("no prompts"));
}

}  // namespace
}  // namespace refrain::cli
