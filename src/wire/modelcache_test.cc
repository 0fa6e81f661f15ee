#include "wire/modelcache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/golden.h"

namespace refrain::wire::modelcache {
namespace {

const std::string kQuery =
    R"({"type":"query","scope":{"model":"M-1"},"query":[{"role":"user","content":"a"}]})";

int code_of(std::string_view body) {
  auto request = read_request(body);
  return request ? 0 : request.error().code;
}

TEST(ModelcacheRequest, QueryOfOneTurn) {
  const Request request = *read_request(kQuery);
  EXPECT_EQ(request.kind, Kind::query);
  EXPECT_EQ(request.model, "M-1");
  EXPECT_EQ(request.query, (chat::Conversation{{"user", "a", {}}}));
}

TEST(ModelcacheRequest, BodyInAStringIsTheSame) {
  const std::string twice = json::write(json::Value(kQuery));
  EXPECT_EQ(read_request(twice)->query, read_request(kQuery)->query);
  EXPECT_EQ(code_of(json::write(json::Value(twice))), code::kParameter);
}

TEST(ModelcacheRequest, UnknownMembersOfATurnStay) {
  const Request request = *read_request(
      R"({"type":"query","scope":{"model":"m"},"query":[{"role":"u","content":"a","name":"x"}]})");
  EXPECT_EQ(request.query[0].more, (json::Object{{"name", "x"}}));
}

TEST(ModelcacheRequest, TwoAnswersOfAnInsert) {
  const Request request = *read_request(
      R"({"type":"insert","scope":{"model":"m"},"chat_info":[
          {"query":[{"role":"user","content":"a"}],"answer":"A"},
          {"query":[{"role":"system","content":"s"},{"role":"user","content":"x"}],
           "answer":""}]})");
  ASSERT_EQ(request.answers.size(), 2U);
  EXPECT_EQ(request.answers[1].query.size(), 2U);
  EXPECT_EQ(request.answers[1].answer, "");
}

TEST(ModelcacheRequest, WhatIsWrongHasTheCodeOfTheReference) {
  EXPECT_EQ(code_of("{"), code::kBadJson);
  EXPECT_EQ(code_of(R"("{")"), code::kBadJson);
  EXPECT_EQ(code_of(R"({"type":"zap","scope":{"model":"m"}})"), code::kType);
  EXPECT_EQ(code_of(R"({"scope":{"model":"m"}})"), code::kType);
  EXPECT_EQ(code_of(R"({"type":5})"), code::kType);
  EXPECT_EQ(code_of("[]"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":5})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","query":[]})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":{"model":""}})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":{"model":"m"}})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":{"model":"m"},"query":[]})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":{"model":"m"},"query":["a"]})"), code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"query","scope":{"model":"m"},"query":[{"role":"user"}]})"),
            code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"insert","scope":{"model":"m"},"chat_info":[{"answer":"A"}]})"),
            code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"insert","scope":{"model":"m"},"chat_info":
                        [{"query":[{"content":"a"}],"answer":7}]})"),
            code::kParameter);
  EXPECT_EQ(code_of(R"({"type":"remove","scope":{"model":"m"},"remove_type":"all"})"),
            code::kRemoveArgument);
  EXPECT_EQ(code_of(R"({"type":"remove","scope":{"model":"m"},"remove_type":"delete_by_id"})"),
            code::kRemoveArgument);
}

TEST(ModelcacheRequest, NumbersAndTextsOfIdsAreOneKind) {
  const Request request = *read_request(
      R"({"type":"remove","scope":{"model":"m"},"remove_type":"delete_by_id",
          "id_list":[31,"31","000000000000001f"]})");
  EXPECT_EQ(request.ids, (std::vector<std::uint64_t>{31, 31, 31}));
  for (const char* bad :
       {"-1", "1.5", "\"\"", "\"1f\"", "\"-1\"", "null", "\"00000000000000zz\""}) {
    EXPECT_EQ(read_id(*json::parse(bad)), std::nullopt) << bad;
  }
}

TEST(ModelcacheFrame, IdAndPayloadOrAFaultThatKeepsTheId) {
  const Frame good = read_frame(R"({"requestId":"r1","payload":)" + kQuery + "}");
  EXPECT_FALSE(good.fault);
  EXPECT_EQ(good.id, json::Value("r1"));
  EXPECT_EQ(read_value(good.payload)->model, "M-1");
  const Frame without = read_frame(R"({"requestId":7})");
  EXPECT_EQ(without.fault->code, code::kBadJson);
  EXPECT_EQ(without.id, json::Value::of(std::int64_t{7}));
  for (const char* text : {"{", "[]", "{}", R"({"payload":{}})", R"({"requestId":{}})"}) {
    const Frame bad = read_frame(text);
    EXPECT_TRUE(bad.fault && bad.id.is_null()) << text;
  }
}

TEST(ModelcacheNames, FoldingIsTheReferences) { EXPECT_EQ(folded("a-b.c_d"), "a_b_c_d"); }

// One line a body: tests/golden/modelcache/replies.txt; GOLDEN_UPDATE=1 writes it anew.
TEST(ModelcacheReplies, AreThoseOfTheGolden) {
  std::string all;
  auto add = [&](std::string_view name, std::string_view body) {
    ((((all += name) += ' ') += body) += '\n');
  };
  Reply hit{.hit = true, .questions = {"user###a"}, .answers = {"A\n"}, .seconds = 0.0249};
  add("hit", render_query(hit));
  hit.as_list = true;
  add("hits", render_query(hit));
  add("miss", render_query({.seconds = 1.0}));
  add("inserted", render_inserted());
  add("truncated", render_truncated(2));
  add("deleted", render_deleted(1));
  add("created", render_registered(Registered::created));
  add("was-there", render_registered(Registered::was_there));
  for (int code : {102, 103, 105, 201, 202, 301, 302, 303, 305, 400, 401, 402, 403, 500, 502}) {
    add(std::to_string(http_status(code)), render_fault({code, "why \xff \"so\""}));
  }
  add("frame", render_frame("r1", render_inserted()));
  add("frame", render_frame(nullptr, render_fault({400, "no id"})));
  const std::string name = "modelcache/replies.txt";
  if (std::getenv("GOLDEN_UPDATE") != nullptr) std::ofstream("tests/golden/" + name) << all;
  EXPECT_EQ(all, golden(name));
}

}  // namespace
}  // namespace refrain::wire::modelcache
