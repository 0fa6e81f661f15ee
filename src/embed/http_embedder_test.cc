#include "embed/http_embedder.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "json/value.h"
#include "tests/support/embedder_contract.h"
#include "tests/support/scripted_server.h"

namespace refrain::embed {
namespace {

using base::Code;
using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::unique_ptr<fetch::Client> client() {
  auto opened = fetch::Client::open({});
  EXPECT_TRUE(opened) << opened.error().what;
  return std::move(*opened);
}

// "a" is (1, 0), "b" (0, 2), in the shape that the route's path asks for.
std::string vectors(const Connection::Request& request) {
  const bool tei = request.target == "/embed";
  const auto body = json::parse(request.body);
  const json::Value* inputs = body->find(tei ? "inputs" : "input");
  json::Array rows;
  for (const json::Value& text : *inputs->array()) {
    const bool first = *text.string() == "a";
    json::Array numbers = {json::Value::of(first ? 1.0 : 0.0), json::Value::of(first ? 0.0 : 2.0)};
    if (tei) {
      rows.emplace_back(std::move(numbers));
      continue;
    }
    json::Value row;
    row.set("index", json::Value::of(static_cast<std::int64_t>(rows.size())));
    row.set("embedding", std::move(numbers));
    rows.push_back(std::move(row));
  }
  if (tei) return json::write(rows);
  json::Value out;
  out.set("data", std::move(rows));
  return json::write(out);
}

ScriptedServer::Script embedding_server() {
  return ScriptedServer::each([](Connection& connection, const Connection::Request& request) {
    connection.reply(200, vectors(request));
  });
}

// What comes of a server that answers everything with this status and body.
base::Result<Matrix> answer_to(int status, const std::string& body) {
  ScriptedServer server(ScriptedServer::each(
      [&](Connection& connection, const Connection::Request&) { connection.reply(status, body); }));
  const auto http = client();
  HttpEmbedder embedder({.url = server.url()}, *http);
  const std::vector<std::string_view> texts = {"a"};
  return embedder.embed({}, texts);
}

TEST(HttpEmbedder, OpenAiRouteKeepsTheContract) {
  ScriptedServer server(embedding_server());
  const auto http = client();
  HttpEmbedder embedder({.url = server.url()}, *http);
  test::expect_embedder_contract(embedder, {"a", "b"});
}

TEST(HttpEmbedder, TeiRouteKeepsTheContract) {
  ScriptedServer server(embedding_server());
  const auto http = client();
  HttpEmbedder embedder({.url = server.url("/embed")}, *http);
  test::expect_embedder_contract(embedder, {"a", "b"});
}

TEST(HttpEmbedder, TeiMayNotCutATextShort) {
  base::Mutex<std::string> seen;
  ScriptedServer server(ScriptedServer::each(
      [&](Connection& connection, const Connection::Request& request) {
        seen.with([&](std::string& body) { body = request.body; });
        connection.reply(200, "[[1,0]]");
      }));
  const auto http = client();
  HttpEmbedder embedder({.url = server.url("/embed")}, *http);
  const std::vector<std::string_view> texts = {"a"};
  ASSERT_TRUE(embedder.embed({}, texts));
  EXPECT_THAT(seen.with([](const std::string& body) { return body; }),
              HasSubstr("\"truncate\":false"));
}

TEST(HttpEmbedder, StatusIsNamedWithTheAddress) {
  const auto result = answer_to(503, "{}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::unavailable);
  EXPECT_THAT(result.error().what, HasSubstr("/v1/embeddings: status 503"));
}

TEST(HttpEmbedder, RepliesThatAreNoneAreRefused) {
  EXPECT_FALSE(answer_to(200, "<html>"));
  EXPECT_FALSE(answer_to(200, R"({"data":[]})"));
  EXPECT_FALSE(answer_to(200, R"({"data":[{"embedding":"AAAA"}]})"));
  EXPECT_FALSE(answer_to(200, R"({"data":[{"embedding":[1,"x"]}]})"));
  EXPECT_FALSE(answer_to(200, R"({"data":[{"embedding":[0,0]}]})"));
  EXPECT_FALSE(answer_to(200, R"({"data":[{"index":1,"embedding":[1,0]}]})"));
}

TEST(HttpEmbedder, AnotherDimensionThanBeforeIsRefused) {
  std::atomic<int> calls = 0;
  ScriptedServer server(ScriptedServer::each(
      [&](Connection& connection, const Connection::Request&) {
        connection.reply(200, calls++ == 0 ? R"({"data":[{"embedding":[1,0]}]})"
                                           : R"({"data":[{"embedding":[1,0,0]}]})");
      }));
  const auto http = client();
  HttpEmbedder embedder({.url = server.url()}, *http);
  const std::vector<std::string_view> texts = {"a"};
  ASSERT_TRUE(embedder.embed({}, texts));
  const auto second = embedder.embed({}, texts);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr("3 dimensions came where 2"));
  EXPECT_EQ(embedder.info().dim, 2U);
}

TEST(HttpEmbedder, SilentServerEndsAtTheDeadline) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  const auto http = client();
  HttpEmbedder embedder({.url = server.url()}, *http);
  const std::vector<std::string_view> texts = {"a"};
  const auto result = embedder.embed({.deadline = base::SystemClock().now() + 20ms}, texts);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::deadline);
}

}  // namespace
}  // namespace refrain::embed
