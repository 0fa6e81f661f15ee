#include "wire/embeddings.h"

#include <gtest/gtest.h>

namespace refrain::wire::openai {
namespace {

chat::Request request(std::string_view body) {
  auto read = read_request(chat::Dialect::openai_embedding, body, {{"authorization", "k"}});
  EXPECT_TRUE(read);
  return read ? *read : chat::Request{};
}

std::vector<chat::Answer> answers(std::string_view body, const std::vector<json::Value>& items) {
  auto read = read_embeddings(body, items);
  EXPECT_TRUE(read) << read.error().what;
  if (!read || read->index() != 0) return {};
  return std::get<0>(*read);
}

TEST(Embeddings, ListOfTokensIsOneInputAndListOfTextsIsABatch) {
  auto count = [](std::string_view body) {
    auto inputs = embedding_inputs(request(body));
    EXPECT_TRUE(inputs);
    return std::pair(inputs->items.size(), inputs->batch);
  };
  EXPECT_EQ(count(R"({"input":"a"})"), std::pair(std::size_t{1}, false));
  EXPECT_EQ(count(R"({"input":["a"]})"), std::pair(std::size_t{1}, true));
  EXPECT_EQ(count(R"({"input":["a","b"]})"), std::pair(std::size_t{2}, true));
  EXPECT_EQ(count(R"({"input":[1,2,3]})"), std::pair(std::size_t{1}, false));
  EXPECT_EQ(count(R"({"input":[[1,2],[3]]})"), std::pair(std::size_t{2}, true));
}

TEST(Embeddings, OtherInputsAreInvalid) {
  for (const char* body : {R"({"input":[]})", R"({"input":["a",{}]})", R"({"input":["a",[]]})"}) {
    auto inputs = embedding_inputs(request(body));
    ASSERT_FALSE(inputs) << body;
    EXPECT_TRUE(param_of(inputs.error()).starts_with("input"));
  }
}

TEST(Embeddings, ItemIsTheSameRequestInAnyBatch) {
  chat::Request alone = request(R"({"model":"m","input":"b","dimensions":4})");
  chat::Request batch = request(R"({"model":"m","input":["a","b"],"dimensions":4})");
  chat::Request item = item_request(batch, "b");
  EXPECT_EQ(item.body, alone.body);
  EXPECT_EQ(item.text, "b");
  EXPECT_EQ(item.model, "m");
  EXPECT_TRUE(item.exact_only);
}

TEST(Embeddings, UpstreamIsAskedForTheMissingOnes) {
  chat::Request batch = request(R"({"model":"m","input":["a","b"],"x":1.0,"cache":{"ttl":1}})");
  std::vector<json::Value> missing{"b"};
  EXPECT_EQ(upstream_embeddings_body(batch, missing), R"({"model":"m","input":["b"],"x":1.0})");
  std::vector<json::Value> one{"a"};
  EXPECT_EQ(upstream_embeddings_body(request(R"({"input":"a"})"), one), R"({"input":"a"})");
}

TEST(Embeddings, ReplyIsPutInOrderAndItsUsageIsShared) {
  std::vector<json::Value> items{"aa", "b", json::Value("cccc")};
  auto read = answers(R"({"object":"list","model":"m","data":[
      {"object":"embedding","index":2,"embedding":[3]},
      {"object":"embedding","index":0,"embedding":"AAAA"},
      {"object":"embedding","index":1,"embedding":[0.10,-2e-3]}],
      "usage":{"prompt_tokens":11,"total_tokens":13}})", items);
  ASSERT_EQ(read.size(), 3U);
  std::vector<const chat::Answer*> all{&read[0], &read[1], &read[2]};
  EXPECT_EQ(render_embeddings(all),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAA"},)"
            R"({"object":"embedding","index":1,"embedding":[0.10,-2e-3]},)"
            R"({"object":"embedding","index":2,"embedding":[3]}],"model":"m",)"
            R"("usage":{"prompt_tokens":11,"total_tokens":13}})");
  std::vector<const chat::Answer*> last{&read[2]};
  EXPECT_EQ(render_embeddings(last),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[3]}],)"
            R"("model":"m","usage":{"prompt_tokens":5,"total_tokens":6}})");
}

TEST(Embeddings, SingleItemKeepsItsUsageAsItCame) {
  std::vector<json::Value> items{"a"};
  auto read = answers(R"({"data":[{"embedding":[1]}],"usage":{"prompt_tokens":1,"x":2}})", items);
  ASSERT_EQ(read.size(), 1U);
  std::vector<const chat::Answer*> all{&read[0]};
  EXPECT_EQ(render_embeddings(all),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],)"
            R"("usage":{"prompt_tokens":1,"x":2}})");
}

TEST(Embeddings, WrongRepliesAreInvalidAndErrorsAreTold) {
  std::vector<json::Value> items{"a", "b"};
  for (const char* body :
       {"[]", "{}", R"({"data":[{"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":9,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1}]})", R"({"data":[1,2]})"}) {
    EXPECT_FALSE(read_embeddings(body, items)) << body;
  }
  auto read = read_embeddings(R"({"error":{"message":"no"}})", items);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<ErrorObject>(*read).message, "no");
}

}  // namespace
}  // namespace refrain::wire::openai
