#include "api/resp_command.h"

#include <gtest/gtest.h>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

TEST(RespCommand, NamesAreFoundInAnyCase) {
  for (const RespCommand& command : all_commands()) {
    EXPECT_EQ(find_command(command.name), &command) << command.name;
  }
  EXPECT_EQ(find_command("GeT"), find_command("get"));
  EXPECT_EQ(find_command("gets"), nullptr);
  EXPECT_EQ(find_command(std::string(1000, 'g')), nullptr);
}

TEST(RespCommand, ValuesAreWhereTheyMayBeStreamed) {
  const RespCommand& set = *find_command("set");
  EXPECT_TRUE(is_value(set, 2));
  EXPECT_FALSE(is_value(set, 1));
  EXPECT_FALSE(is_value(set, 4));
  const RespCommand& mset = *find_command("mset");
  EXPECT_TRUE(is_value(mset, 4));
  EXPECT_FALSE(is_value(mset, 3));
  EXPECT_FALSE(is_value(*find_command("get"), 1));
}

TEST(RespCommand, IntegersAreReadStrictly) {
  EXPECT_EQ(integer_of("-12"), -12);
  for (const char* text : {"", "+1", " 1", "1 ", "1.0", "9223372036854775808", "0x1"}) {
    EXPECT_EQ(integer_of(text), std::nullopt) << text;
  }
}

TEST(RespCommand, UnknownCommandsAreCountedAndQuotedShortly) {
  RespProbe probe;
  const std::string reply = probe.client().ask({std::string(5000, 'x'), std::string(5000, 'y')});
  EXPECT_LT(reply.size(), 400U);
  EXPECT_EQ(probe.door.stats().errors, 1U);
}

}  // namespace
}  // namespace refrain::api
