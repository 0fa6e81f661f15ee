#include "fetch/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/support/recording_sink.h"
#include "tests/support/scripted_server.h"

namespace refrain::fetch {
namespace {

using base::Code;
using test::Connection, test::RecordingSink, test::ScriptedServer;
using testing::HasSubstr;

// One request to a server that answers each connection by a script.
struct Exchange {
  std::unique_ptr<Client> client = std::move(*Client::open({}));
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();

  RecordingSink::Seen ask(ScriptedServer::Script script, Request request = {}) {
    ScriptedServer server(std::move(script));
    request.url = server.url("/x");
    EXPECT_TRUE(client->start(request, sink));
    return sink->wait_finished();
  }
  base::Error error_of(ScriptedServer::Script script, Request request = {}) {
    ask(std::move(script), std::move(request));
    return sink->error();
  }
};

ScriptedServer::Script says(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) {
    connection.read();
    connection.send(bytes);
  };
}

TEST(FetchTransfer, OriginNamesSchemeHostAndPortWithoutSecrets) {
  EXPECT_EQ(*origin_of("http://user:secret@localhost:81/path?key=secret"), "http://localhost:81");
  EXPECT_EQ(*origin_of("https://api.example.org/v1"), "https://api.example.org");
}

TEST(FetchTransfer, AnUrlOfAnotherSchemeIsInvalid) {
  for (const char* url :
       {"", "file:///etc/passwd", "ftp://a/b", "localhost:80", "http://", "a b"}) {
    auto origin = origin_of(url);
    ASSERT_FALSE(origin) << url;
    EXPECT_EQ(origin.error().code, Code::invalid) << url;
  }
}

TEST(FetchTransfer, ALineEndInAHeaderIsInvalid) {
  EXPECT_FALSE(check_framing({.headers = {{"x-a", "1\r\nx-b: 2"}}}));
  EXPECT_FALSE(check_framing({.headers = {{"x a", "1"}}}));
  EXPECT_FALSE(check_framing({.method = "GET / HTTP/1.1\r\n"}));
  EXPECT_TRUE(check_framing({.headers = {{"x-a", "1"}}}));
}

TEST(FetchTransfer, HeaderNamesComeInLowerCaseAndAreFoundInAnyCase) {
  Exchange exchange;
  exchange.ask(says("HTTP/1.1 200 OK\r\nX-Request-ID:  7 \r\nContent-Length: 2\r\n\r\nhi"));
  auto seen = exchange.sink->seen();
  EXPECT_EQ(seen.headers.front(), (std::pair<std::string, std::string>("x-request-id", "7")));
  EXPECT_EQ(header(seen.headers, "X-Request-Id"), "7");
  EXPECT_EQ(seen.body, "hi");
}

TEST(FetchTransfer, AnInterimReplyIsNotTheReply) {
  Exchange exchange;
  exchange.ask(
      says("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
           "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
  auto seen = exchange.sink->seen();
  EXPECT_EQ(seen.status, 201);
  EXPECT_EQ(seen.heads, 1);
  EXPECT_EQ(header(seen.headers, "link"), "");
}

TEST(FetchTransfer, TrailersAreDropped) {
  Exchange exchange;
  exchange.ask(
      says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n"
           "2\r\nhi\r\n0\r\nx-t: 1\r\n\r\n"));
  auto seen = exchange.sink->seen();
  EXPECT_TRUE(*seen.result);
  EXPECT_EQ(seen.heads, 1);
  EXPECT_EQ(seen.body, "hi");
}

TEST(FetchTransfer, ABodyShorterThanItsLengthIsCut) {
  Exchange exchange;
  base::Error error = exchange.error_of(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"));
  EXPECT_EQ(error.code, Code::io);
  EXPECT_THAT(error.what, HasSubstr("7 bytes remaining"));
}

TEST(FetchTransfer, AChunkedBodyWithoutItsEndIsCut) {
  Exchange exchange;
  base::Error error =
      exchange.error_of(says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"));
  EXPECT_EQ(error.code, Code::io);
  EXPECT_EQ(exchange.sink->seen().body, "hi");
}

TEST(FetchTransfer, AResetInTheBodyIsCut) {
  Exchange exchange;
  base::Error error = exchange.error_of([&](Connection& connection) {
    connection.read();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
    exchange.sink->wait_body("hi");
    connection.reset();
  });
  EXPECT_EQ(error.code, Code::io);
}

TEST(FetchTransfer, AConnectionClosedWithoutAReplyIsCut) {
  Exchange exchange;
  base::Error error = exchange.error_of([](Connection& connection) { connection.read(); });
  EXPECT_EQ(error.code, Code::io);
  EXPECT_EQ(exchange.sink->seen().heads, 0);
}

TEST(FetchTransfer, BytesThatAreNoHttpAreCut) {
  Exchange exchange;
  EXPECT_EQ(exchange.error_of(says("220 mail.example.org ESMTP\r\n")).code, Code::io);
}

TEST(FetchTransfer, ABodyOverItsLimitIsTooLarge) {
  Exchange exchange;
  base::Error error = exchange.error_of(
      says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')),
      {.body_max = 99});
  EXPECT_EQ(error.code, Code::too_large);
  EXPECT_THAT(error.what, HasSubstr("over 99 bytes"));
}

TEST(FetchTransfer, AHeadOverItsLimitIsTooLarge) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 300; ++i) head += "x-a: " + std::string(1000, 'x') + "\r\n";
  Exchange exchange;
  EXPECT_EQ(exchange.error_of(says(head + "\r\n")).code, Code::too_large);
}

TEST(FetchTransfer, ARefusedConnectionNamesTheAddressAndTheCause) {
  Exchange exchange;
  test::Listener port;
  std::string url = port.url();
  port.close();
  ASSERT_TRUE(exchange.client->start({.url = url + "/v1?key=secret"}, exchange.sink));
  base::Error error = exchange.sink->error();
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.what, url + ": connection refused");
}

TEST(FetchTransfer, ATlsHandshakeWithAPlainServerIsUnavailable) {
  ScriptedServer server([](Connection& connection) { connection.send("hello, no TLS here\r\n"); });
  Exchange exchange;
  std::string url = "https" + server.url().substr(4);
  ASSERT_TRUE(exchange.client->start({.url = url}, exchange.sink));
  EXPECT_EQ(exchange.sink->error().code, Code::unavailable);
}

TEST(FetchTransfer, AHandshakeThatDoesNotEndIsUnavailableAfterTheConnectTimeout) {
  ScriptedServer server([](Connection& connection) { connection.wait_closed(); });
  Exchange exchange;
  std::string url = "https" + server.url().substr(4);
  ASSERT_TRUE(exchange.client->start({.url = url, .connect_timeout = std::chrono::milliseconds(50)},
                                     exchange.sink));
  base::Error error = exchange.sink->error();
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_THAT(error.what, HasSubstr("no connection within 50 ms"));
}

TEST(FetchTransfer, ARequestCarriesItsHeadersAndNoneThatWouldBreakItsFraming) {
  std::promise<std::string> head;
  Exchange exchange;
  exchange.ask(
      [&](Connection& connection) {
        head.set_value(connection.read()->head);
        connection.reply(200, "");
      },
      {.method = "POST",
       .headers = {{"authorization", "Bearer k"}, {"content-length", "1"}, {"x-empty", ""}},
       .body = std::string(2'000'000, 'x')});
  std::string text = head.get_future().get();
  EXPECT_THAT(text, HasSubstr("POST /x HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr("authorization: Bearer k\r\n"));
  EXPECT_THAT(text, HasSubstr("x-empty:"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 2000000\r\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("content-length: 1")));
  EXPECT_THAT(text, testing::Not(HasSubstr("Expect")));
}

}  // namespace
}  // namespace refrain::fetch
