#include "net/session.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

// A source that gives `total` bytes in pieces of `piece` bytes as fast as it is asked.
class BulkSource final : public Source {
 public:
  BulkSource(std::size_t total, std::size_t piece, std::atomic<std::size_t>& given)
      : left_(total), piece_(piece), given_(given) {}
  Piece next() override {
    const std::size_t count = std::min(piece_, left_);
    left_ -= count;
    given_ += count;
    return {std::string(count, 'x'), left_ > 0 ? More::yes : More::end};
  }

 private:
  std::size_t left_, piece_;
  std::atomic<std::size_t>& given_;
};

TEST(Session, RepliesOnAConnectionThatStaysOpen) {
  Probe probe(echo);
  RawClient client = probe.client();
  for (int i = 0; i < 3; ++i) {
    client.post("/a%20b", "body");
    const RawReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /a b body");
    EXPECT_EQ(reply.header("content-type"), "text/plain");
    EXPECT_EQ(reply.header("date").size(), 29u);
  }
  EXPECT_EQ(probe.server->stats().requests, 3u);
  EXPECT_EQ(probe.server->stats().connections_accepted, 1u);
}

TEST(Session, RequestTellsWhoSentIt) {
  Probe probe([](const std::shared_ptr<Exchange>& exchange) {
    const Request& request = exchange->request();
    exchange->reply(text(request.peer + (request.loopback ? " loopback " : " ") +
                         std::to_string(request.listener)));
  });
  RawClient client = probe.client();
  client.get("/");
  EXPECT_EQ(client.read_reply().body, "127.0.0.1 loopback 0");
}

TEST(Session, RequestSentByteByByteIsRead) {
  Probe probe(echo);
  RawClient client = probe.client();
  const std::string bytes =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (char byte : bytes) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  EXPECT_EQ(client.read_reply().body, "POST /x abc");
}

TEST(Session, PipelinedRequestsAreAnsweredInOrder) {
  Probe probe(echo);
  RawClient client = probe.client();
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.send(bytes);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.read_reply().body, "GET /" + std::to_string(i) + " ");
  }
}

TEST(Session, PipelinedRequestWaitsForTheReplyBeforeIt) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) {
    if (exchange->request().path == "/late") return shelf.put(std::move(exchange));
    echo(exchange);
  });
  RawClient client = probe.client();
  client.get("/late");
  client.get("/soon");
  shelf.take()->reply(text("late"));
  EXPECT_EQ(client.read_reply().body, "late");
  EXPECT_EQ(client.read_reply().body, "GET /soon ");
}

TEST(Session, LargeBodyGoesThereAndBack) {
  Probe probe([](const std::shared_ptr<Exchange>& exchange) {
    exchange->reply(text(std::move(exchange->request().body)));
  });
  RawClient client = probe.client();
  std::string body;
  while (body.size() < (8u << 20)) body += "line " + std::to_string(body.size()) + "\n";
  std::jthread sender([&] { client.post("/", body); });
  EXPECT_EQ(client.read_reply().body, body);
}

TEST(Session, HeadHasTheHeadersOfGetAndNoBody) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_reply("HEAD").header("content-length"), "7");
  client.get("/next");
  EXPECT_EQ(client.read_reply().body, "GET /next ");
}

TEST(Session, NoContentHasNoLength) {
  Probe probe([](const std::shared_ptr<Exchange>& exchange) { exchange->reply({204, {}, "x"}); });
  RawClient client = probe.client();
  client.get("/");
  EXPECT_EQ(client.read_reply().header("content-length"), "");
  client.get("/");
  EXPECT_EQ(client.read_reply().status, 204);
}

TEST(Session, ConnectionCloseIsObeyed) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.get("/", "Connection: close\r\n");
  const RawReply reply = client.read_reply();
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST(Session, OldClientIsClosedUnlessItAsksToStay) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_reply().header("connection"), "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_TRUE(client.ended());
}

