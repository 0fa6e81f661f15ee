#include "disk/sqlite.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace refrain::disk::sqlite {
namespace {

class Sqlite : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Connection::open(folder_.path() + "/x.sqlite", Access::write);
    ASSERT_TRUE(made);
    connection_ = std::move(*made);
    ASSERT_TRUE(connection_->execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)"));
  }
  TempFolder folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Sqlite, BytesComeBackAsTheyWereBound) {
  std::string bytes("a\0\xff", 3);
  {
    auto query = connection_->query("INSERT INTO t VALUES(?, ?)");
    ASSERT_TRUE(query);
    query->bind(1, 1);
    query->bind_blob(2, bytes);
    ASSERT_TRUE(query->run());
    query->reset();
    query->bind(1, 2);
    query->bind_blob(2, {});
    ASSERT_TRUE(query->run());
  }
  auto query = connection_->query("SELECT a, b FROM t ORDER BY a");
  ASSERT_TRUE(*query->step());
  EXPECT_EQ(query->bytes(1), bytes);
  ASSERT_TRUE(*query->step());
  EXPECT_FALSE(query->is_null(1));
  EXPECT_EQ(query->bytes(1), "");
  EXPECT_FALSE(*query->step());
}

TEST_F(Sqlite, AQueryIsReadyAgainAfterEachUse) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*connection_->number("SELECT 5 UNION SELECT 6"), 5);
}

TEST_F(Sqlite, ErrorsHaveCauseAndStatement) {
  auto twice = connection_->execute("INSERT INTO t VALUES(1, NULL); INSERT INTO t VALUES(1, NULL)");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, base::Code::conflict);
  auto missing = connection_->query("SELECT * FROM absent");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("no such table: absent"), std::string::npos);
  EXPECT_EQ(Connection::open("/dev/null/x", Access::write).error().code, base::Code::io);
}

TEST_F(Sqlite, AFullFileSaysSoAndLeavesNothing) {
  ASSERT_TRUE(connection_->execute("PRAGMA max_page_count = 20"));
  auto full = connection_->execute("INSERT INTO t VALUES(1, zeroblob(1000000))");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, base::Code::io);
  EXPECT_NE(full.error().what.find("the disk is full"), std::string::npos);
  EXPECT_EQ(*connection_->number("SELECT count(*) FROM t"), 0);
}

TEST_F(Sqlite, TheLogIsMeasuredAndEmptiedByACheckpoint) {
  EXPECT_EQ(*connection_->number("PRAGMA journal_mode = WAL"), 0);  // answers with a word
  ASSERT_TRUE(connection_->watch_log());
  ASSERT_TRUE(connection_->execute("INSERT INTO t VALUES(1, zeroblob(100000))"));
  EXPECT_GT(connection_->log_bytes(), 100000U);
  ASSERT_TRUE(connection_->checkpoint(Connection::Checkpoint::truncate));
  EXPECT_EQ(connection_->log_bytes(), 0U);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() + "/x.sqlite-wal"), 0U);
}

}  // namespace
}  // namespace refrain::disk::sqlite
