#include "wire/gkv.h"

#include <gtest/gtest.h>

#include "wire/tgi.h"

namespace refrain::wire::gkv {
namespace {

Request read(std::string_view body) {
  auto read = read_request(body, {});
  EXPECT_TRUE(read) << read.error().what;
  return read && read->index() == 0 ? std::get<Request>(*read) : Request{};
}

chat::Answer answer(std::string_view body) { return std::get<0>(*tgi::read_reply(body)); }

TEST(Gkv, UserAndStrategyAreNoPartOfTheQuestion) {
  Request request = read(R"({"inputs":"q","parameters":{"seed":1},"user_id":"u",
      "cache_strategy":"per_user"})");
  EXPECT_EQ(request.user_id, "u");
  EXPECT_EQ(request.strategy, Strategy::per_user);
  EXPECT_TRUE(request.known);
  EXPECT_EQ(request.chat.dialect, chat::Dialect::gkv);
  EXPECT_EQ(request.chat.text, "q");
  EXPECT_EQ(json::write(request.chat.body),
            R"({"inputs":"q","parameters":{"seed":1,"max_new_tokens":100}})");
}

TEST(Gkv, DefaultsAreThoseOfTheReference) {
  Request request = read(R"({"inputs":"q","user_id":"u"})");
  EXPECT_EQ(request.strategy, Strategy::global_user);
  EXPECT_TRUE(request.known);
  EXPECT_EQ(json::write(request.chat.body),
            R"({"inputs":"q","parameters":{"max_new_tokens":100}})");
  EXPECT_EQ(tgi::upstream_body(request.chat),
            R"({"inputs":"q","parameters":{"max_new_tokens":100,"details":true}})");
}

TEST(Gkv, UnknownStrategyIsToldAndMeansGlobalUser) {
  Request request = read(R"({"inputs":"q","user_id":"u","cache_strategy":"mine"})");
  EXPECT_EQ(request.strategy, Strategy::global_user);
  EXPECT_FALSE(request.known);
  for (Strategy one : {Strategy::global_user, Strategy::global_only, Strategy::per_user,
                       Strategy::no_cache}) {
    std::string body = R"({"inputs":"q","user_id":"u","cache_strategy":")";
    EXPECT_EQ(read(body + std::string(name(one)) + "\"}").strategy, one);
  }
}

TEST(Gkv, MissingUserIsAnAnswerOfItsOwn) {
  for (const char* body : {R"({"inputs":"q"})", R"({"inputs":"q","user_id":null})",
                           R"({"inputs":"q","user_id":""})"}) {
    auto read = read_request(body, {});
    ASSERT_TRUE(read) << body;
    EXPECT_TRUE(std::holds_alternative<MissingUser>(*read)) << body;
  }
  EXPECT_EQ(missing_user_body(), R"({"error":"user_id is required","status_code":400})");
}

TEST(Gkv, WrongTypesAreInvalid) {
  for (const char* body : {R"({"user_id":"u"})", R"({"inputs":1,"user_id":"u"})",
                           R"({"inputs":"q","user_id":5})",
                           R"({"inputs":"q","user_id":"u","cache_strategy":1})",
                           R"({"inputs":"q","user_id":"u","parameters":"x"})"}) {
    EXPECT_FALSE(read_request(body, {})) << body;
  }
}

TEST(Gkv, MissAndHitAreLegacyBodies) {
  chat::Answer paris = answer(R"({"generated_text":"Paris"})");
  EXPECT_EQ(render_reply(paris, std::nullopt), R"({"generated_text":"Paris","cached":false})");
  EXPECT_EQ(render_reply(paris, Hit{static_cast<double>(0.95F), "user"}),
            R"({"generated_text":"Paris","cached":true,"similarity":0.95,"source":"user"})");
  EXPECT_EQ(render_reply(paris, Hit{0.123456789, "global"}),
            R"({"generated_text":"Paris","cached":true,"similarity":0.123457,"source":"global"})");
}

TEST(Gkv, OtherErrorsHaveTheSameShape) {
  EXPECT_EQ(error_body("bad", 502), R"({"error":"bad","status_code":502})");
}

}  // namespace
}  // namespace refrain::wire::gkv