TEST(Session, ContinueIsSaidBeforeTheBody) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);
  client.send("ab");
  EXPECT_EQ(client.read_reply().body, "POST / ab");
}

TEST(Session, BadRequestIsAnsweredInTheDialectOfTheDoorAndClosed) {
  Options options = small_options();
  options.error_body = [](int status, std::string_view reason, const std::string& path) {
    return text(path + "|" + std::string(reason), status);
  };
  Probe probe(echo, options);
  RawClient client = probe.client();
  client.send("POST /door HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: "
              "chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  const RawReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "/door|malformed or conflicting transfer-encoding");
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(probe.server->stats().refused_bad, 1u);
  EXPECT_EQ(probe.server->stats().requests, 0u);
}

TEST(Session, BodyOverTheLimitIsReadAwaySoThatTheRefusalArrives) {
  Options options = small_options();
  options.body_max = 1000;
  Probe probe(echo, options);
  RawClient client = probe.client();
  EXPECT_TRUE(client.post("/", std::string(16 << 20, 'x')));
  EXPECT_EQ(client.read_reply().status, 413);
  client.finish_sending();
  EXPECT_EQ(probe.server->stats().refused_body, 1u);
}

TEST(Session, HeadOverTheLimitIsRefused) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.get("/", "A: " + std::string(70'000, 'x') + "\r\n");
  EXPECT_EQ(client.read_reply().status, 431);
  EXPECT_EQ(probe.server->stats().refused_header, 1u);
}

TEST(Session, LongHeadWithinTheLimitIsRead) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.get("/", "A: " + std::string(60'000, 'x') + "\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Session, RequestsOverTheLimitAreTurnedAway) {
  Options options = small_options();
  options.requests_max = 1;
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); }, options);
  RawClient first = probe.client(), second = probe.client();
  first.get("/");
  const auto held = shelf.take();
  Signal closed;
  held->on_close([&] { closed.set(); });
  second.get("/");
  const RawReply reply = second.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_EQ(reply.header("content-type"), "application/json");
  held->reply(text("now"));
  EXPECT_EQ(first.read_reply().body, "now");
  EXPECT_TRUE(closed.wait());
  second.get("/");  // its connection was kept, and there is room again
  shelf.take(1)->reply(text("then"));
  EXPECT_EQ(second.read_reply().body, "then");
  EXPECT_EQ(probe.server->stats().refused_busy, 1u);
}

TEST(Session, SlowHeadAndSlowBodyTimeOut) {
  Options options = small_options();
  options.header_timeout = options.body_timeout = std::chrono::milliseconds(50);
  Probe probe(echo, options);
  RawClient head = probe.client(), body = probe.client();
  head.send("GET / HT");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(head.read_reply().status, 408);
  EXPECT_EQ(body.read_reply().status, 408);
  const Stats stats = probe.server->stats();
  EXPECT_EQ(stats.timeouts_header, 1u);
  EXPECT_EQ(stats.timeouts_body, 1u);
}

TEST(Session, IdleConnectionIsClosedWithoutAWord) {
  Options options = small_options();
  options.idle_timeout = std::chrono::milliseconds(50);
  Probe probe(echo, options);
  RawClient client = probe.client();
  client.get("/");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(probe.server->stats().timeouts_idle, 1u);
}

TEST(Session, PeerThatTakesNothingIsClosed) {
  Options options = small_options();
  options.write_timeout = std::chrono::milliseconds(50);
  Signal closed;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->on_close([&] { closed.set(); });
    exchange->reply(text(std::string(64 << 20, 'x')));
  }, options);
  RawClient client = probe.client();
  client.get("/");
  EXPECT_TRUE(closed.wait());
  EXPECT_EQ(probe.server->stats().timeouts_write, 1u);
}

TEST(Session, ReplyFromAnotherThreadArrives) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  shelf.take()->reply(text("elsewhere"));
  EXPECT_EQ(client.read_reply().body, "elsewhere");
}

