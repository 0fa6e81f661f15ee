#include "app/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/settings.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

using test::Connection;
using test::ScriptedServer;
using testing::HasSubstr;

constexpr const char* kChat = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";
constexpr const char* kReply =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"yes"},)"
    R"("finish_reason":"stop"}]})";

struct GraphTest : testing::Test {
  GraphTest() {
    client = std::move(*fetch::Client::open({}));
    sources.flags = {{"listen", {"127.0.0.1:0"}}, {"data-dir", {folder + "/data"}},
                     {"embedder", {"off"}}, {"drain", {"1s"}}};
  }

  base::Result<std::unique_ptr<Graph>> open() { return Graph::open(*configure(*layer(sources))); }
  std::string error() {
    auto graph = open();
    return graph ? "" : graph.error().what;
  }
  fetch::Response send(Graph& graph, const std::string& path, const std::string& body = "") {
    fetch::Request request;
    request.method = body.empty() ? "GET" : "POST";
    request.url = "http://127.0.0.1:" + std::to_string(graph.ports()[0]) + path;
    request.body = body;
    return client->fetch_whole({}, request).value_or(fetch::Response{});
  }

  TempFolder temp;
  const std::string& folder = temp.path();
  Sources sources;
  std::unique_ptr<fetch::Client> client;
};

TEST_F(GraphTest, ServesItsDoorsFromTheSettings) {
  auto graph = open();
  ASSERT_TRUE(graph) << graph.error().what;
  EXPECT_EQ(send(**graph, "/health").status, 200);
  EXPECT_EQ(send(**graph, "/ready").status, 200);
  EXPECT_THAT(send(**graph, "/metrics").body, HasSubstr("refrain_http_connections "));
}

TEST_F(GraphTest, WithoutAnUpstreamAMissSaysHowToSetOne) {
  auto graph = open();
  fetch::Response reply = send(**graph, "/v1/chat/completions", kChat);
  EXPECT_EQ(reply.status, 502);
  EXPECT_THAT(reply.body, HasSubstr("--upstream URL"));
  EXPECT_EQ(send(**graph, "/v1/models").status, 502);
}

TEST_F(GraphTest, AnAnswerOfTheUpstreamIsThereAfterARestart) {
  ScriptedServer upstream(ScriptedServer::each(
      [](Connection& connection, const Connection::Request&) { connection.reply(200, kReply); }));
  sources.flags["upstream"] = {upstream.url()};
  auto graph = open();
  ASSERT_TRUE(graph) << graph.error().what;
  EXPECT_EQ(fetch::header(send(**graph, "/v1/chat/completions", kChat).headers, "x-refrain-cache"),
            "miss");
  (*graph)->upkeep();
  (*graph)->stop();
  (*graph)->stop();  // idempotent
  graph = base::fail(base::Code::internal, "gone");
  sources.flags.erase("upstream");
  auto again = open();
  ASSERT_TRUE(again) << again.error().what;
  fetch::Response hit = send(**again, "/v1/chat/completions", kChat);
  EXPECT_EQ(fetch::header(hit.headers, "x-refrain-cache"), "hit");
  EXPECT_THAT(hit.body, HasSubstr("yes"));
}

TEST_F(GraphTest, WhatKeepsItFromStartingIsOneSentence) {
  std::ofstream(folder + "/file") << "x";
  sources.flags["data-dir"] = {folder + "/file/below"};
  EXPECT_THAT(error(), HasSubstr("--data-dir"));
  sources.flags["data-dir"] = {":memory:"};
  sources.flags["embedder"] = {"table:" + folder + "/absent"};
  EXPECT_THAT(error(), HasSubstr("absent"));
  sources.flags["embedder"] = {"off"};
  sources.flags["keys"] = {folder + "/no-keys"};
  EXPECT_THAT(error(), HasSubstr("no such file"));
}

TEST_F(GraphTest, ABusyPortAndAUsedFolderAreNamed) {
  test::Listener busy;
  auto first = open();
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_THAT(error(), HasSubstr("data"));
  sources.flags["data-dir"] = {":memory:"};
  sources.flags["listen"] = {"127.0.0.1:" + std::to_string(busy.port())};
  EXPECT_THAT(error(), HasSubstr("in use"));
}

TEST_F(GraphTest, AnEmbedderIsOpenedBySpec) {
  std::ofstream(folder + "/table") << R"({"text":"a","vector":[1,0]})" << "\n";
  sources.flags["embedder"] = {"table:" + folder + "/table"};
  auto embedder = open_embedder(*configure(*layer(sources)), *client);
  ASSERT_TRUE(embedder) << embedder.error().what;
  EXPECT_EQ((*embedder)->info().dim, 2U);
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace refrain::app
