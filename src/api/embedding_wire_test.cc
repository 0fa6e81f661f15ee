#include "api/embedding_wire.h"

#include <gtest/gtest.h>

namespace refrain::api {
namespace {

chat::Request request_of(const std::string& body) {
  chat::Request request;
  request.dialect = chat::Dialect::openai_embedding;
  request.body = json::parse(body).value();
  request.raw = body;
  return request;
}

TEST(EmbeddingWire, CutsABatchIntoItsInputsAndAsksForSomeOfThem) {
  serve::EmbeddingWire wire = embedding_wire();
  chat::Request request = request_of(R"({"model":"e","input":["a","b","c"]})");
  auto items = wire.split(request);
  ASSERT_TRUE(items) << items.error().what;
  ASSERT_EQ(items->requests.size(), 3U);
  chat::Request batch = wire.batch(request, *items, {2, 0});
  EXPECT_EQ(json::write(*batch.body.find("input")), R"(["c","a"])");
  EXPECT_EQ(batch.body.text("model"), "e");
  EXPECT_EQ(json::parse(batch.raw).value(), batch.body);
}

TEST(EmbeddingWire, AnInputIsTheSameInWhateverBatchItCame) {
  serve::EmbeddingWire wire = embedding_wire();
  auto one = wire.split(request_of(R"({"model":"e","input":"a"})"));
  auto two = wire.split(request_of(R"({"model":"e","input":["b","a"]})"));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->requests[0].body, two->requests[1].body);
}

TEST(EmbeddingWire, ARequestWithoutInputIsRefused) {
  EXPECT_FALSE(embedding_wire().split(request_of(R"({"model":"e"})")));
}

TEST(EmbeddingWire, JoinsAnswersInTheirOrder) {
  auto answer_of = [](const char* vector) {
    auto event = std::make_shared<chat::Event>();
    event->choices.emplace_back().extra = {{"embedding", json::parse(vector).value()}};
    event->head = {{"model", "e"}};
    return chat::Answer{chat::Origin::openai_embedding, chat::Delivery::whole, {event}};
  };
  chat::Answer a = answer_of("[1]"), b = answer_of("[2]");
  json::Value body = json::parse(embedding_wire().render({&b, &a})).value();
  const json::Array& data = *body.find("data")->array();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(json::write(*data[0].find("embedding")), "[2]");
  EXPECT_EQ(data[1].find("index")->as_int(), 1);
}

}  // namespace
}  // namespace refrain::api