TEST(Session, DroppedExchangeIsA500) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  shelf.take().reset();
  EXPECT_EQ(client.read_reply().status, 500);
}

TEST(Session, StreamIsChunkedAsItComes) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  const auto exchange = shelf.take();
  auto pipe = std::make_shared<PushSource::Pipe>();
  Signal closed;
  exchange->on_close([&] { closed.set(); });
  exchange->wake();  // too early is harmless
  exchange->stream(200, {{"x-a", "b"}}, std::make_unique<PushSource>(pipe));
  RawReply reply = client.read_head();  // at once, although there is no body yet
  EXPECT_EQ(reply.header("x-a"), "b");
  for (const char* piece : {"one", "two"}) {
    pipe->push(piece, More::wait);
    exchange->wake();
    EXPECT_TRUE(client.read_chunk(reply));
  }
  EXPECT_EQ(reply.body, "onetwo");
  pipe->push("last", More::end);
  exchange->wake();
  while (client.read_chunk(reply)) {
  }
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(reply.body, "onetwolast");
  EXPECT_TRUE(closed.wait());
  EXPECT_TRUE(pipe->destroyed.wait());
  exchange->wake();  // and so is too late
  client.get("/2");
  shelf.take(1)->reply(text("next"));
  EXPECT_EQ(client.read_reply().body, "next");
}

TEST(Session, StreamToAnOldClientEndsWithTheConnection) {
  std::atomic<std::size_t> given = 0;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(200, {}, std::make_unique<BulkSource>(100, 10, given));
  });
  RawClient client = probe.client();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const RawReply reply = client.read_reply();
  EXPECT_EQ(reply.header("transfer-encoding"), "");
  EXPECT_EQ(reply.body, std::string(100, 'x'));
}

TEST(Session, SmallPiecesThatAreThereAtOnceAreOneChunk) {
  std::atomic<std::size_t> given = 0;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(200, {}, std::make_unique<BulkSource>(1000, 10, given));
  });
  RawClient client = probe.client();
  client.get("/");
  const RawReply reply = client.read_reply();
  EXPECT_EQ(reply.body.size(), 1000u);
  EXPECT_EQ(reply.chunks, 1u);
}

TEST(Session, StreamForHeadIsNotAsked) {
  std::atomic<std::size_t> given = 0;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(200, {}, std::make_unique<BulkSource>(1000, 10, given));
  });
  RawClient client = probe.client();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_reply("HEAD").status, 200);
  EXPECT_EQ(given, 0u);
}

TEST(Session, BrokenStreamIsACut) {
  for (const char* version : {"1.0", "1.1"}) {
    Probe probe([](const std::shared_ptr<Exchange>& exchange) {
      auto pipe = std::make_shared<PushSource::Pipe>();
      pipe->push("half", More::broken);
      exchange->stream(200, {}, std::make_unique<PushSource>(pipe));
    });
    RawClient client = probe.client();
    client.send(std::string("GET / HTTP/") + version + "\r\nHost: h\r\n\r\n");
    if (version == std::string_view("1.1")) {
      EXPECT_FALSE(client.read_reply().whole);
    } else {  // an orderly end would be taken for the end of the body
      char byte = 0;
      ssize_t count = 1;
      while (count > 0) count = ::recv(client.fd(), &byte, 1, 0);
      EXPECT_EQ(count, -1);
      EXPECT_EQ(errno, ECONNRESET);
    }
  }
}

TEST(Session, SlowReaderMakesNobodyBuffer) {
  constexpr std::size_t kTotal = 128u << 20;
  std::atomic<std::size_t> given = 0;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(200, {}, std::make_unique<BulkSource>(kTotal, 32 << 10, given));
  });
  RawClient client(probe.port(), 64 << 10);
  client.get("/", "Connection: close\r\n");
  std::size_t received = 0;
  std::size_t ahead_most = 0;
  for (std::size_t count = 1; count > 0; received += count) {
    count = client.read_at_least(1 << 20).size();
    const std::size_t taken = received + count;
    if (given > taken) ahead_most = std::max(ahead_most, given - taken);
  }
  EXPECT_GE(received, kTotal);
  EXPECT_LT(ahead_most, 8u << 20);  // what the kernel's buffers hold
}

