#include "upstream/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::upstream {
namespace {

using chat::Dialect, chat::Origin;
using testing::HasSubstr, testing::Not;

chat::Request request(Dialect dialect, const std::string& body) {
  chat::Request result;
  result.dialect = dialect;
  result.body = *json::parse(body);
  result.raw = body;
  return result;
}

Upstream openai() { return {.url = "http://h/v1", .kind = Kind::openai}; }
Upstream tgi() { return {.url = "http://h", .kind = Kind::tgi}; }

TEST(UpstreamQuestion, AChatRequestTravelsInTheClientsOwnBytes) {
  std::string body = R"({ "model":"m", "messages":[], "temperature":1.0, "unknown":[1] })";
  auto question = ask(request(Dialect::openai_chat, body), openai(), "");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->http.url, "http://h/v1/chat/completions");
  EXPECT_EQ(question->http.body, body);
  EXPECT_EQ(question->shape.origin, Origin::openai_chat);
}

TEST(UpstreamQuestion, AStreamAsksForUsageUnlessTheUpstreamMayNotBeAsked) {
  auto streamed = request(Dialect::openai_chat, R"({"messages":[],"stream":true})");
  streamed.wants_stream = true;
  EXPECT_THAT(ask(streamed, openai(), "")->http.body, HasSubstr("include_usage"));
  Upstream plain = openai();
  plain.stream_usage = false;
  EXPECT_THAT(ask(streamed, plain, "")->http.body, Not(HasSubstr("include_usage")));
}

TEST(UpstreamQuestion, TgiItselfSpeaksChatToo) {
  auto question = ask(request(Dialect::openai_chat, R"({"messages":[]})"), tgi(), "");
  EXPECT_EQ(question->http.url, "http://h/v1/chat/completions");
}

TEST(UpstreamQuestion, GkvOverTgiAsksGenerate) {
  auto gkv = request(Dialect::gkv, R"({"inputs":"a","parameters":{"max_new_tokens":7}})");
  auto question = ask(gkv, tgi(), "");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->http.url, "http://h/generate");
  auto body = json::parse(question->http.body);
  EXPECT_EQ(body->text("inputs"), "a");
  EXPECT_EQ(body->find("parameters")->find("max_new_tokens")->as_int(), 7);
  EXPECT_EQ(question->shape.origin, Origin::tgi);
}

TEST(UpstreamQuestion, TgiStreamsGoToTheStreamingPath) {
  auto streamed = request(Dialect::tgi, R"({"inputs":"a"})");
  streamed.wants_stream = true;
  EXPECT_EQ(ask(streamed, tgi(), "")->http.url, "http://h/generate_stream");
}

TEST(UpstreamQuestion, TgiOverOpenaiBecomesACompletionOfTheNamedModel) {
  auto plain = request(Dialect::tgi, R"({"inputs":"a","parameters":{"max_new_tokens":7}})");
  ASSERT_TRUE(needs_model(plain, openai()));
  auto question = ask(plain, openai(), "m");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->http.url, "http://h/v1/completions");
  auto body = json::parse(question->http.body);
  EXPECT_EQ(body->text("prompt"), "a");
  EXPECT_EQ(body->text("model"), "m");
  EXPECT_EQ(body->find("max_tokens")->as_int(), 7);
  EXPECT_EQ(question->shape.origin, Origin::openai_completion);
}

TEST(UpstreamQuestion, AnEmbeddingRequestRemembersItsInputs) {
  auto question =
      ask(request(Dialect::openai_embedding, R"({"model":"e","input":["a","b"]})"), openai(), "");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->http.url, "http://h/v1/embeddings");
  EXPECT_EQ(question->shape.items.size(), 2U);
}

TEST(UpstreamQuestion, TheUpstreamsOwnKeyTakesThePlaceOfTheClients) {
  auto plain = request(Dialect::openai_chat, R"({"messages":[]})");
  plain.pass = {{"authorization", "Bearer client"}, {"x-api-key", "client"}, {"x-own", "1"}};
  EXPECT_EQ(fetch::header(ask(plain, openai(), "")->http.headers, "authorization"),
            "Bearer client");
  Upstream keyed = openai();
  keyed.api_key = "ours";
  auto headers = ask(plain, keyed, "")->http.headers;
  EXPECT_EQ(fetch::header(headers, "authorization"), "Bearer ours");
  EXPECT_EQ(fetch::header(headers, "x-api-key"), "");
  EXPECT_EQ(fetch::header(headers, "x-own"), "1");
}

TEST(UpstreamQuestion, HeadersOfOneConnectionAndCookiesStay) {
  auto left = travelling({{"connection", "close"},
                          {"content-length", "1"},
                          {"set-cookie", "a=b"},
                          {"date", "now"},
                          {"x-request-id", "7"},
                          {"retry-after", "3"}});
  EXPECT_THAT(left, testing::ElementsAre(testing::Pair("x-request-id", "7"),
                                         testing::Pair("retry-after", "3")));
}

}  // namespace
}  // namespace refrain::upstream
