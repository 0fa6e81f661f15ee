#include "upstream/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include <fmt/format.h>

#include "tests/support/scripted_server.h"

namespace refrain::upstream {
namespace {

using base::Code;
using chat::Dialect, chat::End, chat::Flight;
using std::chrono::milliseconds;
using test::Connection, test::ScriptedServer;
using testing::HasSubstr;

const std::string kWhole =
    R"({"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]})";
const std::string kPiece = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

chat::Request request(Dialect dialect = Dialect::openai_chat,
                      const std::string& body = R"({"model":"m","messages":[]})") {
  chat::Request result;
  result.dialect = dialect;
  result.body = *json::parse(body);
  result.raw = body;
  result.model = result.body.text("model");
  return result;
}

// A Remote in front of one URL.
struct Scene {
  base::SystemClock clock;
  std::unique_ptr<fetch::Client> client = std::move(*fetch::Client::open({}));
  std::unique_ptr<Remote> remote;
  std::shared_ptr<Flight> flight = std::make_shared<Flight>(1 << 20);

  explicit Scene(Upstream upstream, Options options = {}) {
    options.upstreams = {std::move(upstream)};
    remote = std::move(*Remote::open(std::move(options), *client, clock));
    flight->join();
  }
  explicit Scene(const std::string& url) : Scene(Upstream{.url = url}) {}

  End run(const chat::Request& asked = request(), const base::Call& call = {}) {
    remote->start(call, asked, flight);
    return wait();
  }
  End wait() {
    std::promise<void> ended;
    flight->watch(SIZE_MAX - 1, true, [&] { ended.set_value(); });
    ended.get_future().get();
    return *flight->read(0).end;
  }
  void wait_events(std::size_t count) {
    std::promise<void> there;
    flight->watch(count - 1, true, [&] { there.set_value(); });
    there.get_future().get();
  }
  std::string text() { return chat::text({chat::Origin::openai_chat, {}, flight->read(0).events}); }
};

ScriptedServer::Script replies(int status, std::string body, std::string headers = "") {
  return ScriptedServer::each(
      [=](Connection& connection, const auto&) { connection.reply(status, body, headers); });
}

TEST(UpstreamRemote, AnAnswerArrives) {
  ScriptedServer server(replies(200, kWhole, "X-Request-Id: 7\r\n"));
  Scene scene(server.url());
  EXPECT_EQ(scene.run().kind, End::Kind::answered);
  EXPECT_EQ(scene.text(), "hi");
  Stats stats = scene.remote->stats();
  EXPECT_EQ(stats.answered, 1U);
  EXPECT_EQ(stats.first_byte.count, 1U);
  EXPECT_EQ(stats.bytes, kWhole.size());
}

TEST(UpstreamRemote, ARefusedConnectionNamesTheAddressAndWhatToDo) {
  test::Listener nobody;
  std::string url = nobody.url();
  nobody.close();
  Scene scene(url);
  End end = scene.run();
  EXPECT_EQ(end.kind, End::Kind::failed);
  EXPECT_EQ(end.error.code, Code::unavailable);
  EXPECT_THAT(end.error.what, HasSubstr("upstream " + url + ": connection refused"));
  EXPECT_THAT(end.error.what, HasSubstr("--upstream"));
  EXPECT_EQ(scene.remote->stats().retries, 1U);
}

TEST(UpstreamRemote, TooManyRequestsIsPassedOnWithItsRetryAfterAndNotRetried) {
  ScriptedServer server(replies(429, "slow down", "Retry-After: 7\r\nX-RateLimit-Left: 0\r\n"));
  Scene scene(server.url());
  End end = scene.run();
  EXPECT_EQ(end.kind, End::Kind::refused);
  EXPECT_EQ(end.refusal.status, 429);
  EXPECT_EQ(end.refusal.body, "slow down");
  EXPECT_EQ(fetch::header(end.refusal.headers, "retry-after"), "7");
  EXPECT_EQ(fetch::header(end.refusal.headers, "x-ratelimit-left"), "0");
  EXPECT_EQ(scene.remote->stats().retries, 0U);
}

TEST(UpstreamRemote, AServerErrorIsPassedOnAndNotRetried) {
  ScriptedServer server(replies(500, "broken"));
  Scene scene(server.url());
  EXPECT_EQ(scene.run().refusal.status, 500);
  EXPECT_EQ(scene.remote->stats().retries, 0U);
}