TEST(Session, ClientThatLeavesAStreamIsNoticed) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  const auto exchange = shelf.take();
  auto pipe = std::make_shared<PushSource::Pipe>();
  Signal closed;
  exchange->on_close([&] { closed.set(); });
  exchange->stream(200, {}, std::make_unique<PushSource>(pipe));
  client.read_head();
  client.close();
  EXPECT_TRUE(closed.wait());
  EXPECT_TRUE(pipe->destroyed.wait());
  EXPECT_EQ(probe.server->stats().clients_left, 1u);
  EXPECT_EQ(probe.server->stats().requests_open, 0u);
}

TEST(Session, ClientThatLeavesBeforeTheReplyIsNoticed) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  const auto exchange = shelf.take();
  Signal closed;
  exchange->on_close([&] { closed.set(); });
  client.close();
  EXPECT_TRUE(closed.wait());
  exchange->reply(text("too late"));
}

TEST(Session, TooMuchAheadOfTheReplyIsLeftInTheKernel) {
  constexpr std::size_t kTotal = 64u << 20;
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/late");
  const auto held = shelf.take();
  const std::string block(1 << 20, 'x');
  std::size_t sent = 0;
  pollfd ready{.fd = client.fd(), .events = POLLOUT, .revents = 0};
  while (sent < kTotal && ::poll(&ready, 1, 200) > 0) {
    const ssize_t count = ::send(client.fd(), block.data(), block.size(), MSG_DONTWAIT);
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
  EXPECT_LT(sent, kTotal);  // the server took no more, and the kernel was full
  EXPECT_LT(probe.server->stats().bytes_in, 256u << 10);
  held->reply(text("late"));
  EXPECT_EQ(client.read_reply().body, "late");
}

TEST(Session, PipelinedBodiesBeyondTheBoundAreAllRead) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) {
    if (exchange->request().path == "/late") return shelf.put(std::move(exchange));
    echo(exchange);
  });
  RawClient client = probe.client();
  client.get("/late");
  const auto held = shelf.take();
  std::jthread sender([&] {
    for (int i = 0; i < 40; ++i) client.post("/" + std::to_string(i), std::string(100'000, 'x'));
  });
  held->reply(text("late"));
  EXPECT_EQ(client.read_reply().body, "late");
  for (int i = 0; i < 40; ++i) {
    const std::string start = "POST /" + std::to_string(i) + " x";
    ASSERT_TRUE(client.read_reply().body.starts_with(start)) << i;
  }
}

TEST(Session, WakesFromManyThreadsLoseNoByte) {
  constexpr int kThreads = 4, kPieces = 500;
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient client = probe.client();
  client.get("/");
  const auto exchange = shelf.take();
  auto pipe = std::make_shared<PushSource::Pipe>();
  exchange->stream(200, {}, std::make_unique<PushSource>(pipe));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < kPieces; ++k) {
          pipe->push("0123456789", More::yes);
          exchange->wake();
        }
      });
    }
  }
  pipe->push("", More::end);
  exchange->wake();
  const RawReply reply = client.read_reply();
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(reply.body.size(), std::size_t{10} * kThreads * kPieces);
}

TEST(Session, ReplyHeaderWithALineBreakIsDropped) {
  Probe probe([](const std::shared_ptr<Exchange>& exchange) {
    exchange->reply({200, {{"a", "b\r\nc: d"}}, ""});
  });
  RawClient client = probe.client();
  client.get("/");
  EXPECT_EQ(client.read_reply().headers.size(), 2u);  // date and content-length
  EXPECT_EQ(probe.server->stats().headers_dropped, 1u);
}

}  // namespace
}  // namespace refrain::net
