#include "net/request_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace refrain::net {
namespace {

using State = RequestReader::State;
constexpr RequestReader::Limits kLimits{.header_max = 1000, .body_max = 100};

// The state after one request's bytes, given at once; *status receives the refusal.
int refusal_of(std::string_view bytes) {
  RequestReader reader(kLimits);
  reader.put(bytes);
  return reader.state() == State::refused ? reader.status() : 0;
}

TEST(RequestReader, RequestIsReadWhole) {
  RequestReader reader(kLimits);
  const std::string bytes = "POST /a%20b?q=1 HTTP/1.1\r\nHost: h\r\nX-One:  Two \r\n"
                            "Content-Length: 3\r\n\r\nabcGET";
  EXPECT_EQ(reader.put(bytes), bytes.size() - 3);
  ASSERT_EQ(reader.state(), State::done);
  const Request& request = reader.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.target, "/a%20b?q=1");
  EXPECT_EQ(request.query, "q=1");
  EXPECT_EQ(*request.header("x-one"), "Two");
  EXPECT_EQ(request.headers[0].first, "host");
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(reader.keep_alive());
}

TEST(RequestReader, RequestIsReadByteByByte) {
  RequestReader reader(kLimits);
  const std::string bytes = "\r\nPOST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3;x=y\r\nabc\r\n02\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
  std::string held;
  for (char byte : bytes) {
    ASSERT_NE(reader.state(), State::done);
    held += byte;
    held.erase(0, reader.put(held));
  }
  ASSERT_EQ(reader.state(), State::done) << reader.reason();
  EXPECT_EQ(reader.request().body, "abcde");
  EXPECT_EQ(reader.request().header("trailer"), nullptr);
}

TEST(RequestReader, ResetReaderReadsTheNextRequest) {
  RequestReader reader(kLimits);
  std::string bytes = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
  bytes.erase(0, reader.put(bytes));
  reader.reset();
  EXPECT_EQ(reader.state(), State::start);
  bytes.erase(0, reader.put(bytes));
  ASSERT_EQ(reader.state(), State::done);
  EXPECT_EQ(reader.request().path, "/2");
  EXPECT_TRUE(reader.http10());
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.request().headers.size(), 0u);
}

TEST(RequestReader, MalformedLinesAreRefused) {
  EXPECT_EQ(refusal_of("GET\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / FTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("\x16\x03\x01\x02"), 400);  // TLS on a plain port
  EXPECT_EQ(refusal_of("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: h\r\nName : x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(refusal_of("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(RequestReader, OtherVersionsAreRefused) {
  EXPECT_EQ(refusal_of("GET / HTTP/3.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(RequestReader, HostIsNeededOnce) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(RequestReader, AmbiguousLengthsAreRefused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const char* fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
        "Content-Length: 3x\r\n", "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(refusal_of(head + fields + "\r\n0\r\n\r\n"), 400) << fields;
  }
  EXPECT_EQ(refusal_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(RequestReader, UnknownTransferCodingIsNotImplemented) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ";
  EXPECT_EQ(refusal_of(head + "gzip\r\n\r\n"), 501);
  EXPECT_EQ(refusal_of(head + "gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(refusal_of(head + "CHUNKED\r\n\r\n0\r\n\r\n"), 0);
}

TEST(RequestReader, HeadOverTheLimitIsRefusedHoweverItComes) {
  const std::string line = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refusal_of(line + "A: " + std::string(1000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(refusal_of("GET /" + std::string(1100, 'x')), 431);
  std::string fields;
  while (fields.size() < 1000) fields += "A: xxxx\r\n";
  EXPECT_EQ(refusal_of(line + fields + "\r\n"), 431);
  RequestReader halves(kLimits);
  const std::string first = line + fields.substr(0, 900);
  const std::size_t used = halves.put(first);
  halves.put(first.substr(used) + fields.substr(0, 900) + "\r\n");
  EXPECT_EQ(halves.state(), State::refused);
  RequestReader reader(kLimits);
  std::string held = line;
  for (int i = 0; i < 200 && reader.state() != State::refused; ++i) {
    held += "A: xxxx\r\n";
    held.erase(0, reader.put(held));
  }
  EXPECT_EQ(reader.state(), State::refused);
  EXPECT_EQ(reader.status(), 431);
}

TEST(RequestReader, BodyOverTheLimitIsRefused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refusal_of(head + "Content-Length: 101\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of(head + "Content-Length: 100\r\n\r\n"), 0);
  EXPECT_EQ(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\n3c\r\n" + std::string(60, 'x') +
                       "\r\n3c\r\n"), 413);
  EXPECT_EQ(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), 413);
}

TEST(RequestReader, ChunkHeadersHaveALimit) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal_of(head + "1;" + std::string(1100, 'x')), 400);
  EXPECT_EQ(refusal_of(head + "x\r\n"), 400);
}

TEST(RequestReader, ContinueIsWantedUntilTheBodyComes) {
  RequestReader reader(kLimits);
  reader.put("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(reader.state(), State::body);
  EXPECT_TRUE(reader.wants_continue());
  reader.put("a");
  EXPECT_FALSE(reader.wants_continue());
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n"), 417);
}

}  // namespace
}  // namespace refrain::net
