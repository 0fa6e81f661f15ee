#include <gtest/gtest.h>

#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

using chat::Origin;

chat::Answer completion(std::string_view body) {
  auto read = openai::read_reply(Origin::openai_completion, body);
  EXPECT_TRUE(read);
  return std::get<0>(*read);
}

chat::Answer own(std::string_view body) {
  auto read = read_reply(body);
  EXPECT_TRUE(read);
  return std::get<0>(*read);
}

RenderOptions options(Origin origin, bool details, Route route = Route::generate) {
  RenderOptions out;
  out.origin = origin;
  out.details = details;
  out.route = route;
  return out;
}

std::string stream(const chat::Answer& answer, RenderOptions shown) {
  shown.origin = answer.origin;
  StreamWriter writer(shown);
  std::string out;
  for (const auto& event : answer.events) writer.event(*event, out);
  writer.finish(out);
  return out;
}

const char* const kCompletion =
    R"({"choices":[{"text":" Paris","index":0,"finish_reason":"stop"}],
        "usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}})";

TEST(TgiRender, ObjectForGenerateAndListAtTheRoot) {
  chat::Answer answer = completion(kCompletion);
  EXPECT_EQ(render_reply(answer, options(answer.origin, false)), R"({"generated_text":" Paris"})");
  EXPECT_EQ(render_reply(answer, options(answer.origin, false, Route::root)),
            R"([{"generated_text":" Paris"}])");
}

TEST(TgiRender, DetailsOfAForeignAnswerAreFilled) {
  chat::Answer answer = completion(kCompletion);
  EXPECT_EQ(render_reply(answer, options(answer.origin, true)),
            R"({"generated_text":" Paris","details":{"finish_reason":"eos_token",)"
            R"("generated_tokens":2,"seed":null,"prefill":[],"tokens":[]}})");
}

TEST(TgiRender, FinishReasonsAreTranslated) {
  auto finish = [](std::string_view choice) {
    chat::Answer answer = completion(R"({"choices":[{"text":"",)" + std::string(choice) + "}]}");
    std::string body = render_reply(answer, options(answer.origin, true));
    auto parsed = json::parse(body);
    return std::string(parsed->find("details")->text("finish_reason"));
  };
  EXPECT_EQ(finish(R"("finish_reason":"length")"), "length");
  EXPECT_EQ(finish(R"("finish_reason":"stop")"), "eos_token");
  EXPECT_EQ(finish(R"("finish_reason":"stop","stop_reason":"END")"), "stop_sequence");
  EXPECT_EQ(finish(R"("finish_reason":"stop","stop_type":"word")"), "stop_sequence");
  EXPECT_EQ(finish(R"("finish_reason":"stop","stop_reason":null)"), "eos_token");
}

TEST(TgiRender, PromptComesFirstWhereAskedFor) {
  chat::Answer foreign = completion(kCompletion);
  RenderOptions shown = options(foreign.origin, false);
  shown.full_text = "Capital?";
  EXPECT_EQ(render_reply(foreign, shown), R"({"generated_text":"Capital? Paris"})");
  chat::Answer tgi = own(R"({"generated_text":"Capital? Paris"})");
  shown.origin = tgi.origin;
  EXPECT_EQ(render_reply(tgi, shown), R"({"generated_text":"Capital? Paris"})");
}

TEST(TgiRender, ForeignStreamEndsWithAnEmptySpecialToken) {
  EXPECT_EQ(stream(completion(kCompletion), options(Origin::openai_completion, true)),
            "data:{\"index\":1,\"token\":{\"id\":0,\"text\":\" Paris\",\"logprob\":0.0,"
            "\"special\":false},\"generated_text\":null,\"details\":null}\n\n"
            "data:{\"index\":2,\"token\":{\"id\":0,\"text\":\"\",\"logprob\":0.0,"
            "\"special\":true},\"generated_text\":\" Paris\",\"details\":{\"finish_reason\":"
            "\"eos_token\",\"generated_tokens\":2,\"seed\":null,\"input_length\":4}}\n\n");
}

