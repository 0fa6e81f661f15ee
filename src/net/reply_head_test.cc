#include "net/reply_head.h"

#include <gtest/gtest.h>

namespace refrain::net {
namespace {

std::string head_of(ReplyHead head) {
  std::string out;
  append_head(out, head);
  return out;
}

TEST(ReplyHead, WholeReplyHasStatusDateHeadersAndLength) {
  const Headers headers = {{"content-type", "text/plain"}};
  EXPECT_EQ(head_of({.status = 404, .headers = headers, .date = "D", .length = 12}),
            "HTTP/1.1 404 Not Found\r\ndate: D\r\ncontent-type: text/plain\r\n"
            "content-length: 12\r\n\r\n");
}

TEST(ReplyHead, ChunkedReplyHasNoLength) {
  const Headers headers;
  const auto head = head_of({.headers = headers, .date = "D", .framing = Framing::chunked});
  EXPECT_EQ(head, "HTTP/1.1 200 OK\r\ndate: D\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST(ReplyHead, CloseIsSaidAndKeepAliveOnlyToOldClients) {
  const Headers headers;
  EXPECT_NE(head_of({.headers = headers, .date = "D", .keep_alive = false})
                .find("connection: close\r\n"), std::string::npos);
  EXPECT_NE(head_of({.headers = headers, .date = "D", .http10 = true})
                .find("connection: keep-alive\r\n"), std::string::npos);
}

TEST(ReplyHead, OwnHeadersAreNotTakenFromOutside) {
  const Headers headers = {{"Date", "x"}, {"Content-Length", "9"}, {"CONNECTION", "close"},
                           {"transfer-encoding", "chunked"}, {"keep-alive", "timeout=5"}};
  EXPECT_EQ(head_of({.headers = headers, .date = "D", .framing = Framing::none}),
            "HTTP/1.1 200 OK\r\ndate: D\r\n\r\n");
}

TEST(ReplyHead, HeadersThatWouldSplitTheReplyAreLeftOutAndCounted) {
  const Headers headers = {{"a", "x\r\nset-cookie: y"}, {"b c", "z"}, {"", "z"}, {"d:", "z"},
                           {"e", std::string("a\0b", 3)}, {"f", "kept"}};
  std::string out;
  EXPECT_EQ(append_head(out, {.headers = headers, .date = "D", .framing = Framing::none}), 5u);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\ndate: D\r\nf: kept\r\n\r\n");
}

TEST(ReplyHead, DateIsFixedFormInGmt) {
  using std::chrono::sys_days;
  using namespace std::chrono_literals;
  const auto time = sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s + 5ms;
  EXPECT_EQ(http_date(std::chrono::time_point_cast<std::chrono::milliseconds>(time)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ReplyHead, FindIgnoresCase) {
  const Headers headers = {{"X-One", "1"}, {"x-two", "2"}};
  ASSERT_NE(find(headers, "x-one"), nullptr);
  EXPECT_EQ(*find(headers, "x-one"), "1");
  EXPECT_EQ(find(headers, "x-on"), nullptr);
}

}  // namespace
}  // namespace refrain::net
