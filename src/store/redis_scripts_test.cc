#include "store/redis_scripts.h"

#include <gtest/gtest.h>

#include "tests/support/database_servers.h"

namespace refrain::store::redis_scripts {
namespace {

class RedisScripts : public testing::Test {
 protected:
  redis::Reply apply(redis::Command changes) {
    redis::Command arguments = {"1", std::string_view(group_), "1000"};
    arguments.insert(arguments.end(), changes.begin(), changes.end());
    auto reply = connection_->run({}, redis_scripts::apply(), {"p"}, arguments);
    error_ = reply ? "" : reply.error().what;
    return reply ? *reply : redis::Reply{};
  }
  static redis::Command put(std::string_view id, std::string_view digest) {
    return {"P", id, "exact", digest, "5000", "f", "q", "a", "1", "2", "3", "4", "100"};
  }
  std::int64_t keys() { return connection_->command({}, {"DBSIZE"})->number; }

  RedisServer server_;
  std::unique_ptr<redis::Connection> connection_ =
      std::move(*redis::Connection::open({.port = server_.port()}));
  std::string group_ = "1", error_;
};

TEST_F(RedisScripts, APutOfTheSameQuestionReplacesAndCounts) {
  apply(put("a1", "d"));
  redis::Reply second = apply(put("a2", "d"));
  ASSERT_EQ(second.list.size(), 4U) << error_;
  EXPECT_EQ(second.list[0].number, 2);
  EXPECT_EQ(second.list[1].number, 1);
  EXPECT_EQ(second.list[2].number, 100);
  EXPECT_EQ(second.list[3].list.at(0).text, "a1");
  redis::Reply third = apply(put("a3", "another"));
  EXPECT_EQ(third.list[1].number, 2);
}

TEST_F(RedisScripts, AConflictIsFoundBeforeAnythingIsChanged) {
  apply(put("a1", "d"));
  const std::int64_t before = keys();
  redis::Command both = {"E", "a9"};
  for (std::string_view word : put("a2", "e")) both.push_back(word);
  for (std::string_view word : put("a1", "f")) both.push_back(word);
  apply(both);
  EXPECT_NE(error_.find("CONFLICT"), std::string::npos) << error_;
  EXPECT_EQ(keys(), before);
}

TEST_F(RedisScripts, AnErasureLeavesNoKeyBehind) {
  apply(put("a1", "d"));
  apply({"E", "a1"});
  redis::Reply left = *connection_->command({}, {"KEYS", "*"});
  for (const redis::Reply& key : left.list) {
    EXPECT_TRUE(key.text == "p:state" || key.text == "p:changes") << key.text;
  }
}

TEST_F(RedisScripts, TouchesAloneLeaveNoNote) {
  apply(put("a1", "d"));
  redis::Reply touched = apply({"T", "a1", "2", "9"});
  EXPECT_EQ(touched.list[0].number, 0);
  EXPECT_EQ(connection_->command({}, {"XLEN", "p:changes"})->number, 1);
  redis::Reply row = connection_->run({}, find(), {"p"}, {"exact"})->list.at(0);
  EXPECT_EQ(row.list.at(4).text, "9");
  EXPECT_EQ(row.list.at(5).text, "5");
}

}  // namespace
}  // namespace refrain::store::redis_scripts
