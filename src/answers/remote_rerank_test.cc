#include "answers/remote_rerank.h"

#include <gtest/gtest.h>

#include "json/value.h"
#include "tests/support/scripted_server.h"

namespace refrain::answers {
namespace {

using test::Connection;
using test::ScriptedServer;

const std::vector<Candidate> kTwo = {{"a", 0.9F}, {"b", 0.8F}};

struct Asked {
  std::string target;
  json::Value body;
};

/// What comes of a server that replies this; `asked` is what it got.
base::Result<std::vector<double>> scores(const std::string& path, const std::string& reply,
                                         int status = 200, Asked* asked = nullptr) {
  ScriptedServer server(
      ScriptedServer::each([&](Connection& connection, const Connection::Request& request) {
        if (asked) *asked = {request.target, *json::parse(request.body)};
        connection.reply(status, reply);
      }));
  auto client = std::move(*fetch::Client::open({}));
  RemoteReranker reranker({server.url() + path, "m", ""}, *client);
  return reranker.score({}, "q", kTwo);
}

TEST(RemoteReranker, TeisListComesBackInTheOrderOfTheCandidates) {
  Asked asked;
  const auto got = scores("", R"([{"index":1,"score":0.9},{"index":0,"score":-2.5}])", 200, &asked);
  EXPECT_EQ(*got, (std::vector<double>{-2.5, 0.9}));
  EXPECT_EQ(asked.target, "/rerank");
  EXPECT_EQ(asked.body.text("query"), "q");
  EXPECT_EQ(json::write(*asked.body.find("texts")), R"(["a","b"])");
}

TEST(RemoteReranker, CoheresResultsToo) {
  Asked asked;
  const auto got = scores("/v2/rerank", R"({"results":[{"index":0,"relevance_score":0.1},
      {"index":1,"relevance_score":0.2}]})",
                          200, &asked);
  EXPECT_EQ(*got, (std::vector<double>{0.1, 0.2}));
  EXPECT_EQ(asked.target, "/v2/rerank");
  EXPECT_EQ(json::write(*asked.body.find("documents")), R"(["a","b"])");
  EXPECT_EQ(asked.body.find("top_n")->as_int(), 2);
}

TEST(RemoteReranker, AReplyOfAnotherShapeIsAnError) {
  EXPECT_EQ(scores("", R"([])", 503).error().code, base::Code::unavailable);
  for (const char* reply : {"{", "{}", "[]", R"([{"index":0,"score":1}])",
                            R"([{"index":0,"score":1},{"index":0,"score":1}])",
                            R"([{"index":0,"score":1},{"index":2,"score":1}])",
                            R"([{"index":0,"score":"1"},{"index":1,"score":1}])"}) {
    EXPECT_FALSE(scores("", reply)) << reply;
  }
}

}  // namespace
}  // namespace refrain::answers