TEST(UpstreamRemote, AnOverloadedUpstreamIsAskedAgain) {
  ScriptedServer server(ScriptedServer::sequence({[](Connection& connection) {
                                                    connection.read();
                                                    connection.reply(503, "busy",
                                                                     "Connection: close\r\n");
                                                  },
                                                  replies(200, kWhole)}));
  Scene scene(server.url());
  EXPECT_EQ(scene.run().kind, End::Kind::answered);
  EXPECT_EQ(scene.remote->stats().retries, 1U);
}

TEST(UpstreamRemote, TheSecondFailureIsPassedOn) {
  ScriptedServer server(replies(503, "busy"));
  Scene scene(server.url());
  End end = scene.run();
  EXPECT_EQ(end.kind, End::Kind::refused);
  EXPECT_EQ(end.refusal.status, 503);
  EXPECT_EQ(end.refusal.body, "busy");
}

TEST(UpstreamRemote, WithoutBudgetNothingIsRetried) {
  ScriptedServer server(replies(503, "busy"));
  Scene scene({.url = server.url()}, {.upstreams = {}, .retry_share = 0, .retry_burst = 0});
  EXPECT_EQ(scene.run().refusal.status, 503);
  EXPECT_EQ(scene.remote->stats().retries, 0U);
  EXPECT_EQ(scene.remote->stats().retries_denied, 1U);
}

TEST(UpstreamRemote, AConnectionClosedWithoutAReplyIsMadeAgainWithTheWholeBody) {
  std::promise<std::string> body;
  ScriptedServer server(ScriptedServer::sequence({[](Connection& connection) { connection.read(); },
                                                  [&](Connection& connection) {
                                                    body.set_value(connection.read()->body);
                                                    connection.reply(200, kWhole);
                                                  }}));
  Scene scene(server.url());
  EXPECT_EQ(scene.run().kind, End::Kind::answered);
  EXPECT_EQ(body.get_future().get(), request().raw);
}

TEST(UpstreamRemote, AStallEndsByTheIdleTimeout) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.send(kStreamHead + chunk(kPiece));
    connection.wait_closed();
  });
  Scene scene(Upstream{.url = server.url(), .idle_timeout = milliseconds(50)});
  End end = scene.run();
  EXPECT_EQ(end.kind, End::Kind::failed);
  EXPECT_EQ(end.error.code, Code::deadline);
  EXPECT_EQ(scene.text(), "hi");
}

TEST(UpstreamRemote, AStreamThatNeverBeginsPassesItsFirstByteTimeout) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  Scene scene(Upstream{.url = server.url(), .first_byte_timeout = milliseconds(50)});
  chat::Request asked = request();
  asked.wants_stream = true;
  End end = scene.run(asked);
  EXPECT_EQ(end.error.code, Code::deadline);
  EXPECT_EQ(end.error.what,
            "upstream " + server.url() + ": no byte of a reply within 50 ms");
}

TEST(UpstreamRemote, TheDeadlineOfTheCallEndsIt) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  Scene scene(server.url());
  base::Call call{.deadline = scene.clock.now() + milliseconds(30)};
  EXPECT_EQ(scene.run(request(), call).error.code, Code::deadline);
}

TEST(UpstreamRemote, ADeadlineThatHasPassedAsksNobody) {
  ScriptedServer server(replies(200, kWhole));
  Scene scene(server.url());
  base::Call call{.deadline = scene.clock.now()};
  EXPECT_EQ(scene.run(request(), call).error.code, Code::deadline);
  EXPECT_EQ(server.connections(), 0U);
}

TEST(UpstreamRemote, AStreamThatIsCutFailsAfterItsEvents) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.send(kStreamHead + chunk(kPiece));
  });
  Scene scene(server.url());
  End end = scene.run();
  EXPECT_EQ(end.kind, End::Kind::failed);
  EXPECT_EQ(end.error.code, Code::io);
  EXPECT_EQ(scene.text(), "hi");
  EXPECT_EQ(scene.remote->stats().retries, 0U);
}

TEST(UpstreamRemote, AWholeReplyOfTheWrongLengthIsNoAnswer) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + kWhole);
  });
  Scene scene(server.url());
  EXPECT_EQ(scene.run().error.code, Code::io);
  EXPECT_TRUE(scene.flight->read(0).events.empty());
}

TEST(UpstreamRemote, AStreamSplitAtEveryByteIsWhole) {
  std::string bytes = kStreamHead;
  for (char c : kPiece + "data: [DONE]\n\n") bytes += chunk(std::string(1, c));
  ScriptedServer server([&](Connection& connection) {
    connection.read();
    connection.send_split(bytes + "0\r\n\r\n");
  });
  Scene scene(server.url());
  EXPECT_EQ(scene.run().kind, End::Kind::answered);
  EXPECT_EQ(scene.text(), "hi");
}

