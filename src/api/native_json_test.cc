#include "api/native_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::api::native {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

json::Value parsed(const std::string& text) { return json::parse(text).value(); }

std::string entry_error(const std::string& text) {
  auto entry = read_entry(parsed(text), "d");
  return entry ? "" : entry.error().what;
}

std::string filter_error(const std::string& text) {
  auto filter = read_filter(parsed(text), {});
  return filter ? "" : filter.error().what;
}

TEST(NativeJson, AQuestionBecomesTheRequestThatAClientWouldSend) {
  auto request = read_question(parsed(R"({"question":"q","system":"s"})"), "d");
  ASSERT_TRUE(request) << request.error().what;
  EXPECT_EQ(request->model, "d");
  EXPECT_EQ(request->text, "q");
  auto same = read_question(
      parsed(R"({"request":{"model":"d","messages":[{"role":"system","content":"s"},)"
             R"({"role":"user","content":"q"}]}})"),
      "d");
  ASSERT_TRUE(same) << same.error().what;
  EXPECT_EQ(key::identify(*request, {}).exact, key::identify(*same, {}).exact);
}

TEST(NativeJson, AnEntryMayBeAPairOfTexts) {
  auto entry = read_entry(parsed(R"({"question":"q","answer":"a","model":"m","tags":["x","y"],)"
                                 R"("ttl":60,"scope":"user","user":"u"})"),
                          "d");
  ASSERT_TRUE(entry) << entry.error().what;
  EXPECT_EQ(chat::text(entry->answer), "a");
  EXPECT_THAT(chat::finishes(entry->answer), ElementsAre("stop"));
  EXPECT_THAT(entry->tags, ElementsAre("x", "y"));
  EXPECT_EQ(entry->ttl, 60s);
  EXPECT_EQ(entry->scope, key::ScopeKind::user);
  EXPECT_EQ(entry->user, "u");
}

TEST(NativeJson, AnEntryMayBeAWholeExchange) {
  auto entry = read_entry(
      parsed(R"({"request":{"model":"m","prompt":"q"},"dialect":"openai.completions",)"
             R"("response":{"choices":[{"index":0,"text":"a","finish_reason":"stop"}]}})"),
      "d");
  ASSERT_TRUE(entry) << entry.error().what;
  EXPECT_EQ(entry->request.dialect, chat::Dialect::openai_completion);
  EXPECT_EQ(chat::text(entry->answer), "a");
}

TEST(NativeJson, WhatIsWrongWithAnEntryIsNamed) {
  EXPECT_THAT(entry_error("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(entry_error(R"({"question":"","answer":"a"})"), HasSubstr("'question'"));
  EXPECT_THAT(entry_error(R"({"question":"q"})"), HasSubstr("'answer'"));
  EXPECT_THAT(entry_error(R"({"question":"q","answer":"a","tags":"x"})"), HasSubstr("'tags'"));
  EXPECT_THAT(entry_error(R"({"question":"q","answer":"a","ttl":-1})"), HasSubstr("'ttl'"));
  EXPECT_THAT(entry_error(R"({"question":"q","answer":"a","scope":"mine"})"),
              HasSubstr("user, tenant or global"));
  EXPECT_THAT(entry_error(R"({"question":"q","answer":"a","model":7})"), HasSubstr("'model'"));
  EXPECT_THAT(entry_error(R"({"request":{},"dialect":"tgi","answer":"a"})"),
              HasSubstr("'dialect'"));
  EXPECT_THAT(entry_error(R"({"question":"q","response":{"error":{"message":"no"}}})"),
              HasSubstr("error object"));
}

TEST(NativeJson, AFilterIsRead) {
  auto filter = read_filter(
      parsed(R"({"ids":["00000000000000ff"],"model":"m","tag":"t","scope":"tenant","user":"u",)"
             R"("tenant":"x","dialect":"gkv","older_than":10,"prefix":"p"})"),
      base::WallTime(30s));
  ASSERT_TRUE(filter) << filter.error().what;
  EXPECT_THAT(filter->ids, ElementsAre(255));
  EXPECT_EQ(filter->model, "m");
  EXPECT_EQ(filter->tag, "t");
  EXPECT_EQ(filter->user, "u");
  EXPECT_EQ(filter->tenant, "x");
  EXPECT_EQ(filter->dialect, "gkv");
  EXPECT_EQ(filter->text_prefix, "p");
  EXPECT_EQ(filter->stored_before, base::WallTime(20s));
  EXPECT_FALSE(filter->everything);
}

TEST(NativeJson, AFilterThatSaysNothingIsRefused) {
  EXPECT_THAT(filter_error("{}"), HasSubstr("say what to match"));
  EXPECT_THAT(filter_error(R"({"all":false,"dry_run":true})"), HasSubstr("say what to match"));
  EXPECT_EQ(filter_error(R"({"all":true})"), "");
}

TEST(NativeJson, WhatIsWrongWithAFilterIsNamed) {
  EXPECT_THAT(filter_error(R"({"modle":"m"})"), HasSubstr("'modle' is unknown"));
  EXPECT_THAT(filter_error(R"({"ids":["xyz"]})"), HasSubstr("'xyz' is no answer id"));
  EXPECT_THAT(filter_error(R"({"older_than":"7d"})"), HasSubstr("'older_than'"));
}

TEST(NativeJson, ADecisionIsWrittenWithItsCandidates) {
  serve::Decision decision;
  decision.request_id = "req-1";
  decision.outcome = "hit";
  decision.tier = "semantic";
  decision.answer_id = 255;
  decision.similarity = 0.85F;
  decision.controls = {"a note"};
  decision.candidates = {{255, 0.85F, true, {"floor: 0.85"}}};
  json::Value out = write_decision(decision);
  EXPECT_EQ(out.text("answer_id"), "00000000000000ff");
  EXPECT_EQ(json::write(*out.find("similarity")), "0.85");
  EXPECT_EQ(json::write(*out.find("notes")), R"(["a note"])");
  EXPECT_EQ(json::write(*out.find("candidates")),
            R"([{"answer_id":"00000000000000ff","cosine":0.85,"accepted":true,)"
            R"("reasons":["floor: 0.85"]}])");
}

TEST(NativeJson, AMissHasNeitherTierNorAnswer) {
  json::Value out = write_decision({});
  EXPECT_FALSE(out.find("tier"));
  EXPECT_FALSE(out.find("answer_id"));
  EXPECT_FALSE(out.find("similarity"));
}

TEST(NativeJson, AnEntryIsWrittenWithOrWithoutItsTexts) {
  serve::EntryView view;
  view.record.id = 1;
  view.record.tags = {"x"};
  view.question = "q";
  EXPECT_EQ(write_entry(view, Texts::with).text("question"), "q");
  json::Value bare = write_entry(view, Texts::without);
  EXPECT_FALSE(bare.find("question"));
  EXPECT_EQ(json::write(*bare.find("tags")), R"(["x"])");
  EXPECT_EQ(json::write(*bare.find("semantic")), "false");
}

}  // namespace
}  // namespace refrain::api::native
