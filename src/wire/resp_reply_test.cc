#include <gtest/gtest.h>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

std::string all_kinds(int version) {
  std::string out;
  ReplyWriter reply(out, version);
  reply.map(1);
  reply.bulk("k");
  reply.null();
  reply.set(1);
  reply.integer(-7);
  reply.array(2);
  reply.ok();
  reply.simple("PONG");
  return out;
}

TEST(RespReply, VersionTwoHasFlatMapsAndBulkNulls) {
  EXPECT_EQ(all_kinds(2), "*2\r\n$1\r\nk\r\n$-1\r\n*1\r\n:-7\r\n*2\r\n+OK\r\n+PONG\r\n");
}

TEST(RespReply, VersionThreeHasItsOwnTypes) {
  EXPECT_EQ(all_kinds(3), "%1\r\n$1\r\nk\r\n_\r\n~1\r\n:-7\r\n*2\r\n+OK\r\n+PONG\r\n");
}

TEST(RespReply, ErrorsCannotForgeReplies) {
  std::string out;
  ReplyWriter(out).error("ERR unknown command 'a\r\n+OK'");
  EXPECT_EQ(out, "-ERR unknown command 'a  +OK'\r\n");
}

TEST(RespReply, BulkHeadTakesLengthsAboveFourGigabytes) {
  std::string out;
  ReplyWriter(out).bulk_head(std::uint64_t{8} << 30);
  EXPECT_EQ(out, "$8589934592\r\n");
}

}  // namespace
}  // namespace refrain::wire::resp