TEST(TgiRender, UnendedForeignStreamHasNoLastEvent) {
  chat::Answer answer = completion(R"({"choices":[{"text":"a","index":0}]})");
  std::string out = stream(answer, options(Origin::openai_completion, false));
  EXPECT_EQ(out.find("special\":true"), std::string::npos);
}

TEST(TgiRender, OwnReplyHidesDetailsNobodyAskedFor) {
  chat::Answer answer = own(R"({"generated_text":"t","details":{"finish_reason":"length",
      "generated_tokens":3,"best_of_sequences":[],"prefill":[],"tokens":[]},"x":1})");
  EXPECT_EQ(render_reply(answer, options(Origin::tgi, false)), R"({"generated_text":"t","x":1})");
  EXPECT_EQ(render_reply(answer, options(Origin::tgi, true)),
            R"({"generated_text":"t","details":{"finish_reason":"length","generated_tokens":3,)"
            R"("best_of_sequences":[],"prefill":[],"tokens":[]},"x":1})");
}

TEST(TgiRender, OwnWholeReplyStreamsItsTokens) {
  chat::Answer answer = own(R"({"generated_text":"ab","details":{"finish_reason":"length",
      "generated_tokens":2,"seed":7,"prefill":[],"tokens":[{"id":5,"text":"a","logprob":-0.5,
      "special":false},{"id":6,"text":"b","logprob":-1,"special":false}]}})");
  EXPECT_EQ(stream(answer, options(Origin::tgi, true)),
            "data:{\"index\":1,\"token\":{\"id\":5,\"text\":\"a\",\"logprob\":-0.5,"
            "\"special\":false},\"generated_text\":null,\"details\":null}\n\n"
            "data:{\"index\":2,\"token\":{\"id\":6,\"text\":\"b\",\"logprob\":-1,"
            "\"special\":false},\"generated_text\":\"ab\",\"details\":{\"finish_reason\":"
            "\"length\",\"generated_tokens\":2,\"seed\":7,\"input_length\":0}}\n\n");
}

TEST(TgiRender, OwnReplyWithoutTokensStreamsPieces) {
  RenderOptions shown = options(Origin::tgi, false);
  shown.full_text = "Q ";
  EXPECT_EQ(stream(own(R"({"generated_text":"Q A"})"), shown),
            "data:{\"index\":1,\"token\":{\"id\":0,\"text\":\"A\",\"logprob\":0.0,"
            "\"special\":false},\"generated_text\":\"Q A\",\"details\":null}\n\n");
  EXPECT_EQ(stream(own(R"({"generated_text":""})"), options(Origin::tgi, false)),
            "data:{\"index\":1,\"token\":{\"id\":0,\"text\":\"\",\"logprob\":0.0,"
            "\"special\":true},\"generated_text\":\"\",\"details\":null}\n\n");
}

TEST(TgiRender, ErrorsHaveTheirTypes) {
  EXPECT_EQ(error_body("bad \xFF", ErrorType::validation),
            R"({"error":"bad ?","error_type":"validation"})");
  EXPECT_EQ(error_event("cut", ErrorType::incomplete_generation),
            "data:{\"error\":\"cut\",\"error_type\":\"incomplete_generation\"}\n\n");
}

TEST(TgiRender, InfoTellsModelAndLimits) {
  auto info = json::parse(info_body({.model_id = "m", .version = "1", .concurrent_max = 5,
                                     .input_tokens_max = 0, .total_tokens_max = 9}));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->text("model_id"), "m");
  EXPECT_EQ(info->find("max_concurrent_requests")->as_int(), 5);
  EXPECT_TRUE(info->find("max_input_tokens")->is_null());
  EXPECT_EQ(info->find("max_total_tokens")->as_int(), 9);
}

}  // namespace
}  // namespace refrain::wire::tgi