TEST(UpstreamRemote, DoneEndsTheFlightBeforeTheConnectionEnds) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.send(kStreamHead + chunk(kPiece + "data: [DONE]\n\n"));
    connection.wait_closed();
  });
  Scene scene(server.url());
  EXPECT_EQ(scene.run().kind, End::Kind::answered);
}

TEST(UpstreamRemote, TheLastReaderThatLeavesStopsTheTransfer) {
  std::promise<void> closed;
  ScriptedServer server([&](Connection& connection) {
    connection.read();
    connection.send(kStreamHead + chunk(kPiece));
    connection.wait_closed();
    closed.set_value();
  });
  Scene scene(server.url());
  scene.remote->start({}, request(), scene.flight);
  scene.wait_events(1);
  scene.flight->leave();
  EXPECT_EQ(scene.wait().error.code, Code::cancelled);
  closed.get_future().get();
  EXPECT_EQ(scene.remote->stats().cancelled, 1U);
}

TEST(UpstreamRemote, GkvOverTgiIsGenerated) {
  std::promise<std::string> target;
  ScriptedServer server([&](Connection& connection) {
    target.set_value(connection.read()->target);
    connection.reply(200, R"({"generated_text":"gen-1"})");
  });
  Scene scene(Upstream{.url = server.url(), .kind = Kind::tgi});
  End end = scene.run(request(Dialect::gkv, R"({"inputs":"a","parameters":{"max_new_tokens":7}})"));
  EXPECT_EQ(end.kind, End::Kind::answered);
  EXPECT_EQ(scene.text(), "gen-1");
  EXPECT_EQ(target.get_future().get(), "/generate");
}

TEST(UpstreamRemote, ARequestWithoutAModelTakesTheFirstOneAndAsksForItOnce) {
  std::atomic<int> lists{0};
  std::atomic<int> named{0};
  ScriptedServer server(ScriptedServer::each([&](Connection& connection, const auto& asked) {
    if (asked.target == "/v1/models") {
      ++lists;
      connection.reply(200, R"({"object":"list","data":[{"id":"first"},{"id":"second"}]})");
      return;
    }
    if (asked.body.find(R"("model":"first")") != std::string::npos) ++named;
    connection.reply(200, R"({"choices":[{"index":0,"text":"t","finish_reason":"stop"}]})");
  }));
  Scene scene(server.url());
  for (int i = 0; i < 2; ++i) {
    scene.flight = std::make_shared<Flight>(1 << 20);
    scene.flight->join();
    EXPECT_EQ(scene.run(request(Dialect::tgi, R"({"inputs":"a"})")).kind, End::Kind::answered);
  }
  EXPECT_EQ(lists, 1);
  EXPECT_EQ(named, 2);
}

TEST(UpstreamRemote, AListWithoutModelsSaysWhatToSet) {
  ScriptedServer server(replies(200, R"({"data":[]})"));
  Scene scene(server.url());
  End end = scene.run(request(Dialect::tgi, R"({"inputs":"a"})"));
  EXPECT_EQ(end.error.code, Code::unavailable);
  EXPECT_THAT(end.error.what, HasSubstr("set the upstream's model"));
}

TEST(UpstreamRemote, ARequestOfNoDialectIsPassedThrough) {
  std::promise<std::string> target;
  ScriptedServer server([&](Connection& connection) {
    target.set_value(connection.read()->target);
    connection.reply(404, "none", "X-Own: 1\r\n");
  });
  Scene scene(server.url("/v1"));
  std::promise<base::Result<chat::Refusal>> done;
  scene.remote->forward({}, {"GET", "/v1/models/x?y=1", {}, ""},
                        [&](base::Result<chat::Refusal> reply) { done.set_value(reply); });
  base::Result<chat::Refusal> reply = done.get_future().get();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "none");
  EXPECT_EQ(fetch::header(reply->headers, "x-own"), "1");
  EXPECT_EQ(target.get_future().get(), "/v1/models/x?y=1");
}

TEST(UpstreamRemote, AStoppedClientFailsTheFlight) {
  Scene scene("http://127.0.0.1:1");
  scene.client->stop();
  EXPECT_EQ(scene.run().error.code, Code::cancelled);
}

}  // namespace
}  // namespace refrain::upstream
