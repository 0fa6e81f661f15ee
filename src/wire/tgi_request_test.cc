#include <gtest/gtest.h>

#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

chat::Request read(std::string_view body, Route route = Route::generate) {
  auto request = read_request(route, body, {{"authorization", "k"}, {"host", "h"}});
  EXPECT_TRUE(request) << request.error().what;
  return request ? *request : chat::Request{};
}

std::string completion(std::string_view parameters, Route route = Route::generate) {
  auto body = completion_body(read(R"({"inputs":"p","parameters":)" + std::string(parameters) + "}",
                                   route),
                              "m", openai::StreamUsage::always);
  return body ? *body : body.error().what;
}

TEST(TgiRequest, InputsAreTheText) {
  chat::Request request = read(R"({"inputs":"hello","parameters":{"seed":1}})");
  EXPECT_EQ(request.dialect, chat::Dialect::tgi);
  EXPECT_EQ(request.text, "hello");
  EXPECT_EQ(request.pass, (chat::Headers{{"authorization", "k"}}));
  EXPECT_FALSE(request.wants_stream);
}

TEST(TgiRequest, RouteOrBodyDecidesAboutStreaming) {
  EXPECT_TRUE(read(R"({"inputs":"a"})", Route::generate_stream).wants_stream);
  EXPECT_TRUE(read(R"({"inputs":"a","stream":true})", Route::root).wants_stream);
  EXPECT_FALSE(read(R"({"inputs":"a","stream":false})", Route::root).wants_stream);
  EXPECT_FALSE(read(R"({"inputs":"a","stream":true})", Route::generate).wants_stream);
}

TEST(TgiRequest, WrongTypesNameTheirMember) {
  auto param = [](std::string_view body) {
    auto request = read_request(Route::root, body, {});
    return request ? std::string("read") : std::string(openai::param_of(request.error()));
  };
  EXPECT_EQ(param("{}"), "inputs");
  EXPECT_EQ(param(R"({"inputs":["a"]})"), "inputs");
  EXPECT_EQ(param(R"({"inputs":"a","parameters":[]})"), "parameters");
  EXPECT_EQ(param(R"({"inputs":"a","stream":"x"})"), "stream");
  EXPECT_EQ(param(R"({"inputs":"a","parameters":null})"), "read");
}

TEST(TgiRequest, UpstreamOfKindTgiIsAskedForDetails) {
  chat::Request request = read(R"({"inputs":"a","parameters":{"seed":1,"details":false},
      "stream":true,"x":1})", Route::root);
  EXPECT_EQ(upstream_body(request),
            R"({"inputs":"a","x":1,"parameters":{"seed":1,"details":true}})");
  EXPECT_EQ(upstream_path(request), "/generate_stream");
  EXPECT_EQ(upstream_body(read(R"({"inputs":"a"})")),
            R"({"inputs":"a","parameters":{"details":true}})");
  EXPECT_EQ(upstream_path(read(R"({"inputs":"a"})")), "/generate");
}

TEST(TgiRequest, GreedyByDefaultMeansTemperatureZero) {
  EXPECT_EQ(completion("{}"), R"({"model":"m","prompt":"p","max_tokens":100,"temperature":0})");
  EXPECT_EQ(completion(R"({"do_sample":false,"max_new_tokens":7})"),
            R"({"model":"m","prompt":"p","max_tokens":7,"temperature":0})");
  EXPECT_EQ(completion(R"({"do_sample":true})"), R"({"model":"m","prompt":"p","max_tokens":100})");
  EXPECT_EQ(completion(R"({"temperature":0.5,"top_k":null})"),
            R"({"model":"m","prompt":"p","max_tokens":100,"temperature":0.5})");
}

TEST(TgiRequest, ParametersTravelByTheirNames) {
  EXPECT_EQ(completion(R"({"top_p":0.9,"top_k":5,"seed":1,"stop":["x"],"frequency_penalty":0.1,
      "repetition_penalty":1.1,"best_of":2,"typical_p":0.9,"truncate":10,"top_n_tokens":3,
      "details":true,"return_full_text":true,"watermark":true,"min_p":0.1,"n":4,"stream":false})"),
            R"({"model":"m","prompt":"p","max_tokens":100,"truncate_prompt_tokens":10,)"
            R"("logprobs":3,"top_p":0.9,"top_k":5,"seed":1,"stop":["x"],"frequency_penalty":0.1,)"
            R"("repetition_penalty":1.1,"best_of":2,"typical_p":0.9,"min_p":0.1})");
}

TEST(TgiRequest, StreamAsksForUsage) {
  EXPECT_EQ(completion(R"({"top_p":1})", Route::generate_stream),
            R"({"model":"m","prompt":"p","max_tokens":100,"top_p":1,"stream":true,)"
            R"("stream_options":{"include_usage":true}})");
}

TEST(TgiRequest, JsonGrammarIsAResponseFormatAndOthersAreRefused) {
  EXPECT_EQ(completion(R"({"top_p":1,"grammar":{"type":"json","value":{"type":"object"}}})"),
            R"({"model":"m","prompt":"p","max_tokens":100,"top_p":1,"response_format":)"
            R"({"type":"json_schema","json_schema":{"name":"grammar",)"
            R"("schema":{"type":"object"}}}})");
  EXPECT_EQ(completion(R"({"grammar":{"type":"regex","value":"a+"}})"),
            "'parameters.grammar' of type 'regex' cannot be asked of an upstream of kind openai");
  EXPECT_EQ(completion(R"({"adapter_id":"x"})"),
            "'parameters.adapter_id' cannot be asked of an upstream of kind openai");
}

TEST(TgiRequest, RequestSaysWhatIsShown) {
  chat::Request request = read(R"({"inputs":"p","parameters":{"details":true,
      "return_full_text":true}})");
  RenderOptions options = render_options(Route::root, request, chat::Origin::openai_completion);
  EXPECT_TRUE(options.details);
  EXPECT_EQ(options.full_text, "p");
  EXPECT_EQ(options.route, Route::root);
  EXPECT_FALSE(render_options(Route::root, read(R"({"inputs":"p"})"), chat::Origin::tgi).details);
}

}  // namespace
}  // namespace refrain::wire::tgi
