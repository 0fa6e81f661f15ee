#include "app/local_embeddings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/embeddings.h"

namespace refrain::app {
namespace {

using testing::HasSubstr;

// [length of the text, 0.5]
class Lengths final : public embed::Embedder {
 public:
  base::Result<embed::Matrix> embed(const base::Call&,
                                    std::span<const std::string_view> texts) override {
    embed::Matrix out{{}, texts.size(), 2};
    for (const std::string_view text : texts) {
      out.data.push_back(static_cast<float>(text.size()));
      out.data.push_back(0.5F);
    }
    return out;
  }
  embed::Info info() const override { return {"lengths", "", 2, 0}; }
  embed::Stats stats() const override { return {}; }
};

class Nobody final : public chat::Producer {
 public:
  void start(const base::Call&, const chat::Request&,
             std::shared_ptr<chat::Flight> flight) override {
    flight->finish({chat::End::Kind::failed, {}, {base::Code::unavailable, "nobody"}});
  }
};

class LocalEmbeddingsTest : public testing::Test {
 protected:
  std::shared_ptr<chat::Flight> ask(std::string_view body, chat::Dialect dialect) {
    chat::Request request;
    request.dialect = dialect;
    request.body = *json::parse(body);
    auto flight = std::make_shared<chat::Flight>(std::size_t{1} << 20U);
    flight->join();
    embeddings_.start({}, request, flight);
    work_.stop();
    return flight;
  }
  std::string reply(std::string_view body) {
    auto flight = ask(body, chat::Dialect::openai_embedding);
    chat::Flight::Slice slice = flight->read(0);
    if (slice.end->kind != chat::End::Kind::answered) return slice.end->error.what;
    std::vector<chat::Answer> answers;
    std::vector<const chat::Answer*> pointers;
    for (const auto& event : slice.events) {
      answers.push_back({chat::Origin::openai_embedding, chat::Delivery::whole, {event}});
    }
    for (const chat::Answer& answer : answers) pointers.push_back(&answer);
    return wire::openai::render_embeddings(pointers);
  }
  Lengths lengths_;
  Nobody nobody_;
  base::Pool work_{{.name = "work", .threads = 1}};
  LocalEmbeddings embeddings_{{lengths_, work_, nobody_}};
};

TEST_F(LocalEmbeddingsTest, EveryInputGetsItsVector) {
  EXPECT_EQ(reply(R"({"input":["a","abc"],"model":"m"})"),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,0.5]},)"
            R"({"object":"embedding","index":1,"embedding":[3,0.5]}],"model":"lengths",)"
            R"("usage":{"prompt_tokens":2,"total_tokens":2}})");
}

TEST_F(LocalEmbeddingsTest, Base64HoldsTheFloatsBytes) {
  // 1.0f and 0.5f, little-endian: 00 00 80 3f 00 00 00 3f
  EXPECT_THAT(reply(R"({"input":"a","encoding_format":"base64"})"),
              HasSubstr(R"("embedding":"AACAPwAAAD8=")"));
}

TEST_F(LocalEmbeddingsTest, WhatTheEmbedderCannotDoIsInvalid) {
  EXPECT_THAT(reply(R"({"input":[1,2]})"), HasSubstr("no token ids"));
}

TEST_F(LocalEmbeddingsTest, AnotherNumberOfDimensionsIsInvalid) {
  EXPECT_THAT(reply(R"({"input":"a","dimensions":7})"), HasSubstr("'dimensions' must be 2"));
}

TEST_F(LocalEmbeddingsTest, OtherRequestsGoOn) {
  auto flight = ask(R"({"messages":[]})", chat::Dialect::openai_chat);
  EXPECT_EQ(flight->read(0).end->error.what, "nobody");
}

}  // namespace
}  // namespace refrain::app
